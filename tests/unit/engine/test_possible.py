"""Targets whose positions cannot follow them."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from types import SimpleNamespace
from typing import cast

import pytest

from tests.unit.core.test_token import USDC
from tests.unit.engine.test_wishes import DOLLARS, ETHER, FLAT, PERPETUAL, PRICES, SHORT
from tests.unit.protocols.perpetual.markets import MARKET, NOW, POOL_STATE, states
from trimtab.core.market import MarketId
from trimtab.core.strategy import Hold, Leg, Target
from trimtab.engine.bot import Bot
from trimtab.engine.possible import possible, silent
from trimtab.engine.wishes import Now, wishes
from trimtab.protocols.uniswap_v3 import Observation, Oracle

TARGET = Target(Leg(ETHER, 0.5), Leg(SHORT, -0.5, margin=0.5))
HERE = frozenset({PERPETUAL})


@pytest.mark.parametrize("has, wished", [(0, -500), (-500, -600), (-500, 100), (-500, 0)])
def test_possible__quarantined__nothing_without_the_position(has: int, wished: int) -> None:
    found = possible(TARGET, {SHORT: Fraction(has)}, {SHORT: Fraction(wished)}, HERE, frozenset())
    assert isinstance(found, Hold)
    assert "quarantined" in found.why


@pytest.mark.parametrize(
    "has, wished, is_held",
    [(0, -500, True), (-500, -600, True), (-500, -400, True), (-500, 1, True), (-500, 0, False)],
)
def test_possible__reduce_only__may_only_be_left(has: int, wished: int, is_held: bool) -> None:
    found = possible(TARGET, {SHORT: Fraction(has)}, {SHORT: Fraction(wished)}, frozenset(), HERE)
    assert isinstance(found, Hold) == is_held


def test_possible__elsewhere_or_unmoved__as_decided() -> None:
    short = {SHORT: Fraction(-500)}
    assert possible(TARGET, {}, short, frozenset(), frozenset()) is TARGET
    assert possible(TARGET, short, short, HERE, HERE) is TARGET


def test_wishes__short_that_cannot_be_opened__no_spot_is_bought_alone() -> None:
    owner = SimpleNamespace(name="one", strategy=SimpleNamespace(decide=lambda _: TARGET))
    seats = {"owners": (owner,), "positions": {SHORT: "one"}, "sweeper": None}
    bot = SimpleNamespace(numeraire=USDC, perpetuals=(), **seats)
    claims = {"one": {DOLLARS: 1000}}
    now = Now(FLAT.states, PRICES, FLAT.costs, claims, {}, 0, Fraction(0), quarantined=HERE)
    wished = wishes(cast(Bot, bot), now)
    assert not wished.wants_to_move
    assert wished.places == {DOLLARS: 1000}
    assert wished.exposures == {}


def test_silent__pool_that_is_too_young__no_position_is_sized_by_it() -> None:
    assert silent(states(), (MARKET,)) == frozenset()
    young = replace(POOL_STATE, oracle=Oracle(0, 1, 1, (Observation(NOW - 60, 0, 0),)))
    untold = silent(states(pool=young), (MARKET,))
    assert untold == {MARKET.id}
    place = MARKET.position_place
    none: frozenset[MarketId] = frozenset()
    found = possible(TARGET, {}, {place: Fraction(-500)}, none, none, untold)
    assert isinstance(found, Hold)
    assert "mark price" in found.why
