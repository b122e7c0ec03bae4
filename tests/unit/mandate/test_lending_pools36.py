"""A lending pool of the 3.6 line out of an address book."""

import pytest

from trimtab.core.errors import ConfigError
from trimtab.core.token import Address, Token
from trimtab.mandate.lending_pools36 import LendingPool36Entry, Reserve36Entry, lending_pool36
from trimtab.protocols.chainlink import Feed


def at(digit: str) -> Address:
    return Address("0x" + digit * 40)


WETH = Token(1, at("1"), 18, "WETH")
FEED = Feed(1, at("2"), "chainlink:WETH", "WETH", "USD", 8, 3600)
TOKENS, FEEDS = {"WETH": WETH}, {"WETH": FEED}
RESERVE = Reserve36Entry(at("1"), at("3"), at("4"))


def entry(
    reserve: Reserve36Entry = RESERVE, symbol: str = "WETH", *modes: int
) -> LendingPool36Entry:
    places = (at("5"), at("6"), at("7"), at("8"))
    return LendingPool36Entry(*places, {symbol: reserve}, modes, (at("9"),))


def test_lending_pool36__whole_entry__each_in_its_place() -> None:
    pool = lending_pool36(1, entry(RESERVE, "WETH", 1, 255), TOKENS, FEEDS, (at("0"),))
    assert (pool.addresses_provider, pool.address) == (at("5"), at("6"))
    assert (pool.oracle, pool.rate_strategy) == (at("7"), at("8"))
    assert (pool.categories, pool.receivers, pool.operators) == ((1, 255), (at("9"),), (at("0"),))
    (reserve,) = pool.reserves
    assert (reserve.token, reserve.feed, reserve.id) == (WETH, FEED.id, 0)
    assert (reserve.a_token, reserve.variable_debt_token) == (at("3"), at("4"))
    assert pool.parts == (FEED.id,)
    assert pool.spenders == (at("6"), at("0"))
    assert pool.custody == ((WETH, at("3")),)


@pytest.mark.parametrize("number", [0, 256, -1])
def test_lending_pool36__mode_that_no_pool_has__refused(number: int) -> None:
    with pytest.raises(ConfigError, match="they go from 1 to 255"):
        lending_pool36(1, entry(RESERVE, "WETH", number), TOKENS, FEEDS)


def test_lending_pool36__reserve_without_a_token_or_of_another__refused() -> None:
    with pytest.raises(ConfigError, match="the reserve DAI of aave_v36 has no token or no feed"):
        lending_pool36(1, entry(RESERVE, "DAI"), TOKENS, FEEDS)
    other = Reserve36Entry(at("4"), at("3"), at("4"))
    with pytest.raises(ConfigError, match="the reserve WETH of aave_v36 is of the token"):
        lending_pool36(1, entry(other), TOKENS, FEEDS)
