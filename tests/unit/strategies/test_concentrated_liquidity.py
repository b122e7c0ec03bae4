"""When a range is opened, kept, filled up, moved and left."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from math import isclose

import pytest

from tests.unit.protocols.uniswap_v3.pools import PLAIN, POOL, TOKEN0, TOKEN1, UNPRICED
from trimtab.core.errors import ConfigError
from trimtab.core.market import Head, Place, pooled, wallet
from trimtab.core.prices import Prices, Quote
from trimtab.core.quantise import Timestamp
from trimtab.core.states import States
from trimtab.core.strategy import AnySignal, Costs, Decision, Hold, Target, View
from trimtab.protocols.uniswap_v3 import PoolState
from trimtab.signals import CovarianceMatrix
from trimtab.strategies import ConcentratedLiquidity

NOW = Timestamp(1_700_000_000)
STRATEGY = ConcentratedLiquidity(POOL, share=0.8, width=2.0, span=timedelta(days=1))
RICH, POOR = (1.0, 1.0), (0.0, 0.0)
EQUITY = 10**18


def view(
    amounts: dict[Place, int],
    *,
    state: PoolState = PLAIN,
    mean: float = 0.0,
    variance: float = 0.25,
    fees: tuple[float, float] = RICH,
    strategy: ConcentratedLiquidity = STRATEGY,
) -> View:
    states = States(1, {1: Head(1, 1, "0x", NOW)}, {POOL.id: POOL}, {POOL.id: state})
    quotes = {token: Quote(Fraction(1), "", NOW) for token in (TOKEN0, TOKEN1)}
    sigma = CovarianceMatrix((TOKEN0, TOKEN1), ((variance, 0.0), (0.0, 0.0)), 1.0)
    signals: dict[AnySignal, object] = {
        strategy.covariance: sigma,
        strategy.fees: fees,
        strategy.middle: mean,
    }
    costs = Costs(Fraction(0), {})
    return View(states, Prices(TOKEN1, NOW, quotes), amounts, signals, costs)


def decided(amounts: dict[Place, int], **changes: object) -> Decision:
    return STRATEGY.decide(view(amounts, **changes))  # type: ignore[arg-type]


IDLE = {wallet(TOKEN1): EQUITY}


def in_range(lower: int, upper: int, part: Fraction = Fraction(8, 10)) -> dict[Place, int]:
    """A book with part of it in a range, half of that in each token."""
    put = int(EQUITY * part / 2)
    ticks = (lower, upper)
    return {
        pooled(POOL.id, TOKEN0, ticks): put,
        pooled(POOL.id, TOKEN1, ticks): put,
        wallet(TOKEN1): EQUITY - 2 * put,
    }


def ticks_of(decision: Decision) -> tuple[int, ...]:
    assert isinstance(decision, Target), decision
    (ticks,) = {leg.place.ticks for leg in decision.legs}
    return ticks


def test_decide__nothing_placed_and_fees_pay__opens_a_range_around_the_mean() -> None:
    decision = decided(IDLE)
    lower, upper = ticks_of(decision)
    assert lower == -upper
    # Two standard deviations of a day at 50 % a year are 523 ticks, to the spacing of 60.
    assert upper == 540
    assert isinstance(decision, Target)
    assert decision.edge > 0
    assert isclose(sum(leg.weight for leg in decision.legs), 0.8)
    first, second = (leg.weight for leg in decision.legs)
    assert isclose(first, second, rel_tol=1e-2), "the price is in the middle of the range"


def test_decide__the_mean_far_from_the_price__the_price_still_inside() -> None:
    lower, upper = ticks_of(decided(IDLE, mean=5_000.0))
    assert lower <= PLAIN.tick < upper
    assert (lower + upper) / 2 > 400


def test_decide__fees_do_not_pay_for_the_losses__stays_out() -> None:
    decision = decided(IDLE, fees=POOR)
    assert isinstance(decision, Hold)
    assert "would earn -" in decision.why


def test_decide__fees_ceased__leaves_the_pool() -> None:
    decision = decided(in_range(-540, 480), fees=POOR, mean=2_000.0)
    assert isinstance(decision, Target)
    assert decision.legs == ()
    assert "leave the pool" in decision.why


def test_decide__in_range__holds() -> None:
    decision = decided(in_range(-540, 540))
    assert decision == Hold("in range: tick 0 in ticks -540 to 540")


def test_decide__small_drift_of_the_mean__holds() -> None:
    assert isinstance(decided(in_range(-540, 540), mean=200.0), Hold)


def test_decide__mean_drifted_by_half_the_half_width__moves() -> None:
    decision = decided(in_range(-540, 540), mean=300.0)
    assert ticks_of(decision) == (-240, 840)


def test_decide__price_left_the_range__moves_for_all_that_the_new_one_earns() -> None:
    decision = decided(in_range(600, 1_200))
    assert ticks_of(decision) == (-540, 540)
    opened = decided(IDLE)
    assert isinstance(decision, Target)
    assert isinstance(opened, Target)
    assert isclose(decision.edge, opened.edge), "out of range nothing is earned"


def test_decide__range_holds_too_little__filled_up_for_what_is_missing() -> None:
    decision = decided(in_range(-540, 540, Fraction(4, 10)))
    assert ticks_of(decision) == (-540, 540)
    opened = decided(IDLE)
    assert isinstance(decision, Target)
    assert isinstance(opened, Target)
    assert isclose(decision.edge, opened.edge / 2, rel_tol=1e-6)


def test_decide__more_capital_in_the_same_pool__earns_less_on_each_unit() -> None:
    crowded = replace(PLAIN, liquidity=PLAIN.liquidity // 100)
    few, many = decided(IDLE), decided(IDLE, state=crowded)
    assert isinstance(few, Target)
    assert isinstance(many, Target)
    assert many.edge < few.edge


def test_decide__losses_by_their_formula__equal() -> None:
    """At zero fees the net yield is -sigma**2 / 4 * sqrt(p) over a unit's worth."""
    strategy = replace(STRATEGY, least_edge=-100.0)
    decision = strategy.decide(view(IDLE, fees=POOR, strategy=strategy))
    assert isinstance(decision, Target)
    root, reach = 1.0, 1.0001 ** (-540 / 2)
    worth = 2 * (root - reach)
    assert isclose(decision.edge, -0.8 * 0.25 / 4 / worth, rel_tol=1e-9)


@pytest.mark.parametrize(
    "amounts, state", [({}, PLAIN), (IDLE, UNPRICED)], ids=("no capital", "no price")
)
def test_decide__nothing_to_place_or_no_price__holds(
    amounts: dict[Place, int], state: PoolState
) -> None:
    assert isinstance(decided(amounts, state=state), Hold)


def test_decide__price_never_moved__holds() -> None:
    decision = decided(IDLE, variance=0.0)
    assert isinstance(decision, Hold)
    assert "has not moved yet" in decision.why


@pytest.mark.parametrize("changes", [{"share": 1.5}, {"width": 0.0}, {"drift": float("nan")}])
def test_strategy__parameter_out_of_range__refused(changes: dict[str, float]) -> None:
    with pytest.raises(ConfigError):
        replace(STRATEGY, **changes)  # type: ignore[arg-type]
