"""From wished amounts to moves, round by round: take out, swap, put in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from trimtab.core.actions import Action, Withdraw
from trimtab.core.flows import held_everywhere
from trimtab.core.market import Holding, Place, wallet
from trimtab.core.states import States
from trimtab.core.token import Token
from trimtab.routing.approvals import with_approvals
from trimtab.routing.bounds import withdrawn
from trimtab.routing.drafting import walked
from trimtab.routing.lending import loans, repayments, supplies, withdraws
from trimtab.routing.liquidity import additions, deposits, releases
from trimtab.routing.positions import Turn, openings, part_of_turns, reductions
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


ROUNDS = 8
"""How often a plan borrows, buys and lends, or withdraws, sells and repays."""


@dataclass(frozen=True, slots=True)
class Round:
    """The moves of a plan so far, the states before and after them, and what the wallet has.

    `funds` is what lies there by the worst fills, once there is a round; `done` is the part of
    the wished sales, by value, that the trades make.
    """

    before: States
    states: States
    moves: tuple[Action, ...]
    trades: tuple[Trade, ...]
    turns: tuple[Turn, ...]
    funds: Mapping[Token, int] | None
    done: Fraction


def rounds(terms: Terms, plan: Round, wishes: Mapping[Place, int]) -> Round:
    """The plan with all rounds of moves towards the wishes."""
    for _ in range(ROUNDS if any(place.is_debt for place in wishes) else 1):
        further = _further(terms, plan, wishes)
        if further is None:
            break
        plan = further
    return plan


def _further(terms: Terms, plan: Round, wishes: Mapping[Place, int]) -> Round | None:
    """The plan with one more round of moves towards the wishes; None where there is none."""
    begun, reserved = plan, _reserved(terms, plan, wishes)
    plan = _reduced(replace(terms, budget=reserved), plan, wishes)
    states = plan.states
    made_smaller = sum((turn.sold for turn in plan.turns[len(begun.turns) :]), Fraction(0))
    of_sales = terms if reserved is None else within(terms, reserved - made_smaller)
    held = held_everywhere(terms.adapters, states, terms.account)
    if plan.funds is not None:
        held = _surely(held, plan.funds)
    sketch = _sketched(of_sales, plan, held, wishes)
    undone = sum((terms.value(t, raw) for t, raw in sketch.unsold.items()), Fraction(0))
    if any(sketch.unsold.values()):
        wishes = _kept(wishes, held, sketch)
        sketch = _sketched(of_sales, plan, held, wishes, sketch.sold)
    left = dict(sketch.funds)
    repaid = tuple(repayments(terms, held, wishes, left))
    supplied = tuple(supplies(terms, states, held, wishes, left))
    named = deposits(states, held, wishes)
    added = tuple(additions(terms, sketch.after, named, wishes, left))
    swaps = tuple(trade.action for trade in sketch.trades)
    moves: tuple[Action, ...] = (*sketch.releases, *swaps, *repaid, *supplied, *added)
    after = walked(terms, states, with_approvals(terms.account, states, moves))
    done = plan.done * _done(terms, sketch.trades, undone)
    spent = sum((turn.sold for turn in plan.turns), sold_by(terms, (*plan.trades, *sketch.trades)))
    opened = tuple(openings(within(terms, spent), after, wishes, done))
    made = tuple(turn.action for turn in opened)
    if not (moves or made or plan.moves != begun.moves):
        return None
    return Round(
        plan.before,
        walked(terms, after, made),
        (*plan.moves, *moves, *made),
        (*plan.trades, *sketch.trades),
        (*plan.turns, *opened),
        left,
        done,
    )


def _reserved(terms: Terms, plan: Round, wishes: Mapping[Place, int]) -> Fraction | None:
    """What of the budget is kept for positions; None without a budget."""
    if terms.budget is None:
        return None
    spent = sum((turn.sold for turn in plan.turns), sold_by(terms, plan.trades))
    held = held_everywhere(terms.adapters, plan.states, terms.account)
    part = part_of_turns(terms, plan.states, held, wishes)
    return part * max(terms.budget - spent, Fraction(0))


def _reduced(terms: Terms, plan: Round, wishes: Mapping[Place, int]) -> Round:
    """The plan once what is too large of positions is traded away."""
    turns = tuple(reductions(terms, plan.states, wishes))
    made = tuple(turn.action for turn in turns)
    return replace(
        plan,
        states=walked(terms, plan.states, made),
        moves=(*plan.moves, *made),
        turns=(*plan.turns, *turns),
    )


def within(terms: Terms, spent: Fraction) -> Terms:
    """The terms with what is left of the budget."""
    return terms if terms.budget is None else replace(terms, budget=terms.budget - spent)


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
    plan: Round,
    held: Mapping[Place, Holding],
    wishes: Mapping[Place, int],
    most: Mapping[tuple[Token, Token], int] | None = None,
) -> _Sketch:
    states = plan.states
    turned = sum((turn.sold for turn in plan.turns), Fraction(0))
    terms = within(terms, turned + sold_by(terms, plan.trades))
    taken = tuple(withdraws(terms, states, held, wishes))
    funds = _wallet(terms, held, wishes)
    for action in taken:
        funds[action.token] += withdrawn(plan.before, action, plan.moves)
    released: tuple[Action, ...] = taken
    for release in releases(terms, states, deposits(states, held, wishes)):
        released = (*released, *release.actions)
        for token, raw in release.brings.items():
            funds[token] += raw
    after = walked(terms, states, with_approvals(terms.account, states, released))
    for loan in loans(terms, after, held, wishes):
        released = (*released, loan)
        funds[loan.token] += loan.amount
        after = walked(terms, after, (loan,))
    done: list[Trade] = []
    unsold: dict[Token, int] = {}
    for wish in sales(terms, held, wishes, dict(funds), most):
        ready = Sale(wish.sold, wish.bought, min(wish.raw, funds[wish.sold]))
        sale = affordable(terms, sold_by(terms, done), ready)
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
    wishes: Mapping[Place, int], held: Mapping[Place, Holding], sketch: _Sketch
) -> dict[Place, int]:
    """The wishes once what cannot be sold now stays where it lies, at lenders first.

    A lender may have let go less than was wished: of that what is not sold stays.
    """
    kept, left = dict(wishes), dict(sketch.unsold)
    for action in sketch.releases:
        if isinstance(action, Withdraw) and isinstance(action.amount, int):
            place = Place(action.market, action.token)
            kept[place] = max(kept[place], held[place].raw - action.amount)
    for place in sorted(wishes, key=lambda place: (place == wallet(place.token), place)):
        if place.is_position:
            continue
        have = held[place].raw if place in held else 0
        more = min(left.get(place.token, 0), max(have - kept[place], 0))
        if more:
            kept[place] += more
            left[place.token] -= more
    return kept


def sold_by(terms: Terms, done: list[Trade] | tuple[Trade, ...]) -> Fraction:
    """The value sold, at oracle prices."""
    values = (terms.value(each.action.token_in, each.action.amount_in) for each in done)
    return sum(values, Fraction(0))


def _done(terms: Terms, done: tuple[Trade, ...], undone: Fraction) -> Fraction:
    """The part of the wished sales, by value, that the trades make."""
    sold = sold_by(terms, done)
    return sold / (sold + undone) if sold + undone else Fraction(1)
