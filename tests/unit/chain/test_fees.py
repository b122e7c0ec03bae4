import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.chain.fees import Fees, fees, highest_base_fee, replacing
from trimtab.core.errors import Infeasible

GWEI = 10**9


@pytest.mark.parametrize(
    "base_fee, blocks, expected", [(0, 1, 1), (7, 1, 8), (8, 1, 9), (800, 2, 1012), (800, 0, 800)]
)
def test_highest_base_fee__full_blocks__as_eip_1559(
    base_fee: int, blocks: int, expected: int
) -> None:
    assert highest_base_fee(base_fee, blocks) == expected


def test_fees__far_below_the_bound__last_through_the_blocks() -> None:
    assert fees(800, 5, 10**9, blocks=2) == Fees(1017, 5)


def test_fees__near_the_bound__the_bound() -> None:
    assert fees(800, 5, 910, blocks=6) == Fees(910, 5)


def test_fees__bound_may_not_reach_the_next_block__refused() -> None:
    assert fees(800, 5, 905) == Fees(905, 5)
    with pytest.raises(Infeasible, match="wait, or raise the maximum fee"):
        fees(800, 5, 904)


@given(st.integers(0, 10**13), st.integers(0, 10**12), st.integers(0, 10**13), st.integers(1, 9))
def test_fees__any__within_the_bound_and_enough_for_the_next_block(
    base_fee: int, tip: int, bound: int, blocks: int
) -> None:
    try:
        offered = fees(base_fee, tip, bound, blocks)
    except Infeasible:
        assert bound < highest_base_fee(base_fee, 1) + tip
    else:
        assert highest_base_fee(base_fee, 1) + tip <= offered.most <= bound
        assert offered.tip <= offered.most


@given(st.integers(0, 10**13), st.integers(0, 10**12))
def test_replacing__any__a_tenth_more_of_both(most: int, tip: int) -> None:
    offered = replacing(Fees(most, tip), 10**14)
    assert 10 * offered.most >= 11 * most
    assert 10 * offered.tip >= 11 * tip
    assert offered.most > most
    assert offered.tip > tip


def test_replacing__above_the_bound__refused() -> None:
    with pytest.raises(Infeasible, match=r"a replacement must offer 2\.25 gwei"):
        replacing(Fees(2 * GWEI, GWEI), 2 * GWEI)
