"""Powers against the true ones, and at the edges of what the contract takes."""

from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.protocols.balancer.model.checked import ONE, Refusal
from trimtab.protocols.balancer.model.powers import (
    LARGEST_POWER,
    computed_power_up,
    exponential,
    logarithm,
    power,
    power_down,
    power_up,
)

BASES = st.one_of(
    st.integers(1, 10**36), st.integers(8 * 10**17, 12 * 10**17), st.integers(ONE - 99, ONE + 99)
)
EXPONENTS = st.one_of(
    st.integers(10**15, 2 * ONE), st.sampled_from([ONE, 2 * ONE, 4 * ONE, ONE // 4, 3 * ONE])
)


def true_power(x: int, y: int) -> Decimal:
    with localcontext(prec=60):
        return (Decimal(x) / ONE) ** (Decimal(y) / ONE) * ONE


@given(BASES, EXPONENTS)
def test_power__any__within_its_margin(x: int, y: int) -> None:
    try:
        below, above = power_down(x, y), power_up(x, y)
    except Refusal:
        return
    true = true_power(x, y)
    assert below <= true <= above
    assert Decimal(above) <= true * (1 + Decimal("2.1e-14")) + 3


@given(BASES)
def test_power_up__one_two_and_four__exact_but_for_roundings(x: int) -> None:
    if x >= 10**30:
        return
    square = -(-x * x // ONE)
    assert power_up(x, ONE) == x
    assert power_up(x, 2 * ONE) == square
    assert power_up(x, 4 * ONE) == -(-square * square // ONE)


def test_power__simplest__as_the_contract_defines_it() -> None:
    assert (power(0, 0), power(5, 0), power(0, 5), power(ONE, 7)) == (ONE, ONE, 0, ONE)
    assert computed_power_up(ONE, ONE) == ONE + 10_001
    assert power_down(1, ONE // 2) == 10**9 - 2


@pytest.mark.parametrize(
    "x, y, code",
    [
        (2**255, ONE, "BAL#006"),
        (ONE, LARGEST_POWER, "BAL#007"),
        (2**255 - 1, ONE, "BAL#008"),
        (1, ONE, "BAL#008"),
    ],
)
def test_power__out_of_bounds__refused(x: int, y: int, code: str) -> None:
    with pytest.raises(Refusal, match=code):
        power(x, y)


def test_power__at_the_bounds__goes() -> None:
    assert power(ONE, LARGEST_POWER - 1) == ONE
    assert power(2**255 - 1, ONE // 2) > 0


STEPS = [Decimal(2) ** power for power in range(7, -5, -1)]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("off", [-1, 0, 1])
def test_exponential__at_each_step__near_the_true_one(step: Decimal, off: int) -> None:
    x = int(step * ONE) + off
    with localcontext(prec=80):
        true = (Decimal(x) / ONE).exp() * ONE
    assert abs(exponential(x) - true) <= true * Decimal("1e-17") + 1
    assert exponential(-x) == 10**36 // exponential(x)


@pytest.mark.parametrize("step", STEPS[1:])
@pytest.mark.parametrize("off", [-1, 0, 1])
def test_logarithm__at_each_step__near_the_true_one(step: Decimal, off: int) -> None:
    with localcontext(prec=80):
        base = int(step.exp() * ONE) + off
        true = (Decimal(base) / ONE).ln() * ONE
    assert abs(logarithm(base) - true) <= 2
    if step <= 1:
        assert logarithm(10**36 // base) == -logarithm(10**36 // (10**36 // base))
