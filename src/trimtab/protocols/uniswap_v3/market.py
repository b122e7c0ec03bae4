"""Identity and state of a Uniswap V3 pool."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar

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
class PoolState:
    """A pool's price, liquidity and fees, and every initialised tick.

    Left out: positions, the oracle's observations (with their index and cardinality in slot0)
    and the ticks' oracle accumulators. `sqrt_price_x96` is 0 before the pool is initialised.
    `fee` (in pips) and `tick_spacing` never change. `fee_protocol` packs the divisors of both
    tokens' protocol fees, token0's in its low 4 bits.

    `initialized` is the bitmap: the initialised ticks, ascending. One that is not in `ticks`,
    and every word in `missing_words`, is still to be read: what needs it raises MissingRead.
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

    @property
    def is_whole(self) -> bool:
        """Whether every word of the bitmap and every initialised tick is known."""
        return not self.missing_words and len(self.ticks) == len(self.initialized)

    @property
    def missing_ticks(self) -> tuple[int, ...]:
        """The initialised ticks whose state is still to be read, ascending."""
        if len(self.ticks) == len(self.initialized):
            return ()
        return tuple(tick for tick in self.initialized if tick not in self.ticks)

    def unread(self) -> PoolState:
        """This state with nothing known of its ticks: all of them are to be read."""
        words = bitmap_words(self.tick_spacing)
        return replace(self, initialized=(), ticks={}, missing_words=words)


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
        """The router."""
        return (self.router,)

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
