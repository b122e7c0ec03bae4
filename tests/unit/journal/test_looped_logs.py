"""Loops on the bytecode, told by the logs of others alone: nothing of them is left unexplained."""

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

import pytest

from tests.support.desk import Desk, opened
from trimtab.core.abi import Log
from trimtab.core.actions import Borrow
from trimtab.core.flows import fold_events, held_everywhere, share_changes
from trimtab.core.market import Place
from trimtab.core.plan import Plan
from trimtab.core.quantise import Wad
from trimtab.journal.fills import match
from trimtab.journal.loops import Looped
from trimtab.lab.world import DEFAULT_WORLD
from trimtab.mandate.adapters import ADAPTERS
from trimtab.protocols.flash_loop import FlashLoop
from trimtab.routing import Draft, Purpose, draft

DOLLAR, ETHER = 10**6, 10**18
PURPOSE = Purpose(Fraction(10**12), Fraction(10**12), lowers_risk=False, why="a loop")


@pytest.fixture
def looping() -> Iterator[Desk]:
    """A desk with a FlashLoop."""
    with opened(replace(DEFAULT_WORLD, flash_loop=True)) as desk:
        yield desk


def wished(desk: Desk, wishes: dict[Place, int]) -> Draft:
    loops = tuple(m for m in desk.book.markets.values() if isinstance(m, FlashLoop))
    terms = desk.terms(health=Wad(12 * 10**17), loops=loops, costs=desk.costs(10**11))
    found = draft(terms, desk.ahead(), wishes, PURPOSE)
    assert found is not None
    return found


def logged(desk: Desk, plan: Plan) -> list[Log]:
    """What the plan's calls log, as of one transaction."""
    desk.machine.set_time(desk.next_moment)
    found: list[Log] = []
    for call in plan.calls:
        succeeded, _, logs = desk.machine.call(desk.account, call.to, call.data)
        assert succeeded, call
        found += [replace(log, transaction="0x1") for log in logs]
    return found


def check_told(desk: Desk, found: Draft) -> Looped:
    before = desk.states()
    logs = logged(desk, found.plan)
    told = fold_events(ADAPTERS, before, logs, desk.account, lambda _: True)
    matched = match(found.plan.actions, told.flows)
    assert matched.left_over == ()
    held = (held_everywhere(ADAPTERS, states, desk.account) for states in (before, told.states))
    assert share_changes(*held) == found.plan.expected
    (fill,) = (each for each in matched.fills if isinstance(each, Looped))
    return fill


def test_entered__by_logs__as_planned_and_explained(looping: Desk) -> None:
    lent = looping.place("aave_v3:WETH")
    owed = Place(lent.market, looping.token("USDC"), "debt")
    looping.give("WETH", 10 * ETHER)
    wishes = {lent: 20 * ETHER, owed: -20_000 * DOLLAR, looping.place("WETH"): 0}
    fill = check_told(looping, wished(looping, wishes))
    assert fill.gained[looping.token("USDC")] < -19_999 * DOLLAR
    assert fill.gained[looping.token("WETH")] > 9 * ETHER


@pytest.mark.parametrize("part", [Fraction(2, 3), Fraction(1)])
def test_left__by_logs__as_planned_and_explained(looping: Desk, part: Fraction) -> None:
    lent = looping.place("aave_v3:WETH")
    owed = Place(lent.market, looping.token("USDC"), "debt")
    looping.lend("WETH", 30 * ETHER)
    borrowed = 30_000 * DOLLAR
    looping.act(Borrow(looping.account, looping.lender.id, owed.token, borrowed, looping.account))
    looping.spend("USDC", borrowed)
    have = looping.held(looping.ahead())
    kept = {place: int(have[place] * (1 - part)) for place in (lent, owed)}
    fill = check_told(looping, wished(looping, {**kept, looping.place("WETH"): 0}))
    assert fill.gained[looping.token("USDC")] >= borrowed * part - 1
