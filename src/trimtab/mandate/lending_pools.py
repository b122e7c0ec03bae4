"""Aave V3's part of an address book."""

from collections.abc import Mapping

import msgspec

from trimtab.core.errors import ConfigError
from trimtab.core.token import Address, Token, address
from trimtab.protocols.aave_v3 import CategorySource, LendingPool, Reserve
from trimtab.protocols.chainlink import Feed


class ReserveEntry(msgspec.Struct, frozen=True):
    """A reserve and the contracts that serve it."""

    token: str
    a_token: str
    variable_debt_token: str
    stable_debt_token: str
    rate_strategy: str


class CategoryEntry(msgspec.Struct, frozen=True):
    """An efficiency mode category; the symbol is of the feed under its price source, if any."""

    id: int
    price_source: str
    feed: str | None = None


class LendingEntry(msgspec.Struct, frozen=True):
    """A lending pool; reserves by symbol, in the pool's own order, without gaps."""

    addresses_provider: str
    pool: str
    oracle: str
    reserves: dict[str, ReserveEntry] = {}
    acl_manager: str | None = None
    categories: tuple[CategoryEntry, ...] = ()
    receivers: tuple[str, ...] = ()


def lending_pool(
    chain: int,
    entry: LendingEntry,
    tokens: Mapping[str, Token],
    feeds: Mapping[str, Feed],
    operators: tuple[Address, ...] = (),
) -> LendingPool:
    """The lending pool of the entry, at which the operators may act for an owner.

    Raises ConfigError for a reserve or category that names a token or feed that the book lacks.
    """
    reserves = (
        _reserve(number, symbol, reserve, tokens, feeds)
        for number, (symbol, reserve) in enumerate(entry.reserves.items())
    )
    return LendingPool(
        chain=chain,
        address=address(entry.pool),
        name="aave_v3",
        addresses_provider=address(entry.addresses_provider),
        oracle=address(entry.oracle),
        reserves=tuple(reserves),
        categories=tuple(_category(category, feeds) for category in entry.categories),
        acl_manager=None if entry.acl_manager is None else address(entry.acl_manager),
        operators=operators,
        receivers=tuple(address(receiver) for receiver in entry.receivers),
    )


def _reserve(
    number: int,
    symbol: str,
    entry: ReserveEntry,
    tokens: Mapping[str, Token],
    feeds: Mapping[str, Feed],
) -> Reserve:
    if symbol not in tokens or symbol not in feeds:
        raise ConfigError(
            f"the reserve {symbol} has no token or no feed in the book: list both, or remove "
            "the reserve"
        )
    if address(entry.token) != tokens[symbol].address:
        raise ConfigError(
            f"the reserve {symbol} is of the token {entry.token}, the book's {symbol} is "
            f"{tokens[symbol].address}: correct one"
        )
    return Reserve(
        token=tokens[symbol],
        a_token=address(entry.a_token),
        variable_debt_token=address(entry.variable_debt_token),
        stable_debt_token=address(entry.stable_debt_token),
        rate_strategy=address(entry.rate_strategy),
        feed=feeds[symbol].id,
        id=number,
    )


def _category(entry: CategoryEntry, feeds: Mapping[str, Feed]) -> CategorySource:
    if entry.feed is None:
        return CategorySource(entry.id, address(entry.price_source))
    if entry.feed not in feeds:
        raise ConfigError(
            f"the efficiency mode category {entry.id} is priced by the feed {entry.feed}, which "
            "is not in the book: list it"
        )
    return CategorySource(entry.id, address(entry.price_source), feeds[entry.feed].id)
