from dataclasses import replace

import pytest

from tests.unit.core.test_token import WETH
from tests.unit.protocols.curve.stable_pools import AT, COINS, POOL, account
from trimtab.core.errors import ConfigError, NoRoute
from trimtab.core.token import Token


def test_rates__by_decimals__up_to_eighteen() -> None:
    none = replace(POOL, coins=(COINS[0], Token(1, account("a"), 0, "NONE")))
    assert POOL.rates == (10**30, 10**30, 10**18, 10**18)
    assert none.rates == (10**30, 10**36)


def test_pool__coin_with_27_decimals__refused() -> None:
    long = Token(1, account("a"), 27, "LONG")
    with pytest.raises(ConfigError, match=r"LONG has 27 decimals, .* more than 18"):
        replace(POOL, coins=(COINS[0], long))


@pytest.mark.parametrize("coins", [COINS[:1], (COINS[0], COINS[1], COINS[0])])
def test_pool__one_coin_or_one_twice__refused(coins: tuple[Token, ...]) -> None:
    with pytest.raises(ConfigError, match="two coins or more, each once"):
        replace(POOL, coins=coins)


def test_index__token_of_another_pool__no_route() -> None:
    assert [POOL.index(coin) for coin in COINS] == [0, 1, 2, 3]
    with pytest.raises(NoRoute, match="trades A, B, C, D, not WETH"):
        POOL.index(WETH)


def test_share__the_pool_itself__takes_and_keeps_its_coins() -> None:
    assert POOL.share.address == AT
    assert POOL.spenders == (AT,)
    assert POOL.custody == tuple((coin, AT) for coin in COINS)
