"""The bits of an account's configuration."""

import pytest

from trimtab.protocols.shared.aave.bitmap import (
    is_borrowing,
    is_borrowing_any,
    is_collateral,
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
