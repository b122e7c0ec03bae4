"""Where vaults and stakes are, as the address book of a deployed world tells it."""

from __future__ import annotations

from dataclasses import dataclass

from trimtab.core.token import Address


@dataclass(frozen=True, slots=True)
class VaultEntry:
    """A vault of one token; its market is `erc4626:SYMBOL`. `decimals` are those of its shares."""

    address: Address
    asset: Address
    decimals: int
    is_plain: bool = True
    """Whether its assets are what lies in it, so that nothing of it moves by time."""


@dataclass(frozen=True, slots=True)
class StakeEntry:
    """A staking pool of one token; its market is `staking:SYMBOL`.

    `oracle` reports rewards and losses, `operator` sets withdrawals aside, and `feed` tells what
    a whole share trades at: its market is `chainlink:SYMBOL`.
    """

    address: Address
    asset: Address
    oracle: Address
    operator: Address
    feed: Address
    feed_decimals: int
    heartbeat: int
