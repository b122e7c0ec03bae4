"""Morpho's part of an address book."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

import msgspec

from trimtab.core.errors import ConfigError
from trimtab.core.market import Market
from trimtab.core.quantise import Wad
from trimtab.core.token import Address, Token, address
from trimtab.protocols.morpho import (
    LendingMarket,
    LendingState,
    Morpho,
    MorphoState,
    OracleState,
    PriceOracle,
    RateModel,
)

AnyMarket = Market[LendingState] | Market[MorphoState] | Market[OracleState]


class LendingMarketEntry(msgspec.Struct, frozen=True):
    """A market by its five parameters, which make its id; the oracle's price is set by hand."""

    market_id: str
    loan: str
    collateral: str
    oracle: str
    rate_model: str
    rates: Literal["none", "utilisation", "adaptive_curve"]
    lltv: Annotated[int, msgspec.Meta(ge=0)]


class MorphoEntry(msgspec.Struct, frozen=True):
    """The contract, and its markets by name."""

    address: str
    markets: dict[str, LendingMarketEntry] = {}


def lending_markets(
    chain: int, entry: MorphoEntry, listed: Mapping[Address, Token]
) -> Iterator[AnyMarket]:
    """The contract, then each market and its oracle.

    Raises ConfigError for a token that is not among the book's, and for a market whose id is not
    that of its parameters.
    """
    contract = address(entry.address)
    if entry.markets:
        yield Morpho(chain, contract, "morpho")
    for name, market in entry.markets.items():
        oracle = address(market.oracle)
        yield PriceOracle(chain, oracle, f"morpho:oracle:{name}")
        yield LendingMarket(
            chain=chain,
            address=contract,
            name=f"morpho:{name}",
            market_id=market.market_id.lower(),
            loan=_token(name, market.loan, listed),
            collateral=_token(name, market.collateral, listed),
            oracle=oracle,
            rate_model=address(market.rate_model),
            rates=RateModel(market.rates),
            lltv=Wad(market.lltv),
        )


def _token(name: str, text: str, listed: Mapping[Address, Token]) -> Token:
    found = listed.get(address(text))
    if found is None:
        raise ConfigError(
            f"morpho:{name} is of {text}, which is not among the book's tokens: add it"
        )
    return found
