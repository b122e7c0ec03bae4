"""When the exposure of liquidity is sold."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from math import isclose

import pytest

from tests.unit.protocols.perpetual import markets
from tests.unit.protocols.uniswap_v3.pools import PLAIN, POOL, TOKEN0, TOKEN1
from trimtab.core.errors import ConfigError
from trimtab.core.market import Head, Place, pooled, wallet
from trimtab.core.prices import Prices, Quote
from trimtab.core.quantise import Timestamp
from trimtab.core.states import States
from trimtab.core.strategy import AnySignal, Costs, Decision, Hold, Target, View
from trimtab.signals import CovarianceMatrix
from trimtab.strategies import HedgedLiquidity

NOW = Timestamp(1_700_000_000)
EQUITY = 10**18
PERPETUAL = replace(markets.MARKET, settlement=TOKEN1)
SHORT, MARGIN = PERPETUAL.position_place, PERPETUAL.margin_place
STRATEGY = HedgedLiquidity(POOL, PERPETUAL, share=0.6, span=timedelta(days=1), drift=0.1)
TICKS = (-600, 600)
IN_RANGE = {
    pooled(POOL.id, TOKEN0, TICKS): EQUITY * 3 // 10,
    pooled(POOL.id, TOKEN1, TICKS): EQUITY * 3 // 10,
    MARGIN: EQUITY * 4 // 10,
}


def decided(
    amounts: dict[Place, int], short: float = 0.0, fees: tuple[float, float] = (1.0, 1.0)
) -> Decision:
    states = States(1, {1: Head(1, 1, "0x", NOW)}, {POOL.id: POOL}, {POOL.id: PLAIN})
    quotes = {token: Quote(Fraction(1), "", NOW) for token in (TOKEN0, TOKEN1)}
    liquidity = STRATEGY.liquidity
    signals: dict[AnySignal, object] = {
        liquidity.covariance: CovarianceMatrix((TOKEN0, TOKEN1), ((0.25, 0.0), (0.0, 0.0)), 1.0),
        liquidity.fees: fees,
        liquidity.middle: 0.0,
    }
    exposures = {SHORT: Fraction(-short) * EQUITY} if short else {}
    prices = Prices(TOKEN1, NOW, quotes)
    view = View(states, prices, amounts, signals, Costs(Fraction(0), {}), exposures)
    return STRATEGY.decide(view)


def test_decide__liquidity_opened__its_volatile_token_is_sold() -> None:
    found = decided({wallet(TOKEN1): EQUITY})
    assert isinstance(found, Target)
    *legs, hedge = found.legs
    volatile = sum(leg.weight for leg in legs if leg.place.token == TOKEN0)
    assert volatile > 0.25
    assert (hedge.place, hedge.weight) == (SHORT, -volatile)
    assert isclose(hedge.margin, 0.4)
    assert isclose(sum(leg.share for leg in found.legs), 1.0)


def test_decide__in_range_and_hedged__holds() -> None:
    assert isinstance(decided(IN_RANGE, short=0.3), Hold)
    assert isinstance(decided(IN_RANGE, short=0.25), Hold)


@pytest.mark.parametrize("short", [0.0, 0.2, 0.5])
def test_decide__in_range_and_exposed__the_short_alone_is_made_anew(short: float) -> None:
    found = decided(IN_RANGE, short=short)
    assert isinstance(found, Target)
    weights = {leg.place: leg.weight for leg in found.legs}
    assert isclose(weights.pop(SHORT), -0.3)
    kept = {place: weight for place, weight in weights.items() if weight}
    assert all(isclose(weight, 0.3) for weight in kept.values())
    assert kept.keys() == IN_RANGE.keys() - {MARGIN}
    assert isclose(found.edge, STRATEGY.aversion * abs(0.3 - short))


def test_decide__liquidity_that_earns_nothing__left_with_its_hedge() -> None:
    out = {
        pooled(POOL.id, token, (6000, 7200)): raw for token, raw in ((TOKEN0, EQUITY), (TOKEN1, 0))
    }
    found = decided(out, short=0.9, fees=(0.0, 0.0))
    assert isinstance(found, Target)
    assert found.legs == ()


def test_hedged_liquidity__perpetual_in_another_currency__refused() -> None:
    with pytest.raises(ConfigError, match="settles in"):
        HedgedLiquidity(POOL, markets.MARKET)
