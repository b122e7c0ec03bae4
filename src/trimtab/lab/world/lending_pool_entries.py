"""Where a lending pool of the 3.6 line is, as the address book of a deployed world tells it."""

from __future__ import annotations

from dataclasses import dataclass

from trimtab.core.token import Address


@dataclass(frozen=True, slots=True)
class LendingReserveEntry:
    """A reserve of the lending pool. Its market is `aave_v36:SYMBOL`."""

    token: Address
    a_token: Address
    variable_debt_token: Address


@dataclass(frozen=True, slots=True)
class LendingPoolEntry:
    """The lending pool and its parts; reserves by symbol, in the pool's own order.

    `efficiency_modes` are the numbers of its categories, and `receivers` contracts that take
    flash loans and pay them back.
    """

    addresses_provider: Address
    pool: Address
    pool_configurator: Address
    acl_manager: Address
    oracle: Address
    rate_strategy: Address
    treasury: Address
    reserves: dict[str, LendingReserveEntry]
    efficiency_modes: tuple[int, ...]
    receivers: tuple[Address, ...]
