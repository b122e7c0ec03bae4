from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.protocols.uniswap_v3.pools import WHOLE, pool_state
from trimtab.core.errors import MissingRead
from trimtab.protocols.shared.ticks import MAX_TICK, MIN_TICK, Q96, sqrt_price_at_tick
from trimtab.protocols.uniswap_v3 import PoolState
from trimtab.protocols.uniswap_v3.market import TickState, bitmap_words
from trimtab.protocols.uniswap_v3.model.step import amount0_delta_up, amount1_delta_up, fee_up
from trimtab.protocols.uniswap_v3.model.swap import INT256_MAX, swap
from trimtab.protocols.uniswap_v3.model.walk import Q128, Walk, next_tick

UINT256 = 2**256


def by_bitmap(ticks: frozenset[int], tick: int, spacing: int, down: bool) -> tuple[int, bool]:
    """The contract's search, bit by bit."""
    at = tick // spacing
    upwards = range(at + 1, (at + 1 >> 8 << 8) + 256)
    steps = range(at, (at >> 8 << 8) - 1, -1) if down else upwards
    found = next((step * spacing for step in steps if step * spacing in ticks), None)
    bounded = min(max(steps[-1] * spacing, MIN_TICK), MAX_TICK)
    return (bounded, False) if found is None else (found, True)


@given(
    st.sampled_from([1, 10, 60, 200]),
    st.frozensets(st.integers(-4_436, 4_436), max_size=12),
    st.integers(MIN_TICK, MAX_TICK - 1),
    st.booleans(),
    st.booleans(),
)
def test_next_tick__any_bitmap__as_bit_by_bit(
    spacing: int, compressed: frozenset[int], tick: int, near: bool, down: bool
) -> None:
    ticks = frozenset(at * spacing for at in compressed)
    if near:
        tick = tick % (8_872 * spacing) - 4_436 * spacing
        tick = min(max(tick, MIN_TICK), MAX_TICK - 1)
    assert next_tick(sorted(ticks), tick, spacing, down) == by_bitmap(ticks, tick, spacing, down)


@pytest.mark.parametrize(
    "tick, down, expected",
    [
        (0, True, (0, True)),  # the tick itself counts downwards
        (0, False, (60, True)),  # and not upwards
        (-1, True, (-256 * 60, False)),  # the word ends at its first tick
        (60, False, (255 * 60, False)),  # and at its last
        (254 * 60, False, (255 * 60, False)),
        (255 * 60, False, (511 * 60, False)),  # from the last, the next word's last
        (-256 * 60 - 1, True, (-512 * 60, False)),
        (MIN_TICK + 10, True, (MIN_TICK, False)),
        (MAX_TICK - 10, False, (MAX_TICK, False)),
    ],
)
def test_next_tick__word_boundaries__exact(
    tick: int, down: bool, expected: tuple[int, bool]
) -> None:
    assert next_tick((0, 60), tick, 60, down) == expected


def walked(state: PoolState, tick: int) -> Walk:
    """A swap, as large as can be, that stops at a tick."""
    return swap(state, tick <= state.tick, INT256_MAX, sqrt_price_at_tick(tick))


@pytest.mark.parametrize("direction", [-1, 1])
def test_walk__over_the_end_of_a_word__rounds_in_each_of_both(direction: int) -> None:
    liquidity = 12_345_678_901_234_567
    state = pool_state((-60_000, 60_000, liquidity))
    boundary = -256 * 60 if direction < 0 else 255 * 60
    end = boundary + direction * 60
    near, middle, far = Q96, sqrt_price_at_tick(boundary), sqrt_price_at_tick(end)

    def cost(start: int, stop: int) -> int:
        delta = amount0_delta_up if direction < 0 else amount1_delta_up
        raw = delta(min(start, stop), max(start, stop), liquidity)
        return raw + fee_up(raw, 3_000)

    walk = walked(state, end)
    # Downwards the first word ends at tick 0 itself, where nothing moves.
    assert walk.amount_in == cost(near, middle) + cost(middle, far)
    assert walk.amount_in != cost(near, far)


@pytest.mark.parametrize("tick, after, gained", [(-60, -61, 7), (60, 60, -7)])
def test_walk__to_an_initialised_tick__crosses_it(tick: int, after: int, gained: int) -> None:
    inner, outer = 7 * WHOLE, 5 * WHOLE
    position = (-120, -60, inner) if tick < 0 else (-60, 60, inner)
    state = pool_state((-600, 600, outer), position)
    walk = walked(state, tick)
    assert walk.price == sqrt_price_at_tick(tick)
    assert walk.tick == after
    assert walk.liquidity == state.liquidity + gained * WHOLE
    assert [crossed for crossed, _ in walk.crossed] == [tick]


def test_walk__one_price_short_of_a_tick__does_not_cross_it() -> None:
    state = pool_state((-600, 600, WHOLE), (-60, 60, WHOLE))
    down = swap(state, True, INT256_MAX, sqrt_price_at_tick(-60) + 1)
    up = swap(state, False, INT256_MAX, sqrt_price_at_tick(60) - 1)
    assert (down.tick, up.tick) == (-60, 59)
    assert (down.crossed, up.crossed) == ([], [])
    assert down.liquidity == up.liquidity == 2 * WHOLE


def test_walk__back_over_the_tick_at_which_it_stands__crosses_it_without_moving() -> None:
    state = pool_state((-600, 600, WHOLE), (-60, 60, WHOLE))
    below = walked(state, -60).arrived(state)
    assert (below.tick, below.liquidity) == (-61, WHOLE)
    back = swap(below, False, 1, sqrt_price_at_tick(0))
    assert (back.tick, back.liquidity, back.price) == (-60, 2 * WHOLE, below.sqrt_price_x96)
    assert (back.amount_in, back.fees) == (1, 1)


def test_arrived__crossed_tick__fee_growth_outside_flips() -> None:
    state = pool_state((-600, 600, WHOLE), (-60, 60, WHOLE))
    marked = {
        **state.ticks,
        -60: TickState(WHOLE, WHOLE, 5, UINT256 - 3),
        60: TickState(WHOLE, -WHOLE, 9, 1),
    }
    state = replace(state, ticks=marked, fee_growth_global0=2, fee_growth_global1=4)
    down, up = walked(state, -60), walked(state, 60)
    growth0 = 2 + down.fees * Q128 // (2 * WHOLE)
    growth1 = 4 + up.fees * Q128 // (2 * WHOLE)
    after = down.arrived(state)
    assert (after.fee_growth_global0, after.fee_growth_global1) == (growth0, 4)
    assert after.ticks == {**marked, -60: TickState(WHOLE, WHOLE, growth0 - 5, 7)}
    after = up.arrived(state)
    assert (after.fee_growth_global0, after.fee_growth_global1) == (2, growth1)
    assert after.ticks == {**marked, 60: TickState(WHOLE, -WHOLE, UINT256 - 7, growth1 - 1)}


def test_arrived__fee_growth_past_its_word__wraps() -> None:
    state = replace(pool_state((-600, 600, WHOLE)), fee_growth_global1=UINT256 - 1)
    walk = swap(state, False, 10**6, sqrt_price_at_tick(600))
    assert walk.arrived(state).fee_growth_global1 == walk.fees * Q128 // WHOLE - 1


@pytest.mark.parametrize("packed, zero_for_one, divisor", [(0x54, True, 4), (0x54, False, 5)])
def test_arrived__protocol_fee__taken_first_and_rounded_down(
    packed: int, zero_for_one: bool, divisor: int
) -> None:
    state = replace(pool_state((-600, 600, WHOLE)), fee_protocol=packed, protocol_fees0=9)
    limit = sqrt_price_at_tick(-600 if zero_for_one else 600)
    walk = swap(state, zero_for_one, 1_000_003, limit)
    after = walk.arrived(state)
    owed = walk.fees // divisor
    assert walk.fees % divisor > 0
    assert after.protocol_fees0 == (9 + owed if zero_for_one else 9)
    assert after.protocol_fees1 == (0 if zero_for_one else owed)
    growth = after.fee_growth_global0 if zero_for_one else after.fee_growth_global1
    assert growth == (walk.fees - owed) * Q128 // WHOLE


@pytest.mark.parametrize("zero_for_one", [True, False])
def test_arrived__protocol_fees_past_their_128_bits__wrap(zero_for_one: bool) -> None:
    full = 2**128 - 1
    state = replace(
        pool_state((-600, 600, WHOLE)), fee_protocol=0x44, protocol_fees0=full, protocol_fees1=full
    )
    walk = swap(state, zero_for_one, 10**6, sqrt_price_at_tick(-600 if zero_for_one else 600))
    after, owed = walk.arrived(state), walk.fees // 4
    fees = after.protocol_fees0, after.protocol_fees1
    assert fees == ((owed - 1, full) if zero_for_one else (full, owed - 1))


def test_walk__beyond_the_last_position__runs_to_the_limit_for_nothing() -> None:
    state = pool_state((-60, 60, WHOLE))
    edge, end = walked(state, -60), walked(state, MIN_TICK + 5)
    assert end.amount_in == edge.amount_in
    assert (end.liquidity, end.price) == (0, sqrt_price_at_tick(MIN_TICK + 5))
    assert end.fee_growth == edge.fee_growth


def test_start__part_of_the_bitmap_unread__refused() -> None:
    with pytest.raises(MissingRead, match=f"{len(bitmap_words(60))} words"):
        Walk.start(pool_state().unread(), True)


def test_walk__unread_tick__refused_only_when_crossed() -> None:
    state = pool_state((-600, 600, WHOLE), (-60, 60, WHOLE))
    state = replace(state, ticks={at: tick for at, tick in state.ticks.items() if at != -60})
    assert walked(state, 600).price == sqrt_price_at_tick(600)
    with pytest.raises(MissingRead, match="tick -60 is initialised"):
        walked(state, -600)
