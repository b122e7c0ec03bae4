"""Where loops that are entered or left show in their actor's book, and what they cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from trimtab.core.actions import Action, EnterLoop, LeaveLoop, Loop
from trimtab.core.market import Place, wallet
from trimtab.core.prices import Prices
from trimtab.core.settlement import Flow
from trimtab.core.token import Token
from trimtab.journal.legs import Leg, legs_of

MOST_BACK = 2
"""Base units of shares that may go back to who leaves a loop: a unit more is taken than is sold."""


@dataclass(frozen=True, slots=True)
class Looped:
    """A loop entered or left: the change of the book's worth, token by token in base units.

    Entering pays with a debt for collateral, leaving with collateral for a debt, and the premium
    of the loan either way.
    """

    action: Loop
    gained: Mapping[Token, int]


def loop_legs(action: Loop, later: Sequence[Action]) -> tuple[Leg, ...]:
    """What a loop changes, each once: its debt, its collateral, and what strangers left there.

    Shares that were not sold come back. What strangers gave the contract comes to the wallet, if
    nothing that is done `later` brings that token there.
    """
    collateral, debt = (
        Place(action.pool, action.collateral),
        Place(action.pool, action.debt, "debt"),
    )
    awaited = {leg.place for each in later for leg in legs_of(each)}
    tokens = (action.debt, action.collateral)
    given = (Leg(wallet(token), +1) for token in tokens if wallet(token) not in awaited)
    match action:
        case EnterLoop():
            return (Leg(collateral, +1), Leg(debt, -1), *given)
        case LeaveLoop():
            # What is owed may shrink by a unit more than was repaid, since both are rounded.
            back = Leg(collateral, +1, MOST_BACK)
            return (Leg(debt, +1), Leg(collateral, -1), back, *given)


def take_loop(action: Loop, waiting: list[Flow], later: Sequence[Action]) -> tuple[Flow, ...]:
    """The next flows that can be of a loop, taken off those that wait."""
    missing, taken = list(loop_legs(action, later)), []
    while waiting and (leg := next((m for m in missing if m.fits(waiting[0])), None)):
        missing.remove(leg)
        taken.append(waiting.pop(0))
    return tuple(taken)


def looped(action: Loop, taken: Sequence[Flow]) -> tuple[Looped, ...]:
    """The fill of a loop from its flows; none where they do not make a whole of it."""
    if len({flow.place for flow in taken if flow.place.market == action.pool}) < 2:
        return ()
    gained: dict[Token, int] = {}
    for flow in taken:
        gained[flow.place.token] = gained.get(flow.place.token, 0) + flow.raw
    return (Looped(action, gained),)


def loop_cost(
    fill: Looped, prices: Prices, exchanged: Fraction, premium: Fraction
) -> tuple[Fraction, Fraction]:
    """The fees of a loop, of the exchange and of the loan, and what else it lost by the oracle.

    Both are given as rates, of what was sold and of what was lent.
    """
    action = fill.action
    values = {token: raw * prices.price(token) for token, raw in fill.gained.items()}
    lent = min(action.loan, abs(fill.gained[action.debt])) * prices.price(action.debt)
    sold = lent if isinstance(action, EnterLoop) else -values[action.collateral]
    fee = sold * exchanged + lent * premium
    return fee, -sum(values.values(), Fraction(0)) - fee
