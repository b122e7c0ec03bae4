from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.core.errors import ConfigError
from trimtab.lab.world.deploy_uniswap_v3 import sqrt_price_x96
from trimtab.lab.world.spec import (
    DEFAULT_WORLD,
    PoolSpec,
    PositionSpec,
    TokenSpec,
    laddered,
)
from trimtab.lab.world.spec_vaults import StakeSpec


def test_world_spec__unknown_token__lists_what_there_is() -> None:
    pool = PoolSpec("WETH", "DAI", 500, ())
    with pytest.raises(ConfigError, match=r"no token \['DAI'\] in this world: it has \['USDC'"):
        replace(DEFAULT_WORLD, pools=(pool,))


def test_world_spec__token_twice__refused() -> None:
    with pytest.raises(ConfigError, match="a token is named twice"):
        replace(DEFAULT_WORLD, tokens=(*DEFAULT_WORLD.tokens, DEFAULT_WORLD.tokens[0]))


@pytest.mark.parametrize("quote, fee", [("USDC", 501), ("WETH", 500)])
def test_world_spec__fee_or_pair_that_cannot_be__refused(quote: str, fee: int) -> None:
    pool = PoolSpec("WETH", quote, fee, ())
    with pytest.raises(ConfigError, match=f"no pool WETH/{quote}/{fee}"):
        replace(DEFAULT_WORLD, pools=(pool,))


def test_priced__some_tokens__others_stay() -> None:
    priced = DEFAULT_WORLD.priced({"WETH": 7})
    assert [token.price for token in priced.tokens] == [10**8, 7, 40_000 * 10**8]


@pytest.mark.parametrize("prices", [{"DAI": 10**8}, {"WETH": 0}, {"WETH": -1}])
def test_priced__unknown_or_not_positive__refused(prices: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match="no such token, or not positive"):
        DEFAULT_WORLD.priced(prices)


def test_laddered__half_widths__whole_range_first() -> None:
    assert laddered(5, 30, 10) == (PositionSpec(5), PositionSpec(5, 30), PositionSpec(5, 10))


PRICES, DECIMALS = st.integers(10**4, 10**14), st.sampled_from([6, 8, 18])


@given(PRICES, PRICES, DECIMALS, DECIMALS)
def test_sqrt_price_x96__any_pair__root_rounded_down(
    price0: int, price1: int, decimals0: int, decimals1: int
) -> None:
    token0 = TokenSpec("ZERO", decimals0, price0, heartbeat=1)
    token1 = TokenSpec("ONE", decimals1, price1, heartbeat=1)
    root = sqrt_price_x96(token0, token1)
    exact = Fraction(price0 * 10**decimals1, price1 * 10**decimals0) * 2**192
    assert root**2 <= exact < (root + 1) ** 2


def test_priced__share_of_a_stake__keeps_what_it_trades_at_in_its_token() -> None:
    stake = StakeSpec("stWETH", "WETH", staked=1, price=1_990 * 10**8, heartbeat=86_400)
    world = replace(DEFAULT_WORLD, stakes=(stake,)).priced({"WETH": 3_000 * 10**8})
    assert world.token("stWETH").price == 2_985 * 10**8
    assert world.shares == (world.token("stWETH"),)
