"""The fixed-point roundings, pinned and against the real library."""

from collections.abc import Callable
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.protocols.aave_v3.scene import Scene
from trimtab.core.abi import UINT256_MAX, Answer, call_data, word
from trimtab.protocols.shared.aave.wad_ray import (
    HALF_RAY,
    RAY,
    WAD,
    percent_div,
    percent_mul,
    ray_div,
    ray_mul,
    wad_div,
    wad_to_ray,
)
from trimtab.protocols.shared.reverts import RevertError, checked, to_uint128

Operation = Callable[[int, int], int]

NUMBERS = st.one_of(
    st.integers(0, 100),
    st.integers(0, UINT256_MAX),
    st.integers(0, 2**140),
    st.builds(lambda bits, by: max(0, (1 << bits) + by), st.integers(0, 255), st.integers(-2, 2)),
    st.sampled_from([1, UINT256_MAX - HALF_RAY, UINT256_MAX - HALF_RAY + 1]),
    st.sampled_from([RAY - 1, RAY, RAY + 1, HALF_RAY - 1, HALF_RAY, HALF_RAY + 1, WAD]),
)


@pytest.mark.parametrize(
    "operation, a, b, expected",
    [
        (ray_mul, 1, HALF_RAY - 1, 0),
        (ray_mul, 1, HALF_RAY, 1),
        (ray_mul, 3, HALF_RAY - 1, 1),
        (ray_mul, 3, HALF_RAY, 2),
        (ray_mul, 7, 0, 0),
        (ray_mul, 1, UINT256_MAX - HALF_RAY, UINT256_MAX // RAY),
        (ray_div, 1, 2 * RAY - 1, 1),
        (ray_div, 1, 2 * RAY, 1),
        (ray_div, 1, 2 * RAY + 1, 0),
        (ray_div, 5, 2 * RAY, 3),
        (ray_div, 0, 1, 0),
        (wad_div, 1, 2 * WAD, 1),
        (wad_div, 1, 2 * WAD + 1, 0),
        (wad_div, 3, 2, 3 * WAD // 2),
        (percent_mul, 1, 4_999, 0),
        (percent_mul, 1, 5_000, 1),
        (percent_mul, 10**6, 123, 12_300),
        (percent_mul, 5, 0, 0),
        (percent_div, 1, 20_000, 1),
        (percent_div, 1, 20_001, 0),
        (percent_div, 7_500, 7_500, 10_000),
        (percent_div, 2, 3, 6_667),
        (percent_div, 1, 3, 3_333),
    ],
)
def test_operation__remainder__half_up(operation: Operation, a: int, b: int, expected: int) -> None:
    assert operation(a, b) == expected


@pytest.mark.parametrize(
    "operation, scale, divides",
    [
        (ray_mul, RAY, False),
        (ray_div, RAY, True),
        (wad_div, WAD, True),
        (percent_mul, 10**4, False),
        (percent_div, 10**4, True),
    ],
)
@given(a=NUMBERS, b=NUMBERS)
def test_operation__any_numbers__nearest_integer_or_no_data(
    operation: Operation, scale: int, divides: bool, a: int, b: int
) -> None:
    half, divisor = (b // 2, b) if divides else (scale // 2, scale)
    product = a * scale if divides else a * b
    if divisor == 0 or product + half > UINT256_MAX:
        with pytest.raises(RevertError) as refused:
            operation(a, b)
        assert refused.value.outcome.data == b""
    else:
        error = operation(a, b) - Fraction(product, divisor)
        assert -Fraction(1, 2) < error <= Fraction(1, 2)


@pytest.mark.chain
@pytest.mark.parametrize(
    "operation, signature",
    [
        (ray_mul, "rayMul(uint256,uint256)"),
        (ray_div, "rayDiv(uint256,uint256)"),
        (wad_div, "wadDiv(uint256,uint256)"),
        (lambda a, _: wad_to_ray(a), "wadToRay(uint256)"),
    ],
)
def test_operation__any_numbers__as_the_library(
    deployed: Scene, operation: Operation, signature: str
) -> None:
    library, inputs = deployed.wad_ray_math.address, 1 + signature.count(",")

    @given(a=NUMBERS, b=NUMBERS)
    def law(a: int, b: int) -> None:
        try:
            expected = Answer(True, word(operation(a, b)))
        except RevertError as refused:
            expected = Answer(False, refused.outcome.data)
        assert deployed.static(library, call_data(signature, *(a, b)[:inputs])) == expected

    law()


@pytest.mark.parametrize("value", [-1, UINT256_MAX + 1])
def test_checked__does_not_fit__panics(value: int) -> None:
    with pytest.raises(RevertError) as refused:
        checked(value)
    assert refused.value.outcome.reason == f"0x4e487b71{0x11:064x}"


def test_checked__fits__the_same() -> None:
    assert [checked(value) for value in (0, UINT256_MAX)] == [0, UINT256_MAX]


def test_to_uint128__at_the_bound__exact() -> None:
    assert to_uint128(2**128 - 1) == 2**128 - 1
    with pytest.raises(RevertError, match="SafeCast: value doesn't fit in 128 bits"):
        to_uint128(2**128)


def test_ray_mul__one_below_a_half__rounds_down() -> None:
    half = 5 * 10**26
    assert [ray_mul(half - 1, 1), ray_mul(half, 1)] == [0, 1]
