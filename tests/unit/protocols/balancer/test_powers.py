"""Powers against the true ones, and at the edges of what the contract takes."""

from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.protocols.balancer.model.checked import ONE, Refusal
from trimtab.protocols.balancer.model.powers import (
    computed_power_up,
    exponential,
    logarithm,
    logarithm_near_one,
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


# As the contract writes them: numbers, the exponential's with 20 decimals, but for the first two.
A128 = 38877084059945950922200000000000000000000000000000000000
A64 = 6235149080811616882910000000
SMALL = {
    32 * ONE: 7896296018268069516100000000000000,
    16 * ONE: 888611052050787263676000000,
    8 * ONE: 298095798704172827474000,
    4 * ONE: 5459815003314423907810,
    2 * ONE: 738905609893065022723,
    ONE: 271828182845904523536,
    ONE // 2: 164872127070012814685,
    ONE // 4: 128402541668774148407,
}
LAST = {ONE // 8: 113314845306682631683, ONE // 16: 106449445891785942956}


def test_exponential__at_its_steps__the_contracts_own_numbers() -> None:
    assert exponential(128 * ONE) == A128 * ONE
    assert exponential(64 * ONE) == A64 * ONE
    assert exponential(192 * ONE // 2) == 7896296018268069516100000000000000 * A64 // 100
    for x, value in SMALL.items():
        assert exponential(x) == value // 100
        assert exponential(x) > exponential(x - 1)
    assert exponential(128 * ONE - 1) < A128 * ONE < exponential(128 * ONE + 1)
    assert exponential(64 * ONE - 1) < A64 * ONE < exponential(64 * ONE + 1)


def test_logarithm__at_its_steps__the_contracts_own_numbers() -> None:
    assert (logarithm(A128 * ONE), logarithm(A64 * ONE)) == (128 * ONE, 64 * ONE)
    assert (logarithm(A128 * ONE + 1), logarithm(A64 * ONE + 1)) == (128 * ONE, 64 * ONE)
    assert logarithm(A64 * (ONE + 1) + 1) == 64 * ONE
    assert logarithm(A128 * ONE - 1) < 128 * ONE
    assert logarithm(A64 * ONE - 1) < 64 * ONE
    assert logarithm(ONE) == 0
    for x, value in (SMALL | LAST).items():
        if value % 100 == 0:
            assert logarithm(value // 100) == x
            assert logarithm(value // 100 - 1) < x
        for a in range(value // 100 - 1, value // 100 + 3):
            with localcontext(prec=80):
                true = int((Decimal(a) / ONE).ln() * ONE)
            assert abs(true - logarithm(a)) <= 1, x


@pytest.mark.parametrize("gap", [1, 2, 99, 10**6, 10**12, 10**16, 5 * 10**16, 10**17 - 1])
@pytest.mark.parametrize("sign", [-1, 1])
def test_logarithm_near_one__any__never_above_the_true_size(gap: int, sign: int) -> None:
    with localcontext(prec=90):
        true = abs((Decimal(ONE + sign * gap) / ONE).ln()) * 10**36
    found = logarithm_near_one(ONE + sign * gap)
    assert 0 <= true - found <= 10**19


@pytest.mark.parametrize("x", [9 * 10**17, 11 * 10**17])
def test_power__nine_or_eleven_tenths__by_the_plain_logarithm(x: int) -> None:
    """At these two the logarithm of 36 decimals is not taken: somewhere it shows."""
    shown = 0
    for y in range(ONE, 40 * ONE, ONE // 7):
        size = logarithm(x) * y // ONE
        other = logarithm_near_one(x) * y // 10**36
        raw = exponential(size)
        assert power(x, y) == (10**36 // raw if x < ONE else raw)
        shown += size != other
    assert shown > 0


@pytest.mark.parametrize("x, most", [(2 * ONE, 130 * ONE), (ONE // 2, 41 * ONE)])
def test_power__exponent_of_e__at_most_130_or_41(x: int, most: int) -> None:
    size = logarithm(x)
    y = -(-most * ONE // size)
    assert size * y // ONE == most
    assert power(x, y) == (exponential(most) if x > ONE else 10**36 // exponential(most))
    while size * y // ONE == most:
        y += 1
    with pytest.raises(Refusal, match="BAL#008"):
        power(x, y)


@pytest.mark.parametrize(
    "x, y, code",
    [
        (2**255, ONE, "BAL#006"),
        (ONE, 2**254 // 10**20, "BAL#007"),
        (2**255 - 1, ONE, "BAL#008"),
        (1, ONE, "BAL#008"),
    ],
)
def test_power__out_of_bounds__refused(x: int, y: int, code: str) -> None:
    with pytest.raises(Refusal, match=code):
        power(x, y)


def test_power__at_the_bounds__goes() -> None:
    assert power(ONE, 2**254 // 10**20 - 1) == ONE
    assert power(2**255 - 1, ONE // 2) > 0


def test_power_down__less_than_its_margin__nothing() -> None:
    assert power(1, 989 * 10**15) == 1
    assert power_down(1, 989 * 10**15) == 0
