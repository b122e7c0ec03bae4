from fractions import Fraction
from math import inf, nan
from typing import Any

import pytest

from trimtab.core.quantise import Rounding, quantise


@pytest.mark.parametrize("value", [nan, inf, -inf])
def test_quantise__not_finite__refused(value: float) -> None:
    with pytest.raises(ValueError, match="cannot become an integer: find where it entered"):
        quantise(value, 1, Rounding.DOWN)


@pytest.mark.parametrize("unit", [0, -1, Fraction(-1, 3)])
def test_quantise__unit_not_positive__refused(unit: Any) -> None:
    with pytest.raises(ValueError, match="is not positive"):
        quantise(1, unit, Rounding.DOWN)


def test_quantise__float__is_the_binary_fraction_that_it_is() -> None:
    unit = Fraction(1, 10**30)
    assert quantise(0.1, unit, Rounding.DOWN) == 100000000000000005551115123125


@pytest.mark.parametrize(
    "value, rounding, expected",
    [
        (2.5, Rounding.DOWN, 2),
        (2.5, Rounding.UP, 3),
        (-2.5, Rounding.DOWN, -3),
        (-2.5, Rounding.UP, -2),
        (2.0, Rounding.DOWN, 2),
        (2.0, Rounding.UP, 2),
    ],
)
def test_quantise__remainder__goes_the_way_that_is_named(
    value: float, rounding: Rounding, expected: int
) -> None:
    assert quantise(value, 1, rounding) == expected
