"""The funding of a perpetual, smoothed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from math import isclose

import pytest

from tests.unit.protocols.perpetual.markets import HEAD, MARKET, NOW, POOL_STATE, TICK, USDC, states
from trimtab.core.errors import ConfigError
from trimtab.core.prices import Prices, Quote
from trimtab.core.quantise import Timestamp
from trimtab.core.strategy import Costs, View
from trimtab.protocols.perpetual import funding_rate
from trimtab.protocols.shared.ticks import sqrt_price_at_tick
from trimtab.protocols.uniswap_v3 import Oracle, PoolState
from trimtab.signals import FundingRate

A_DAY = 86_400


YOUNG = replace(POOL_STATE, oracle=Oracle(0, 1, 1, ()))
"""It knows nothing of the past."""


def view(at: int = NOW, pool: PoolState = POOL_STATE) -> View:
    """The market at a moment, its pool as it is told."""
    seen = states(pool=pool)
    seen = replace(seen, heads={1: replace(HEAD, timestamp=Timestamp(at))})
    quotes = {USDC: Quote(Fraction(1), "", Timestamp(at))}
    return View(seen, Prices(USDC, Timestamp(at), quotes), {}, {}, Costs(Fraction(0), {}))


RATE = float(funding_rate(view().states, MARKET))
LOWER = sqrt_price_at_tick(TICK - 100)
CHEAPER = view(NOW + A_DAY, replace(POOL_STATE, tick=TICK - 100, sqrt_price_x96=LOWER))


def test_funding_rate__first_view__the_market_s_own() -> None:
    signal = FundingRate(MARKET)
    assert signal.value(signal.start) is None
    assert signal.value(signal.step(signal.start, view())) == RATE


def test_funding_rate__a_halflife_later__half_of_each() -> None:
    signal = FundingRate(MARKET, timedelta(days=1))
    memory = signal.step(signal.step(signal.start, view()), CHEAPER)
    now = float(funding_rate(CHEAPER.states, MARKET))
    assert now != RATE
    found = signal.value(memory)
    assert found is not None
    assert isclose(found, (RATE + now) / 2)


def test_funding_rate__market_that_cannot_tell__does_not_count() -> None:
    signal = FundingRate(MARKET)
    assert signal.value(signal.step(signal.start, view(pool=YOUNG))) is None
    memory = signal.step(signal.start, view())
    assert signal.step(memory, view(NOW + A_DAY, YOUNG)) == memory


def test_funding_rate__no_halflife__refused() -> None:
    with pytest.raises(ConfigError, match="halflife"):
        FundingRate(MARKET, timedelta(0))
