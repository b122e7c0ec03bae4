"""What surely comes back of the margin at a perpetual."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from trimtab.core.actions import Action, ClosePosition, OpenPosition, Supply, Withdraw
from trimtab.core.states import States
from trimtab.core.token import Address
from trimtab.protocols.perpetual import Perpetual, pending_funding

FUNDING = Fraction(1, 10_000)
"""The share of a position's cost that funding may come to until a plan lands."""


def least_margin(
    states: States, market: Perpetual, account: Address, before: Iterable[Action]
) -> int:
    """Base units of the settlement token that can be withdrawn whenever a plan lands.

    The states are those before the plan, and `before` its earlier actions, which leave no
    position: a close counts at its bound, the worst fill that it accepts. Nothing where they
    leave one, since what its price does until then is not known.
    """
    has = states[market].account(account)
    unit, quote, margin, is_open = states[market].unit, 0, 0, has.size != 0
    if is_open:
        quote = has.open_notional - pending_funding(states, market, account)
        quote -= int(abs(has.open_notional) * FUNDING) + 1
    for action in before:
        if action.market != market.id:
            continue
        match action:
            case ClosePosition() if is_open:
                quote += -action.bound if has.size < 0 else action.bound
                is_open = False
            case OpenPosition():
                return 0
            case Supply():
                margin += action.amount
            case Withdraw(amount=int(raw)):
                margin -= raw
            case _:
                pass
    return 0 if is_open else max(has.margin + margin + (has.owed + quote) // unit, 0)
