"""Vaults and staking pools of an address book."""

from __future__ import annotations

from dataclasses import replace

import pytest

from trimtab.core.errors import ConfigError
from trimtab.core.token import Address, Token, address
from trimtab.mandate.stakes import StakeEntry, stakes
from trimtab.mandate.vaults import VaultEntry, vaults
from trimtab.protocols.chainlink import Feed
from trimtab.protocols.staking import StakingPool

HERE, ROLE, FEED = (address("0x" + each * 20) for each in ("44", "55", "66"))
WETH = Token(1, address("0x" + "11" * 20), 18, "WETH")
LISTED: dict[Address, Token] = {WETH.address: WETH}
PRICE = Feed(1, FEED, "chainlink:WETH", "WETH", "USD", 8, 3_600)
VAULT = VaultEntry(HERE, WETH.address, 24)
STAKE = StakeEntry(HERE, WETH.address, ROLE, ROLE, ROLE, 8, 3_600)


def test_vaults__decimals_of_the_shares__the_offset() -> None:
    (vault,) = vaults(1, {"vWETH": VAULT}, LISTED)
    assert (vault.name, vault.offset, vault.share.decimals) == ("erc4626:vWETH", 6, 24)
    assert vault.is_plain


@pytest.mark.parametrize("decimals", [17, 96])
def test_vaults__decimals_that_no_share_has__refused(decimals: int) -> None:
    entry = VaultEntry(HERE, WETH.address, decimals)
    with pytest.raises(ConfigError, match="correct the decimals of the vault"):
        list(vaults(1, {"vWETH": entry}, LISTED))


def test_vaults__asset_that_is_not_listed__refused() -> None:
    with pytest.raises(ConfigError, match=r"erc4626:vWETH holds .* not among the book's tokens"):
        list(vaults(1, {"vWETH": VAULT}, {}))


def test_vaults__asset_that_rebases__refused_by_name() -> None:
    asset = Token(1, WETH.address, 18, "stETH")
    with pytest.raises(ConfigError, match="holds stETH, a token that changes"):
        list(vaults(1, {"v": VAULT}, {asset.address: asset}))


def test_stakes__entry__a_feed_and_a_pool_that_names_both() -> None:
    feed, pool = stakes(1, {"stWETH": STAKE}, LISTED, {"WETH": PRICE})
    assert isinstance(pool, StakingPool)
    assert (feed.name, pool.name) == ("chainlink:stWETH", "staking:stWETH")
    assert pool.parts == (feed.id, PRICE.id)


def test_stakes__token_without_a_feed__refused() -> None:
    with pytest.raises(ConfigError, match="not among the book's tokens with a feed"):
        list(stakes(1, {"stWETH": STAKE}, LISTED, {}))


def test_stakes__feed_that_is_stated_twice__refused() -> None:
    twice = {"WETH": PRICE, "stWETH": replace(PRICE, base="stWETH")}
    with pytest.raises(ConfigError, match="states a feed, and so does the book"):
        list(stakes(1, {"stWETH": STAKE}, LISTED, twice))
