"""What a perpetual's funding pays a year, smoothed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from trimtab.core.errors import ConfigError, MissingRead
from trimtab.core.quantise import Timestamp
from trimtab.core.strategy import Signal, View
from trimtab.protocols.perpetual import Perpetual, funding_rate


@dataclass(frozen=True, slots=True)
class FundingMemory:
    """The mean so far, and the moment until which it counts."""

    at: Timestamp | None
    mean: float


@dataclass(frozen=True, slots=True)
class FundingRate(Signal[FundingMemory, float | None]):
    """What a short earns a year of a perpetual's index, as its exponentially weighted mean.

    Negative where shorts pay. It begins at the first rate that the market tells; each counts for
    the time until the next view, and what it cannot tell, when it is young, does not count.
    """

    market: Perpetual
    halflife: timedelta = timedelta(days=3)

    def __post_init__(self) -> None:
        if self.halflife <= timedelta(0):
            raise ConfigError(f"`halflife` is {self.halflife}, expected a positive time")

    @property
    def start(self) -> FundingMemory:
        """Nothing seen yet."""
        return FundingMemory(None, 0.0)

    def step(self, memory: FundingMemory, view: View) -> FundingMemory:
        """The memory after one more view."""
        now = view.states.timestamp
        try:
            rate = float(funding_rate(view.states, self.market))
        except MissingRead:
            return memory
        if memory.at is None:
            return FundingMemory(now, rate)
        kept = 0.5 ** (max(now - memory.at, 0) / self.halflife.total_seconds())
        return FundingMemory(now, kept * memory.mean + (1 - kept) * rate)

    def value(self, memory: FundingMemory) -> float | None:
        """The rate per year, or None where none was known yet."""
        return None if memory.at is None else memory.mean
