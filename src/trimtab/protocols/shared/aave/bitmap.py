"""An account's configuration: per reserve id a borrowing bit and a collateral bit.

Source: UserConfiguration.sol.
"""

_BORROWING_MASK = 0x5555555555555555555555555555555555555555555555555555555555555555
_COLLATERAL_MASK = _BORROWING_MASK << 1


def is_borrowing(configuration: int, reserve_id: int) -> bool:
    """Whether the account is marked as owing the reserve's asset."""
    return configuration >> (2 * reserve_id) & 1 != 0


def is_collateral(configuration: int, reserve_id: int) -> bool:
    """Whether the account's supply of the reserve's asset counts as collateral."""
    return configuration >> (2 * reserve_id + 1) & 1 != 0


def is_borrowing_any(configuration: int) -> bool:
    """Whether the account is marked as owing anything."""
    return configuration & _BORROWING_MASK != 0


def is_collateral_any(configuration: int) -> bool:
    """Whether any supply of the account counts as collateral."""
    return configuration & _COLLATERAL_MASK != 0


def only_borrowed(configuration: int) -> int | None:
    """The id of the one reserve that the account is marked as owing; None for none or several."""
    return _only(configuration & _BORROWING_MASK)


def only_collateral(configuration: int) -> int | None:
    """The id of the one reserve that is the account's collateral; None for none or several."""
    return _only(configuration & _COLLATERAL_MASK)


def with_borrowing(configuration: int, reserve_id: int) -> int:
    """The configuration with the borrowing bit set."""
    return configuration | 1 << (2 * reserve_id)


def without_borrowing(configuration: int, reserve_id: int) -> int:
    """The configuration with the borrowing bit cleared."""
    return configuration & ~(1 << (2 * reserve_id))


def with_collateral(configuration: int, reserve_id: int) -> int:
    """The configuration with the collateral bit set."""
    return configuration | 1 << (2 * reserve_id + 1)


def without_collateral(configuration: int, reserve_id: int) -> int:
    """The configuration with the collateral bit cleared."""
    return configuration & ~(1 << (2 * reserve_id + 1))


def _only(bits: int) -> int | None:
    return bits.bit_length() - 1 >> 1 if bits.bit_count() == 1 else None
