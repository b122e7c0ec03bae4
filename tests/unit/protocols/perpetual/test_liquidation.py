"""How much of a position may be taken, at the margin that keeps it."""

import pytest

from tests.unit.protocols.perpetual.markets import ALICE, MARKET, WAD, having, states
from trimtab.protocols.perpetual.model.books import Books
from trimtab.protocols.perpetual.model.liquidation import liquidatable
from trimtab.protocols.perpetual.model.margin import maintenance


@pytest.mark.parametrize("size", [10 * WAD, -10 * WAD])
def test_liquidatable__worth_what_is_needed__nothing_and_a_unit_less__half(size: int) -> None:
    owing = having(ALICE, size=size, open_notional=-2_000 * size, is_registered=True)
    books = Books.of(states(owing), MARKET)
    needed = maintenance(books, ALICE)
    assert needed > 0
    assert liquidatable(books, ALICE, needed) == 0
    assert liquidatable(books, ALICE, needed - 1) == size // 2
    assert liquidatable(books, ALICE, needed // 2 - 1) == size
