"""Debts that their collateral pays back at once, by a flash loan."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from trimtab.core.errors import Infeasible
from trimtab.core.flows import held_everywhere
from trimtab.core.states import States
from trimtab.protocols.flash_loop.model.lenders import LendingPool
from trimtab.risk import Lender, health_factor
from trimtab.routing.approvals import with_approvals
from trimtab.routing.drafting import Draft, Purpose, drafted, walked
from trimtab.routing.loops import Change, left
from trimtab.routing.positions import Turn
from trimtab.routing.recovery import STEPS
from trimtab.routing.trades import Terms


def unwound(
    terms: Terms, states: States, lender: Lender, goal: Fraction, purpose: Purpose
) -> Draft | None:
    """The plan of one loop left that brings the account's health to a goal, by the least that does.

    Of all debts and collaterals it is those with which the goal is reached at the least cost, or
    else the nearest to it. None without a FlashLoop for any of them, or where none would help.
    """
    if not terms.loops or not isinstance(lender, LendingPool):
        return None
    was = health_factor(states, lender, terms.account)
    found = []
    for change in _whole(terms, states, lender):
        turn = _least(terms, states, change, goal)
        draft = None if turn is None else _drafted(terms, states, turn, purpose)
        if draft is not None and _is_better(health_factor(draft.after, lender, terms.account), was):
            found.append(draft)

    return min(found, key=lambda each: rank(terms, each, lender, goal), default=None)


def rank(terms: Terms, found: Draft, lender: Lender, goal: Fraction) -> tuple[Fraction, Fraction]:
    """By how much a plan falls short of a health factor, and then what it costs."""
    health = health_factor(found.after, lender, terms.account)
    short = Fraction(0) if health is None else max(goal - health, Fraction(0))
    return short, found.plan.cost.total


def _whole(terms: Terms, states: States, pool: LendingPool) -> Iterator[Change]:
    """Each debt of the account's, whole, out of each of its collaterals."""
    held = held_everywhere(terms.adapters, states, terms.account)
    here = [place for place in sorted(held) if place.market == pool.id]
    for owed in (place for place in here if place.is_debt):
        for lent in (place for place in here if not place.is_debt and place.token != owed.token):
            yield Change(pool, lent.token, owed.token, -held[lent].raw, held[owed].raw)


def _least(terms: Terms, states: States, change: Change, goal: Fraction) -> Turn | None:
    """The least leaving that reaches the goal, or the largest there is."""
    best = left(terms, states, change)
    if best is None or not _reaches(terms, states, change.pool, best, goal):
        return best
    refused, reached = 0, -change.owed
    for _ in range(STEPS):
        middle = (refused + reached) // 2
        part = Change(change.pool, change.collateral, change.debt, change.supplied, -middle)
        turn = left(terms, states, part)
        if turn is not None and _reaches(terms, states, change.pool, turn, goal):
            reached, best = middle, turn
        else:
            refused = middle
    return best


def _reaches(terms: Terms, states: States, pool: LendingPool, turn: Turn, goal: Fraction) -> bool:
    after = walked(terms, states, with_approvals(terms.account, states, (turn.action,)))
    health = health_factor(after, pool, terms.account)
    return health is None or health >= goal


def _drafted(terms: Terms, states: States, turn: Turn, purpose: Purpose) -> Draft | None:
    try:
        return drafted(terms, states, (turn.action,), (), purpose, terms.slippage, (turn,))
    except Infeasible:
        return None


def _is_better(health: Fraction | None, was: Fraction | None) -> bool:
    return health is None or (was is not None and health > was)
