"""The closed forms against the least of the costs that they are derived from."""

from collections.abc import Callable
from math import inf, isclose

import pytest

from trimtab.allocation.bands import Band

CASES = [
    (Band(0.36, 0.02, 3.0), 1e-5),
    (Band(0.04, 0.0004, 10.0), 1e-3),
    (Band(1.0, 0.06, 1.0), 3e-7),
]


def least(cost: Callable[[float], float]) -> float:
    """Where a convex function of a positive number is least, by golden section."""
    low, high, golden = 1e-9, 10.0, (5**0.5 - 1) / 2
    for _ in range(200):
        left, right = high - golden * (high - low), low + golden * (high - low)
        low, high = (low, right) if cost(left) < cost(right) else (left, high)
    return (low + high) / 2


def tracking(band: Band, mean_square: float) -> float:
    """What a mean squared deviation costs per year."""
    return band.risk_aversion / 2 * band.tracking_variance * mean_square


@pytest.mark.parametrize("band, cost", CASES)
def test_fixed__gas_per_trade__where_trades_and_tracking_cost_least(
    band: Band, cost: float
) -> None:
    def per_year(width: float) -> float:
        trades = band.drift_variance / width**2
        return cost * trades + tracking(band, width**2 / 6)

    assert isclose(band.fixed(cost), least(per_year), rel_tol=1e-5)


@pytest.mark.parametrize("band, cost", CASES)
def test_proportional__fee_per_value__where_volume_and_tracking_cost_least(
    band: Band, cost: float
) -> None:
    def per_year(width: float) -> float:
        volume = band.drift_variance / (2 * width)
        return cost * volume + tracking(band, width**2 / 3)

    assert isclose(band.proportional(cost), least(per_year), rel_tol=1e-5)


@pytest.mark.parametrize("width", [Band.fixed, Band.proportional])
def test_band__no_cost__no_band(width: Callable[[Band, float], float]) -> None:
    assert width(Band(0.36, 0.02, 3.0), 0.0) <= 0


@pytest.mark.parametrize("width", [Band.fixed, Band.proportional])
def test_band__token_that_does_not_move__never_traded(
    width: Callable[[Band, float], float],
) -> None:
    assert width(Band(0.0, 0.0, 3.0), 1e-5) == inf


@pytest.mark.parametrize("width", [Band.fixed, Band.proportional])
def test_band__cost_grows__widens(width: Callable[[Band, float], float]) -> None:
    widths = [width(Band(0.36, 0.02, 3.0), cost) for cost in (1e-6, 1e-5, 1e-4)]
    assert widths == sorted(set(widths))


@pytest.mark.parametrize("width", [Band.fixed, Band.proportional])
def test_band__risk_aversion_grows__narrows(width: Callable[[Band, float], float]) -> None:
    widths = [width(Band(0.36, 0.02, aversion), 1e-5) for aversion in (8.0, 4.0, 2.0)]
    assert widths == sorted(set(widths))
