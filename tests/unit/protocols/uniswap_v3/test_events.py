from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.protocols.uniswap_v3.pools import (
    NOW,
    PLAIN,
    POOL,
    UNPRICED,
    WHOLE,
    pool_state,
)
from trimtab.core.abi import Log, topic, word
from trimtab.protocols.shared.ticks import (
    MAX_SQRT_PRICE,
    MIN_SQRT_PRICE,
    Q96,
    sqrt_price_at_tick,
    tick_at_sqrt_price,
)
from trimtab.protocols.uniswap_v3 import (
    PoolState,
    TickState,
    UniswapV3Adapter,
    amount_to_price,
)
from trimtab.protocols.uniswap_v3.market import bitmap_words
from trimtab.protocols.uniswap_v3.model.events import swapped
from trimtab.protocols.uniswap_v3.model.liquidity import liquidity_changed
from trimtab.protocols.uniswap_v3.model.step import (
    amount0_delta_up,
    next_sqrt_price_from_amount0_up,
)
from trimtab.protocols.uniswap_v3.model.swap import last_price, swap
from trimtab.protocols.uniswap_v3.model.walk import Q128

ADAPTER = UniswapV3Adapter()
SWAP = "Swap(address,address,int256,int256,uint160,uint128,int24)"
MINT = "Mint(address,address,int24,int24,uint128,uint256,uint256)"
BURN = "Burn(address,int24,int24,uint128,uint256,uint256)"
LADDER = pool_state((-6_000, 6_000, 10**17), (-60, 120, 3 * 10**18), (1_200, 2_400, 10**16))
GROWN = replace(LADDER, fee_growth_global0=11, fee_growth_global1=13)
FEED_PROTOCOL = replace(LADDER, fee_protocol=0x74)


def log(signature: str, *data: int, indexed: tuple[int, ...] = ()) -> Log:
    topics = (topic(signature), *map(word, indexed))
    return Log(POOL.address, topics, b"".join(map(word, data)), 1, NOW, "0x1", 0)


@pytest.mark.parametrize("lower, upper, gained", [(-600, 60, 5), (0, 60, 5), (-60, 0, 0)])
def test_mint__around_beside_and_at_the_tick__liquidity_where_in_range(
    lower: int, upper: int, gained: int
) -> None:
    state = ADAPTER.observe(LADDER, log(MINT, 7, 5, 1, 1, indexed=(1, lower, upper)))
    assert state.liquidity == LADDER.liquidity + gained
    assert lower in state.initialized
    assert list(state.initialized) == sorted(state.ticks)


def test_mint__new_ticks__growth_below_the_price_is_outside() -> None:
    state = liquidity_changed(GROWN, 0, 600, 5)
    assert state.ticks[0] == TickState(5, 5, 11, 13)
    assert state.ticks[600] == TickState(5, -5, 0, 0)


def test_mint__tick_that_is_there__keeps_its_growth() -> None:
    state = liquidity_changed(GROWN, -60, 120, 5)
    assert state.ticks[-60] == TickState(3 * 10**18 + 5, 3 * 10**18 + 5, 0, 0)
    assert state.ticks[120] == TickState(3 * 10**18 + 5, -3 * 10**18 - 5, 0, 0)
    assert state.initialized == GROWN.initialized


def test_burn__all_of_a_position__clears_its_ticks() -> None:
    burn = log(BURN, 3 * 10**18, 1, 1, indexed=(1, -60, 120))
    state = ADAPTER.observe(LADDER, burn)
    assert state.initialized == (-6_000, 1_200, 2_400, 6_000)
    assert state.initialized == tuple(sorted(state.ticks))
    assert state.liquidity == 10**17


def test_burn__nothing__changes_nothing() -> None:
    assert ADAPTER.observe(LADDER, log(BURN, 0, 0, 0, indexed=(1, -180, 180))) is LADDER


def test_burn__of_more_than_there_is__unread() -> None:
    burn = log(BURN, 10**30, 1, 1, indexed=(1, -60, 120))
    assert ADAPTER.observe(LADDER, burn) == LADDER.unread()


def test_burn__one_unit_more_than_there_is__unread() -> None:
    burn = log(BURN, 3 * 10**18 + 1, 1, 1, indexed=(1, -60, 120))
    assert ADAPTER.observe(LADDER, burn) == LADDER.unread()


def sold(state: PoolState, zero_for_one: bool, amount: int, limit: int) -> tuple[Log, PoolState]:
    """The event of a swap, and the pool after it."""
    walk = swap(state, zero_for_one, amount, limit)
    amounts = walk.amount_in, -walk.amount_out
    amount0, amount1 = amounts if zero_for_one else amounts[::-1]
    event = log(SWAP, amount0, amount1, walk.price, walk.liquidity, walk.tick, indexed=(1, 1))
    return event, walk.arrived(state)


@given(
    st.lists(st.tuples(st.booleans(), st.integers(1, 10**18), st.integers(-7_000, 7_000))),
    st.sampled_from([LADDER, FEED_PROTOCOL, GROWN]),
)
def test_swap__any_in_a_row__walked_again_to_the_last_unit(
    sales: list[tuple[bool, int, int]], state: PoolState
) -> None:
    followed = state
    for zero_for_one, amount, tick in sales:
        limit = sqrt_price_at_tick(tick)
        if limit >= state.sqrt_price_x96 if zero_for_one else limit <= state.sqrt_price_x96:
            continue
        event, state = sold(state, zero_for_one, amount, limit)
        followed = ADAPTER.observe(followed, event)
        assert followed == state


@pytest.mark.parametrize("tick", [-60, -15_360, 120, 15_300], ids=lambda tick: f"to {tick}")
@pytest.mark.parametrize("dust", [0, 1, 10**6])
def test_swap__onto_a_tick_or_the_end_of_a_word__walked_again(tick: int, dust: int) -> None:
    state = liquidity_changed(LADDER, -60_000, 60_000, 10**16)
    token, amount = amount_to_price(state, POOL, sqrt_price_at_tick(tick))
    event, after = sold(state, token == POOL.token0, amount + dust, last_price(tick < 0))
    assert (after.sqrt_price_x96 == sqrt_price_at_tick(tick)) == (dust <= 1)
    assert ADAPTER.observe(state, event) == after


@pytest.mark.parametrize("zero_for_one", [True, False])
def test_swap__too_little_to_move_the_price__walked_again(zero_for_one: bool) -> None:
    event, after = sold(LADDER, zero_for_one, 1, last_price(zero_for_one))
    assert after.sqrt_price_x96 == LADDER.sqrt_price_x96
    assert ADAPTER.observe(LADDER, event) == after


@pytest.mark.parametrize("tick", [-9_000, 9_000])
def test_swap__where_no_liquidity_is__walked_again_for_nothing(tick: int) -> None:
    state = pool_state((-20_000, -18_000, WHOLE), (18_000, 20_000, WHOLE))
    event, after = sold(state, tick < 0, WHOLE, sqrt_price_at_tick(tick))
    assert event.data[:64] == bytes(64)
    assert after.tick == tick
    assert ADAPTER.observe(state, event) == after


def event_of(walk_amount: int) -> tuple[int, int, int, int, int, int]:
    walk = swap(LADDER, True, walk_amount, sqrt_price_at_tick(-5_000))
    return walk.amount_in, -walk.amount_out, walk.price, walk.liquidity, walk.tick, NOW


@pytest.mark.parametrize("at, off", [(0, -(10**15)), (2, -Q96 // 100), (2, Q96), (3, 1), (4, 1)])
def test_swap__contradicting_the_state__unread(at: int, off: int) -> None:
    event = list(event_of(10**17))
    assert swapped(LADDER, *event).is_whole
    event[at] += off
    assert swapped(LADDER, *event) == LADDER.unread()


@pytest.mark.parametrize(
    "amounts, price",
    [
        ((2**200, -5), MIN_SQRT_PRICE),
        ((2**200, -5), 0),
        ((-5, 2**200), MAX_SQRT_PRICE),
        ((-5, 2**200), 2**160 - 1),
    ],
)
def test_swap__ends_where_none_can__unread(amounts: tuple[int, int], price: int) -> None:
    assert swapped(LADDER, *amounts, price, 0, 0, NOW) == LADDER.unread()


def test_swap__paid_one_unit_less_than_its_price_takes__unread() -> None:
    _, out, price, liquidity, tick, _ = event_of(10**9)
    least = amount0_delta_up(price, LADDER.sqrt_price_x96, LADDER.liquidity)
    assert swapped(LADDER, least, out, price, liquidity, tick, NOW).is_whole
    assert swapped(LADDER, least - 1, out, price, liquidity, tick, NOW) == LADDER.unread()


def test_swap__one_unit_of_token1_in_and_a_lower_price__unread() -> None:
    thin = pool_state((-6_000, 6_000, 10**6))
    price = next_sqrt_price_from_amount0_up(Q96, thin.liquidity, 1)
    after = (price, thin.liquidity, tick_at_sqrt_price(price), NOW)
    assert price < Q96
    assert swapped(thin, 1, 0, *after).is_whole
    assert swapped(thin, 0, 1, *after) == thin.unread()


def test_initialize__pool_without_price__gets_it() -> None:
    state = ADAPTER.observe(UNPRICED, log("Initialize(uint160,int24)", 3 * Q96, -7))
    assert (state.sqrt_price_x96, state.tick) == (3 * Q96, -7)


def test_flash__paid_fees__grow_less_the_protocols_part() -> None:
    paid = log(
        "Flash(address,address,uint256,uint256,uint256,uint256)", 9, 9, 41, 70, indexed=(1, 1)
    )
    state = ADAPTER.observe(FEED_PROTOCOL, paid)
    assert (state.protocol_fees0, state.protocol_fees1) == (10, 10)
    assert state.fee_growth_global0 == 31 * Q128 // LADDER.liquidity
    assert state.fee_growth_global1 == 60 * Q128 // LADDER.liquidity


def test_flash__sums_past_their_words__wrap() -> None:
    state = replace(
        FEED_PROTOCOL,
        fee_growth_global0=2**256 - 1,
        fee_growth_global1=2**256 - 1,
        protocol_fees0=2**128 - 1,
        protocol_fees1=2**128 - 1,
    )
    paid = log(
        "Flash(address,address,uint256,uint256,uint256,uint256)", 9, 9, 41, 70, indexed=(1, 1)
    )
    state = ADAPTER.observe(state, paid)
    assert (state.protocol_fees0, state.protocol_fees1) == (9, 9)
    assert state.fee_growth_global0 == 31 * Q128 // LADDER.liquidity - 1
    assert state.fee_growth_global1 == 60 * Q128 // LADDER.liquidity - 1


def test_flash__nothing_paid_where_no_liquidity_is__changes_nothing() -> None:
    dry = pool_state()
    paid = log("Flash(address,address,uint256,uint256,uint256,uint256)", 0, 0, 0, 0)
    assert ADAPTER.observe(dry, paid) == dry


def test_protocol_fees__set_and_collected__followed() -> None:
    state = ADAPTER.observe(LADDER, log("SetFeeProtocol(uint8,uint8,uint8,uint8)", 0, 0, 4, 7))
    assert state.fee_protocol == 0x74
    rich = replace(state, protocol_fees0=50, protocol_fees1=60)
    collected = log("CollectProtocol(address,address,uint128,uint128)", 49, 1, indexed=(1, 1))
    state = ADAPTER.observe(rich, collected)
    assert (state.protocol_fees0, state.protocol_fees1) == (1, 59)


def test_observe__event_that_leaves_the_pool_alone__passed_over() -> None:
    strange = log("Transfer(address,address,uint256)", 1, indexed=(1, 1))
    assert ADAPTER.observe(PLAIN, strange) is PLAIN
    assert ADAPTER.observe(PLAIN, replace(strange, topics=())) is PLAIN


def test_observe__state_that_is_not_whole__unread() -> None:
    partly = replace(PLAIN, ticks={})
    mint = log(MINT, 7, WHOLE, 1, 1, indexed=(1, -60, 60))
    assert ADAPTER.observe(partly, mint) == PLAIN.unread()
    assert PLAIN.unread().missing_words == bitmap_words(60)
