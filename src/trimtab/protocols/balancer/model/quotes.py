"""What a swap would give or take; nothing is moved."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from trimtab.core.abi import UINT256_MAX
from trimtab.core.errors import NoRoute
from trimtab.core.token import Token
from trimtab.protocols.balancer.market import WeightedPool, WeightedState
from trimtab.protocols.balancer.model import pool as of_pool
from trimtab.protocols.balancer.model.checked import Refusal
from trimtab.protocols.balancer.model.pool import Exchange
from trimtab.protocols.balancer.model.routes import direction


@dataclass(frozen=True, slots=True)
class Quote:
    """What a swap gives, in base units.

    All of what is offered is taken. `fee_paid`, the protocol's part included, is in the token
    sold and part of it.
    """

    amount_out: int
    amount_in_used: int
    fee_paid: int


def quote(
    state: WeightedState, pool: WeightedPool, token_in: Token, token_out: Token, amount_in: int
) -> Quote:
    """What selling `amount_in` base units of `token_in` for `token_out` gives.

    Raises NoRoute for tokens that are not two of the pool's, while it is paused, and for more
    than it takes at once, which is 30 % of what it has.
    """
    i, j = direction(pool, token_in, token_out)
    _check_range(amount_in, "sold")
    what = f"{amount_in} of {token_in}"
    return _asked(pool, lambda: of_pool.exchange_given_in(state, i, j, amount_in), what)


def quote_exact_out(
    state: WeightedState, pool: WeightedPool, token_in: Token, token_out: Token, amount_out: int
) -> Quote:
    """What buying `amount_out` base units of `token_out` takes of `token_in`.

    Raises NoRoute as `quote`; the pool gives at most 30 % of what it has at once.
    """
    i, j = direction(pool, token_in, token_out)
    _check_range(amount_out, "bought")
    if amount_out == 0:  # the vault refuses it, and the pool's formula has a fee for nothing
        return Quote(0, 0, 0)
    what = f"{amount_out} of {token_out}"
    return _asked(pool, lambda: of_pool.exchange_given_out(state, i, j, amount_out), what)


def spot_price(state: WeightedState, pool: WeightedPool, base: Token, quoted: Token) -> Fraction:
    """Base units of `quoted` for one of `base`, without fee. Raises NoRoute for an empty pool."""
    i, j = direction(pool, base, quoted)
    if not state.balances[i]:
        raise NoRoute(f"{pool.name} has no price: it has no {base}")
    return Fraction(state.balances[j] * pool.weights[i], state.balances[i] * pool.weights[j])


def _asked(pool: WeightedPool, ask: Callable[[], Exchange], what: str) -> Quote:
    try:
        found = ask()
    except Refusal as refusal:
        raise NoRoute(
            f"{pool.name} refuses {what} ({refusal}): it may be paused or empty, and takes and "
            "gives at most 30 % of its balance at once; try less"
        ) from refusal
    return Quote(found.amount_out, found.amount_in, found.fee)


def _check_range(amount: int, done: str) -> None:
    if not 0 <= amount <= UINT256_MAX:
        raise ValueError(f"{amount} cannot be {done}: expected 0 to 2**256 - 1")
