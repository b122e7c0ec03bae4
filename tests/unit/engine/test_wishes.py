"""Positions among what strategies wish for."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from types import SimpleNamespace
from typing import cast

import pytest

from tests.unit.core.test_token import USDC, WETH
from trimtab.core.errors import Infeasible
from trimtab.core.market import POSITION, Head, MarketId, Place, wallet
from trimtab.core.prices import Prices, Quote
from trimtab.core.quantise import Timestamp
from trimtab.core.states import States
from trimtab.core.strategy import Costs, Hold, Leg, Target, View
from trimtab.engine.bot import Bot
from trimtab.engine.wishes import _closes, base_units, exposures_of, values_of

NOW = Timestamp(0)
PERPETUAL = MarketId("perpetual:1:0xdef")
MARGIN, SHORT = Place(PERPETUAL, USDC), Place(PERPETUAL, USDC, POSITION)
DOLLARS, ETHER = wallet(USDC), wallet(WETH)
BOT = cast(Bot, SimpleNamespace(numeraire=USDC))
PRICES = Prices(USDC, NOW, {USDC: Quote(Fraction(1), "", NOW), WETH: Quote(Fraction(2), "", NOW)})
FLAT = View(
    States(1, {1: Head(1, 1, "0x", NOW)}, {}, {}),
    PRICES,
    {DOLLARS: 1000},
    {},
    Costs(Fraction(0), {}),
)
OPEN = replace(
    FLAT,
    amounts={DOLLARS: 100, ETHER: 300, MARGIN: 280, SHORT: 20},
    exposures={SHORT: Fraction(-600)},
)
"""Worth 1,000: the position has gained 20."""


def target(margin: float = 0.25) -> Target:
    return Target(Leg(ETHER, 0.5), Leg(SHORT, -0.5, margin=margin))


def test_values_of__leg_with_margin__margin_lies_there_and_exposure_is_apart() -> None:
    assert values_of(FLAT, target(), BOT) == {DOLLARS: 250, ETHER: 500, MARGIN: 250, SHORT: 0}
    assert exposures_of(FLAT, target()) == {SHORT: -500}


@pytest.mark.parametrize("gained", [20, -20])
def test_values_of__position_that_gained__counts_towards_its_margin(gained: int) -> None:
    view = replace(OPEN, amounts={DOLLARS: 100, ETHER: 300, MARGIN: 300 - gained, SHORT: gained})
    values = values_of(view, target(), BOT)
    assert values[SHORT] == gained
    assert values[MARGIN] == 250 - gained
    assert sum(values.values()) == 1000


def test_values_of__gain_beyond_the_margin__nothing_is_wished_there() -> None:
    view = replace(OPEN, amounts={DOLLARS: 100, ETHER: 300, MARGIN: 100, SHORT: 200})
    values = values_of(view, target(0.125), BOT)
    assert values[SHORT] == 200
    assert values[MARGIN] == -75
    assert base_units(values, PRICES)[MARGIN] == 0


def test_values_of__margins_beyond_the_equity__infeasible() -> None:
    with pytest.raises(Infeasible, match="margins of positions among them"):
        values_of(FLAT, target(0.51), BOT)


def test_values_of__short_elsewhere__infeasible() -> None:
    with pytest.raises(Infeasible, match="only a position at a perpetual can be short"):
        values_of(FLAT, Target(Leg(ETHER, -0.1)), BOT)


def test_exposures_of__no_leg__closed_and_hold__kept() -> None:
    assert exposures_of(OPEN, Target(Leg(ETHER, 0.5))) == {SHORT: 0}
    assert exposures_of(OPEN, Hold("why not")) == {SHORT: -600}


def test_base_units__what_a_position_gained__is_no_wish() -> None:
    assert base_units(values_of(OPEN, target(), BOT), PRICES).keys() == {DOLLARS, ETHER, MARGIN}


def test_closes__position_given_up__is_a_leg_and_dust_is_none() -> None:
    hold = values_of(OPEN, Hold(""), BOT)
    assert not _closes(OPEN, hold, {SHORT: Fraction(-300)})
    assert _closes(OPEN, hold, {SHORT: Fraction(0)})
    dust = replace(OPEN, exposures={SHORT: Fraction(-10)})
    assert not _closes(dust, hold, {SHORT: Fraction(0)})
