"""Which actions the vault and a pool can be asked for, and what they cannot check."""

from collections.abc import Sequence

from trimtab.core.actions import (
    AddLiquidity,
    Approve,
    RemoveLiquidity,
    RemoveLiquidityOne,
    Swap,
    SwapExactOut,
    Transfer,
)
from trimtab.core.errors import NoRoute
from trimtab.core.token import Token
from trimtab.protocols.balancer.market import WeightedPool


def direction(pool: WeightedPool, token_in: Token, token_out: Token) -> tuple[int, int]:
    """The places of two tokens. Raises NoRoute for tokens that are not two of the pool's."""
    i, j = pool.index(token_in), pool.index(token_out)
    if i == j:
        raise NoRoute(f"{pool.name} does not give {token_out} for itself")
    return i, j


def of_swap(pool: WeightedPool, action: Swap | SwapExactOut) -> tuple[int, int]:
    """The places of a swap's tokens. Raises NoRoute for other tokens, or a limit."""
    if action.limit:
        raise NoRoute(
            f"{pool.name} cannot stop at the price {action.limit}: the vault knows no such limit"
        )
    return direction(pool, action.token_in, action.token_out)


def check_join(pool: WeightedPool, action: AddLiquidity, is_first: bool) -> None:
    """Raise NoRoute for other tokens, or a bound that the contracts do not check."""
    _check_tokens(pool, action.tokens)
    _check_count(pool, action.amounts)
    _check_ticks(pool, action.ticks)
    if any(action.least_amounts):
        raise NoRoute(
            f"{pool.name} takes amounts exactly: the least of them, {action.least_amounts}, is "
            "nothing that a join can check; leave it out"
        )
    if is_first and action.least:
        raise NoRoute(
            f"{pool.name} is empty: its first join checks no least shares ({action.least}); "
            "they are what its amounts make"
        )


def check_exit(pool: WeightedPool, action: RemoveLiquidity) -> None:
    """Raise NoRoute for other tokens, or a range."""
    _check_tokens(pool, action.tokens)
    _check_count(pool, action.least)
    _check_ticks(pool, action.ticks)


def of_exit_one(pool: WeightedPool, action: RemoveLiquidityOne) -> int:
    """The place of the token that comes out. Raises NoRoute for other tokens."""
    _check_tokens(pool, action.tokens)
    return pool.index(action.token)


def least_of_one(pool: WeightedPool, index: int, least: int) -> tuple[int, ...]:
    """The least of each token where one alone is to come out."""
    return tuple(least if at == index else 0 for at in range(len(pool.tokens)))


def check_share(pool: WeightedPool, action: Transfer | Approve) -> None:
    """Raise NoRoute for another token than the pool's own."""
    if action.token != pool.share:
        raise NoRoute(f"{pool.name} is its own share token, not {action.token.address}")


def _check_tokens(pool: WeightedPool, tokens: Sequence[Token]) -> None:
    if tuple(tokens) != pool.tokens:
        named, expected = (", ".join(map(str, each)) for each in (tokens, pool.tokens))
        raise NoRoute(f"{pool.name} has {expected}, in this order, not {named}")


def _check_count(pool: WeightedPool, amounts: Sequence[int]) -> None:
    if len(amounts) != len(pool.tokens):
        raise NoRoute(f"{pool.name} has {len(pool.tokens)} tokens, not {len(amounts)} amounts")


def _check_ticks(pool: WeightedPool, ticks: Sequence[int]) -> None:
    if ticks:
        raise NoRoute(f"{pool.name} has no ranges: ticks {ticks} cannot be named")
