"""Leveraged staking: when it opens, holds and leaves, and what it is worth."""

from dataclasses import replace
from fractions import Fraction
from math import isclose
from typing import Any

import pytest

from tests.unit.protocols.aave_v36.lending import (
    CATEGORY,
    ETHER,
    NOW,
    POOL,
    RESERVES,
    account,
    reserve_state,
)
from trimtab.core.errors import ConfigError
from trimtab.core.market import Head, Market, MarketId, Place, State, wallet
from trimtab.core.prices import Prices, Quote
from trimtab.core.quantise import Bps, Timestamp
from trimtab.core.states import States
from trimtab.core.strategy import Costs, Decision, Hold, Target, View
from trimtab.protocols.aave_v36 import LendingState, RateCurve
from trimtab.protocols.chainlink import Feed, FeedState
from trimtab.protocols.shared.shares import Shares
from trimtab.protocols.staking import Queue, StakingPool, StakingState
from trimtab.signals import StakingYield
from trimtab.strategies import LeveragedStaking

FEEDS = tuple(Feed(1, account(200 + at), f"feed {at}", "X", "USD", 8, 3600) for at in range(2))
STAKE = StakingPool(
    1,
    account(100),
    "staking:stETH",
    ETHER,
    "stETH",
    account(101),
    account(102),
    *(f.id for f in FEEDS),
)
SHARE = STAKE.share
LENDER = replace(POOL, reserves=(replace(RESERVES[0], token=SHARE), RESERVES[1]))
LENT, OWED = Place(LENDER.id, SHARE), Place(LENDER.id, ETHER, "debt")
LOOP = LeveragedStaking(STAKE, LENT, OWED)
UNIT = 10**18


def seen(
    *,
    lent: int = 0,
    owed: int = 0,
    idle: int = 0,
    cost: float = 0.02,
    earned: float | None = 0.04,
    price: int = 10**8,
    reported: Timestamp = NOW,
    pooled: int = UNIT,
) -> View:
    """A book of shares and a debt, in base units, with a rate of the debt and a yield."""
    shares, ether = map(reserve_state, LENDER.reserves)
    flat = RateCurve(Bps(8_000), Bps(round(cost * 10_000)), Bps(0), Bps(0))
    ether = replace(ether, curve=flat)
    lending = LendingState(NOW, Bps(5), {SHARE: shares, ETHER: ether}, {1: CATEGORY}, {})
    stake = StakingState(NOW, pooled, reported, Shares(UNIT, {}, {}), Queue(0, 0, 0, 0, 0, {}))
    found: tuple[Market[Any], ...] = (LENDER, STAKE, *FEEDS)
    markets = {market.id: market for market in found}
    states: dict[MarketId, State] = {
        LENDER.id: lending,
        STAKE.id: stake,
        FEEDS[0].id: FeedState(NOW, price, NOW, 1),
        FEEDS[1].id: FeedState(NOW, 10**8, NOW, 1),
    }
    amounts = {LENT: lent, OWED: -owed, wallet(SHARE): idle}
    return View(
        States(1, {1: Head(1, 1, "0x1", NOW)}, markets, states),
        Prices(ETHER, NOW, dict.fromkeys((SHARE, ETHER), Quote(Fraction(1), "one for one", NOW))),
        amounts,
        {LOOP.earned: earned},
        Costs(Fraction(0), {}),
    )


def target(decision: Decision) -> dict[Place, float]:
    assert isinstance(decision, Target), decision
    return {leg.place: leg.weight for leg in decision.legs}


def held(decision: Decision) -> str:
    assert isinstance(decision, Hold), decision
    return decision.why


def test_decide__staking_pays_enough__opens_and_names_its_health() -> None:
    decision = LOOP.decide(seen(idle=UNIT))
    assert target(decision) == {LENT: 3.0, OWED: -2.0}
    assert isinstance(decision, Target)
    assert isclose(decision.edge, 3 * 0.04 - 2 * 0.02)
    assert "health factor 1.20" in decision.why


def test_decide__pays_too_little_to_open__holds() -> None:
    assert "less than 1.00%" in held(LOOP.decide(seen(idle=UNIT, cost=0.035)))


def test_decide__open_and_between_the_margins__stays() -> None:
    decision = LOOP.decide(seen(lent=3 * UNIT, owed=2 * UNIT, cost=0.035))
    assert target(decision) == {LENT: 3.0, OWED: -2.0}
    assert isinstance(decision, Target)
    assert isclose(decision.edge, 0, abs_tol=1e-12)


def test_decide__open_and_the_debt_costs_more__leaves() -> None:
    decision = LOOP.decide(seen(lent=3 * UNIT, owed=2 * UNIT, cost=0.05))
    assert target(decision) == {}
    assert isinstance(decision, Target)
    assert "leave" in decision.why


def test_decide__shares_left_without_their_debt_and_dear__leaves() -> None:
    left = seen(lent=UNIT, idle=UNIT, cost=0.05)
    assert target(LOOP.decide(left)) == {}
    assert "less than 1.00%" in held(LOOP.decide(seen(lent=UNIT, idle=UNIT, cost=0.035)))


def test_decide__shares_below_their_rate__keeps_away() -> None:
    assert "2.00% below their rate" in held(LOOP.decide(seen(idle=UNIT, price=98 * 10**6)))


def test_decide__health_below_the_least__holds() -> None:
    far = replace(LOOP, leverage=5.0)
    assert "1.00 is below 1.10" in held(far.decide(seen(idle=UNIT)))


def test_decide__yield_unknown__holds() -> None:
    assert "not told" in held(LOOP.decide(seen(idle=UNIT, earned=None)))


def test_parameters__sides_that_are_no_loop__refused_in_words() -> None:
    for sides in ((LENT, wallet(ETHER)), (OWED, OWED), (LENT, Place(LENDER.id, SHARE, "debt"))):
        with pytest.raises(ConfigError, match="are no loop of staking:stETH"):
            LeveragedStaking(STAKE, *sides)


def test_yield__two_reports__the_growth_between_them_a_year() -> None:
    signal = StakingYield(STAKE)
    memory = signal.step(signal.start, seen())
    assert signal.value(memory) is None
    day = Timestamp(NOW + 86_400)
    memory = signal.step(memory, seen(reported=day, pooled=UNIT + UNIT // 10_000))
    assert signal.value(memory) == pytest.approx(0.0365)
    assert signal.step(memory, seen(reported=day, pooled=UNIT + UNIT // 10_000)) == memory
