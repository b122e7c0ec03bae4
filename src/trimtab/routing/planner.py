"""From wished amounts to one ordered, bounded plan: take out, swap, put in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from trimtab.core.actions import ALL, Action, Borrow, Quantity, Repay, Supply, Withdraw
from trimtab.core.flows import held_everywhere
from trimtab.core.market import Holding, Place, wallet
from trimtab.core.states import States
from trimtab.core.token import Token
from trimtab.risk import is_lender
from trimtab.routing.approvals import grown, with_approvals
from trimtab.routing.bounds import withdrawn
from trimtab.routing.drafting import Draft, Purpose, drafted, walked
from trimtab.routing.lenders import borrowable, releasable
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
    over stays in the wallet. What is owed is borrowed and repaid on the way: as much is borrowed
    as the health limit leaves by what lies there before, and what that buys is lent, so that a
    loop takes several rounds; a plan makes up to ROUNDS of them.
    Raises NoRoute or Infeasible.
    """
    plan = _Round(states, states, (), (), None, Fraction(1))
    for _ in range(ROUNDS if any(place.is_debt for place in wishes) else 1):
        further = _further(terms, plan, wishes)
        if further is None:
            break
        plan = further
    if not plan.moves:
        return None
    reached = replace(purpose, by_trading=purpose.by_trading * plan.done)
    return drafted(terms, states, plan.moves, plan.trades, reached)


ROUNDS = 8
"""How often a plan borrows, buys and lends, or withdraws, sells and repays."""


@dataclass(frozen=True, slots=True)
class _Round:
    """The moves of a plan so far, the states before and after them, and what the wallet has.

    `funds` is what lies there by the worst fills, once there is a round; `done` is the part of
    the wished sales, by value, that the trades make.
    """

    before: States
    states: States
    moves: tuple[Action, ...]
    trades: tuple[Trade, ...]
    funds: Mapping[Token, int] | None
    done: Fraction


def _further(terms: Terms, plan: _Round, wishes: Mapping[Place, int]) -> _Round | None:
    """The plan with one more round of moves towards the wishes; None where there is none."""
    states = plan.states
    held = held_everywhere(terms.adapters, states, terms.account)
    if plan.funds is not None:
        held = _surely(held, plan.funds)
    sketch = _sketched(terms, plan, held, wishes)
    undone = sum((terms.value(t, raw) for t, raw in sketch.unsold.items()), Fraction(0))
    if any(sketch.unsold.values()):
        wishes = _kept(wishes, held, sketch.unsold)
        sketch = _sketched(terms, plan, held, wishes, sketch.sold)
    left = dict(sketch.funds)
    repaid = tuple(_repayments(terms, held, wishes, left))
    supplies = tuple(_supplies(terms, states, held, wishes, left))
    named = deposits(states, held, wishes)
    added = tuple(additions(terms, sketch.after, named, wishes, left))
    swaps = tuple(trade.action for trade in sketch.trades)
    moves: tuple[Action, ...] = (*sketch.releases, *swaps, *repaid, *supplies, *added)
    if not moves:
        return None
    return _Round(
        plan.before,
        walked(terms, states, with_approvals(terms.account, states, moves)),
        (*plan.moves, *moves),
        (*plan.trades, *sketch.trades),
        left,
        plan.done * _done(terms, sketch.trades, undone),
    )


def _surely(held: Mapping[Place, Holding], funds: Mapping[Token, int]) -> dict[Place, Holding]:
    """The book with no more in the wallet than the worst fills leave there."""
    known = dict(held)
    for token, raw in funds.items():
        home = wallet(token)
        if home in known:
            known[home] = replace(known[home], raw=min(raw, known[home].raw))
    return known


def _sketched(
    terms: Terms,
    plan: _Round,
    held: Mapping[Place, Holding],
    wishes: Mapping[Place, int],
    most: Mapping[tuple[Token, Token], int] | None = None,
) -> _Sketch:
    states = plan.states
    withdraws = tuple(_withdraws(terms, states, held, wishes))
    funds = _wallet(terms, held, wishes)
    for action in withdraws:
        funds[action.token] += withdrawn(plan.before, action, plan.moves)
    released: tuple[Action, ...] = withdraws
    for release in releases(terms, states, deposits(states, held, wishes)):
        released = (*released, *release.actions)
        for token, raw in release.brings.items():
            funds[token] += raw
    after = walked(terms, states, with_approvals(terms.account, states, released))
    for loan in _loans(terms, after, held, wishes):
        released = (*released, loan)
        funds[loan.token] += loan.amount
        after = walked(terms, after, (loan,))
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
        if not is_lender(lender) or place not in held or place.is_debt:
            continue
        repays = any(p.market == place.market and _is_repaid(held, p, wishes[p]) for p in wishes)
        ready = releasable(terms, states, lender, place.token, repays=repays)
        amount = min(held[place].raw - wish, ready)
        if amount > 0 and terms.is_worth_its_gas(place.token, amount, "Withdraw"):
            quantity = ALL if amount == held[place].raw else amount
            yield Withdraw(terms.account, lender.id, place.token, quantity, terms.account)


def _is_repaid(held: Mapping[Place, Holding], place: Place, wish: int) -> bool:
    return place.is_debt and place in held and held[place].raw < wish


def _loans(
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


def _repayments(
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
        if not is_lender(states.market(place.market)) or place.is_debt:
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
