"""Integers that refuse where 256 bits end, by the numbers that the contracts give."""

from collections.abc import Callable

import pytest

from trimtab.core.abi import UINT256_MAX
from trimtab.protocols.balancer.model.checked import (
    ONE,
    Code,
    Refusal,
    add,
    complement,
    divide_down,
    divide_up,
    mul,
    mul_down,
    mul_up,
    require,
    sub,
)

HALF = (UINT256_MAX - 1) // 2
LARGEST = UINT256_MAX // ONE
"""The largest number that a division takes. It leaves room below 2**256 for no other."""


@pytest.mark.parametrize(
    "of, a, b, expected",
    [
        (add, UINT256_MAX, 0, UINT256_MAX),
        (add, HALF, HALF + 1, UINT256_MAX),
        (sub, 5, 5, 0),
        (mul, UINT256_MAX, 1, UINT256_MAX),
        (mul, UINT256_MAX // 5, 5, UINT256_MAX),
        (mul_down, 3, ONE // 2, 1),
        (mul_up, 3, ONE // 2, 2),
        (mul_up, 2, ONE // 2, 1),
        (mul_up, 0, ONE, 0),
        (divide_down, 2, 3, 666_666_666_666_666_666),
        (divide_up, 2, 3, 666_666_666_666_666_667),
        (divide_up, 0, 3, 0),
        (divide_down, LARGEST, ONE, LARGEST),
    ],
)
def test_arithmetic__what_fits__exact(
    of: Callable[[int, int], int], a: int, b: int, expected: int
) -> None:
    assert of(a, b) == expected


@pytest.mark.parametrize(
    "of, a, b, code",
    [
        (add, UINT256_MAX, 1, "BAL#000"),
        (sub, 5, 6, "BAL#001"),
        (mul, UINT256_MAX // 5 + 1, 5, "BAL#003"),
        (mul_down, 2**255, 2, "BAL#003"),
        (mul_up, 2**255, 2, "BAL#003"),
        (divide_down, 1, 0, "BAL#004"),
        (divide_up, 0, 0, "BAL#004"),
        (divide_down, LARGEST + 1, 1, "BAL#005"),
        (divide_up, LARGEST + 1, ONE, "BAL#005"),
    ],
)
def test_arithmetic__what_does_not__refused(
    of: Callable[[int, int], int], a: int, b: int, code: str
) -> None:
    with pytest.raises(Refusal, match=code):
        of(a, b)


def test_complement__of_more_than_one__nothing() -> None:
    assert [complement(each) for each in (0, 1, ONE, ONE + 1)] == [ONE, ONE - 1, 0, 0]


def test_refusal__a_code__the_contracts_very_bytes() -> None:
    with pytest.raises(Refusal) as refused:
        require(False, Code.MAX_OUT_BPT_FOR_TOKEN_IN)
    expected = "08c379a0" + f"{32:064x}" + f"{7:064x}" + b"BAL#307".ljust(32, b"\0").hex()
    assert refused.value.outcome.data.hex() == expected
