"""A window's sums are those of a plain list, whatever comes in which order."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from trimtab.core.quantise import Timestamp
from trimtab.core.restore import restored
from trimtab.core.stored import stored
from trimtab.engine.window import PAGE, Window

SPAN = 300
ENTRIES = st.lists(
    st.tuples(st.integers(-40, 60), st.fractions(-10, 10, max_denominator=97)), max_size=4 * PAGE
)


@given(ENTRIES, st.integers(0, 2 * SPAN))
def test_after__any_entries__sum_of_a_plain_list(
    steps: list[tuple[int, Fraction]], later: int
) -> None:
    window, at, forgotten = Window(), 10_000, 0
    plain: list[tuple[int, Fraction]] = []
    for step, value in steps:
        at += step  # a reorg leads back in time
        forgotten = max(forgotten, at - SPAN)
        window = window.added(Timestamp(at), value, at - SPAN)
        plain.append((at, value))
        moment = forgotten + later
        expected = sum((v for when, v in plain if when > moment), Fraction(0))
        assert window.after(moment) == expected


def test_added__for_long__keeps_no_more_than_the_span_and_a_page() -> None:
    window = Window()
    for at in range(0, 12 * 5_000, 12):
        window = window.added(Timestamp(at), Fraction(1), at - 12 * 1_000)
    kept = sum(len(page.values) for page in window.pages) + len(window.values)
    assert 1_000 <= kept <= 1_000 + 2 * PAGE
    assert window.after(at - 12 * 1_000) == 1_000


def test_added__another_version__shares_the_pages() -> None:
    window = Window()
    for at in range(PAGE):
        window = window.added(Timestamp(at), Fraction(at), -1)
    later = window.added(Timestamp(PAGE), Fraction(1), -1)
    assert later.pages[0] is window.pages[0]
    assert later.moments == (Timestamp(PAGE),)
    assert later.values == (Fraction(1),)


def test_stored__window_with_pages__restored_as_it_was() -> None:
    window = Window()
    for at in range(PAGE + 3):
        window = window.added(Timestamp(at), Fraction(at, 7), -1)
    assert restored(Window, stored(window)) == window
