"""Identity and state of a Uniswap V3 pool."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar

from trimtab.core.actions import Action, AddLiquidity, Swap, SwapExactOut
from trimtab.core.errors import ConfigError, NoRoute
from trimtab.core.market import Market
from trimtab.core.quantise import Timestamp
from trimtab.core.token import Address, Token
from trimtab.protocols.shared.ticks import MAX_TICK


@dataclass(frozen=True, slots=True)
class TickState:
    """What a pool keeps of an initialised tick, its oracle's accumulators left out.

    `fee_growth_outside` is per unit of liquidity times 2**128, modulo 2**256; only differences
    of it have a meaning.
    """

    liquidity_gross: int
    liquidity_net: int
    fee_growth_outside0: int
    fee_growth_outside1: int


@dataclass(frozen=True, slots=True)
class Observation:
    """What a pool wrote of its past at a second: sums over time since it was initialised.

    `timestamp` is modulo 2**32. `tick_cumulative` sums the tick, in 56 bits with a sign, and
    `seconds_per_liquidity` seconds over liquidity times 2**128, in 160 bits; both wrap around.
    """

    timestamp: int
    tick_cumulative: int
    seconds_per_liquidity: int


@dataclass(frozen=True, slots=True)
class Oracle:
    """A pool's ring of observations: the newest, at most KEPT of them, oldest first.

    The newest lies at `index` of the ring, which has room for `cardinality` and grows to
    `cardinality_next` once it is full; all are 0 before the pool is initialised. `missing` are
    the places in the ring that are still to be read, oldest first.
    """

    index: int = 0
    cardinality: int = 0
    cardinality_next: int = 0
    observations: tuple[Observation, ...] = ()
    missing: tuple[int, ...] = ()

    def unread(self) -> Oracle:
        """The ring of which no observation is known: those that are kept are to be read."""
        kept = min(KEPT, self.cardinality)
        places = ((self.index - age) % self.cardinality for age in reversed(range(kept)))
        return replace(self, observations=(), missing=tuple(places))


KEPT = 512
"""How many of a pool's observations are read and kept, of up to 65,535."""


@dataclass(frozen=True, slots=True)
class PositionState:
    """An owner's liquidity in a range, and what the pool owes it as of its last change.

    `fee_growth_inside` is as of `TickState.fee_growth_outside`, within the range at that change.
    """

    liquidity: int = 0
    fee_growth_inside0: int = 0
    fee_growth_inside1: int = 0
    owed0: int = 0
    owed1: int = 0


NOTHING = PositionState()
"""A position that nobody has opened, or one of which nothing is left."""

PositionKey = tuple[Address, int, int]
"""Whose position it is, its lower and its upper tick."""


@dataclass(frozen=True, slots=True)
class PoolState:
    """A pool's price, liquidity, fees and oracle, every initialised tick, and owners' positions.

    Left out: the ticks' own accumulators of the oracle. `sqrt_price_x96` is 0 before the pool is
    initialised. `fee` (in pips) and `tick_spacing` never change. `fee_protocol` packs the divisors
    of both tokens' protocol fees, token0's in its low 4 bits.

    `initialized` is the bitmap: the initialised ticks, ascending. One that is not in `ticks`,
    and every word in `missing_words`, is still to be read: what needs it raises MissingRead.

    `positions` are those of `owners` that hold anything, by key: in ranges that the accounts name
    from the start, and in those that owners opened since through `minter`. What others put into a
    range of an owner that is not among them is not seen.
    """

    timestamp: Timestamp
    fee: int
    tick_spacing: int
    sqrt_price_x96: int
    tick: int
    liquidity: int
    fee_growth_global0: int
    fee_growth_global1: int
    protocol_fees0: int
    protocol_fees1: int
    fee_protocol: int
    initialized: tuple[int, ...] = ()
    ticks: Mapping[int, TickState] = field(default_factory=dict)
    missing_words: tuple[int, ...] = ()
    oracle: Oracle = Oracle()
    minter: Address | None = None
    owners: tuple[Address, ...] = ()
    positions: Mapping[PositionKey, PositionState] = field(default_factory=dict)

    @property
    def is_whole(self) -> bool:
        """Whether the bitmap, every initialised tick and the kept observations are known."""
        are_ticks_known = len(self.ticks) == len(self.initialized)
        return are_ticks_known and not self.missing_words and not self.oracle.missing

    @property
    def missing_ticks(self) -> tuple[int, ...]:
        """The initialised ticks whose state is still to be read, ascending."""
        if len(self.ticks) == len(self.initialized):
            return ()
        return tuple(tick for tick in self.initialized if tick not in self.ticks)

    def unread(self) -> PoolState:
        """This state with nothing known of its ticks and its past: all of it is to be read."""
        words = bitmap_words(self.tick_spacing)
        oracle = self.oracle.unread()
        return replace(self, initialized=(), ticks={}, missing_words=words, oracle=oracle)

    def with_position(self, key: PositionKey, position: PositionState) -> PoolState:
        """This state with a position, which is left out if nothing is left of it."""
        positions = {**self.positions, key: position}
        if position == NOTHING:
            del positions[key]
        return replace(self, positions=dict(sorted(positions.items())))


@dataclass(frozen=True, slots=True)
class Pool(Market[PoolState]):
    """A Uniswap V3 pool, traded through its periphery's SwapRouter.

    `fee` is in pips, millionths of what goes in. `minter` is the RangeMinter of the pool's factory,
    where the chain has one: without it no liquidity can be added. Assumes plain tokens (no fee on
    transfer, no rebasing, no hooks) and a router that holds no native currency of its own.
    """

    protocol: ClassVar[str] = "uniswap_v3"

    token0: Token
    token1: Token
    fee: int
    tick_spacing: int
    router: Address
    minter: Address | None = None

    def __post_init__(self) -> None:
        if int(self.token0.address, 16) >= int(self.token1.address, 16):
            raise ConfigError(
                f"{self.name}: token0 {self.token0.address} is not below token1 "
                f"{self.token1.address}: a pool orders its tokens by address; exchange them"
            )

    @property
    def spenders(self) -> tuple[Address, ...]:
        """The router, and the minter where there is one."""
        return (self.router,) if self.minter is None else (self.router, self.minter)

    def spender(self, action: Action) -> Address:
        """Who takes tokens by allowance for an action. Raises NoRoute where nobody can."""
        match action:
            case Swap() | SwapExactOut():
                return self.router
            case AddLiquidity() if self.minter is not None:
                return self.minter
            case _:
                raise NoRoute(f"{self.name} has nobody who takes tokens for {action}")

    @property
    def custody(self) -> tuple[tuple[Token, Address], ...]:
        """The pool's own balances of its two tokens."""
        return ((self.token0, self.address), (self.token1, self.address))

    def is_zero_for_one(self, token_in: Token) -> bool:
        """Whether selling this token buys token1. Raises NoRoute for a token of another pool."""
        if token_in not in (self.token0, self.token1):
            raise NoRoute(
                f"{self.name} trades {self.token0} and {self.token1}, "
                f"not {token_in} at {token_in.address}"
            )
        return token_in == self.token0


def bitmap_words(tick_spacing: int) -> tuple[int, ...]:
    """The positions of every word of the bitmap that can have a bit set. Source: TickBitmap.sol."""
    highest = MAX_TICK // tick_spacing
    return tuple(range(-highest >> 8, (highest >> 8) + 1))
