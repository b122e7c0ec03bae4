"""Loops entered and left at once, executed on the bytecode."""

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

import pytest

from tests.support.desk import Desk, opened
from trimtab.core.actions import Borrow, EnterLoop, LeaveLoop
from trimtab.core.market import Place
from trimtab.core.quantise import Wad
from trimtab.lab.world import DEFAULT_WORLD
from trimtab.protocols.aave_v3 import health_factor
from trimtab.protocols.flash_loop import FlashLoop
from trimtab.routing import Draft, Purpose, Terms, deleverage, draft
from trimtab.routing.recovery import MARGIN

DOLLAR, ETHER = 10**6, 10**18
LIMIT = Wad(12 * 10**17)
DEAR = 10**11
"""Wei for a unit of gas."""
GROWTH = Purpose(Fraction(10**12), Fraction(10**12), lowers_risk=False, why="lever up")


@pytest.fixture
def looping() -> Iterator[Desk]:
    """A desk with a FlashLoop."""
    with opened(replace(DEFAULT_WORLD, flash_loop=True)) as desk:
        yield desk


def terms(desk: Desk, **changes: object) -> Terms:
    loops = tuple(m for m in desk.book.markets.values() if isinstance(m, FlashLoop))
    assert loops, "there is no FlashLoop"
    settings: dict[str, object] = {"health": LIMIT, "loops": loops}
    return desk.terms(**(settings | changes))


def places(desk: Desk) -> tuple[Place, Place, Place]:
    """Ether lent, dollars owed, and dollars in the wallet."""
    lent = desk.place("aave_v3:WETH")
    return lent, Place(lent.market, desk.token("USDC"), "debt"), desk.place("USDC")


def kinds(found: Draft) -> list[str]:
    return [type(action).__name__ for action in found.plan.actions]


def test_draft__loop_beyond_what_rounds_reach__entered_at_once(looping: Desk) -> None:
    lent, owed, home = places(looping)
    looping.give("WETH", 10 * ETHER)
    wishes = {lent: 30 * ETHER, owed: -40_000 * DOLLAR, home: 0, looping.place("WETH"): 0}
    states = looping.ahead()
    by_rounds = draft(terms(looping, loops=()), states, wishes, GROWTH)
    found = draft(terms(looping), states, wishes, GROWTH)
    assert found is not None
    assert by_rounds is not None
    assert kinds(found) == ["Approve", "Delegate", "Supply", "EnterLoop", "Delegate"]
    assert len(found.plan.calls) < len(by_rounds.plan.calls)
    after = looping.execute(found.plan)
    held = looping.held(after)
    assert held == looping.held(found.after)
    assert 0 <= held[owed] + 40_000 * DOLLAR <= 1, "no loan and premium make just any debt"
    assert held[lent] > 29 * ETHER
    health = health_factor(after, looping.lender, looping.account)
    assert health is not None
    assert health >= LIMIT
    assert found.turns[0].sold >= found.turns[0].least > 0


def test_draft__wished_beyond_health__as_far_as_the_limit_leaves(looping: Desk) -> None:
    lent, owed, home = places(looping)
    looping.give("WETH", 10 * ETHER)
    wishes = {lent: 90 * ETHER, owed: -160_000 * DOLLAR, home: 0, looping.place("WETH"): 0}
    found = draft(terms(looping), looping.ahead(), wishes, GROWTH)
    assert found is not None
    assert "EnterLoop" in kinds(found)
    after = looping.execute(found.plan)
    health = health_factor(after, looping.lender, looping.account)
    assert health is not None
    assert LIMIT < health < LIMIT * 105 // 100


def levered(desk: Desk) -> None:
    """Thirty ether lent against debts whose dollars are gone."""
    _, owed, _ = places(desk)
    desk.lend("WETH", 30 * ETHER)
    desk.act(Borrow(desk.account, desk.lender.id, owed.token, 40_000 * DOLLAR, desk.account))
    desk.spend("USDC", 40_000 * DOLLAR)


def test_draft__cheap_gas__rounds_cost_less_than_the_premium(looping: Desk) -> None:
    lent, owed, home = places(looping)
    levered(looping)
    wishes = {lent: 0, owed: 0, home: 0, looping.place("WETH"): 9 * ETHER}
    found = draft(terms(looping), looping.ahead(), wishes, GROWTH)
    assert found is not None
    assert "LeaveLoop" not in kinds(found)


def test_draft__no_debt_wished__left_altogether_at_once(looping: Desk) -> None:
    lent, owed, home = places(looping)
    levered(looping)
    wishes = {lent: 0, owed: 0, home: 0, looping.place("WETH"): 9 * ETHER}
    dear = terms(looping, costs=looping.costs(DEAR))
    found = draft(dear, looping.ahead(), wishes, GROWTH)
    assert found is not None
    assert kinds(found) == ["Approve", "LeaveLoop", "Withdraw", "Approve"]
    held = looping.held(looping.execute(found.plan))
    assert {owed, lent}.isdisjoint(held)
    assert held[looping.place("WETH")] > 9 * ETHER


def test_draft__part_of_both_wished_back__one_leaving(looping: Desk) -> None:
    lent, owed, _ = places(looping)
    levered(looping)
    have = looping.held(looping.ahead())
    wishes = {lent: have[lent] - 10 * ETHER, owed: have[owed] + 20_000 * DOLLAR}
    dear = terms(looping, costs=looping.costs(DEAR))
    found = draft(dear, looping.ahead(), wishes, GROWTH)
    assert found is not None
    (leaving,) = (a for a in found.plan.actions if isinstance(a, LeaveLoop))
    held = looping.held(looping.execute(found.plan))
    assert leaving.loan == 20_000 * DOLLAR
    assert held == looping.held(found.after)
    assert have[lent] - held[lent] <= leaving.most + 1


def test_draft__sale_beyond_the_budget__a_smaller_loop(looping: Desk) -> None:
    lent, owed, home = places(looping)
    looping.give("WETH", 10 * ETHER)
    wishes = {lent: 30 * ETHER, owed: -40_000 * DOLLAR, home: 0, looping.place("WETH"): 0}
    budget = Fraction(10_000 * DOLLAR)
    found = draft(terms(looping, budget=budget), looping.ahead(), wishes, GROWTH)
    assert found is not None
    for action in found.plan.actions:
        assert not isinstance(action, EnterLoop) or action.loan <= 10_000 * DOLLAR
    looping.execute(found.plan)


def test_deleverage__dear_gas__one_leaving_brings_it_back(looping: Desk) -> None:
    levered(looping)
    looping.reprice("WETH", Fraction(95, 100))
    states = looping.ahead()
    limit = Wad(123 * 10**16)
    repair = replace(GROWTH, lowers_risk=True)
    settings = {"health": limit, "prices": looping.prices(states), "costs": looping.costs(DEAR)}
    by_rounds = deleverage(terms(looping, **settings, loops=()), states, looping.lender, repair)
    found = deleverage(terms(looping, **settings), states, looping.lender, repair)
    assert kinds(found) == ["Approve", "LeaveLoop", "Approve"]
    assert found.plan.cost.total < by_rounds.plan.cost.total
    after = looping.execute(found.plan)
    health = health_factor(after, looping.lender, looping.account)
    assert health is not None
    goal = limit * (1 + MARGIN)
    assert goal <= health < goal * Fraction(101, 100)
    assert looping.held(after) == looping.held(found.after)
