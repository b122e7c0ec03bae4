"""Division as FullMath.sol does it."""

import pytest

from trimtab.core.abi import UINT256_MAX
from trimtab.protocols.perpetual.model.arithmetic import (
    INT256_MAX,
    full_mul_div,
    full_mul_div_up,
    mul_div,
    to_int256,
)
from trimtab.protocols.shared.reverts import NO_DATA, RevertError


@pytest.mark.parametrize("divided", [full_mul_div, full_mul_div_up])
def test_full_mul_div__by_one__the_product_to_the_last_that_fits(divided: object) -> None:
    assert callable(divided)
    assert divided(6, 7, 1) == 42
    assert divided(UINT256_MAX, 1, 1) == UINT256_MAX
    for a, b, denominator in ((UINT256_MAX, 2, 1), (6, 7, 0)):
        with pytest.raises(RevertError) as raised:
            divided(a, b, denominator)
        assert raised.value.outcome == NO_DATA


def test_full_mul_div__what_does_not_come_out_even__by_name() -> None:
    assert (full_mul_div(7, 3, 2), full_mul_div_up(7, 3, 2)) == (10, 11)
    assert (mul_div(-7, 3, 2), mul_div(7, -3, 2), mul_div(-7, -3, 2)) == (-10, -10, 10)


def test_to_int256__beyond_its_half__refused() -> None:
    assert to_int256(INT256_MAX) == INT256_MAX
    with pytest.raises(RevertError, match="doesn't fit in an int256"):
        to_int256(INT256_MAX + 1)
