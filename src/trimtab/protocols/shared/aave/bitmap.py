"""An account's configuration: per reserve id a borrowing bit and a collateral bit.

Source: UserConfiguration.sol.
"""

_BORROWING_MASK = 0x5555555555555555555555555555555555555555555555555555555555555555


def is_borrowing(configuration: int, reserve_id: int) -> bool:
    """Whether the account is marked as owing the reserve's asset."""
    return configuration >> (2 * reserve_id) & 1 != 0


def is_collateral(configuration: int, reserve_id: int) -> bool:
    """Whether the account's supply of the reserve's asset counts as collateral."""
    return configuration >> (2 * reserve_id + 1) & 1 != 0


def is_borrowing_any(configuration: int) -> bool:
    """Whether the account is marked as owing anything."""
    return configuration & _BORROWING_MASK != 0


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
