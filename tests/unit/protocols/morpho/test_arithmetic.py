import pytest

from trimtab.protocols.morpho.model import arithmetic
from trimtab.protocols.shared.reverts import ARITHMETIC_PANIC, RevertError

WAD = 10**18


def test_shares__empty_market__a_million_for_each_base_unit() -> None:
    assert arithmetic.to_shares_down(7, 0, 0) == 7_000_000
    assert arithmetic.to_assets_down(7_000_000, 7, 7_000_000) == 7


@pytest.mark.parametrize("assets, down, up", [(0, 0, 0), (1, 33, 34), (3, 100, 100)])
def test_shares__that_do_not_come_out_even__by_name(assets: int, down: int, up: int) -> None:
    # with the virtual ones, 10**8 shares are of 3 * 10**6 assets
    total_assets, total_shares = 3 * 10**6 - 1, 10**8 - 10**6
    assert arithmetic.to_shares_down(assets, total_assets, total_shares) == down
    assert arithmetic.to_shares_up(assets, total_assets, total_shares) == up


def test_assets__that_do_not_come_out_even__by_name() -> None:
    totals = 2, 2 * 10**6
    assert arithmetic.to_assets_down(1, *totals) == 0
    assert arithmetic.to_assets_up(1, *totals) == 1


def test_compounding__a_year_at_ten_per_cent__three_terms() -> None:
    rate = 10**17 // 31_536_000
    first = rate * 31_536_000
    second = first * first // (2 * WAD)
    expected = first + second + second * first // (3 * WAD)
    assert arithmetic.w_taylor_compounded(rate, 31_536_000) == expected
    assert 105_166_666 * 10**9 < expected < 105_166_667 * 10**9, "0.1 + 0.005 + 0.001 / 6"


def test_sums__up_to_128_bits__as_they_are() -> None:
    assert arithmetic.added(2**127, 2**127 - 1) == 2**128 - 1
    assert arithmetic.subtracted(2**128 - 1, 1) == 2**128 - 2


def test_sums__beyond_128_bits__words_for_a_change_and_a_panic_for_the_sum() -> None:
    with pytest.raises(RevertError, match="max uint128 exceeded"):
        arithmetic.added(0, 2**128)
    with pytest.raises(RevertError) as raised:
        arithmetic.added(1, 2**128 - 1)
    assert raised.value.outcome == ARITHMETIC_PANIC
    with pytest.raises(RevertError) as raised:
        arithmetic.subtracted(1, 2)
    assert raised.value.outcome == ARITHMETIC_PANIC


def test_quotient__by_nothing__panic_of_division() -> None:
    with pytest.raises(RevertError) as raised:
        arithmetic.mul_div_down(1, 1, 0)
    assert raised.value.outcome.data[-1] == 0x12
    with pytest.raises(RevertError) as raised:
        arithmetic.mul_div_up(1, 1, 0)
    assert raised.value.outcome == ARITHMETIC_PANIC, "d - 1 comes first"
