"""Morpho's part of an address book."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

import msgspec

from trimtab.core.errors import ConfigError
from trimtab.core.quantise import Wad
from trimtab.core.token import Address, Token, address
from trimtab.protocols.chainlink import Feed
from trimtab.protocols.morpho import (
    FeedOracle,
    LendingMarket,
    Morpho,
    PriceOracle,
    RateModel,
)

AnyMarket = LendingMarket | Morpho | PriceOracle | FeedOracle


class OracleFeeds(msgspec.Struct, frozen=True):
    """The feeds that an oracle multiplies and divides by, by symbol in its own order."""

    scale_factor: Annotated[int, msgspec.Meta(ge=1)]
    base: tuple[str, ...] = ()
    quote: tuple[str, ...] = ()


class LendingMarketEntry(msgspec.Struct, frozen=True):
    """A market by its five parameters, which make its id.

    Without feeds, the oracle's price is set by hand.
    """

    market_id: str
    loan: str
    collateral: str
    oracle: str
    rate_model: str
    rates: Literal["none", "utilisation", "adaptive_curve"]
    lltv: Annotated[int, msgspec.Meta(ge=0)]
    oracle_feeds: OracleFeeds | None = None


class MorphoEntry(msgspec.Struct, frozen=True):
    """The contract, and its markets by name."""

    address: str
    markets: dict[str, LendingMarketEntry] = {}


def lending_markets(
    chain: int,
    entry: MorphoEntry,
    listed: Mapping[Address, Token],
    feeds: Mapping[str, Feed],
) -> Iterator[AnyMarket]:
    """The contract, then each market and its oracle.

    Raises ConfigError for a token or a feed that is not among the book's, and for a market whose
    id is not that of its parameters.
    """
    contract = address(entry.address)
    if entry.markets:
        yield Morpho(chain, contract, "morpho")
    for name, market in entry.markets.items():
        oracle = _oracle(chain, name, market, feeds)
        yield oracle
        yield LendingMarket(
            chain=chain,
            address=contract,
            name=f"morpho:{name}",
            market_id=market.market_id.lower(),
            loan=_token(name, market.loan, listed),
            collateral=_token(name, market.collateral, listed),
            oracle=oracle.address,
            rate_model=address(market.rate_model),
            rates=RateModel(market.rates),
            lltv=Wad(market.lltv),
            feeds=oracle.parts,
        )


def _oracle(
    chain: int, name: str, market: LendingMarketEntry, feeds: Mapping[str, Feed]
) -> PriceOracle | FeedOracle:
    at, label = address(market.oracle), f"morpho:oracle:{name}"
    made_of = market.oracle_feeds
    if made_of is None:
        return PriceOracle(chain, at, label)
    for symbol in (*made_of.base, *made_of.quote):
        if symbol not in feeds:
            raise ConfigError(
                f"{label} reads the feed of {symbol}, which is not among the book's: add it"
            )
    base = tuple(feeds[symbol].id for symbol in made_of.base)
    quote = tuple(feeds[symbol].id for symbol in made_of.quote)
    return FeedOracle(chain, at, label, made_of.scale_factor, base, quote)


def _token(name: str, text: str, listed: Mapping[Address, Token]) -> Token:
    found = listed.get(address(text))
    if found is None:
        raise ConfigError(
            f"morpho:{name} is of {text}, which is not among the book's tokens: add it"
        )
    return found
