"""The staking pools of an address book, and the feeds of what their shares trade at."""

from collections.abc import Iterator, Mapping
from typing import Annotated

import msgspec

from trimtab.core.errors import ConfigError
from trimtab.core.token import Address, Token, address
from trimtab.protocols.chainlink import Feed
from trimtab.protocols.staking import StakingPool


class StakeEntry(msgspec.Struct, frozen=True):
    """A staking pool, its token, who reports and who sets aside, and the feed of its shares."""

    address: str
    asset: str
    oracle: str
    operator: str
    feed: str
    feed_decimals: Annotated[int, msgspec.Meta(ge=0, le=255)]
    heartbeat: Annotated[int, msgspec.Meta(ge=1)]


def stakes(
    chain: int,
    entries: Mapping[str, StakeEntry],
    listed: Mapping[Address, Token],
    feeds: Mapping[str, Feed],
) -> Iterator[Feed | StakingPool]:
    """The feeds and the pools of the entries, by the symbols of their shares.

    Raises ConfigError for a token that is not among the book's or has no feed there, and for
    shares of a symbol that has one.
    """
    for symbol, entry in entries.items():
        token = listed.get(address(entry.asset))
        if token is None or token.symbol not in feeds:
            raise ConfigError(
                f"staking:{symbol} stakes {entry.asset}, which is not among the book's tokens "
                "with a feed: add both"
            )
        if symbol in feeds:
            raise ConfigError(
                f"staking:{symbol} states a feed, and so does the book for {symbol}: keep one"
            )
        feed = Feed(
            chain=chain,
            address=address(entry.feed),
            name=f"chainlink:{symbol}",
            base=symbol,
            quote=feeds[token.symbol].quote,
            decimals=entry.feed_decimals,
            heartbeat=entry.heartbeat,
        )
        yield feed
        yield StakingPool(
            chain=chain,
            address=address(entry.address),
            name=f"staking:{symbol}",
            asset=token,
            symbol=symbol,
            oracle=address(entry.oracle),
            operator=address(entry.operator),
            feed=feed.id,
            asset_feed=feeds[token.symbol].id,
        )
