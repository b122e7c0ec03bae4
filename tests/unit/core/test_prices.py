from fractions import Fraction

import pytest

from tests.unit.core.test_token import USDC, WETH
from trimtab.core.errors import MissingRead
from trimtab.core.prices import Prices, Quote
from trimtab.core.quantise import Timestamp

PRICES = Prices(
    USDC,
    Timestamp(1_000),
    {
        USDC: Quote(Fraction(1), "one", Timestamp(900)),
        WETH: Quote(Fraction(1, 3), "", Timestamp(0)),
    },
)


def test_value__amount__exact_fraction_of_the_numeraire() -> None:
    assert PRICES.value(WETH.amount(10)) == Fraction(10, 3)


def test_age__quote__since_its_oldest_answer() -> None:
    assert (PRICES.age(USDC), PRICES.age(WETH)) == (100, 1_000)


def test_price__token_without_feed__says_to_give_one() -> None:
    with pytest.raises(MissingRead, match="no price of WETH: give it a feed"):
        Prices(USDC, Timestamp(0), {}).price(WETH)
