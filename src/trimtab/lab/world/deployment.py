"""The address book of a deployed world, as `trimtab world --out FILE` writes it."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from trimtab.core.errors import ConfigError
from trimtab.core.quantise import Timestamp
from trimtab.core.token import Address, Token
from trimtab.lab.world.lending_pool_entries import LendingPoolEntry
from trimtab.lab.world.morpho_entries import MorphoEntry
from trimtab.lab.world.vault_entries import StakeEntry, VaultEntry


@dataclass(frozen=True, slots=True)
class TokenEntry:
    """A mintable token: anyone may mint it to anyone. Its market is `erc20:SYMBOL`."""

    address: Address
    decimals: int


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """A settable price feed in US dollars. Its market is `chainlink:SYMBOL`."""

    address: Address
    decimals: int
    heartbeat: int


@dataclass(frozen=True, slots=True)
class ReserveEntry:
    """A reserve of the lending pool. Its market is `aave_v3:SYMBOL`."""

    token: Address
    a_token: Address
    variable_debt_token: Address
    stable_debt_token: Address
    rate_strategy: Address


@dataclass(frozen=True, slots=True)
class CategoryEntry:
    """An efficiency mode category, and the symbol whose feed prices all of it, if any does."""

    id: int
    price_source: Address
    feed: str | None


@dataclass(frozen=True, slots=True)
class AaveEntry:
    """The lending pool and its parts; reserves by symbol, in the pool's own order.

    `receivers` are contracts that take flash loans and pay them back.
    """

    addresses_provider: Address
    pool: Address
    pool_configurator: Address
    acl_manager: Address
    oracle: Address
    data_provider: Address
    reserves: dict[str, ReserveEntry]
    categories: tuple[CategoryEntry, ...] = ()
    receivers: tuple[Address, ...] = ()


@dataclass(frozen=True, slots=True)
class PoolEntry:
    """An exchange pool. Its market is `uniswap_v3:BASE/QUOTE/FEE`."""

    address: Address
    token0: Address
    token1: Address
    fee: int
    tick_spacing: int


@dataclass(frozen=True, slots=True)
class UniswapEntry:
    """The exchange and its periphery; pools by `BASE/QUOTE/FEE`."""

    factory: Address
    position_manager: Address
    router: Address
    quoter: Address
    tick_lens: Address
    wrapped_native: Address
    pools: dict[str, PoolEntry]
    minter: Address | None = None
    """Our own RangeMinter of this factory's pools; none in files of worlds before there was one."""


@dataclass(frozen=True, slots=True)
class StablePoolEntry:
    """A pool of coins, in the pool's order. Its market is `curve:COIN/COIN/…`."""

    address: Address
    coins: tuple[Address, ...]


@dataclass(frozen=True, slots=True)
class CurveEntry:
    """The factory of plain pools; pools by their coins' symbols, `COIN/COIN/…`."""

    factory: Address
    pools: dict[str, StablePoolEntry]


@dataclass(frozen=True, slots=True)
class WeightedPoolEntry:
    """A weighted pool; its market is `balancer:TOKEN/TOKEN`.

    `pool_id` is in hexadecimal; tokens, and weights times 10**18, are in the vault's order.
    """

    address: Address
    pool_id: str
    tokens: tuple[Address, ...]
    weights: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class BalancerEntry:
    """The vault, its collector of fees and the factory; pools by symbols, `TOKEN/TOKEN`.

    `authorizer` says who may change what; `fee_provider` tells pools the protocol's fees.
    """

    vault: Address
    authorizer: Address
    fees_collector: Address
    fee_provider: Address
    factory: Address
    pools: dict[str, WeightedPoolEntry]


@dataclass(frozen=True, slots=True)
class PairEntry:
    """A constant-product pair. Its market is `uniswap_v2:BASE/QUOTE`."""

    address: Address
    token0: Address
    token1: Address


@dataclass(frozen=True, slots=True)
class PairsEntry:
    """The exchange of pairs and its router; pairs by `BASE/QUOTE`."""

    factory: Address
    router: Address
    pairs: dict[str, PairEntry]


@dataclass(frozen=True, slots=True)
class PerpetualEntry:
    """A perpetual exchange and its one market, which is `perpetual:NAME`.

    `feed` and `settlement` are symbols. `price_feed` is what the base token asks for prices,
    `index` the cache of the feed's prices behind it.
    """

    name: str
    feed: str
    settlement: str
    clearing_house: Address
    vault: Address
    exchange: Address
    order_book: Address
    account_balance: Address
    config: Address
    market_registry: Address
    insurance_fund: Address
    base_token: Address
    quote_token: Address
    price_feed: Address
    index: Address
    pool: Address
    pool_fee: int
    tick_spacing: int


@dataclass(frozen=True, slots=True)
class SafeEntry:
    """What new Safes are made of."""

    singleton: Address
    factory: Address
    fallback_handler: Address
    multi_send_call_only: Address


@dataclass(frozen=True, slots=True)
class Deployment:
    """Where everything is. Tokens and feeds are by symbol.

    `deployer` owns the protocols' switches, `liquidity_provider` the initial liquidity, and
    `agents` are the other accounts that the node sends for without a signature.
    """

    chain: int
    block: int
    block_hash: str
    timestamp: Timestamp
    deployer: Address
    liquidity_provider: Address
    agents: tuple[Address, ...]
    multicall: Address
    tokens: dict[str, TokenEntry]
    feeds: dict[str, FeedEntry]
    aave_v3: AaveEntry
    uniswap_v3: UniswapEntry
    safe: SafeEntry
    plan_check: Address
    uniswap_v2: PairsEntry | None = None
    curve: CurveEntry | None = None
    balancer: BalancerEntry | None = None
    flash_loop: Address | None = None
    """Our own FlashLoop of the exchange's pools; none in files of worlds without it."""
    perpetual: PerpetualEntry | None = None
    erc4626: dict[str, VaultEntry] | None = None
    staking: dict[str, StakeEntry] | None = None
    morpho: MorphoEntry | None = None
    aave_v36: LendingPoolEntry | None = None

    @property
    def markets(self) -> tuple[str, ...]:
        """The names of all markets, as mandates write them."""
        return (
            *(f"erc20:{symbol}" for symbol in self.tokens),
            *(f"chainlink:{symbol}" for symbol in self.feeds),
            *(f"aave_v3:{symbol}" for symbol in self.aave_v3.reserves),
            *(f"uniswap_v3:{name}" for name in self.uniswap_v3.pools),
            *(f"uniswap_v2:{name}" for name in (self.uniswap_v2.pairs if self.uniswap_v2 else ())),
            *(f"curve:{name}" for name in (self.curve.pools if self.curve else ())),
            *(f"balancer:{name}" for name in (self.balancer.pools if self.balancer else ())),
            *((f"perpetual:{self.perpetual.name}",) if self.perpetual else ()),
            *(f"erc4626:{name}" for name in self.erc4626 or ()),
            *(f"staking:{name}" for name in self.staking or ()),
            *(f"morpho:{name}" for name in (self.morpho.markets if self.morpho else ())),
            *(f"aave_v36:{name}" for name in (self.aave_v36.reserves if self.aave_v36 else ())),
        )

    def token(self, symbol: str) -> Token:
        """The token of this symbol. Raises ConfigError if there is none."""
        try:
            entry = self.tokens[symbol]
        except KeyError:
            known = ", ".join(self.tokens)
            raise ConfigError(f"no token {symbol} in this world: it has {known}") from None
        return Token(self.chain, entry.address, entry.decimals, symbol)

    def symbol(self, token: Address) -> str:
        """The symbol of the token at an address. Raises ConfigError if there is none."""
        for symbol, entry in self.tokens.items():
            if entry.address == token:
                return symbol
        raise ConfigError(f"no token at {token} in this world")

    def to_json(self) -> bytes:
        """This address book as indented JSON; an exchange that is not there is left out."""
        entries = msgspec.to_builtins(self)
        there = {name: entry for name, entry in entries.items() if entry is not None}
        return msgspec.json.format(msgspec.json.encode(there), indent=2) + b"\n"

    @classmethod
    def from_json(cls, text: bytes) -> Deployment:
        """The address book that `to_json` wrote. Raises ConfigError if it is not one."""
        try:
            return msgspec.json.decode(text, type=cls)
        except msgspec.DecodeError as error:
            raise ConfigError(
                f"not the address book of a world: {error}. `trimtab world --out` writes one"
            ) from error
