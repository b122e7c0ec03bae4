"""Positions at a perpetual on the way to their wishes, on the real bytecode."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

import pytest

from tests.support.desk import Desk, opened
from trimtab.core.actions import ClosePosition, OpenPosition, Supply, Swap, Withdraw
from trimtab.core.adapter import apply
from trimtab.core.errors import Infeasible
from trimtab.core.market import Place
from trimtab.core.quantise import Wad
from trimtab.core.states import Reverted, States
from trimtab.lab.world import CREDIT_WORLD
from trimtab.mandate.reduce import adding
from trimtab.mandate.repair import only_repays
from trimtab.protocols.perpetual import Perpetual
from trimtab.risk import health_factor
from trimtab.routing import Draft, Purpose, deleverage, draft
from trimtab.routing.lenders import HEADROOM
from trimtab.routing.positions import turned
from trimtab.routing.recovery import MARGIN

pytestmark = pytest.mark.chain

DOLLAR, ETHER = 10**6, 10**18
WORTH_IT = Purpose(Fraction(10**12), Fraction(10**12), lowers_risk=False, why="move")


@pytest.fixture
def desk() -> Iterator[Desk]:
    """A desk before a perpetual, among others."""
    with opened(CREDIT_WORLD) as desk:
        yield desk


def market_of(desk: Desk) -> Perpetual:
    market = desk.book.market("perpetual:ETH")
    assert isinstance(market, Perpetual)
    return market


def size_of(desk: Desk, states: States) -> int:
    return states[market_of(desk)].account(desk.account).size


def kinds(found: Draft) -> list[str]:
    moves = Supply | Swap | Withdraw | OpenPosition | ClosePosition
    return [type(action).__name__ for action in found.plan.actions if isinstance(action, moves)]


def moved(desk: Desk, wishes: dict[Place, int], **terms: object) -> tuple[Draft, States]:
    """The one plan that the wishes come to, and the states once its calls ran on the bytecode."""
    before = desk.ahead()
    found = draft(desk.terms(**terms), before, wishes, WORTH_IT)
    assert found is not None
    after = desk.execute(found.plan)
    assert desk.changes(before, after) == found.plan.expected
    return found, after


def test_draft__spot_and_a_short_of_it__bought_funded_and_opened_in_one_plan(desk: Desk) -> None:
    market = market_of(desk)
    desk.give("USDC", 60_000 * DOLLAR)
    wishes = {
        desk.place("WETH"): 20 * ETHER,
        desk.place("USDC"): 0,
        market.margin_place: 19_000 * DOLLAR,
        market.position_place: -20 * ETHER,
    }
    found, after = moved(desk, wishes)
    assert kinds(found) == ["Swap", "Supply", "OpenPosition"]
    assert abs(size_of(desk, after) + 20 * ETHER) < ETHER // 100
    (turn,) = found.turns
    assert turn.least >= turn.sold * Fraction(95, 100)
    assert found.plan.cost.fees > turn.fee > 0
    # And out of it again, the gain or loss of the position included.
    out = {
        desk.place("WETH"): 0,
        desk.place("USDC"): 60_000 * DOLLAR,
        market.margin_place: 0,
        market.position_place: 0,
    }
    found, after = moved(desk, out)
    assert kinds(found) == ["ClosePosition", "Withdraw", "Swap"]
    held = desk.held(after)
    assert size_of(desk, after) == 0
    assert market.margin_place not in held
    assert abs(held.get(market.position_place, 0)) <= 1, "all that was realised is withdrawn"
    assert held[desk.place("USDC")] > 58_000 * DOLLAR


def test_draft__smaller_and_other_sided__reduced_first(desk: Desk) -> None:
    market = market_of(desk)
    desk.give("USDC", 30_000 * DOLLAR)
    both = {market.margin_place: 20_000 * DOLLAR, desk.place("USDC"): 10_000 * DOLLAR}
    _, after = moved(desk, {**both, market.position_place: -10 * ETHER})
    assert size_of(desk, after) < -9 * ETHER
    found, after = moved(desk, {market.position_place: -4 * ETHER})
    assert kinds(found) == ["OpenPosition"]
    assert abs(size_of(desk, after) + 4 * ETHER) < ETHER // 100
    found, after = moved(desk, {market.position_place: 3 * ETHER})
    assert kinds(found) == ["ClosePosition", "OpenPosition"]
    assert abs(size_of(desk, after) - 3 * ETHER) < ETHER // 100


def test_draft__more_than_health_allows__as_much_as_it_does(desk: Desk) -> None:
    market = market_of(desk)
    desk.give("USDC", 10_000 * DOLLAR)
    wishes = {market.margin_place: 10_000 * DOLLAR, market.position_place: -1000 * ETHER}
    found, after = moved(desk, {desk.place("USDC"): 0, **wishes}, health=Wad(4 * ETHER))
    left = health_factor(after, market, desk.account)
    assert left is not None
    assert 4 * (1 + HEADROOM) <= left < 4 * (1 + HEADROOM) * Fraction(101, 100)
    assert kinds(found) == ["Supply", "OpenPosition"]


def test_draft__margin_of_an_open_position__only_what_leaves_it_healthy(desk: Desk) -> None:
    market = market_of(desk)
    desk.give("USDC", 30_000 * DOLLAR)
    wishes = {market.margin_place: 30_000 * DOLLAR, market.position_place: -10 * ETHER}
    moved(desk, {desk.place("USDC"): 0, **wishes})
    out = {market.margin_place: 0, desk.place("USDC"): 30_000 * DOLLAR}
    found, after = moved(desk, out, health=Wad(3 * ETHER))
    assert kinds(found) == ["Withdraw"]
    left = health_factor(after, market, desk.account)
    assert left is not None
    assert left >= 3 * (1 + HEADROOM)


def test_draft__turnover_spent__no_more_is_opened(desk: Desk) -> None:
    market = market_of(desk)
    desk.give("USDC", 30_000 * DOLLAR)
    wishes = {market.margin_place: 20_000 * DOLLAR, market.position_place: -10 * ETHER}
    found, after = moved(desk, {desk.place("USDC"): 0, **wishes}, budget=Fraction(5_000 * DOLLAR))
    assert -3 * ETHER < size_of(desk, after) < -2 * ETHER
    assert sum(turn.sold for turn in found.turns) <= 5_000 * DOLLAR


def test_draft__turnover_for_half_of_a_hedge__half_of_both_sides(desk: Desk) -> None:
    market, budget = market_of(desk), Fraction(10_000 * DOLLAR)
    desk.give("USDC", 60_000 * DOLLAR)
    wishes = {
        desk.place("WETH"): 10 * ETHER,
        desk.place("USDC"): 0,
        market.margin_place: 30_000 * DOLLAR,
        market.position_place: -10 * ETHER,
    }
    found, after = moved(desk, wishes, budget=budget)
    spot, size = desk.held(after)[desk.place("WETH")], size_of(desk, after)
    assert 2 * ETHER < spot < 3 * ETHER
    assert abs(spot + size) < ETHER // 10
    assert sum(turn.sold for turn in found.turns) <= budget / 2 * Fraction(101, 100)


def test_draft__turnover_for_a_part_of_the_way_out__no_more_is_closed(desk: Desk) -> None:
    market, budget = market_of(desk), Fraction(5_000 * DOLLAR)
    desk.give("USDC", 30_000 * DOLLAR)
    wishes = {market.margin_place: 20_000 * DOLLAR, market.position_place: -10 * ETHER}
    moved(desk, {desk.place("USDC"): 0, **wishes})
    found, after = moved(desk, {market.position_place: 0}, budget=budget)
    assert kinds(found) == ["OpenPosition"]
    assert -9 * ETHER < size_of(desk, after) < -7 * ETHER
    assert sum(turn.sold for turn in found.turns) <= budget


@pytest.mark.parametrize("size", [20 * ETHER, -20 * ETHER])
def test_turned__part_that_the_block_s_limit_leaves__closed_by_its_own_bound(
    desk: Desk, size: int
) -> None:
    market = market_of(desk)
    desk.give("USDC", 50_000 * DOLLAR)
    margin = {market.margin_place: 50_000 * DOLLAR, desk.place("USDC"): 0}
    _, after = moved(desk, {**margin, market.position_place: size})
    state = after[market]
    rules = replace(state.rules, most_ticks=10)
    narrow = replace(state, rules=rules, reference_tick=state.tick, reference_at=state.timestamp)
    states, has = after.with_states({market.id: narrow}), state.account(desk.account).size
    found = turned(desk.terms(), states, market, -has, is_close=True)
    assert found is not None
    assert 0 < abs(found.size) < abs(has) // 4
    action = found.action
    assert isinstance(action, ClosePosition)
    worse = replace(action, bound=action.bound * (102 if has > 0 else 98) // 100)
    assert isinstance(apply(desk.terms().adapters, states, worse), Reverted)


# ------------------------------------------------------------------------------------- repairs


REPAIR = Purpose(Fraction(0), Fraction(0), lowers_risk=True, why="repair")


def shorted(desk: Desk, idle: int) -> Perpetual:
    """A short of ten ether on 6,000 dollars of margin, and so many dollars that lie idle."""
    market = market_of(desk)
    desk.give("USDC", 6_000 * DOLLAR)
    wishes = {market.margin_place: 6_000 * DOLLAR, market.position_place: -10 * ETHER}
    moved(desk, {desk.place("USDC"): 0, **wishes}, health=Wad(ETHER))
    if idle:
        desk.give("USDC", idle)
    return market


def repaired(desk: Desk, market: Perpetual, limit: Wad) -> tuple[Draft, States]:
    before = desk.ahead()
    was = health_factor(before, market, desk.account)
    assert was is not None
    assert was < Fraction(limit, ETHER)
    found = deleverage(desk.terms(health=limit), before, market, REPAIR)
    assert only_repays(found.plan.actions, desk.account)
    after = desk.execute(found.plan)
    assert desk.changes(before, after) == found.plan.expected
    return found, after


def test_deleverage__margin_in_the_wallet__least_of_it_supplied(desk: Desk) -> None:
    market, limit = shorted(desk, idle=20_000 * DOLLAR), Wad(6 * ETHER)
    found, after = repaired(desk, market, limit)
    assert kinds(found) == ["Supply"]
    left = health_factor(after, market, desk.account)
    assert left is not None
    assert 6 * (1 + MARGIN) <= left < 6 * (1 + MARGIN) * Fraction(1_01, 100)


def test_deleverage__no_margin_left__position_made_smaller(desk: Desk) -> None:
    market, limit = shorted(desk, idle=0), Wad(6 * ETHER)
    found, after = repaired(desk, market, limit)
    assert kinds(found) == ["OpenPosition"]
    assert -9 * ETHER < size_of(desk, after) < -5 * ETHER
    left = health_factor(after, market, desk.account)
    assert left is not None
    assert 6 * (1 + MARGIN) <= left < 6 * (1 + MARGIN) * Fraction(1_01, 100)


def test_deleverage__some_margin_and_a_high_limit__both(desk: Desk) -> None:
    market, limit = shorted(desk, idle=1_000 * DOLLAR), Wad(8 * ETHER)
    found, after = repaired(desk, market, limit)
    assert kinds(found) == ["Supply", "OpenPosition"]
    left = health_factor(after, market, desk.account)
    assert left is not None
    assert left >= 8 * (1 + MARGIN)


def test_deleverage__no_position__says_so(desk: Desk) -> None:
    with pytest.raises(Infeasible, match="no position is open"):
        deleverage(desk.terms(), desk.ahead(), market_of(desk), REPAIR)


def test_deleverage__market_that_may_only_be_left__closed_whole(desk: Desk) -> None:
    market, limit = shorted(desk, idle=20_000 * DOLLAR), Wad(6 * ETHER)
    before = desk.ahead()
    terms = desk.terms(health=limit)
    found = deleverage(terms, before, market, REPAIR, only_left=True)
    assert kinds(found) == ["ClosePosition"]
    assert adding(found.plan.actions, frozenset({market.id})) == ()
    assert only_repays(found.plan.actions, desk.account)
    assert size_of(desk, desk.execute(found.plan)) == 0
