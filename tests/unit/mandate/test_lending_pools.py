"""A lending pool out of an address book."""

from dataclasses import replace

import pytest

from trimtab.core.errors import ConfigError
from trimtab.core.token import ZERO_ADDRESS, Address, Token
from trimtab.mandate.lending_pools import (
    CategoryEntry,
    LendingEntry,
    ReserveEntry,
    lending_pool,
)
from trimtab.protocols.aave_v3 import CategorySource
from trimtab.protocols.chainlink import Feed


def at(digit: str) -> Address:
    return Address("0x" + digit * 40)


WETH = Token(1, at("1"), 18, "WETH")
FEED = Feed(1, at("2"), "chainlink:WETH", "WETH", "USD", 8, 3600)
RESERVE = ReserveEntry(at("1"), at("3"), at("4"), at("5"), at("6"))
ENTRY = LendingEntry(at("7"), at("8"), at("9"), {"WETH": RESERVE})
TOKENS, FEEDS = {"WETH": WETH}, {"WETH": FEED}


def changed(**fields: object) -> LendingEntry:
    return LendingEntry(**{name: getattr(ENTRY, name) for name in ENTRY.__struct_fields__} | fields)


def test_lending_pool__as_before_there_were_categories__without() -> None:
    pool = lending_pool(1, ENTRY, TOKENS, FEEDS)
    assert (pool.categories, pool.acl_manager, pool.operators, pool.receivers) == ((), None, (), ())
    assert [reserve.id for reserve in pool.reserves] == [0]
    assert pool.parts == (FEED.id,)
    assert pool.spenders == (at("8"),)


def test_lending_pool__categories_roles_and_contracts__each_in_its_place() -> None:
    entry = changed(
        acl_manager=at("a").lower(),
        categories=(CategoryEntry(1, ZERO_ADDRESS), CategoryEntry(2, at("1"), "WETH")),
        receivers=(at("b").lower(),),
    )
    pool = lending_pool(1, entry, TOKENS, FEEDS, (at("c"),))
    assert pool.categories == (CategorySource(1), CategorySource(2, at("1"), FEED.id))
    assert pool.acl_manager is not None
    assert int(pool.acl_manager, 16) == int(at("a"), 16)
    assert [int(each, 16) for each in pool.receivers] == [int(at("b"), 16)]
    assert pool.spenders == (at("8"), at("c"))


def test_lending_pool__category_priced_by_an_unknown_feed__refused() -> None:
    entry = changed(categories=(CategoryEntry(3, at("1"), "CBETH"),))
    words = "category 3 is priced by the feed CBETH, which is not in the book"
    with pytest.raises(ConfigError, match=words):
        lending_pool(1, entry, TOKENS, FEEDS)


def test_lending_pool__share_of_a_reserve__told_from_other_tokens() -> None:
    pool = lending_pool(1, ENTRY, TOKENS, FEEDS)
    (reserve,) = pool.reserves
    share = pool.share(reserve)
    assert (share.address, share.decimals, share.symbol) == (at("3"), 18, "aWETH")
    assert pool.reserve_of_share(replace(share, symbol="other")) == reserve
