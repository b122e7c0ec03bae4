from itertools import product
from math import isclose

import pytest

from trimtab.allocation.lending import CHUNKS, RateCurve, Split, best_split, revenue


def utilisation_curve(owed: int, others: int, slope: float) -> RateCurve:
    """A rate in proportion to utilisation, both for borrowers and in what of it lenders get."""
    return lambda ours: slope * (owed / (others + ours)) ** 2


def kinked(owed: int, others: int) -> RateCurve:
    """A rate that is steep above 80 % utilisation: its revenue is not concave."""

    def rate(ours: int) -> float:
        usage = owed / (others + ours)
        borrow = 0.04 * usage / 0.8 if usage <= 0.8 else 0.04 + (usage - 0.8) * 5
        return borrow * usage

    return rate


def flat(rate: float) -> RateCurve:
    """A rate that our supply does not move."""
    return lambda _: rate


TOTAL = CHUNKS * 1_000
MARKETS = [
    [utilisation_curve(80_000, 100_000, 0.1)],
    [utilisation_curve(80_000, 100_000, 0.1), utilisation_curve(40_000, 50_000, 0.08)],
    [kinked(90_000, 100_000), utilisation_curve(40_000, 80_000, 0.05)],
    [kinked(90_000, 100_000), kinked(30_000, 31_000), utilisation_curve(9_000, 9_000, 0.03)],
    [flat(0.02), lambda ours: 0.05 if ours > 30_000 else 0.0],
]


def best_by_trial(curves: list[RateCurve]) -> float:
    """The most that any split into whole chunks earns."""
    chunk = TOTAL // CHUNKS
    splits = product(range(CHUNKS + 1), repeat=len(curves))
    return max(
        revenue([part * chunk for part in parts], curves)
        for parts in splits
        if sum(parts) <= CHUNKS
    )


@pytest.mark.parametrize("curves", MARKETS)
def test_best_split__any_curves__earns_as_much_as_the_best_by_trial(
    curves: list[RateCurve],
) -> None:
    assert isclose(best_split(TOTAL, curves).revenue, best_by_trial(curves), rel_tol=1e-12)


@pytest.mark.parametrize("curves", MARKETS)
def test_best_split__any_curves__revenue_is_that_of_its_amounts(curves: list[RateCurve]) -> None:
    split = best_split(TOTAL, curves)
    assert split.revenue == revenue(split.amounts, curves)
    assert sum(split.amounts) <= TOTAL


def test_best_split__supply_would_lower_revenue__rest_stays_idle() -> None:
    curves: list[RateCurve] = [lambda ours: max(0.0, 1 - ours / 20_000)]
    assert best_split(TOTAL, curves).amounts == (10_000,)


def test_best_split__nobody_pays__nothing_is_lent() -> None:
    assert best_split(TOTAL, [flat(0.0), flat(0.0)]) == Split((0, 0), 0.0)


@pytest.mark.parametrize("total", [0, -5])
def test_best_split__nothing_to_lend__nothing(total: int) -> None:
    assert best_split(total, [flat(0.05)]) == Split((0,), 0.0)


def test_best_split__no_lender__nothing() -> None:
    assert best_split(TOTAL, []) == Split((), 0.0)


@pytest.mark.parametrize("total", [1, CHUNKS - 1, CHUNKS + 1, 10**24 + 7])
def test_best_split__flat_rate__lends_all_to_the_unit(total: int) -> None:
    assert best_split(total, [flat(0.05)]).amounts == (total,)


def test_best_split__larger_sum__spreads_it_wider() -> None:
    curves = [utilisation_curve(80_000, 100_000, 0.10), utilisation_curve(80_000, 100_000, 0.09)]
    small, large = best_split(2_000, curves), best_split(200_000, curves)
    assert small.amounts[1] == 0 < large.amounts[1]
