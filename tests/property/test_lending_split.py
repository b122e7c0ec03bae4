"""The split over lenders against every split that there is, kinks, caps and jumps included.

Rates are multiples of 2**-20 and amounts are small, so that every product and sum is exact.
"""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from trimtab.allocation.lending import CHUNKS, Offer, best_split, revenue

FINE = 2**20
MOST_UNITS = 14
"""The most units that are split over three lenders by trial."""


def of_table(rates: Sequence[int], least: int = 0, most: int | None = None) -> Offer:
    """A lender that pays these 2**-20 of a unit, by how many units of ours it has."""
    return Offer(lambda raw: rates[raw] / FINE, least, most)


def kinked_rates(debt: int, others: int, kink: Fraction, steep: int, units: int) -> list[int]:
    """What a market pays whose rate rises steeply above a utilisation, by units of ours."""

    def rate(ours: int) -> int:
        usage = min(Fraction(debt, others + ours), Fraction(1))
        borrow = usage / 10 if usage <= kink else kink / 10 + (usage - kink) * steep
        return int(borrow * usage * FINE)

    return [rate(ours) for ours in range(units + 1)]


@st.composite
def markets(draw: st.DrawFn, units: int) -> Offer:
    """A lender with a kink that lies within the reach of so many units, stuck supply and a cap."""
    others = draw(st.integers(1, 30))
    debt = draw(st.integers(0, others + units))
    kink = Fraction(draw(st.integers(1, 9)), 10)
    rates = kinked_rates(debt, others, kink, draw(st.integers(0, 9)), units)
    least = draw(st.integers(0, units // 4))
    return of_table(rates, least, draw(st.none() | st.integers(least, units)))


@st.composite
def tables(draw: st.DrawFn, units: int) -> Offer:
    """A lender whose rates follow no rule, some of them negative."""
    rates = draw(st.lists(st.integers(-9, FINE), min_size=units + 1, max_size=units + 1))
    return of_table(rates)


def splits(units: int, offers: Sequence[Offer]) -> Iterator[tuple[int, ...]]:
    """Every split of at most so many units within what the lenders take and give."""
    if not offers:
        yield ()
        return
    (first, *rest) = offers
    held = sum(offer.least for offer in rest)
    most = units - held if first.most is None else min(first.most, units - held)
    for own in range(first.least, most + 1):
        yield from ((own, *others) for others in splits(units - own, rest))


@given(st.data(), st.integers(0, MOST_UNITS))
def test_best_split__few_units_at_three_lenders__as_the_best_of_all(
    data: st.DataObject, units: int
) -> None:
    kinds = markets(units) | tables(units)
    offers = [data.draw(kinds) for _ in range(3)]
    stuck = sum(offer.least for offer in offers)
    found = best_split(units, offers)
    if stuck > units:
        assert found.amounts == tuple(offer.least for offer in offers)
        return
    earned = {split: revenue(split, offers) for split in splits(units, offers)}
    assert found.revenue == earned[found.amounts] == max(earned.values())


@given(st.data(), st.integers(0, 2 * CHUNKS))
def test_best_split__as_many_units_as_chunks_or_more__within_a_chunk_and_a_unit_of_the_best(
    data: st.DataObject, units: int
) -> None:
    offers = [data.draw(markets(units)) for _ in range(2)]
    free = units - sum(offer.least for offer in offers)
    if free < 0:
        return
    found = best_split(units, offers)
    loss = Fraction(free, CHUNKS) + 1 if free > CHUNKS else 0
    for split in splits(units, offers):
        rates = sum(offer.rate(own) for own, offer in zip(split, offers, strict=True))
        assert revenue(split, offers) <= found.revenue + loss * Fraction(rates)


@given(st.data(), st.integers(1, MOST_UNITS))
def test_best_split__rates_of_a_kinked_market__never_rise_with_our_supply(
    data: st.DataObject, units: int
) -> None:
    offer = data.draw(markets(units))
    rates = [offer.rate(own) for own in range(units + 1)]
    assert all(first >= second for first, second in pairwise(rates))
