"""Morpho's part of an address book."""

from typing import Any

import msgspec
import pytest

from trimtab.core.errors import ConfigError
from trimtab.core.token import Token, address
from trimtab.mandate.lending_markets import MorphoEntry, lending_markets
from trimtab.protocols.chainlink import Feed
from trimtab.protocols.morpho import FeedOracle, LendingMarket, Morpho, PriceOracle, id_of


def at(digit: str) -> str:
    return "0x" + digit * 40


USD, ETH = Token(5, address(at("4")), 6, "USD"), Token(5, address(at("5")), 18, "ETH")
LISTED = {token.address: token for token in (USD, ETH)}
FEEDS = {
    symbol: Feed(5, address(at(digit)), f"chainlink:{symbol}", symbol, "USD", 8, 3_600)
    for symbol, digit in (("ETH", "1"), ("USD", "2"))
}
LLTV = 86 * 10**16
ID = id_of((USD.address, ETH.address, address(at("8")), address(at("9")), LLTV))


def markets(**change: Any) -> list[Any]:
    entry = {
        "market_id": ID,
        "loan": at("4"),
        "collateral": at("5"),
        "oracle": at("8"),
        "rate_model": at("9"),
        "rates": "utilisation",
        "lltv": LLTV,
        **change,
    }
    section = msgspec.convert({"address": at("7"), "markets": {"ETH/USD": entry}}, MorphoEntry)
    return list(lending_markets(5, section, LISTED, FEEDS))


def test_markets__of_an_entry__contract_oracle_and_market() -> None:
    contract, oracle, market = markets()
    assert isinstance(contract, Morpho)
    assert isinstance(oracle, PriceOracle)
    assert isinstance(market, LendingMarket)
    names = [each.name for each in (contract, oracle, market)]
    assert names == ["morpho", "morpho:oracle:ETH/USD", "morpho:ETH/USD"]
    assert market.parts == (contract.id, oracle.id)
    assert (market.loan, market.collateral, market.lltv) == (USD, ETH, LLTV)


def test_markets__oracle_over_feeds__they_are_parts_too() -> None:
    made_of = {"scale_factor": 10**24, "base": ["ETH"], "quote": ["USD"]}
    contract, oracle, market = markets(oracle_feeds=made_of)
    assert isinstance(oracle, FeedOracle)
    assert market.parts == (contract.id, oracle.id, FEEDS["ETH"].id, FEEDS["USD"].id)


@pytest.mark.parametrize(
    "change, words",
    [
        ({"loan": at("6")}, "not among the book's tokens"),
        ({"collateral": at("4")}, "lends USD against itself"),
        ({"market_id": "0x00"}, "but its parameters make"),
        ({"lltv": LLTV + 1}, "but its parameters make"),
        ({"lltv": 10**18}, "expected less than"),
        ({"rates": "none"}, "names the zero address"),
        ({"oracle_feeds": {"scale_factor": 1, "base": ["DAI"]}}, "the feed of DAI"),
        ({"oracle_feeds": {"scale_factor": 1, "quote": ["ETH"] * 3}}, "at most"),
    ],
)
def test_markets__that_cannot_be__refused_in_words(change: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        markets(**change)


@pytest.mark.parametrize("change", [{"rates": "fixed"}, {"lltv": -1}, {"lltv": "1"}])
def test_markets__that_are_malformed__refused_by_their_form(change: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        markets(**change)


def test_markets__contract_alone__no_market() -> None:
    assert list(lending_markets(5, MorphoEntry(at("7")), LISTED, FEEDS)) == []
