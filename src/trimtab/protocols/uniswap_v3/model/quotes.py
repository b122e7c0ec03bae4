"""What a swap would give and where it would leave the price; nothing is moved."""

from dataclasses import dataclass
from fractions import Fraction

from trimtab.core.errors import NoRoute
from trimtab.core.token import Token
from trimtab.protocols.uniswap_v3.market import Pool, PoolState
from trimtab.protocols.uniswap_v3.model.swap import (
    HIGHEST_LIMIT,
    INT256_MAX,
    LOWEST_LIMIT,
    last_price,
    swap,
)


@dataclass(frozen=True, slots=True)
class Quote:
    """What a swap gives, in base units.

    `amount_in_used` is less than what was offered, or `amount_out` less than what was wanted,
    where the pool's liquidity ends; no more is taken for it. `fee_paid`, the protocol's part
    included, is in the token sold and part of it.
    """

    amount_out: int
    amount_in_used: int
    fee_paid: int
    sqrt_price_after: int


def quote(state: PoolState, pool: Pool, token_in: Token, amount_in: int) -> Quote:
    """What selling `amount_in` base units of `token_in` gives.

    Raises NoRoute for a token of another pool or a pool that has no price yet, and MissingRead
    where the swap would need what is unread.
    """
    zero_for_one = pool.is_zero_for_one(token_in)
    _check_price(state, pool)
    if not 0 <= amount_in <= INT256_MAX:
        raise ValueError(f"{amount_in} cannot be sold: expected 0 to 2**255 - 1")
    return _quote(state, zero_for_one, amount_in)


def quote_exact_out(state: PoolState, pool: Pool, token_in: Token, amount_out: int) -> Quote:
    """What buying `amount_out` base units of the other token takes of `token_in`.

    The router refuses what the pool cannot give in full. Raises as `quote`.
    """
    zero_for_one = pool.is_zero_for_one(token_in)
    _check_price(state, pool)
    if not 0 <= amount_out <= INT256_MAX:
        raise ValueError(f"{amount_out} cannot be bought: expected 0 to 2**255 - 1")
    return _quote(state, zero_for_one, -amount_out)


def _quote(state: PoolState, zero_for_one: bool, amount: int) -> Quote:
    walk = swap(state, zero_for_one, amount, last_price(zero_for_one))
    return Quote(walk.amount_out, walk.amount_in, walk.fees, walk.price)


def amount_to_price(state: PoolState, pool: Pool, sqrt_price_target_x96: int) -> tuple[Token, int]:
    """The token to sell, and the least of it that moves the pool to the target price.

    Base units, the fee included. A swap of it ends at the target, or past it by less than one
    base unit moves the price; where the way to the target ends without liquidity, it ends where
    the liquidity does. Zero of token0 at the target itself. Raises as `quote`, and ValueError
    for a price that no swap reaches.
    """
    _check_price(state, pool)
    if not LOWEST_LIMIT <= sqrt_price_target_x96 <= HIGHEST_LIMIT:
        raise ValueError(
            f"the square-root price {sqrt_price_target_x96} is outside "
            f"{LOWEST_LIMIT} to {HIGHEST_LIMIT}: no swap reaches it"
        )
    zero_for_one = sqrt_price_target_x96 <= state.sqrt_price_x96
    walk = swap(state, zero_for_one, INT256_MAX, sqrt_price_target_x96)
    return pool.token0 if zero_for_one else pool.token1, walk.amount_in


def spot_price(state: PoolState, pool: Pool) -> Fraction:
    """Base units of token1 for one of token0, without fee. Raises NoRoute without a price."""
    _check_price(state, pool)
    return Fraction(state.sqrt_price_x96**2, 1 << 192)


def _check_price(state: PoolState, pool: Pool) -> None:
    if state.sqrt_price_x96 == 0:
        raise NoRoute(f"{pool.name} has no price: nobody has initialised it yet")
