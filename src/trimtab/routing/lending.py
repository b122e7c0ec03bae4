"""What plans take out of lenders and put into them, what they borrow and what they pay back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from trimtab.core.actions import ALL, Borrow, Quantity, Repay, Supply, Withdraw
from trimtab.core.market import Holding, Place, wallet
from trimtab.core.states import States
from trimtab.core.token import Token
from trimtab.protocols.perpetual import Perpetual
from trimtab.risk import is_lender
from trimtab.routing.approvals import grown
from trimtab.routing.drafting import walked
from trimtab.routing.lenders import borrowable, releasable
from trimtab.routing.trades import Terms


def withdraws(
    terms: Terms, states: States, held: Mapping[Place, Holding], wishes: Mapping[Place, int]
) -> Iterator[Withdraw]:
    """What lies at lenders beyond the wish, as far as the lender can pay it out now."""
    for place, wish in sorted(wishes.items()):
        lender = states.market(place.market)
        if not is_lender(lender) or place not in held or place.is_debt or place.is_position:
            continue
        repays = any(p.market == place.market and _is_repaid(held, p, wishes[p]) for p in wishes)
        ready = releasable(terms, states, lender, place.token, repays=repays)
        amount = min(held[place].raw - wish, ready)
        if amount > 0 and terms.is_worth_its_gas(place.token, amount, "Withdraw"):
            quantity = ALL if _is_all(states, held, place, wish, amount) else amount
            yield Withdraw(terms.account, lender.id, place.token, quantity, terms.account)


def _is_all(
    states: States, held: Mapping[Place, Holding], place: Place, wish: int, amount: int
) -> bool:
    """Whether everything is withdrawn: of margin all that realised gains and losses leave."""
    lender = states.market(place.market)
    if not isinstance(lender, Perpetual):
        return amount == held[place].raw
    position = held.get(lender.position_place)
    return wish == 0 and (position is None or position.shares == 0)


def _is_repaid(held: Mapping[Place, Holding], place: Place, wish: int) -> bool:
    return place.is_debt and place in held and held[place].raw < wish


def loans(
    terms: Terms, states: States, held: Mapping[Place, Holding], wishes: Mapping[Place, int]
) -> Iterator[Borrow]:
    """What is to be owed beyond what is, as far as the health limit and the lender allow."""
    for place, wish in sorted(wishes.items()):
        if not place.is_debt:
            continue
        lender = states.market(place.market)
        assert is_lender(lender), f"{lender.name} lends nothing"
        have = held[place].raw if place in held else 0
        raw = borrowable(terms, states, lender, place.token, have - wish)
        if raw > 0 and terms.is_worth_its_gas(place.token, raw, "Borrow"):
            loan = Borrow(terms.account, lender.id, place.token, raw, terms.account)
            states = walked(terms, states, (loan,))
            yield loan


def repayments(
    terms: Terms,
    held: Mapping[Place, Holding],
    wishes: Mapping[Place, int],
    left: dict[Token, int],
) -> Iterator[Repay]:
    """What is owed beyond the wish, as far as the wallet surely has it; it is taken off that.

    Debts come before what the wallet itself is to keep.
    """
    for place, wish in sorted(wishes.items()):
        if not place.is_debt or place not in held:
            continue
        have, spare = -held[place].raw, left.get(place.token, 0)
        raw = min(have + wish, spare)
        if raw > 0 and terms.is_worth_its_gas(place.token, raw, "Repay"):
            left[place.token] -= raw
            is_whole = wish == 0 and raw == have and spare >= grown(have)
            amount: Quantity = ALL if is_whole else raw
            yield Repay(terms.account, place.market, place.token, amount, terms.account)


def supplies(
    terms: Terms,
    states: States,
    held: Mapping[Place, Holding],
    wishes: Mapping[Place, int],
    left: dict[Token, int],
) -> Iterator[Supply]:
    """What the wallet surely has beyond its own wish, to the lenders that want it.

    It is taken off what is left.
    """
    for place, wish in sorted(wishes.items()):
        if not is_lender(states.market(place.market)) or place.is_debt or place.is_position:
            continue
        have = held[place].raw if place in held else 0
        spare = left.get(place.token, 0) - wishes.get(wallet(place.token), 0)
        raw = min(wish - have, spare)
        if raw > 0 and terms.is_worth_its_gas(place.token, raw, "Supply"):
            left[place.token] -= raw
            yield Supply(terms.account, place.market, place.token, raw, terms.account)
