from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.protocols.uniswap_v3.pools import (
    PLAIN,
    POOL,
    TOKEN0,
    TOKEN1,
    UNPRICED,
    WHOLE,
    account,
    pool_state,
)
from trimtab.core.errors import NoRoute
from trimtab.core.token import Token
from trimtab.protocols.shared.ticks import Q96, sqrt_price_at_tick
from trimtab.protocols.uniswap_v3 import (
    Quote,
    amount_to_price,
    quote,
    quote_exact_out,
    spot_price,
)
from trimtab.protocols.uniswap_v3.model.swap import HIGHEST_LIMIT, INT256_MAX, LOWEST_LIMIT

# No gap in liquidity between -6000 and 6000.
LADDER = pool_state(
    (-6_000, 6_000, 10**17), (-1_200, 600, 10**18), (-60, 120, 3 * 10**18), (1_200, 2_400, 10**16)
)
TICKS = st.integers(-6_000, 5_999)


def test_quote__nothing__nothing() -> None:
    assert quote(PLAIN, POOL, TOKEN0, 0) == Quote(0, 0, 0, Q96)


@given(TICKS, st.integers(-(10**6), 10**6))
def test_amount_to_price__any_price_with_liquidity__least_that_reaches_it(
    tick: int, off: int
) -> None:
    target = max(sqrt_price_at_tick(tick) + off, sqrt_price_at_tick(-6_000))
    token, amount = amount_to_price(LADDER, POOL, target)
    if amount == 0:
        assert target == LADDER.sqrt_price_x96
        return
    is_down = token == TOKEN0
    assert is_down == (target < LADDER.sqrt_price_x96)
    reached = quote(LADDER, POOL, token, amount).sqrt_price_after
    short = quote(LADDER, POOL, token, amount - 1).sqrt_price_after
    assert reached <= target < short if is_down else short < target <= reached


def test_amount_to_price__beyond_the_liquidity__what_the_pool_takes() -> None:
    token, amount = amount_to_price(LADDER, POOL, sqrt_price_at_tick(-9_000))
    used = quote(LADDER, POOL, token, INT256_MAX)
    assert (token, amount) == (TOKEN0, used.amount_in_used)
    assert used.sqrt_price_after == LOWEST_LIMIT


def test_amount_to_price__the_price_itself__nothing_of_token0() -> None:
    assert amount_to_price(PLAIN, POOL, Q96) == (TOKEN0, 0)


def test_amount_to_price__last_prices_there_are__answered() -> None:
    assert amount_to_price(PLAIN, POOL, LOWEST_LIMIT)[0] == TOKEN0
    assert amount_to_price(PLAIN, POOL, HIGHEST_LIMIT)[0] == TOKEN1


@pytest.mark.parametrize("target", [LOWEST_LIMIT - 1, HIGHEST_LIMIT + 1])
def test_amount_to_price__no_swap_gets_there__refused(target: int) -> None:
    with pytest.raises(ValueError, match="no swap reaches it"):
        amount_to_price(PLAIN, POOL, target)


@given(st.integers(1, 10**18), st.booleans())
def test_quote__any_amount__out_is_under_the_spot_price_of_what_the_fee_leaves(
    amount: int, sells_token0: bool
) -> None:
    token = TOKEN0 if sells_token0 else TOKEN1
    found = quote(LADDER, POOL, token, amount)
    price = spot_price(LADDER, POOL) if sells_token0 else 1 / spot_price(LADDER, POOL)
    assert found.amount_in_used <= amount
    assert found.amount_out <= (found.amount_in_used - found.fee_paid) * price
    assert found.fee_paid * 10**6 >= found.amount_in_used * POOL.fee


def test_spot_price__four_times__token1_per_token0() -> None:
    state = pool_state((-60_000, 60_000, WHOLE), price=2 * Q96)
    assert spot_price(state, POOL) == Fraction(4)


def test_quote__no_price_yet__no_route() -> None:
    for ask in (
        lambda: quote(UNPRICED, POOL, TOKEN0, 1),
        lambda: quote_exact_out(UNPRICED, POOL, TOKEN0, 1),
        lambda: amount_to_price(UNPRICED, POOL, Q96),
        lambda: spot_price(UNPRICED, POOL),
    ):
        with pytest.raises(NoRoute, match="nobody has initialised it"):
            ask()


def test_quote__token_of_another_pool__no_route() -> None:
    with pytest.raises(NoRoute, match="not OTHER"):
        quote(PLAIN, POOL, Token(1, account("9"), 18, "OTHER"), 1)


@pytest.mark.parametrize("amount", [-1, INT256_MAX + 1])
def test_quote__amount_that_no_call_can_name__refused(amount: int) -> None:
    with pytest.raises(ValueError, match="cannot be sold"):
        quote(PLAIN, POOL, TOKEN0, amount)


@given(st.integers(1, 10**18), st.booleans())
def test_quote_exact_out__what_a_sale_gives__takes_no_more_than_the_sale(
    amount: int, sells_token0: bool
) -> None:
    token = TOKEN0 if sells_token0 else TOKEN1
    sold = quote(LADDER, POOL, token, amount)
    bought = quote_exact_out(LADDER, POOL, token, sold.amount_out)
    assert bought.amount_out == sold.amount_out
    assert bought.amount_in_used <= sold.amount_in_used
    more = quote_exact_out(LADDER, POOL, token, sold.amount_out + 1)
    assert more.amount_out == sold.amount_out or more.amount_in_used > sold.amount_in_used - 2


def test_quote_exact_out__more_than_there_is__what_there_is() -> None:
    most = quote(LADDER, POOL, TOKEN0, INT256_MAX)
    assert quote_exact_out(LADDER, POOL, TOKEN0, INT256_MAX) == most


@pytest.mark.parametrize("amount", [-1, INT256_MAX + 1])
def test_quote_exact_out__amount_that_no_call_can_name__refused(amount: int) -> None:
    with pytest.raises(ValueError, match="cannot be bought"):
        quote_exact_out(PLAIN, POOL, TOKEN0, amount)
