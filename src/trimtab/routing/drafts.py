"""One bounded plan from wished amounts: of all ways the nearest to them, then the cheapest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction

from trimtab.core.errors import Infeasible, NoRoute
from trimtab.core.flows import held_everywhere
from trimtab.core.market import Holding, Place
from trimtab.core.states import States
from trimtab.routing.approvals import with_approvals
from trimtab.routing.drafting import Draft, Purpose, drafted, walked
from trimtab.routing.loops import Change, bought_by, changes, entered, left, without
from trimtab.routing.planner import Round, rounds, sold_by, within
from trimtab.routing.positions import Turn
from trimtab.routing.trades import Terms


def draft(
    terms: Terms, states: States, wishes: Mapping[Place, int], purpose: Purpose
) -> Draft | None:
    """The plan that moves the account's book to the wished base units per place.

    Of a position at a perpetual the wish is its size, in units of 10**-18, negative for a short.

    `states` stand at the moment for which the plan is computed. Places without a wish stay.
    Moves smaller than their own gas are left out; None when nothing is left. A sale that would
    exceed the budget or slip beyond its bound is made smaller, and what it leaves stays where it
    lies: the rest is for later plans. Swaps and supplies are sized by the least that what comes
    before them may bring, so that a worse fill or an earlier landing reverts nothing; what is
    over stays in the wallet. What is owed is borrowed and repaid on the way: as much is borrowed
    as the health limit leaves by what lies there before, and what that buys is lent, so that a
    loop takes several rounds; a plan makes up to ROUNDS of them. Positions are made smaller
    before all else, and larger when all else is done, by the part of the wished sales that is
    made: what they hedge is bought in the same plan.
    What is to be lent and owed more, or less, at one of Aave's pools is done at once, by a flash
    loan, where that comes nearer to the wishes or costs less. Raises NoRoute or Infeasible.
    """
    begun = Round(states, states, (), (), (), None, Fraction(1))
    held = held_everywhere(terms.adapters, states, terms.account)
    wished = changes(states, held, wishes) if terms.loops else ()
    found = [
        plan
        for change in wished
        if (plan := _looped(terms, begun, held, wishes, change, purpose)) is not None
    ]
    try:
        plain = _drafted(terms, rounds(terms, begun, wishes), purpose)
    except (NoRoute, Infeasible):
        if not found:
            raise
        plain = None
    every = [*found, *(() if plain is None else (plain,))]
    return min(every, key=lambda each: _rank(terms, each, held, wishes), default=None)


def _drafted(terms: Terms, plan: Round, purpose: Purpose) -> Draft | None:
    if not plan.moves:
        return None
    reached = replace(purpose, by_trading=purpose.by_trading * plan.done)
    return drafted(terms, plan.before, plan.moves, plan.trades, reached, turns=plan.turns)


def _looped(
    terms: Terms,
    plan: Round,
    held: Mapping[Place, Holding],
    wishes: Mapping[Place, int],
    change: Change,
    purpose: Purpose,
) -> Draft | None:
    """The plan that leaves a loop at once before all else, or enters it after; None without one."""
    try:
        if change.owed < 0:
            is_whole = not wishes[Place(change.pool.id, change.debt, "debt")]
            turn = left(terms, plan.states, change, is_whole=is_whole)
            if turn is None:
                return None
            return _drafted(terms, rounds(terms, _with(terms, plan, turn), wishes), purpose)
        rest = without(held, wishes, change, bought_by(terms, plan.states, change))
        plan = rounds(terms, plan, rest)
        spent = sum((turn.sold for turn in plan.turns), sold_by(terms, plan.trades))
        turn = entered(within(terms, spent), plan.states, change)
        return None if turn is None else _drafted(terms, _with(terms, plan, turn), purpose)
    except (NoRoute, Infeasible):
        return None


def _with(terms: Terms, plan: Round, turn: Turn) -> Round:
    """The plan with one more loop entered or left."""
    made = (turn.action,)
    states = walked(terms, plan.states, with_approvals(terms.account, plan.states, made))
    moves, turns = (*plan.moves, *made), (*plan.turns, turn)
    return replace(plan, states=states, moves=moves, turns=turns)


_NEAR = Fraction(1, 50)
"""The part of the wished change of debts by which plans that differ come as near."""


def _rank(
    terms: Terms, found: Draft, held: Mapping[Place, Holding], wishes: Mapping[Place, int]
) -> tuple[int, Fraction]:
    """How far from the wished debts a plan stays, in steps that matter, and then what it costs."""
    after = held_everywhere(terms.adapters, found.after, terms.account)

    def missed(book: Mapping[Place, Holding]) -> Fraction:
        debts = (
            (place, book[place].raw if place in book else 0) for place in wishes if place.is_debt
        )
        return sum((terms.value(p.token, abs(wishes[p] - raw)) for p, raw in debts), Fraction(0))

    step = missed(held) * _NEAR
    return (int(missed(after) / step) if step else 0), found.plan.cost.total
