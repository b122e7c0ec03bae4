"""When a basis trade is opened, kept, made anew and closed."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import isclose

import pytest

from tests.unit.protocols.perpetual.markets import MARKET, USDC, WETH
from trimtab.core.errors import ConfigError
from trimtab.core.market import Head, Place, wallet
from trimtab.core.prices import Prices, Quote
from trimtab.core.quantise import Timestamp
from trimtab.core.states import States
from trimtab.core.strategy import AnySignal, Costs, Decision, Hold, Target, View
from trimtab.strategies import BasisTrade

NOW = Timestamp(0)
STRATEGY = BasisTrade(wallet(WETH), MARKET, enter=0.08, leave=0.02, leverage=1.0, drift=0.1)
SHORT, MARGIN = MARKET.position_place, MARKET.margin_place
IDLE = {wallet(USDC): 1000}
OPEN = {wallet(WETH): 500, MARGIN: 490, SHORT: 10}


def decided(carry: float | None, amounts: dict[Place, int], short: int = 0) -> Decision:
    quotes = {token: Quote(Fraction(1), "", NOW) for token in (USDC, WETH)}
    states = States(1, {1: Head(1, 1, "0x", NOW)}, {}, {})
    exposures = {SHORT: Fraction(-short)} if short else {}
    signals: dict[AnySignal, object] = {STRATEGY.carry: carry}
    prices = Prices(USDC, NOW, quotes)
    view = View(states, prices, amounts, signals, Costs(Fraction(0), {}), exposures)
    return STRATEGY.decide(view)


def test_decide__funding_above_entry__both_legs_and_their_margin() -> None:
    found = decided(0.1, IDLE)
    assert isinstance(found, Target)
    spot, short = found.legs
    assert (spot.place, spot.weight) == (wallet(WETH), 0.5)
    assert (short.place, short.weight, short.margin) == (SHORT, -0.5, 0.5)
    assert isclose(found.edge, 0.05)


@pytest.mark.parametrize("carry", [0.0799, -1.0, None])
def test_decide__funding_below_entry_or_unknown__holds(carry: float | None) -> None:
    assert isinstance(decided(carry, IDLE), Hold)


def test_decide__open_and_neutral__stays_until_funding_is_below_the_exit() -> None:
    assert isinstance(decided(0.02, OPEN, 500), Hold)
    assert isinstance(decided(0.02, OPEN, 460), Hold)
    found = decided(0.0199, OPEN, 500)
    assert isinstance(found, Target)
    assert found.legs == ()


@pytest.mark.parametrize(
    "amounts, short",
    [
        pytest.param({wallet(WETH): 560, MARGIN: 440}, 500, id="exposed"),
        pytest.param({wallet(WETH): 500, MARGIN: 440, wallet(USDC): 60}, 500, id="margin short"),
        pytest.param({wallet(WETH): 560, MARGIN: 520, SHORT: -80}, 500, id="lost"),
    ],
)
def test_decide__exposure_or_leverage_off__made_anew(amounts: dict[Place, int], short: int) -> None:
    found = decided(0.05, amounts, short)
    assert isinstance(found, Target)
    assert len(found.legs) == 2


def test_decide__spot_without_its_short__sold_unless_the_trade_is_worth_opening() -> None:
    left = {wallet(WETH): 400, wallet(USDC): 600}
    found = decided(0.05, left)
    assert isinstance(found, Target)
    assert found.legs == ()
    both = decided(0.1, left)
    assert isinstance(both, Target)
    assert len(both.legs) == 2
    assert isinstance(decided(0.05, {wallet(WETH): 9, wallet(USDC): 991}), Hold)


def test_needs__spot_perpetual_and_funding() -> None:
    assert STRATEGY.needs == (wallet(WETH), MARKET, STRATEGY.carry)


@pytest.mark.parametrize("wrong", [{"enter": 0.01}, {"leverage": 0.0}, {"drift": 2.0}])
def test_basis_trade__parameter_out_of_range__refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigError):
        replace(STRATEGY, **wrong)  # type: ignore[arg-type]
