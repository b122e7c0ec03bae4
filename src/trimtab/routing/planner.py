"""From wished amounts to one ordered, bounded plan: take out, swap, put in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from trimtab.core.actions import ALL, Action, Supply, Withdraw
from trimtab.core.flows import held_everywhere
from trimtab.core.market import Holding, Place, wallet
from trimtab.core.states import States
from trimtab.core.token import Token
from trimtab.protocols.aave_v3 import LendingPool, withdrawable
from trimtab.routing.approvals import with_approvals
from trimtab.routing.bounds import withdrawn
from trimtab.routing.drafting import Draft, Purpose, drafted, walked
from trimtab.routing.liquidity import additions, deposits, releases
from trimtab.routing.trades import Sale, Terms, Trade, affordable, sales, trades


@dataclass(frozen=True, slots=True)
class _Sketch:
    """Moves that bring the book towards the wishes, and what of the sales they leave undone.

    `releases` bring tokens into the wallet, `after` are the states once they and the trades ran.
    """

    releases: tuple[Action, ...]
    trades: tuple[Trade, ...]
    funds: Mapping[Token, int]
    unsold: Mapping[Token, int]
    after: States

    @property
    def sold(self) -> dict[tuple[Token, Token], int]:
        """What the trades sell of each token for each other one."""
        sold: dict[tuple[Token, Token], int] = {}
        for trade in self.trades:
            pair = trade.action.token_in, trade.action.token_out
            sold[pair] = sold.get(pair, 0) + trade.action.amount_in
        return sold


def draft(
    terms: Terms, states: States, wishes: Mapping[Place, int], purpose: Purpose
) -> Draft | None:
    """The plan that moves the account's book to the wished base units per place.

    `states` stand at the moment for which the plan is computed. Places without a wish stay.
    Moves smaller than their own gas are left out; None when nothing is left. A sale that would
    exceed the budget or slip beyond its bound is made smaller, and what it leaves stays where it
    lies: the rest is for later plans. Swaps and supplies are sized by the least that what comes
    before them may bring, so that a worse fill or an earlier landing reverts nothing; what is
    over stays in the wallet.
    Raises NoRoute or Infeasible.
    """
    held = held_everywhere(terms.adapters, states, terms.account)
    sketch = _sketched(terms, states, held, wishes)
    undone = sum((terms.value(t, raw) for t, raw in sketch.unsold.items()), Fraction(0))
    if any(sketch.unsold.values()):
        wishes = _kept(wishes, held, sketch.unsold)
        sketch = _sketched(terms, states, held, wishes, sketch.sold)
    left = dict(sketch.funds)
    supplies = tuple(_supplies(terms, states, held, wishes, left))
    named = deposits(states, held, wishes)
    added = tuple(additions(terms, sketch.after, named, wishes, left))
    swaps = tuple(trade.action for trade in sketch.trades)
    moves: tuple[Action, ...] = (*sketch.releases, *swaps, *supplies, *added)
    if not moves:
        return None
    reached = replace(purpose, by_trading=purpose.by_trading * _done(terms, sketch.trades, undone))
    return drafted(terms, states, moves, sketch.trades, reached)


def _sketched(
    terms: Terms,
    states: States,
    held: Mapping[Place, Holding],
    wishes: Mapping[Place, int],
    most: Mapping[tuple[Token, Token], int] | None = None,
) -> _Sketch:
    withdraws = tuple(_withdraws(terms, states, held, wishes))
    funds = _wallet(terms, held, wishes)
    for action in withdraws:
        funds[action.token] += withdrawn(states, action)
    released: tuple[Action, ...] = withdraws
    for release in releases(terms, states, deposits(states, held, wishes)):
        released = (*released, *release.actions)
        for token, raw in release.brings.items():
            funds[token] += raw
    after = walked(terms, states, with_approvals(terms.account, states, released))
    done: list[Trade] = []
    unsold: dict[Token, int] = {}
    for wish in sales(terms, held, wishes, dict(funds), most):
        ready = Sale(wish.sold, wish.bought, min(wish.raw, funds[wish.sold]))
        sale = affordable(terms, _sold(terms, done), ready)
        found = trades(terms, after, sale)
        for trade in found:
            after = walked(terms, after, with_approvals(terms.account, after, (trade.action,)))
            funds[wish.sold] -= trade.action.amount_in
            funds[wish.bought] += trade.action.min_out
        done += found
        left = wish.raw - sum(trade.action.amount_in for trade in found)
        unsold[wish.sold] = unsold.get(wish.sold, 0) + left
    return _Sketch(released, tuple(done), funds, unsold, after)


def _wallet(
    terms: Terms, held: Mapping[Place, Holding], wishes: Mapping[Place, int]
) -> dict[Token, int]:
    """What lies in the wallet of every token that may be touched, the numeraire's on the way."""
    tokens = dict.fromkeys(
        place.token for place in (*held, *wishes, wallet(terms.prices.numeraire))
    )
    return {t: held[wallet(t)].raw if wallet(t) in held else 0 for t in tokens}


def _kept(
    wishes: Mapping[Place, int], held: Mapping[Place, Holding], unsold: Mapping[Token, int]
) -> dict[Place, int]:
    """The wishes once what cannot be sold now stays where it lies, at lenders first."""
    kept, left = dict(wishes), dict(unsold)
    for place in sorted(wishes, key=lambda place: (place == wallet(place.token), place)):
        have = held[place].raw if place in held else 0
        more = min(left.get(place.token, 0), max(have - kept[place], 0))
        if more:
            kept[place] += more
            left[place.token] -= more
    return kept


def _withdraws(
    terms: Terms, states: States, held: Mapping[Place, Holding], wishes: Mapping[Place, int]
) -> Iterator[Withdraw]:
    """What lies at lenders beyond the wish, as far as the lender can pay it out now."""
    for place, wish in sorted(wishes.items()):
        lender = states.market(place.market)
        if not isinstance(lender, LendingPool) or place not in held or place.is_debt:
            continue
        ready = withdrawable(states, lender, terms.account, place.token)
        amount = min(held[place].raw - wish, ready)
        if amount > 0 and terms.is_worth_its_gas(place.token, amount, "Withdraw"):
            quantity = ALL if amount == held[place].raw else amount
            yield Withdraw(terms.account, lender.id, place.token, quantity, terms.account)


def _supplies(
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
        if not isinstance(states.market(place.market), LendingPool) or place.is_debt:
            continue
        have = held[place].raw if place in held else 0
        spare = left.get(place.token, 0) - wishes.get(wallet(place.token), 0)
        raw = min(wish - have, spare)
        if raw > 0 and terms.is_worth_its_gas(place.token, raw, "Supply"):
            left[place.token] -= raw
            yield Supply(terms.account, place.market, place.token, raw, terms.account)


def _sold(terms: Terms, done: list[Trade] | tuple[Trade, ...]) -> Fraction:
    """The value sold, at oracle prices."""
    values = (terms.value(each.action.token_in, each.action.amount_in) for each in done)
    return sum(values, Fraction(0))


def _done(terms: Terms, done: tuple[Trade, ...], undone: Fraction) -> Fraction:
    """The part of the wished sales, by value, that the trades make."""
    sold = _sold(terms, done)
    return sold / (sold + undone) if sold + undone else Fraction(1)
