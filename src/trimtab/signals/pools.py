"""What a pool of concentrated liquidity earned and where its price was, recently."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from trimtab.core.abi import UINT256_MAX
from trimtab.core.errors import ConfigError
from trimtab.core.quantise import SECONDS_PER_YEAR, Timestamp
from trimtab.core.strategy import Signal, View
from trimtab.protocols.uniswap_v3 import Pool

Q128 = 1 << 128


@dataclass(frozen=True, slots=True)
class FeeMemory:
    """The last growths, and the weighted sums of what came since and of seconds."""

    at: Timestamp | None
    growth0: int
    growth1: int
    earned0: float
    earned1: float
    seconds: float


@dataclass(frozen=True, slots=True)
class FeeRate(Signal[FeeMemory, tuple[float, float]]):
    """What a unit of liquidity in range earns per year in base units of token0 and of token1.

    An exponentially weighted mean of the pool's fee growth: earnings weigh by their age, and so
    does the time that they took. Before any time has passed it is zero. Source of the growth:
    Uniswap V3 whitepaper, section 6.2.1.
    """

    pool: Pool
    halflife: timedelta = timedelta(days=1)

    def __post_init__(self) -> None:
        _check_halflife(self.halflife)

    @property
    def start(self) -> FeeMemory:
        """Nothing seen yet."""
        return FeeMemory(None, 0, 0, 0.0, 0.0, 0.0)

    def step(self, memory: FeeMemory, view: View) -> FeeMemory:
        """The memory after one more view; the growths wrap around at 2**256."""
        state = view[self.pool]
        now = state.fee_growth_global0, state.fee_growth_global1
        if memory.at is None:
            return FeeMemory(state.timestamp, *now, 0.0, 0.0, 0.0)
        passed = state.timestamp - memory.at
        if passed <= 0:
            return memory
        kept = 0.5 ** (passed / self.halflife.total_seconds())
        return FeeMemory(
            state.timestamp,
            *now,
            kept * memory.earned0 + (now[0] - memory.growth0 & UINT256_MAX) / Q128,
            kept * memory.earned1 + (now[1] - memory.growth1 & UINT256_MAX) / Q128,
            kept * memory.seconds + passed,
        )

    def value(self, memory: FeeMemory) -> tuple[float, float]:
        """Base units of both tokens, per unit of liquidity and year."""
        if not memory.seconds:
            return 0.0, 0.0
        years = memory.seconds / SECONDS_PER_YEAR
        return memory.earned0 / years, memory.earned1 / years


@dataclass(frozen=True, slots=True)
class TickMemory:
    """The mean so far, and the moment that it is of."""

    at: Timestamp | None
    mean: float


@dataclass(frozen=True, slots=True)
class MeanTick(Signal[TickMemory, float]):
    """The exponentially weighted mean of a pool's tick: its logarithm of the price, smoothed.

    It begins at the first tick seen. Each tick counts for the time until the next view.
    """

    pool: Pool
    halflife: timedelta = timedelta(hours=6)

    def __post_init__(self) -> None:
        _check_halflife(self.halflife)

    @property
    def start(self) -> TickMemory:
        """Nothing seen yet."""
        return TickMemory(None, 0.0)

    def step(self, memory: TickMemory, view: View) -> TickMemory:
        """The memory after one more view."""
        state = view[self.pool]
        if memory.at is None:
            return TickMemory(state.timestamp, float(state.tick))
        passed = max(state.timestamp - memory.at, 0)
        kept = 0.5 ** (passed / self.halflife.total_seconds())
        return TickMemory(state.timestamp, kept * memory.mean + (1 - kept) * state.tick)

    def value(self, memory: TickMemory) -> float:
        """The mean, in ticks."""
        return memory.mean


def _check_halflife(halflife: timedelta) -> None:
    if halflife <= timedelta(0):
        raise ConfigError(f"`halflife` is {halflife}, expected a positive time")
