"""What kernels of pools refuse, and how they hold more than they had room for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.unit.protocols.uniswap_v3.pools import UNPRICED, pool_state
from trimtab.core.errors import DataError, MissingRead, NoRoute
from trimtab.protocols.shared.limbs import packed
from trimtab.protocols.shared.ticks import MAX_SQRT_PRICE, MAX_TICK, MIN_SQRT_PRICE, Q96
from trimtab.protocols.uniswap_v3 import PoolState
from trimtab.protocols.uniswap_v3.market import Oracle
from trimtab.protocols.uniswap_v3.maths import (
    FollowedPool,
    LiquidityChanged,
    PoolQuotes,
    Swapped,
    event_rows,
)
from trimtab.protocols.uniswap_v3.model.liquidity import liquidity_changed
from trimtab.protocols.uniswap_v3.model.swap import last_price, swap

LADDER = pool_state((-6_000, 6_000, 10**17), (-60, 120, 3 * 10**18), (1_200, 2_400, 10**16))
MANY = 200
TOO_MUCH = LiquidityChanged(-60, 120, -4 * 10**18)


def given(state: PoolState, zero_for_one: bool, amount: int) -> int:
    return swap(state, zero_for_one, amount, last_price(zero_for_one)).amount_out


@pytest.mark.parametrize("made", [PoolQuotes, FollowedPool])
@pytest.mark.parametrize(
    "state", [replace(LADDER, missing_words=(3,)), replace(LADDER, ticks={}), LADDER.unread()]
)
def test_kernels__part_of_the_ticks_unread__missing_read(
    made: Callable[[PoolState], object], state: PoolState
) -> None:
    with pytest.raises(MissingRead, match="are unread"):
        made(state)


def test_quotes__pool_without_a_price__no_route() -> None:
    with pytest.raises(NoRoute, match="has no price"):
        PoolQuotes(UNPRICED)


def test_quotes__lowest_price__no_token0_sold() -> None:
    quotes = PoolQuotes(pool_state((-6_000, 6_000, 10**17), price=MIN_SQRT_PRICE))
    with pytest.raises(NoRoute, match="lowest price"):
        quotes.amount_out(True, 1)
    assert quotes.amount_out(False, 1) == 0


def test_quotes__ticks_that_contradict_the_liquidity__refused() -> None:
    with pytest.raises(DataError, match="contradict"):
        PoolQuotes(replace(LADDER, liquidity=5))


@pytest.mark.parametrize("amount", [2**255, 2**256 - 1, -(2**255)])
def test_quote__amount_of_256_bits__refused(amount: int) -> None:
    quotes = PoolQuotes(LADDER)
    with pytest.raises(ValueError, match="cannot be swapped"):
        quotes.quote(True, amount)
    with pytest.raises(ValueError, match="cannot be swapped"):
        quotes.sold(True, packed([1, abs(amount)]))


@pytest.mark.parametrize("zero_for_one, limit", [(True, Q96 + 1), (False, Q96 - 1), (True, 0)])
def test_quote__limit_behind_or_no_price__refused(zero_for_one: bool, limit: int) -> None:
    quotes = PoolQuotes(LADDER)
    with pytest.raises(ValueError, match="does not lie ahead"):
        quotes.quote(zero_for_one, 1, limit)
    with pytest.raises(ValueError, match="does not lie ahead"):
        quotes.bought(zero_for_one, packed([1]), packed([limit]))


def test_sold__without_fees__none_to_be_had() -> None:
    found = PoolQuotes(LADDER).sold(True, packed([10**12]))
    assert found.fee is None
    with pytest.raises(ValueError, match="fees=True"):
        found.integers()


def test_sold__no_amounts__none() -> None:
    assert PoolQuotes(LADDER).sold(True, packed([]), fees=True).integers() == []


def test_quotes__many_mints__more_room_and_still_exact() -> None:
    quotes, state = PoolQuotes(LADDER), LADDER
    for at in range(1, MANY):
        quotes.liquidity_changed(-60 * at, 60 * at, 10**15 + at)
        state = liquidity_changed(state, -60 * at, 60 * at, 10**15 + at)
    for zero_for_one in (True, False):
        assert quotes.amount_out(zero_for_one, 10**17) == given(state, zero_for_one, 10**17)


@pytest.mark.parametrize("lower, upper", [(0, 60), (-60, 0), (-60, 60), (60, 180), (-180, -60)])
def test_quotes__mint_around_at_and_beside_the_tick__as_the_model(lower: int, upper: int) -> None:
    assert LADDER.tick == 0
    quotes, state = PoolQuotes(LADDER), liquidity_changed(LADDER, lower, upper, 10**18)
    quotes.liquidity_changed(lower, upper, 10**18)
    for zero_for_one in (True, False):
        assert quotes.amount_out(zero_for_one, 10**15) == given(state, zero_for_one, 10**15)


def test_quotes__burn_of_more_than_there_is__refused_from_then_on() -> None:
    quotes = PoolQuotes(LADDER)
    with pytest.raises(DataError, match="contradicts"):
        quotes.liquidity_changed(TOO_MUCH.lower, TOO_MUCH.upper, TOO_MUCH.change)
    with pytest.raises(DataError, match="contradicted"):
        quotes.amount_out(True, 1)


@pytest.mark.parametrize(
    "lower, upper, change", [(60, 60, 1), (120, 60, 1), (0, MAX_TICK + 1, 1), (0, 60, 2**128)]
)
def test_quotes__range_that_is_none__refused(lower: int, upper: int, change: int) -> None:
    with pytest.raises(DataError, match="no pool has"):
        PoolQuotes(LADDER).liquidity_changed(lower, upper, change)


@pytest.mark.parametrize("price, tick", [(MIN_SQRT_PRICE - 1, 0), (2**160, 0), (Q96, MAX_TICK)])
def test_quotes__price_that_no_pool_has__refused(price: int, tick: int) -> None:
    with pytest.raises(DataError, match="no pool stands"):
        PoolQuotes(LADDER).swapped(price, 1, tick)


def test_followed__many_mints__more_room_and_the_ticks_of_the_model() -> None:
    followed, state = FollowedPool(LADDER), LADDER
    events = [LiquidityChanged(-60 * at, 60 * at, at) for at in range(1, MANY)]
    for event in events:
        state = liquidity_changed(state, event.lower, event.upper, event.change)
    for part in (events[:3], events[3:]):
        assert followed.advance(event_rows(part)) == len(part)
    assert followed.state == replace(state, oracle=LADDER.oracle.unread())


def test_followed__event_that_contradicts__those_before_and_nothing_after() -> None:
    walk = swap(LADDER, True, 10**15, last_price(True))
    true = Swapped(walk.amount_in, -walk.amount_out, walk.price, walk.liquidity, walk.tick)
    followed = FollowedPool(LADDER)
    assert followed.advance(event_rows([true, TOO_MUCH, true])) == 1
    expected = replace(walk.arrived(LADDER).unread(), oracle=Oracle())
    assert replace(followed.state, oracle=Oracle()) == expected
    with pytest.raises(MissingRead, match="contradicted"):
        followed.advance(event_rows([true]))


@pytest.mark.parametrize(
    "amounts, price",
    [((2**200, -5), MIN_SQRT_PRICE), ((-5, 2**200), MAX_SQRT_PRICE)],
)
def test_followed__swap_that_ends_where_none_can__none_followed(
    amounts: tuple[int, int], price: int
) -> None:
    followed = FollowedPool(LADDER)
    assert followed.advance(event_rows([Swapped(*amounts, price, 0, 0)])) == 0
