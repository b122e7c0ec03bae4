"""The bits of an account's configuration."""

import pytest

from trimtab.protocols.shared.aave.bitmap import (
    is_borrowing,
    is_borrowing_any,
    is_collateral,
    is_collateral_any,
    only_borrowed,
    only_collateral,
    with_borrowing,
    with_collateral,
    without_borrowing,
    without_collateral,
)


@pytest.mark.parametrize("reserve_id", [0, 1, 127])
def test_bits__set_and_cleared__only_their_own(reserve_id: int) -> None:
    full = 2**256 - 1
    assert with_borrowing(0, reserve_id) == 1 << 2 * reserve_id
    assert with_collateral(0, reserve_id) == 2 << 2 * reserve_id
    assert without_borrowing(full, reserve_id) == full - (1 << 2 * reserve_id)
    assert without_collateral(full, reserve_id) == full - (2 << 2 * reserve_id)
    assert is_borrowing(1 << 2 * reserve_id, reserve_id)
    assert not is_borrowing(without_borrowing(full, reserve_id), reserve_id)
    assert is_collateral(2 << 2 * reserve_id, reserve_id)
    assert not is_collateral(without_collateral(full, reserve_id), reserve_id)


def test_is_borrowing_any__collateral_alone__no() -> None:
    collateral = sum(2 << 2 * reserve_id for reserve_id in range(128))
    assert not is_borrowing_any(collateral)
    assert all(is_borrowing_any(collateral | 1 << 2 * reserve_id) for reserve_id in range(128))


def test_is_collateral_any__debts_alone__no() -> None:
    debts = sum(1 << 2 * reserve_id for reserve_id in range(128))
    assert not is_collateral_any(debts)
    assert all(is_collateral_any(debts | 2 << 2 * reserve_id) for reserve_id in range(128))


def test_only__one_bit_of_a_kind__its_reserve_whatever_the_others_are() -> None:
    debts = sum(1 << 2 * reserve_id for reserve_id in range(128))
    for reserve_id in range(128):
        assert only_collateral(debts | 2 << 2 * reserve_id) == reserve_id
        assert only_borrowed(2 * debts | 1 << 2 * reserve_id) == reserve_id
    assert only_collateral(debts) is only_borrowed(2 * debts) is None
    assert only_collateral(0b1010) is only_borrowed(0b0101) is None
