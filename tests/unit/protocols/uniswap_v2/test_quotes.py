"""Quotes, prices and what shares are worth."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.protocols.uniswap_v2.pairs import (
    ALICE,
    BOB,
    DAI,
    FOREVER,
    USDC,
    WETH,
    pair,
    state,
    states,
)
from trimtab.core.actions import RemoveLiquidity, Swap, SwapExactOut
from trimtab.core.errors import ConfigError, NoRoute
from trimtab.core.market import pooled
from trimtab.core.states import Applied
from trimtab.protocols.shared.shares import Shares
from trimtab.protocols.uniswap_v2 import (
    Fee,
    UniswapV2Adapter,
    amounts_of,
    quote,
    quote_exact_out,
    spot_price,
)
from trimtab.protocols.uniswap_v2.market import MOST_PARTS, UINT112_MAX

ADAPTER = UniswapV2Adapter()
reserves = st.integers(1, UINT112_MAX) | st.integers(1, 10**6)


def test_quote__thousand_dollars__what_the_constant_product_leaves() -> None:
    found = quote(state(), pair(), USDC, 1_000 * 10**6)
    left = Fraction(2_000 * 10**6 * 10**18, 2_000 * 10**6 + 997 * 10**6)
    assert found.amount_out == int(10**18 - left) == 332_665_999_332_665_999
    assert (found.amount_in_used, found.fee_paid) == (1_000 * 10**6, 3 * 10**6)


def test_quote__fork_of_unlike_fees__each_token_its_own() -> None:
    """The answer that a fork gave on Arbitrum at block 477785000 has this shape of fee."""
    fork = pair(Fee(99_700, 99_000, 100_000))
    assert quote(state(), fork, USDC, 10**6) == quote(state(), pair(), USDC, 10**6)
    assert quote(state(), fork, WETH, 10**15).fee_paid == 10**13


def test_quote__nothing__nothing() -> None:
    found = quote(state(), pair(), USDC, 0)
    assert (found.amount_out, found.amount_in_used, found.fee_paid) == (0, 0, 0)


def test_quote__one_base_unit__all_of_it_fee() -> None:
    assert quote(state(), pair(), USDC, 1).fee_paid == 1


@given(reserves, reserves, st.integers(1, UINT112_MAX), st.booleans())
def test_quote_exact_out__what_it_takes__gives_at_least_that(
    reserve0: int, reserve1: int, wanted: int, reverse: bool
) -> None:
    of, sold = state(reserve0, reserve1), WETH if reverse else USDC
    try:
        found = quote_exact_out(of, pair(), sold, wanted)
    except NoRoute:
        return
    assert found.amount_out == wanted
    assert quote(of, pair(), sold, found.amount_in_used).amount_out >= wanted


@given(reserves, reserves, st.integers(0, UINT112_MAX), st.booleans())
def test_quote__whatever_is_sold__product_never_falls(
    reserve0: int, reserve1: int, amount: int, reverse: bool
) -> None:
    of, sold = state(reserve0, reserve1), WETH if reverse else USDC
    try:
        found = quote(of, pair(), sold, amount)
    except NoRoute:
        return
    at = (reserve1, reserve0) if reverse else (reserve0, reserve1)
    assert (at[0] + amount) * (at[1] - found.amount_out) >= reserve0 * reserve1


def test_quote__equals_what_applying_moves() -> None:
    market, of = pair(), state()
    sale = Swap(ALICE, market.id, USDC, WETH, 10**9, 0, FOREVER, BOB)
    purchase = SwapExactOut(ALICE, market.id, USDC, WETH, 10**15, 10**30, FOREVER, BOB)
    for action, found in (
        (sale, quote(of, market, USDC, 10**9)),
        (purchase, quote_exact_out(of, market, USDC, 10**15)),
    ):
        done = ADAPTER.apply(states(market, of), action)
        assert isinstance(done, Applied)
        assert [each.raw for each in done.movements] == [found.amount_in_used, found.amount_out]


# ----------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize("of", [state(0, 0), state(0, 5), state(5, 0)])
def test_quote__empty_or_one_sided__no_price(of: object) -> None:
    for asked in (quote, quote_exact_out):
        with pytest.raises(NoRoute, match="no price: there is no liquidity"):
            asked(of, pair(), USDC, 1)  # type: ignore[arg-type]
    with pytest.raises(NoRoute, match="no price"):
        spot_price(of, pair())  # type: ignore[arg-type]


def test_quote__more_than_there_is_room_for__refused_and_one_less_not() -> None:
    room = UINT112_MAX - 10**18
    assert quote(state(), pair(), WETH, room).amount_in_used == room
    with pytest.raises(NoRoute, match=f"has room for {room}"):
        quote(state(), pair(), WETH, room + 1)


def test_quote_exact_out__all_there_is__refused() -> None:
    with pytest.raises(NoRoute, match="it has 1000000000000000000, and gives less"):
        quote_exact_out(state(), pair(), USDC, 10**18)


def test_quote_exact_out__payment_does_not_fit__refused() -> None:
    with pytest.raises(NoRoute, match="cannot take"):
        quote_exact_out(state(2**100, 2**100), pair(), USDC, 2**100 - 1)


def test_quote__negative__refused() -> None:
    with pytest.raises(ValueError, match="-1 cannot be sold"):
        quote(state(), pair(), USDC, -1)
    with pytest.raises(ValueError, match="-1 cannot be bought"):
        quote_exact_out(state(), pair(), USDC, -1)


def test_quote__token_of_another_pair__refused() -> None:
    with pytest.raises(NoRoute, match="trades USDC and WETH, not DAI"):
        quote(state(), pair(), DAI, 1)


@pytest.mark.parametrize("parts", [(0, 1, 1), (1, 0, 1), (2, 1, 1), (1, 2, 1), (1, 1, 2**32)])
def test_fee__no_share_of_the_whole__refused(parts: tuple[int, int, int]) -> None:
    with pytest.raises(ConfigError, match="such as 997 of 1000"):
        Fee(*parts)


@pytest.mark.parametrize("parts", [(1, 2, 2), (2, 1, 2), (MOST_PARTS, 1, MOST_PARTS)])
def test_fee__any_share_of_the_whole__kept_of_its_token(parts: tuple[int, int, int]) -> None:
    fee = Fee(*parts)
    assert (fee.kept(zero_for_one=True), fee.kept(zero_for_one=False)) == parts[:2]
    assert MOST_PARTS == 2**32 - 1


def test_spot_price__reserves__their_ratio() -> None:
    assert spot_price(state(), pair()) == Fraction(10**18, 2_000 * 10**6)


# ------------------------------------------------------------------------------------ holdings


def test_holdings__no_shares__none() -> None:
    assert ADAPTER.holdings(states(pair(), state()), pair(), BOB) == ()


@given(
    owned=st.integers(1, 10**12),
    held=st.just(0) | st.integers(0, 10**12),
    k_last=st.sampled_from([0, 10**20, 10**26, 2 * 10**27]),
    more=st.just((0, 0)) | st.tuples(st.integers(0, 10**6), st.integers(0, 10**15)),
)
def test_holdings__whatever_stands__what_removing_all_gives_at_least(
    owned: int, held: int, k_last: int, more: tuple[int, int]
) -> None:
    market = pair()
    shares = Shares(44_721_359_549_995, {ALICE: owned, BOB: 0}, {(ALICE, market.router): 2**200})
    of = state(k_last=k_last, fee_to=BOB, held=held, shares=shares)
    before = states(market, of, more)
    found = ADAPTER.holdings(before, market, ALICE)
    assert [each.place for each in found] == [pooled(market.id, each) for each in market.tokens]
    assert {each.shares for each in found} == {owned}
    out = RemoveLiquidity(ALICE, market.id, market.tokens, owned, (0, 0), FOREVER, ALICE)
    done = ADAPTER.apply(before, out)
    if isinstance(done, Applied):
        gained = [moved.raw - each.raw for moved, each in zip(done.movements, found, strict=True)]
        assert min(gained) >= 0
        assert any(gained) is False or held or any(more)
    else:
        assert done.reason == "UniswapV2: INSUFFICIENT_LIQUIDITY_BURNED"
        assert 0 in [each.raw for each in found]


def test_amounts_of__no_shares__nothing_of_an_empty_pair() -> None:
    assert amounts_of(state(0, 0, shares=Shares(0, {}, {})), 0) == (0, 0)


def test_audits__account__the_shares_for_each_token() -> None:
    market = pair()
    audits = ADAPTER.audits(market, None, ALICE)
    assert [each.place for each in audits] == [pooled(market.id, each) for each in market.tokens]
    assert {each.read.to for each in audits} == {market.address}
