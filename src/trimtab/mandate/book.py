"""The address book: which contracts the mandate's names stand for."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import msgspec

from trimtab.core.errors import ConfigError
from trimtab.core.market import Market, MarketId, Place, wallet
from trimtab.core.token import Address, Token, address
from trimtab.protocols.aave_v3 import LendingPool, Reserve
from trimtab.protocols.chainlink import Feed
from trimtab.protocols.erc20 import Erc20
from trimtab.protocols.uniswap_v3 import Pool

QUOTE_CURRENCY = "USD"


class _TokenEntry(msgspec.Struct, frozen=True):
    address: str
    decimals: int


class _FeedEntry(msgspec.Struct, frozen=True):
    address: str
    decimals: int
    heartbeat: int


class _ReserveEntry(msgspec.Struct, frozen=True):
    token: str
    a_token: str
    variable_debt_token: str
    stable_debt_token: str
    rate_strategy: str


class _LendingEntry(msgspec.Struct, frozen=True):
    addresses_provider: str
    pool: str
    oracle: str
    reserves: dict[str, _ReserveEntry]


class _PoolEntry(msgspec.Struct, frozen=True):
    address: str
    token0: str
    token1: str
    fee: int
    tick_spacing: int


class _ExchangeEntry(msgspec.Struct, frozen=True):
    router: str
    pools: dict[str, _PoolEntry]


class _SafeEntry(msgspec.Struct, frozen=True):
    multi_send_call_only: str


class _File(msgspec.Struct, frozen=True):
    """What is needed of the file; it may tell more."""

    chain: int
    multicall: str
    tokens: dict[str, _TokenEntry]
    feeds: dict[str, _FeedEntry]
    aave_v3: _LendingEntry
    uniswap_v3: _ExchangeEntry
    safe: _SafeEntry


@dataclass(frozen=True, slots=True)
class AddressBook:
    """Markets and tokens by name, every address checked.

    Names: a token `WETH`; a market `erc20:WETH`, `chainlink:WETH`, `aave_v3`,
    `uniswap_v3:WETH/USDC/500`; a place `WETH` (the wallet) or `aave_v3:WETH`.
    """

    chain: int
    multicall: Address
    multi_send: Address
    tokens: dict[str, Token]
    markets: dict[str, Market[Any]]

    def token(self, symbol: str) -> Token:
        """The token of this symbol. Raises ConfigError with the nearest name."""
        if symbol not in self.tokens:
            raise ConfigError(_unknown("token", symbol, self.tokens))
        return self.tokens[symbol]

    def market(self, name: str) -> Market[Any]:
        """The market of this name; `aave_v3:WETH` names the lending pool that it is part of."""
        lender = name.partition(":")[0]
        if lender in self.markets and name in self.lending_names():
            return self.markets[lender]
        if name not in self.markets:
            raise ConfigError(_unknown("market", name, (*self.markets, *self.lending_names())))
        return self.markets[name]

    def place(self, name: str) -> Place:
        """The place of this name: a token in the wallet, or a reserve of a lending pool."""
        if name in self.tokens:
            return wallet(self.tokens[name])
        if name in self.lending_names():
            lender, _, symbol = name.partition(":")
            return Place(self.markets[lender].id, self.tokens[symbol])
        raise ConfigError(_unknown("place", name, (*self.tokens, *self.lending_names())))

    def lending_names(self) -> tuple[str, ...]:
        """The names of all places at lending pools."""
        return tuple(
            f"{name}:{reserve.token.symbol}"
            for name, market in self.markets.items()
            if isinstance(market, LendingPool)
            for reserve in market.reserves
        )


def read_book(text: bytes, source: str) -> AddressBook:
    """The address book that a JSON text states.

    Raises ConfigError naming `source` for a malformed file, a wrong checksum, or a pool of
    tokens that the book does not list.
    """
    try:
        file = msgspec.json.decode(text, type=_File)
    except msgspec.MsgspecError as error:
        raise ConfigError(f"{source} is not an address book: {error}") from None
    tokens = {
        symbol: Token(file.chain, address(entry.address), entry.decimals, symbol)
        for symbol, entry in file.tokens.items()
    }
    by_address = {token.address: token for token in tokens.values()}
    feeds = {symbol: _feed(file, symbol) for symbol in file.feeds}
    markets: dict[str, Market[Any]] = {
        f"erc20:{symbol}": Erc20(file.chain, token.address, f"erc20:{symbol}", token)
        for symbol, token in tokens.items()
    }
    markets |= {feed.name: feed for feed in feeds.values()}
    markets["aave_v3"] = _lending_pool(file, tokens, {s: f.id for s, f in feeds.items()}, source)
    for name, entry in file.uniswap_v3.pools.items():
        pair = [_listed(by_address, address(a), source) for a in (entry.token0, entry.token1)]
        pool = Pool(
            file.chain,
            address(entry.address),
            f"uniswap_v3:{name}",
            pair[0],
            pair[1],
            entry.fee,
            entry.tick_spacing,
            address(file.uniswap_v3.router),
        )
        markets[pool.name] = pool
    multi_send = address(file.safe.multi_send_call_only)
    return AddressBook(file.chain, address(file.multicall), multi_send, tokens, markets)


def _feed(file: _File, symbol: str) -> Feed:
    entry = file.feeds[symbol]
    name = f"chainlink:{symbol}"
    return Feed(
        file.chain,
        address(entry.address),
        name,
        symbol,
        QUOTE_CURRENCY,
        entry.decimals,
        entry.heartbeat,
    )


def _lending_pool(
    file: _File, tokens: dict[str, Token], feeds: dict[str, MarketId], source: str
) -> LendingPool:
    entry = file.aave_v3
    reserves = []
    for number, (symbol, reserve) in enumerate(entry.reserves.items()):
        if symbol not in tokens or symbol not in feeds:
            raise ConfigError(f"{source}: the reserve {symbol} has no token or no feed in the book")
        reserves.append(
            Reserve(
                token=tokens[symbol],
                a_token=address(reserve.a_token),
                variable_debt_token=address(reserve.variable_debt_token),
                stable_debt_token=address(reserve.stable_debt_token),
                rate_strategy=address(reserve.rate_strategy),
                feed=feeds[symbol],
                id=number,
            )
        )
    return LendingPool(
        file.chain,
        address(entry.pool),
        "aave_v3",
        address(entry.addresses_provider),
        address(entry.oracle),
        tuple(reserves),
    )


def _listed(tokens: dict[Address, Token], which: Address, source: str) -> Token:
    if which not in tokens:
        raise ConfigError(f"{source}: a pool trades {which}, which the book does not list")
    return tokens[which]


def _unknown(kind: str, name: str, known: Iterable[str]) -> str:
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(names)}"
    return f"there is no {kind} {name!r} in the address book; {hint}"
