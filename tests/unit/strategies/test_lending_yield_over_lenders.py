"""LendingYield over three lenders of three protocols: the split, its plan, and what it earned."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import product
from math import isclose

import pytest

from tests.support.conserved import Stage
from tests.support.desk import Desk, opened
from trimtab.allocation.lending import CHUNKS
from trimtab.allocation.offers import lending_offer
from trimtab.core.abi import Log
from trimtab.core.market import Place
from trimtab.core.quantise import Timestamp
from trimtab.core.states import States
from trimtab.core.strategy import Target, View
from trimtab.engine.wishes import base_units
from trimtab.journal.pnl import Moment, attribute
from trimtab.journal.reconcile import reconcile
from trimtab.lab.world import CREDIT_WORLD
from trimtab.mandate.adapters import ADAPTERS
from trimtab.protocols.shared.aave.configuration import ReserveConfiguration
from trimtab.routing import Draft, Purpose, draft
from trimtab.strategies import LendingYield

pytestmark = pytest.mark.chain

DOLLAR, YEAR = 10**6, 365 * 24 * 3600
NAMES = ("aave_v3:USDC", "aave_v36:USDC", "morpho:WETH/USDC/8600:USDC")
TOTAL = 48 * 100_000 * DOLLAR
OURS = "the plan"
assert CREDIT_WORLD.morpho is not None
WORLD = replace(CREDIT_WORLD, morpho=replace(CREDIT_WORLD.morpho, fee_agent=2))
"""A world in which the account is nobody's treasury."""


@pytest.fixture
def desk() -> Iterator[Desk]:
    """A desk before three lenders of dollars, with dollars to lend."""
    with opened(WORLD) as desk:
        desk.give("USDC", TOTAL)
        yield desk


def lenders(desk: Desk) -> tuple[Place, ...]:
    return tuple(map(desk.place, NAMES))


def target(desk: Desk, view: View) -> Target:
    decision = LendingYield(lenders(desk)).decide(view)
    assert isinstance(decision, Target), decision
    return decision


def wished(view: View, decision: Target) -> dict[Place, int]:
    """Base units per place, as the engine makes them of weights."""
    values = {leg.place: Fraction(leg.weight) * view.equity for leg in decision.legs}
    return base_units(values, view.prices)


def planned(desk: Desk, view: View, gas: int = 10**9) -> Draft | None:
    """The plan of the target, at a price of gas in wei."""
    decision = target(desk, view)
    worth = Purpose(Fraction(0), Fraction(decision.edge) * view.equity, False, decision.why)
    return draft(desk.terms(costs=desk.costs(gas)), view.states, wished(view, decision), worth)


def best_by_trial(desk: Desk, view: View) -> float:
    """The most that any split into whole chunks earns a year, by the lenders' own models."""
    chunk = TOTAL // CHUNKS
    offers = [lending_offer(view, place) for place in lenders(desk)]
    earned = [
        [own * chunk * offer.rate(own * chunk) for own in range(CHUNKS + 1)] for offer in offers
    ]
    return max(
        earned[0][first] + earned[1][second] + earned[2][third]
        for first, second in product(range(CHUNKS + 1), repeat=2)
        for third in range(CHUNKS + 1 - first - second)
    )


def executed(desk: Desk, found: Draft) -> list[Log]:
    """The logs of the plan's calls, in one transaction of ours."""
    desk.machine.set_time(desk.next_moment)
    logs: list[Log] = []
    for call in found.plan.calls:
        succeeded, _, told = desk.machine.call(desk.account, call.to, call.data)
        assert succeeded
        logs += [replace(log, transaction=OURS) for log in told]
    return logs


def test_decide__three_lenders__spreads_as_the_best_by_trial(desk: Desk) -> None:
    view = desk.view(desk.ahead(), {})
    decision = target(desk, view)
    shares = {leg.place: leg.weight for leg in decision.legs}
    assert all(shares[place] > 0 for place in lenders(desk))
    assert isclose(decision.edge * TOTAL, best_by_trial(desk, view), rel_tol=1e-12)


def test_decide__cap_in_the_way__what_does_not_fit_goes_elsewhere(desk: Desk) -> None:
    place = desk.place("aave_v36:USDC")
    before = desk.ahead()
    free = wished(desk.view(before, {}), target(desk, desk.view(before, {})))
    room = free[place] // 2
    view = desk.view(capped(desk, before, place, room), {})
    tight = wished(view, target(desk, view))
    assert room - 100 * DOLLAR < tight[place] <= room
    others = [each for each in lenders(desk) if each != place]
    assert sum(tight[each] for each in others) > sum(free[each] for each in others)
    assert planned(desk, view) is not None


def capped(desk: Desk, states: States, place: Place, room: int) -> States:
    """The states with a supply cap that leaves about so much room."""
    pool = desk.book.market("aave_v36")
    reserve = states[pool].reserve(place.token)
    supplied = reserve.scaled_supply * reserve.liquidity_index // 10**27
    cap = (supplied + room) // DOLLAR
    word = reserve.configuration.word & ~(((1 << 36) - 1) << 116) | cap << 116
    changed = replace(reserve, configuration=ReserveConfiguration(word))
    return states.with_states({pool.id: states[pool].with_reserve(changed)})


def test_draft__gas_that_costs_more_than_is_earned__no_move_is_planned(desk: Desk) -> None:
    view = desk.view(desk.ahead(), {})
    assert planned(desk, view) is not None
    assert planned(desk, view, gas=10**18) is None


def test_attribute__three_lenders_for_a_year__closes_to_the_unit(desk: Desk) -> None:
    stage = Stage(desk.machine, desk.accounts, desk.states())
    before = stage.states
    moment = Moment(desk.held(before), desk.prices(before))
    found = planned(desk, desk.view(desk.ahead(), {}))
    assert found is not None
    logs = executed(desk, found)
    desk.machine.set_time(Timestamp(desk.machine.time + YEAR))
    now = desk.states()
    audit = stage.audit(now)
    told = reconcile(ADAPTERS, before, now, logs, desk.account, {OURS}.__contains__, audit)
    assert told.differences == {}
    later = Moment(desk.held(now), desk.prices(before))
    parts = attribute(
        moment, later, told, {OURS: found.plan.actions}, (), stage.fees(now), Fraction(0)
    )
    parts.check()
    assert {place for place, raw in told.accruals.items() if raw} >= set(lenders(desk))
    assert parts.interest == parts.change + parts.rounding > 0
