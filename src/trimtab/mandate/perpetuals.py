"""The perpetual's part of an address book."""

from collections.abc import Mapping
from typing import Annotated

import msgspec

from trimtab.core.errors import ConfigError
from trimtab.core.token import Address, Token, address
from trimtab.protocols.chainlink import Feed
from trimtab.protocols.perpetual import Index, Perpetual
from trimtab.protocols.uniswap_v3 import Pool

_VIRTUAL_DECIMALS = 18


class PerpetualEntry(msgspec.Struct, frozen=True):
    """A market of a clearing house; `feed` and `settlement` are symbols of the book."""

    name: str
    feed: str
    settlement: str
    clearing_house: str
    vault: str
    exchange: str
    order_book: str
    account_balance: str
    config: str
    market_registry: str
    insurance_fund: str
    base_token: str
    quote_token: str
    price_feed: str
    index: str
    pool: str
    pool_fee: Annotated[int, msgspec.Meta(ge=0, lt=10**6)]
    tick_spacing: Annotated[int, msgspec.Meta(ge=1)]


def perpetual(
    chain: int,
    entry: PerpetualEntry,
    tokens: Mapping[str, Token],
    feeds: Mapping[str, Feed],
    router: str | None,
) -> tuple[Perpetual, Index, Pool]:
    """The market, the cache of prices that it follows, and its pool of virtual tokens.

    The router is that of the factory which made the pool: its pools are checked by it, though
    nobody trades in this one through it. Raises ConfigError for a token or a feed that the book
    does not list, and without a router.
    """
    name = f"perpetual:{entry.name}"
    if entry.settlement not in tokens or entry.feed not in feeds:
        raise ConfigError(
            f"{name} settles in {entry.settlement} and follows the feed of {entry.feed}: list "
            "both in the book"
        )
    if router is None:
        raise ConfigError(f"{name} needs `uniswap_v3.router`, of the factory that made its pool")
    feed = feeds[entry.feed]
    pool = _pool(chain, name, entry, address(router))
    index = _index(chain, name, entry, feed)
    return _market(chain, name, entry, tokens[entry.settlement], index, pool), index, pool


def _pool(chain: int, name: str, entry: PerpetualEntry, router: Address) -> Pool:
    return Pool(
        chain=chain,
        address=address(entry.pool),
        name=f"{name}/pool",
        token0=Token(chain, address(entry.base_token), _VIRTUAL_DECIMALS, f"v{entry.name}"),
        token1=Token(chain, address(entry.quote_token), _VIRTUAL_DECIMALS, "vUSD"),
        fee=entry.pool_fee,
        tick_spacing=entry.tick_spacing,
        router=router,
    )


def _index(chain: int, name: str, entry: PerpetualEntry, feed: Feed) -> Index:
    return Index(
        chain=chain,
        address=address(entry.index),
        name=f"{name}/index",
        base=address(entry.base_token),
        exchange=address(entry.exchange),
        feed=feed.id,
        feed_address=feed.address,
        decimals=feed.decimals,
    )


def _market(
    chain: int, name: str, entry: PerpetualEntry, settlement: Token, index: Index, pool: Pool
) -> Perpetual:
    return Perpetual(
        chain=chain,
        address=address(entry.clearing_house),
        name=name,
        settlement=settlement,
        vault=address(entry.vault),
        exchange=address(entry.exchange),
        order_book=address(entry.order_book),
        account_balance=address(entry.account_balance),
        config=address(entry.config),
        registry=address(entry.market_registry),
        insurance_fund=address(entry.insurance_fund),
        base=address(entry.base_token),
        quote=address(entry.quote_token),
        price_feed=address(entry.price_feed),
        index=index.id,
        index_address=index.address,
        feed=index.feed,
        pool=pool.id,
        pool_address=pool.address,
        index_decimals=index.decimals,
    )
