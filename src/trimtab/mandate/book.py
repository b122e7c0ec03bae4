"""The address book: which contracts the mandate's names stand for."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any

import msgspec

from trimtab.core.errors import ConfigError
from trimtab.core.market import Market, MarketId, Place, wallet
from trimtab.core.token import Address, Token, address
from trimtab.mandate.concentrated_pools import ExchangeEntry, concentrated_pools
from trimtab.mandate.flash_loops import flash_loops
from trimtab.mandate.lending_markets import MorphoEntry, lending_markets
from trimtab.mandate.lending_pools import LendingEntry, lending_pool
from trimtab.mandate.lending_pools36 import LendingPool36Entry, lending_pool36
from trimtab.mandate.pairs import PairsEntry, pairs
from trimtab.mandate.perpetuals import PerpetualEntry, perpetual
from trimtab.mandate.stable_pools import CurveEntry, stable_pools
from trimtab.mandate.stakes import StakeEntry, stakes
from trimtab.mandate.vaults import VaultEntry, vaults
from trimtab.mandate.weighted_pools import BalancerEntry, weighted_pools
from trimtab.protocols.chainlink import Feed
from trimtab.protocols.erc20 import Erc20
from trimtab.protocols.flash_loop import FlashLoop
from trimtab.protocols.staking import StakingPool
from trimtab.risk import is_lender, lent_tokens

QUOTE_CURRENCY = "USD"


_Decimals = Annotated[int, msgspec.Meta(ge=0, le=255)]
_Positive = Annotated[int, msgspec.Meta(ge=1)]


class _TokenEntry(msgspec.Struct, frozen=True):
    address: str
    decimals: _Decimals


class _FeedEntry(msgspec.Struct, frozen=True):
    address: str
    decimals: _Decimals
    heartbeat: _Positive


class _SafeEntry(msgspec.Struct, frozen=True):
    multi_send_call_only: str


class _File(msgspec.Struct, frozen=True):
    """What is needed of the file; it may tell more, and leave out what it has no markets of.

    A lending pool without reserves is no market: nothing could be held there.
    """

    chain: _Positive
    multicall: str
    tokens: dict[str, _TokenEntry]
    safe: _SafeEntry
    feeds: dict[str, _FeedEntry] = {}
    aave_v3: LendingEntry | None = None
    uniswap_v3: ExchangeEntry | None = None
    plan_check: str | None = None
    flash_loop: str | None = None
    uniswap_v2: PairsEntry | None = None
    curve: CurveEntry | None = None
    balancer: BalancerEntry | None = None
    perpetual: PerpetualEntry | None = None
    erc4626: dict[str, VaultEntry] = {}
    staking: dict[str, StakeEntry] = {}
    morpho: MorphoEntry | None = None
    aave_v36: LendingPool36Entry | None = None


_DEBT = ":debt"


@dataclass(frozen=True, slots=True)
class AddressBook:
    """Markets and tokens by name, every address checked.

    Names: a token `WETH`; a market `erc20:WETH`, `chainlink:WETH`, `aave_v3`,
    `uniswap_v3:WETH/USDC/500`, `uniswap_v2:WETH/USDC`, `curve:USDC/USDT/DAI/FRAX`,
    `balancer:WETH/USDC`, `erc4626:vUSDC`, `staking:stWETH`, `perpetual:ETH` (with its index
    `perpetual:ETH/index` and its pool `perpetual:ETH/pool`), `flash_loop`; a place `WETH` (the
    wallet), `aave_v3:WETH` or `aave_v36:WETH`.
    """

    chain: int
    multicall: Address
    multi_send: Address
    plan_check: Address
    tokens: dict[str, Token]
    markets: dict[str, Market[Any]]

    def token(self, symbol: str) -> Token:
        """The token of this symbol. Raises ConfigError with the nearest name."""
        if symbol not in self.tokens:
            raise ConfigError(_unknown("token", symbol, self.tokens))
        return self.tokens[symbol]

    def market(self, name: str) -> Market[Any]:
        """The market of this name; `aave_v3:WETH` names the lending pool that it is part of."""
        if name in self.lending_names():
            return self.markets[name.rpartition(":")[0]]
        if name not in self.markets:
            raise ConfigError(_unknown("market", name, (*self.markets, *self.lending_names())))
        return self.markets[name]

    def place(self, name: str) -> Place:
        """The place of this name: a token in the wallet or at a lender, or a debt there."""
        if name.endswith(_DEBT):
            return replace(self.place(name.removesuffix(_DEBT)), side="debt")
        if name in self.tokens:
            return wallet(self.tokens[name])
        if name in self.lending_names():
            lender, _, symbol = name.rpartition(":")
            return Place(self.markets[lender].id, self.tokens[symbol])
        raise ConfigError(_unknown("place", name, (*self.tokens, *self.lending_names())))

    def lending_names(self) -> tuple[str, ...]:
        """The names of all places at lenders."""
        return tuple(
            f"{name}:{token.symbol}"
            for name, market in self.markets.items()
            if is_lender(market)
            for token in lent_tokens(market)
        )


def read_book(text: bytes, source: str) -> AddressBook:
    """The address book that a JSON text states.

    Raises ConfigError naming `source` for a malformed file, a wrong checksum, a number that no
    contract can have, or contracts that do not belong to the tokens that the book lists.
    """
    try:
        file = msgspec.json.decode(text, type=_File)
    except msgspec.MsgspecError as error:
        raise ConfigError(
            f"{source} is not an address book: {error}; `trimtab world --out FILE` writes one"
        ) from None
    try:
        return _book(file)
    except ConfigError as error:
        raise ConfigError(f"{source}: {error}") from None


def _book(file: _File) -> AddressBook:
    tokens: dict[str, Token] = _tokens(file)
    feeds = {symbol: _feed(file.chain, symbol, entry) for symbol, entry in file.feeds.items()}
    markets: dict[str, Market[Any]] = {
        f"erc20:{symbol}": Erc20(file.chain, token.address, f"erc20:{symbol}", token)
        for symbol, token in tokens.items()
    }
    markets |= {feed.name: feed for feed in feeds.values()}
    listed = {token.address: token for token in tokens.values()}
    staked = {each.name: each for each in stakes(file.chain, file.staking, listed, feeds)}
    markets |= staked
    tokens = tokens | _shares(staked.values(), tokens)
    feeds = feeds | {each.base: each for each in staked.values() if isinstance(each, Feed)}
    listed = {token.address: token for token in tokens.values()}
    loop = () if file.flash_loop is None else (address(file.flash_loop),)
    if file.aave_v36 is not None and file.aave_v36.reserves:
        markets["aave_v36"] = lending_pool36(file.chain, file.aave_v36, tokens, feeds, loop)
    if file.aave_v3 is not None and file.aave_v3.reserves:
        markets["aave_v3"] = lending_pool(file.chain, file.aave_v3, tokens, feeds, loop)
    if file.uniswap_v3 is not None:
        pools = concentrated_pools(file.chain, file.uniswap_v3, listed)
        markets |= {pool.name: pool for pool in pools}
    if file.uniswap_v2 is not None:
        markets |= {pair.name: pair for pair in pairs(file.chain, file.uniswap_v2, listed)}
    if file.curve is not None:
        markets |= {pool.name: pool for pool in stable_pools(file.chain, file.curve, listed)}
    if file.balancer is not None:
        found = weighted_pools(file.chain, file.balancer, listed)
        markets |= {pool.name: pool for pool in found}
    if file.perpetual is not None:
        router = file.uniswap_v3.router if file.uniswap_v3 else None
        traded = perpetual(file.chain, file.perpetual, tokens, feeds, router)
        markets |= {market.name: market for market in traded}
    markets |= {vault.name: vault for vault in vaults(file.chain, file.erc4626, listed)}
    if file.morpho is not None:
        lent = lending_markets(file.chain, file.morpho, listed, feeds)
        markets |= {market.name: market for market in lent}
    markets |= {each.name: each for each in _loops(file, loop, markets)}
    _check_once(market for market in markets.values() if not isinstance(market, Feed))
    return AddressBook(
        chain=file.chain,
        multicall=address(file.multicall),
        multi_send=address(file.safe.multi_send_call_only),
        plan_check=_plan_check(file),
        tokens=tokens,
        markets=markets,
    )


def _shares(markets: Iterable[Market[Any]], tokens: Mapping[str, Token]) -> dict[str, Token]:
    """The shares of stakes, which are tokens, by their symbols."""
    shares = {each.symbol: each.share for each in markets if isinstance(each, StakingPool)}
    if known := sorted(shares.keys() & tokens.keys()):
        raise ConfigError(f"{known} are both tokens and stakes of the book: rename one of them")
    return shares


def _loops(
    file: _File, where: tuple[Address, ...], markets: dict[str, Market[Any]]
) -> tuple[FlashLoop, ...]:
    factory = file.uniswap_v3.factory if file.uniswap_v3 else None
    return flash_loops(file.chain, where[0] if where else None, factory, markets)


def _check_once(markets: Iterable[Market[Any]]) -> None:
    """A contract that had two descriptions would be read by one and traded by the other."""
    names: dict[MarketId, str] = {}
    for market in markets:
        if market.id in names:
            raise ConfigError(
                f"{names[market.id]} and {market.name} have one address, {market.address}: "
                "correct or remove one"
            )
        names[market.id] = market.name


def _plan_check(file: _File) -> Address:
    if file.plan_check is None:
        raise ConfigError(
            "it names no `plan_check`, the contract that bounds every batch on the chain: deploy "
            "contracts/PlanCheck.sol as docs/guides/deploy-plan-check.md says, once for a chain "
            "and by anyone, and write its address here"
        )
    return address(file.plan_check)


def _tokens(file: _File) -> dict[str, Token]:
    tokens = {
        symbol: Token(file.chain, address(entry.address), entry.decimals, symbol)
        for symbol, entry in file.tokens.items()
    }
    names: dict[Token, str] = {}
    for symbol, token in tokens.items():
        if token in names:
            raise ConfigError(
                f"the tokens {names[token]} and {symbol} have one address, {token.address}: "
                "correct or remove one"
            )
        names[token] = symbol
    return tokens


def _feed(chain: int, symbol: str, entry: _FeedEntry) -> Feed:
    return Feed(
        chain=chain,
        address=address(entry.address),
        name=f"chainlink:{symbol}",
        base=symbol,
        quote=QUOTE_CURRENCY,
        decimals=entry.decimals,
        heartbeat=entry.heartbeat,
    )


def _unknown(kind: str, name: str, known: Iterable[str]) -> str:
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(names)}"
    return f"there is no {kind} {name!r} in the address book; {hint}"
