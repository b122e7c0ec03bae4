"""What plans ask of the markets that lend."""

from collections.abc import Callable
from fractions import Fraction

from trimtab.core.actions import Borrow, Withdraw
from trimtab.core.adapter import apply
from trimtab.core.states import Reverted, States
from trimtab.core.token import Token
from trimtab.protocols.perpetual import Perpetual
from trimtab.risk import Lender, health_factor, withdrawable
from trimtab.routing.bounds import WAD
from trimtab.routing.trades import Terms

HEADROOM = Fraction(1, 50)
"""How far above its limit the health factor stays when more is borrowed, relative to the limit."""


def borrowable(terms: Terms, states: States, lender: Lender, token: Token, most: int) -> int:
    """Base units of a token, up to `most`, that the account can borrow and stay healthy.

    The model itself lets the amount be borrowed, and the health factor stays above its limit by
    HEADROOM; found by bisection, so that a base unit more is refused or too much.
    """

    def is_allowed(raw: int) -> bool:
        borrow = Borrow(terms.account, lender.id, token, raw, terms.account)
        outcome = apply(terms.adapters, states, borrow)
        return not isinstance(outcome, Reverted) and _stays(terms, states.fold(outcome), lender)

    return _most(most, is_allowed)


def releasable(terms: Terms, states: States, lender: Lender, token: Token, *, repays: bool) -> int:
    """Base units of a token that the account may withdraw within a plan.

    Of collateral for a debt, as much as leaves its health above the limit by HEADROOM; or, where
    the plan sells it and `repays` with it, all that the contract lets go but for LEFT of it. Of
    the margin of a position, which moves with every fill, no more than that either.
    """
    free = withdrawable(states, lender, terms.account, token)
    if health_factor(states, lender, terms.account) is None:
        return free
    if isinstance(lender, Perpetual):
        free -= int(free * LEFT)
    if repays:
        return free - int(free * LEFT)

    def is_allowed(raw: int) -> bool:
        taken = Withdraw(terms.account, lender.id, token, raw, terms.account)
        outcome = apply(terms.adapters, states, taken)
        return not isinstance(outcome, Reverted) and _stays(terms, states.fold(outcome), lender)

    return _most(free, is_allowed)


LEFT = Fraction(1, 5)
"""The part of what the contract lets go that a plan leaves, since prices move until it lands."""


def _stays(terms: Terms, states: States, lender: Lender) -> bool:
    """Whether the account's health is above its limit, with headroom."""
    goal = Fraction(terms.health, WAD) * (1 + HEADROOM)
    left = health_factor(states, lender, terms.account)
    return left is None or left >= goal


def _most(wished: int, is_allowed: Callable[[int], bool]) -> int:
    """All that is wished if it is allowed, or an amount of which a unit more is not."""
    if wished <= 0 or is_allowed(wished):
        return max(wished, 0)
    allowed, refused = 0, wished
    while refused - allowed > 1:
        middle = (allowed + refused) // 2
        allowed, refused = (middle, refused) if is_allowed(middle) else (allowed, middle)
    return allowed
