"""What a stake earns a year, smoothed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from trimtab.core.errors import ConfigError
from trimtab.core.quantise import SECONDS_PER_YEAR, Timestamp
from trimtab.core.strategy import Signal, View
from trimtab.protocols.staking import StakingPool, exchange_rate


@dataclass(frozen=True, slots=True)
class YieldMemory:
    """The rate of a share at a moment, and the mean of its growth per year until then."""

    at: Timestamp | None
    rate: float
    mean: float | None


@dataclass(frozen=True, slots=True)
class StakingYield(Signal[YieldMemory, float | None]):
    """By how much a share of a stake grows a year, as its exponentially weighted mean.

    Negative where the stake lost. Growth counts for the time over which it came: the rate moves
    in steps, once a report, and stands still between.
    """

    market: StakingPool
    halflife: timedelta = timedelta(days=7)

    def __post_init__(self) -> None:
        if self.halflife <= timedelta(0):
            raise ConfigError(f"`halflife` is {self.halflife}, expected a positive time")

    @property
    def start(self) -> YieldMemory:
        """Nothing seen yet."""
        return YieldMemory(None, 1.0, None)

    def step(self, memory: YieldMemory, view: View) -> YieldMemory:
        """The memory after one more view; without a report since the last, the same one."""
        state = view[self.market]
        rate = float(exchange_rate(state))
        if memory.at is None:
            return YieldMemory(state.reported_at, rate, None)
        passed = state.reported_at - memory.at
        if passed <= 0:
            return memory
        growth = (rate / memory.rate - 1) * SECONDS_PER_YEAR / passed
        if memory.mean is None:
            return YieldMemory(state.reported_at, rate, growth)
        kept = 0.5 ** (passed / self.halflife.total_seconds())
        return YieldMemory(state.reported_at, rate, kept * memory.mean + (1 - kept) * growth)

    def value(self, memory: YieldMemory) -> float | None:
        """The growth per year, or None before two reports were seen."""
        return memory.mean
