"""What vaults and stakes a local world has."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class VaultSpec:
    """A plain vault of one token, whose shares have `offset` decimals more than the token."""

    symbol: str
    """The symbol of its shares, by which mandates name it."""
    asset: str
    offset: int = 0
    supplied: int = 0
    """Whole tokens that the liquidity provider has in it."""
    donated: int = 0
    """Whole tokens that were sent straight to it."""


@dataclass(frozen=True, slots=True)
class StakeSpec:
    """A staking pool of one token, with a feed of the price that its shares trade at."""

    symbol: str
    """The symbol of its shares, by which mandates name it."""
    asset: str
    staked: int
    """Whole tokens that the liquidity provider has staked."""
    price: int
    """Dollars of one whole share, times 10**8."""
    heartbeat: int
    """Seconds after which the feed promises a new answer."""
    kept: int = 0
    """Whole tokens besides, staked for reserves and exchange pools that begin with shares."""
    operator_agent: int | None = None
    """The number of the agent who operates the queue; without one the liquidity provider does."""
