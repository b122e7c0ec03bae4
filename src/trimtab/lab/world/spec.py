"""What a local world is made of: tokens with feeds, a lending pool, exchange pools."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from trimtab.core.errors import ConfigError
from trimtab.core.quantise import Bps, Timestamp
from trimtab.lab.world.node import NodeSpec
from trimtab.lab.world.spec_aave_v3 import LendingRules
from trimtab.lab.world.spec_aave_v36 import LendingPoolSpec
from trimtab.lab.world.spec_morpho import MorphoSpec
from trimtab.lab.world.spec_perpetual import PerpetualSpec
from trimtab.lab.world.spec_vaults import StakeSpec, VaultSpec

PRICE_DECIMALS = 8
"""Decimals of every feed, as Chainlink has them for prices in US dollars."""

TICK_SPACING = {100: 1, 500: 10, 3000: 60, 10000: 200}
"""Tick spacing by fee in millionths: the factory's own, and 100 as governance added it."""


@dataclass(frozen=True, slots=True)
class TokenSpec:
    """A mintable token with a feed of its price in US dollars."""

    symbol: str
    decimals: int
    price: int
    """Dollars of one whole token, times 10**8."""
    heartbeat: int
    """Seconds after which the feed promises a new answer."""


@dataclass(frozen=True, slots=True)
class RateSpec:
    """The utilisation curve of one reserve, in basis points."""

    optimal_utilisation: Bps
    base: Bps
    slope1: Bps
    slope2: Bps


@dataclass(frozen=True, slots=True)
class ReserveSpec:
    """A reserve of the lending pool. Amounts are the liquidity provider's, in whole tokens."""

    symbol: str
    loan_to_value: Bps
    liquidation_threshold: Bps
    liquidation_bonus: Bps
    """What a liquidator gets of the debt repaid: 10500 is a bonus of 5 %."""
    reserve_factor: Bps
    rates: RateSpec
    supplied: int
    borrowed: int


@dataclass(frozen=True, slots=True)
class PositionSpec:
    """Liquidity around the price at which a pool begins."""

    worth: int
    """Whole dollars."""
    half_width: int | None = None
    """Ticks to either side, widened to the tick spacing; None is the whole range."""


@dataclass(frozen=True, slots=True)
class PoolSpec:
    """A concentrated-liquidity pool of two tokens, opened at the price of their feeds."""

    base: str
    quote: str
    fee: int
    """Millionths of the amount in."""
    positions: tuple[PositionSpec, ...]

    @property
    def name(self) -> str:
        """The pool's name in mandates, such as `WETH/USDC/500`."""
        return f"{self.base}/{self.quote}/{self.fee}"


@dataclass(frozen=True, slots=True)
class StablePoolSpec:
    """A pool of four coins that are worth about the same, opened in balance."""

    symbols: tuple[str, ...]
    amplification: int
    """A times n**(n - 1)."""
    fee: int
    """Per 10**10 of what comes out; the factory takes 4 * 10**6 to 10**8."""
    supplied: int
    """Whole tokens of each coin."""

    @property
    def name(self) -> str:
        """The pool's name in mandates, such as `USDC/USDT/DAI/FRAX`."""
        return "/".join(self.symbols)


@dataclass(frozen=True, slots=True)
class WeightedPoolSpec:
    """A pool of tokens with fixed weights, opened at the prices of their feeds."""

    symbols: tuple[str, ...]
    weights: tuple[int, ...]
    """Parts of a hundred, in the order of the symbols."""
    fee: Bps
    worth: int
    """Whole dollars in it; nobody has put anything into a pool of 0."""

    @property
    def name(self) -> str:
        """The pool's name in mandates, such as `WETH/USDC`."""
        return "/".join(self.symbols)


@dataclass(frozen=True, slots=True)
class PairSpec:
    """A constant-product pair of two tokens, opened at the price of their feeds."""

    base: str
    quote: str
    worth: int
    """Whole dollars in it, half of each token; nobody has put anything into a pair of 0."""

    @property
    def name(self) -> str:
        """The pair's name in mandates, such as `WETH/USDC`."""
        return f"{self.base}/{self.quote}"


@dataclass(frozen=True, slots=True)
class WorldSpec:
    """A whole world; equal specifications give equal chains, hash for hash.

    Raises ConfigError where a reserve or pool names a token that is not there, or a fee that
    the factory does not offer.
    """

    tokens: tuple[TokenSpec, ...]
    reserves: tuple[ReserveSpec, ...]
    pools: tuple[PoolSpec, ...]
    node: NodeSpec = field(default_factory=NodeSpec)
    seconds_per_block: int = 12
    pairs: tuple[PairSpec, ...] = ()
    stable_pools: tuple[StablePoolSpec, ...] = ()
    weighted_pools: tuple[WeightedPoolSpec, ...] = ()
    flash_loop: bool = False
    """Whether our own FlashLoop of the exchange's pools is there."""
    perpetual: PerpetualSpec | None = None
    lending: LendingRules | None = None
    vaults: tuple[VaultSpec, ...] = ()
    stakes: tuple[StakeSpec, ...] = ()
    morpho: MorphoSpec | None = None
    lending36: LendingPoolSpec | None = None

    def __post_init__(self) -> None:
        symbols = [token.symbol for token in self.tokens]
        if len(set(symbols)) != len(symbols):
            raise ConfigError(f"a token is named twice in {symbols}")
        shares = [stake.symbol for stake in self.stakes]
        used = [reserve.symbol for reserve in self.reserves]
        used += [symbol for pool in self.pools for symbol in (pool.base, pool.quote)]
        used += [symbol for pair in self.pairs for symbol in (pair.base, pair.quote)]
        used += [symbol for pool in self.stable_pools for symbol in pool.symbols]
        used += [symbol for pool in self.weighted_pools for symbol in pool.symbols]
        used += [vault.asset for vault in self.vaults] + [stake.asset for stake in self.stakes]
        if self.perpetual is not None:
            used += [self.perpetual.feed, self.perpetual.settlement]
        used += self.morpho.symbols if self.morpho else ()
        used += self.lending36.symbols if self.lending36 else ()
        if missing := sorted(set(used) - {*symbols, *shares}):
            raise ConfigError(f"no token {missing} in this world: it has {symbols}")
        fees = sorted(TICK_SPACING)
        for pool in self.pools:
            if pool.fee not in fees or pool.base == pool.quote:
                raise ConfigError(f"no pool {pool.name}: expected two tokens and a fee in {fees}")
        for pair in self.pairs:
            if pair.base == pair.quote:
                raise ConfigError(f"no pair {pair.name}: expected two tokens")

    @property
    def genesis(self) -> Timestamp:
        """The time of the first block."""
        return Timestamp(self.node.timestamp)

    @property
    def shares(self) -> tuple[TokenSpec, ...]:
        """The shares of the staking pools as tokens; nobody can mint them."""
        return tuple(
            TokenSpec(each.symbol, self.token(each.asset).decimals, each.price, each.heartbeat)
            for each in self.stakes
        )

    def token(self, symbol: str) -> TokenSpec:
        """The token, or the share of a staking pool, of this symbol."""
        if symbol in {token.symbol for token in self.tokens}:
            return next(token for token in self.tokens if token.symbol == symbol)
        return next(share for share in self.shares if share.symbol == symbol)

    def priced(self, prices: Mapping[str, int]) -> WorldSpec:
        """This world with other initial prices, in dollars times 10**8, by symbol.

        Shares keep what they trade at in their token. Raises ConfigError for a symbol that is not
        there or a price that is not positive.
        """
        for symbol, price in prices.items():
            if symbol not in {token.symbol for token in self.tokens} or price <= 0:
                raise ConfigError(f"the price {price} of {symbol}: no such token, or not positive")
        tokens = tuple(
            replace(token, price=prices.get(token.symbol, token.price)) for token in self.tokens
        )
        stakes = tuple(
            replace(each, price=each.price * prices[each.asset] // self.token(each.asset).price)
            if each.asset in prices
            else each
            for each in self.stakes
        )
        return replace(self, tokens=tokens, stakes=stakes)


def laddered(worth: int, *half_widths: int) -> tuple[PositionSpec, ...]:
    """A position over the whole range and one per half width, of equal worth.

    Every half width ends at its own ticks, so a swap that moves the price far enough crosses
    all of them.
    """
    return (
        PositionSpec(worth),
        *(PositionSpec(worth, half_width) for half_width in half_widths),
    )


_DOLLAR = 10**PRICE_DECIMALS

DEFAULT_WORLD = WorldSpec(
    tokens=(
        TokenSpec("USDC", 6, 1 * _DOLLAR, heartbeat=86_400),
        TokenSpec("WETH", 18, 2_000 * _DOLLAR, heartbeat=3_600),
        TokenSpec("WBTC", 8, 40_000 * _DOLLAR, heartbeat=3_600),
    ),
    reserves=(
        ReserveSpec(
            "USDC",
            loan_to_value=Bps(7_700),
            liquidation_threshold=Bps(8_000),
            liquidation_bonus=Bps(10_450),
            reserve_factor=Bps(1_000),
            rates=RateSpec(Bps(9_000), Bps(0), Bps(600), Bps(6_000)),
            supplied=10_000_000,
            borrowed=6_000_000,
        ),
        ReserveSpec(
            "WETH",
            loan_to_value=Bps(8_050),
            liquidation_threshold=Bps(8_300),
            liquidation_bonus=Bps(10_500),
            reserve_factor=Bps(1_500),
            rates=RateSpec(Bps(8_000), Bps(0), Bps(330), Bps(8_000)),
            supplied=5_000,
            borrowed=1_500,
        ),
        ReserveSpec(
            "WBTC",
            loan_to_value=Bps(7_000),
            liquidation_threshold=Bps(7_500),
            liquidation_bonus=Bps(10_625),
            reserve_factor=Bps(2_000),
            rates=RateSpec(Bps(4_500), Bps(0), Bps(400), Bps(30_000)),
            supplied=200,
            borrowed=20,
        ),
    ),
    pools=(
        PoolSpec("WETH", "USDC", 500, laddered(1_000_000, 6_000, 3_000, 1_500, 700, 300, 100)),
        PoolSpec("WETH", "USDC", 3_000, laddered(500_000, 6_000, 1_200)),
        PoolSpec("WBTC", "USDC", 3_000, laddered(800_000, 6_000, 3_000, 1_200, 600)),
        PoolSpec("WBTC", "WETH", 500, laddered(600_000, 6_000, 2_000, 500, 100)),
    ),
)
"""The world of the demonstration: a dollar, two volatile assets, a lender and four pools.

Risk figures and curves are of the size that the protocol's mainnet markets have used.
"""
