"""What an exchange or a withdrawal would give; nothing is moved."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from trimtab.core.errors import NoRoute
from trimtab.core.token import Token
from trimtab.protocols.curve.market import StablePool, StableState
from trimtab.protocols.curve.model import amounts

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Quote:
    """What a swap gives, in base units.

    All of what is offered is taken. `fee_paid`, the admin's part included, is in the token
    bought, and what would have come out besides.
    """

    amount_out: int
    amount_in_used: int
    fee_paid: int


def quote(
    state: StableState, pool: StablePool, token_in: Token, token_out: Token, amount_in: int
) -> Quote:
    """What selling `amount_in` base units of `token_in` for `token_out` gives.

    Raises NoRoute for tokens that are not two of the pool's, or where its arithmetic has no
    answer: a coin of which there is nothing, or more than it can count.
    """
    i, j = direction(pool, token_in, token_out)
    found = _asked(
        pool, lambda: amounts.exchanged(state, state.timestamp, i, j, amount_in), "this exchange"
    )
    return Quote(found.amount_out, amount_in, found.fee)


def virtual_price(state: StableState, pool: StablePool) -> int:
    """What one share is worth by the invariant, times 10**18. Raises NoRoute for an empty pool."""
    return _asked(
        pool, lambda: amounts.get_virtual_price(state, state.timestamp), "the price of a share"
    )


def withdraw_one(state: StableState, pool: StablePool, token: Token, shares: int) -> int:
    """What these shares give of one coin alone, in base units. Raises as `quote`."""
    i = pool.index(token)
    return _asked(
        pool,
        lambda: amounts.calc_withdraw_one_coin(state, state.timestamp, shares, i),
        "this withdrawal",
    )


def token_amount(
    state: StableState, pool: StablePool, raws: tuple[int, ...], is_deposit: bool
) -> int:
    """The shares for a deposit or withdrawal, fees left out, as the contract's view has them.

    Raises as `quote`. What a deposit really gives is less: fold the action.
    """
    return _asked(
        pool,
        lambda: amounts.calc_token_amount(state, state.timestamp, raws, is_deposit),
        "these amounts",
    )


def direction(pool: StablePool, token_in: Token, token_out: Token) -> tuple[int, int]:
    """The places of two coins. Raises NoRoute for tokens that are not two of the pool's."""
    i, j = pool.index(token_in), pool.index(token_out)
    if i == j:
        raise NoRoute(f"{pool.name} does not give {token_out} for itself")
    return i, j


def _asked(pool: StablePool, ask: Callable[[], T], what: str) -> T:
    try:
        return ask()
    except ArithmeticError as error:
        raise NoRoute(f"{pool.name} has no answer to {what}: its contract reverts") from error
