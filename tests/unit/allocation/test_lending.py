from itertools import product
from math import isclose

import pytest

from trimtab.allocation.lending import CHUNKS, Offer, Split, best_split, revenue


def utilisation_curve(owed: int, others: int, slope: float) -> Offer:
    """A rate in proportion to utilisation, both for borrowers and in what of it lenders get."""
    return Offer(lambda ours: slope * (owed / (others + ours)) ** 2)


def kinked(owed: int, others: int) -> Offer:
    """A rate that is steep above 80 % utilisation: its revenue is not concave."""

    def rate(ours: int) -> float:
        usage = owed / (others + ours)
        borrow = 0.04 * usage / 0.8 if usage <= 0.8 else 0.04 + (usage - 0.8) * 5
        return borrow * usage

    return Offer(rate)


def flat(rate: float, least: int = 0, most: int | None = None) -> Offer:
    """A rate that our supply does not move."""
    return Offer(lambda _: rate, least, most)


TOTAL = CHUNKS * 1_000
MARKETS = [
    [utilisation_curve(80_000, 100_000, 0.1)],
    [utilisation_curve(80_000, 100_000, 0.1), utilisation_curve(40_000, 50_000, 0.08)],
    [kinked(90_000, 100_000), utilisation_curve(40_000, 80_000, 0.05)],
    [kinked(90_000, 100_000), kinked(30_000, 31_000), utilisation_curve(9_000, 9_000, 0.03)],
    [flat(0.02), Offer(lambda ours: 0.05 if ours > 30_000 else 0.0)],
]


def best_by_trial(offers: list[Offer]) -> float:
    """The most that any split into whole chunks earns."""
    chunk = TOTAL // CHUNKS
    splits = product(range(CHUNKS + 1), repeat=len(offers))
    return max(
        revenue([part * chunk for part in parts], offers)
        for parts in splits
        if sum(parts) <= CHUNKS
    )


@pytest.mark.parametrize("offers", MARKETS)
def test_best_split__any_curves__earns_as_much_as_the_best_by_trial(
    offers: list[Offer],
) -> None:
    assert isclose(best_split(TOTAL, offers).revenue, best_by_trial(offers), rel_tol=1e-12)


@pytest.mark.parametrize("offers", MARKETS)
def test_best_split__any_curves__revenue_is_that_of_its_amounts(offers: list[Offer]) -> None:
    split = best_split(TOTAL, offers)
    assert split.revenue == revenue(split.amounts, offers)
    assert sum(split.amounts) <= TOTAL


def test_best_split__supply_would_lower_revenue__rest_stays_idle() -> None:
    offers = [Offer(lambda ours: max(0.0, 1 - ours / 20_000))]
    assert best_split(TOTAL, offers).amounts == (10_000,)


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
    offers = [utilisation_curve(80_000, 100_000, 0.10), utilisation_curve(80_000, 100_000, 0.09)]
    small, large = best_split(2_000, offers), best_split(200_000, offers)
    assert small.amounts[1] == 0 < large.amounts[1]


def test_best_split__cap__lent_to_the_unit_and_the_rest_elsewhere() -> None:
    offers = [flat(0.05, most=10 * 1_000), flat(0.01)]
    assert best_split(TOTAL, offers).amounts == (10_000, TOTAL - 10_000)


def test_best_split__cap_within_a_chunk__never_passed() -> None:
    assert best_split(TOTAL, [flat(0.05, most=1_500), flat(0.0)]).amounts == (1_500, 0)


def test_best_split__what_cannot_be_taken_out__stays_at_the_worse_rate() -> None:
    offers = [flat(0.01, least=20_000), flat(0.05)]
    assert best_split(TOTAL, offers).amounts == (20_000, TOTAL - 20_000)


def test_best_split__more_is_stuck_than_is_to_be_lent__all_that_is_stuck() -> None:
    assert best_split(30, [flat(0.01, least=40), flat(0.05)]) == Split((40, 0), 0.4)


def test_best_split__fewer_units_than_chunks__each_unit_is_weighed() -> None:
    offers = [flat(0.05, most=3), flat(0.02)]
    assert best_split(10, offers).amounts == (3, 7)


@pytest.mark.parametrize("owed, near, best", [(85_000, 4, CHUNKS), (88_000, 5, 5)])
def test_best_split__kink_between_two_peaks__the_higher_of_them(
    owed: int, near: int, best: int
) -> None:
    offer, chunk = kinked(owed, 100_000), TOTAL // CHUNKS
    earned = [revenue([own * chunk], [offer]) for own in range(CHUNKS + 1)]
    around = zip(earned, earned[1:], earned[2:], strict=False)
    assert [own for own, (a, b, c) in enumerate(around, 1) if a < b > c] == [near]
    assert best_split(TOTAL, [offer]).amounts == (best * chunk,)
