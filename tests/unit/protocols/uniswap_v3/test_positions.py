from dataclasses import replace
from fractions import Fraction
from math import ceil, floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.protocols.uniswap_v3.pools import (
    ACTOR,
    FRIEND,
    MINTER,
    NOW,
    PLAIN,
    POOL,
    UNPRICED,
    WHOLE,
    account,
    pool_state,
)
from trimtab.core.abi import Log, topic, word
from trimtab.core.errors import MissingRead
from trimtab.core.states import Reverted, reverted
from trimtab.protocols.shared.ticks import MAX_TICK, MIN_TICK, Q96, sqrt_price_at_tick
from trimtab.protocols.uniswap_v3 import (
    PoolState,
    PositionState,
    TickState,
    UniswapV3Adapter,
    amounts_of,
    cost_of,
    fees_owed,
    liquidity_for_amounts,
)
from trimtab.protocols.uniswap_v3.market import PositionKey
from trimtab.protocols.uniswap_v3.model.liquidity import most_per_tick
from trimtab.protocols.uniswap_v3.model.oracle import written
from trimtab.protocols.uniswap_v3.model.positions import burn, fee_growth_inside, mint
from trimtab.protocols.uniswap_v3.model.swap import swap
from trimtab.protocols.uniswap_v3.model.walk import Q128

ADAPTER = UniswapV3Adapter()
RANGE = (-60, 60)
KEY: PositionKey = (ACTOR, *RANGE)
MOST = most_per_tick(60)
MAX128 = 2**128 - 1


def minted(state: PoolState, key: PositionKey, liquidity: int) -> PoolState:
    done = mint(state, key, liquidity, NOW)
    assert not isinstance(done, Reverted)
    return done[0]


def burned(state: PoolState, key: PositionKey, liquidity: int) -> PoolState:
    done = burn(state, key, liquidity, NOW)
    assert not isinstance(done, Reverted)
    return done


def traded(state: PoolState, amount: int = WHOLE) -> PoolState:
    """The pool after a sale of each token in turn, neither of which leaves the range."""
    for zero_for_one, raw, tick in ((True, amount, -50), (False, 2 * amount, 50)):
        state = swap(state, zero_for_one, raw, sqrt_price_at_tick(tick)).arrived(state)
    return state


# ----------------------------------------------------------------------------------- amounts


@pytest.mark.parametrize("tick", [-6_001, -6_000, -5_999, 0, 5_999, 6_000, 6_001])
def test_amounts__price_beside_and_inside__of_the_part_on_either_side(tick: int) -> None:
    state = pool_state(price=sqrt_price_at_tick(tick))
    price = sqrt_price_at_tick(min(max(tick, -6_000), 6_000))
    below, above = sqrt_price_at_tick(-6_000), sqrt_price_at_tick(6_000)
    exact0 = Fraction(WHOLE * Q96 * (above - price), price * above)
    exact1 = Fraction(WHOLE * (price - below), Q96)
    found = amounts_of(state, (-6_000, 6_000), WHOLE)
    assert found == (floor(exact0), floor(exact1))
    assert cost_of(state, (-6_000, 6_000), WHOLE) == (ceil(exact0), ceil(exact1))
    assert (found[0] == 0) == (tick >= 6_000)
    assert (found[1] == 0) == (tick <= -6_000)


@given(
    st.integers(-70_000, 70_000),
    st.integers(-70_000, 69_999),
    st.integers(1, 30_000),
    st.integers(0, 2**100),
    st.integers(0, 2**100),
)
def test_liquidity_for_amounts__any__costs_no_more_and_one_more_would(
    tick: int, lower: int, width: int, amount0: int, amount1: int
) -> None:
    state = pool_state(price=sqrt_price_at_tick(tick))
    ticks, amounts = (lower, lower + width), (amount0, amount1)
    liquidity = liquidity_for_amounts(state, ticks, amounts)
    cost = cost_of(state, ticks, liquidity)
    assert all(paid <= most for paid, most in zip(cost, amounts, strict=True))
    # The product of the prices is rounded before it is multiplied: that costs a part of it.
    more = cost_of(state, ticks, liquidity + (liquidity >> 40) + 2)
    assert any(paid > most for paid, most in zip(more, amounts, strict=True))


def test_liquidity_for_amounts__roundings__as_of_the_periphery() -> None:
    ticks = (-60, 60)
    below, above = map(sqrt_price_at_tick, ticks)
    of0 = (10**9 + 7) * (Q96 * above // Q96) // (above - Q96)
    of1 = (10**9 + 7) * Q96 // (Q96 - below)
    assert liquidity_for_amounts(PLAIN, ticks, (10**9 + 7, 10**12)) == of0
    assert liquidity_for_amounts(PLAIN, ticks, (10**12, 10**9 + 7)) == of1
    beside = (600, 660)
    low, high = map(sqrt_price_at_tick, beside)
    alone = 10**40 * (low * high // Q96) // (high - low)
    assert liquidity_for_amounts(PLAIN, beside, (10**40, 0)) == alone
    assert alone != 10**40 * -(-low * high // Q96) // (high - low)
    low, high = map(sqrt_price_at_tick, (-660, -600))
    assert liquidity_for_amounts(PLAIN, (-660, -600), (0, 777)) == 777 * Q96 // (high - low)


def test_liquidity_for_amounts__no_width__refused() -> None:
    with pytest.raises(ValueError, match="no liquidity fits from tick 60 to 60"):
        liquidity_for_amounts(PLAIN, (60, 60), (1, 1))


# -------------------------------------------------------------------------------- fee growth


@pytest.mark.parametrize(
    "tick, expected",
    [(-70, (5 - 8, 7 - 9)), (-60, (100 - 5 - 8, 200 - 7 - 9)), (60, (8 - 5, 9 - 7))],
)
def test_fee_growth__below_inside_and_above__of_the_range_alone(
    tick: int, expected: tuple[int, int]
) -> None:
    state = replace(
        PLAIN,
        tick=tick,
        fee_growth_global0=100,
        fee_growth_global1=200,
        ticks={-60: TickState(1, 1, 5, 7), 60: TickState(1, -1, 8, 9)},
        initialized=(-60, 60),
    )
    assert fee_growth_inside(state, -60, 60) == tuple(each % 2**256 for each in expected)


def test_fee_growth__ticks_that_nobody_uses__none_outside() -> None:
    state = replace(PLAIN, fee_growth_global0=100, fee_growth_global1=200)
    assert fee_growth_inside(state, -60, 60) == (100, 200)
    assert fee_growth_inside(state, 60, 120) == (0, 0)


def test_fee_growth__unread_tick__refused() -> None:
    with pytest.raises(MissingRead, match="tick -60 is unread"):
        fee_growth_inside(PLAIN.unread(), -60, 60)


def test_fees__traded_in_range__its_share_of_them() -> None:
    state = minted(PLAIN, KEY, 3_000 * WHOLE)
    after = traded(state)
    position = after.positions[KEY]
    assert position == state.positions[KEY]
    assert fees_owed(state, RANGE, position) == (0, 0)
    owed = fees_owed(after, RANGE, position)
    growths = (after.fee_growth_global0, after.fee_growth_global1)
    assert owed == tuple(3_000 * WHOLE * growth // Q128 for growth in growths)
    assert min(owed) > 10**15


def test_fees__nothing_left_in_the_range__what_is_owed() -> None:
    gone = PositionState(0, 1, 2, 3, 4)
    assert fees_owed(PLAIN.unread(), RANGE, gone) == (3, 4)


def test_fees__past_their_words__wrap_as_the_pool_lets_them() -> None:
    state = replace(PLAIN, fee_growth_global0=5, fee_growth_global1=2**255)
    position = PositionState(4 * Q128 // 2**128, 2**256 - 1, 0, MAX128, 1)
    owed0 = (MAX128 + 6 * 4 // Q128) % 2**128
    owed1 = (1 + 2**255 * 4 // Q128) % 2**128
    assert fees_owed(state, RANGE, position) == (owed0, owed1)
    full = replace(position, liquidity=MAX128, fee_growth_inside0=0, owed0=MAX128)
    assert fees_owed(replace(state, fee_growth_global0=Q128), RANGE, full)[0] == MAX128 - 1


# ------------------------------------------------------------------------------- mint and burn


def test_mint__new_range__position_at_the_growth_of_now() -> None:
    state = replace(PLAIN, fee_growth_global0=100, fee_growth_global1=200)
    done = mint(state, KEY, WHOLE, NOW)
    assert not isinstance(done, Reverted)
    after, *bill = done
    assert tuple(bill) == cost_of(state, RANGE, WHOLE)
    assert after.positions == {KEY: PositionState(WHOLE, 0, 0, 0, 0)}  # all growth was below -60
    assert after.ticks[-60].fee_growth_outside0 == 100
    assert after.liquidity == state.liquidity + WHOLE
    assert after.oracle == written(state, NOW) != state.oracle


def test_mint__one_unit_in_a_new_range_above__growth_of_its_new_ticks() -> None:
    state = replace(PLAIN, fee_growth_global0=100, fee_growth_global1=200)
    above: PositionKey = (ACTOR, 60, 120)
    assert minted(state, above, 1).positions == {above: PositionState(1, 0, 0, 0, 0)}
    below: PositionKey = (ACTOR, -120, -60)
    assert minted(state, below, 1).positions == {below: PositionState(1, 0, 0, 0, 0)}
    assert minted(state, KEY, 1).positions == {KEY: PositionState(1, 0, 0, 0, 0)}


def test_burn__one_unit_where_it_is_much__owed() -> None:
    state = pool_state(price=sqrt_price_at_tick(-887_219))
    wide: PositionKey = (ACTOR, -887_160, 887_220)
    position = burned(minted(state, wide, 2), wide, 1).positions[wide]
    assert position.owed0 == amounts_of(state, wide[1:], 1)[0] > 10**18


@pytest.mark.parametrize("ticks, is_used", [((0, 60), True), ((60, 120), False), ((-60, 0), False)])
def test_mint__beside_the_price__not_written_by_the_oracle(
    ticks: tuple[int, int], is_used: bool
) -> None:
    after = minted(PLAIN, (ACTOR, *ticks), WHOLE)
    assert (after.oracle != PLAIN.oracle) == is_used
    assert (after.liquidity != PLAIN.liquidity) == is_used


def test_mint__again_after_fees__they_are_owed() -> None:
    state = traded(minted(PLAIN, KEY, 3_000 * WHOLE))
    owed = fees_owed(state, RANGE, state.positions[KEY])
    after = minted(state, KEY, WHOLE).positions[KEY]
    growth = fee_growth_inside(state, *RANGE)
    assert after == PositionState(3_000 * WHOLE + WHOLE, *growth, *owed)
    assert min(owed) > 0


def test_burn__some__owed_with_the_fees() -> None:
    state = traded(minted(PLAIN, KEY, 3_000 * WHOLE))
    owed = fees_owed(state, RANGE, state.positions[KEY])
    gone = amounts_of(state, RANGE, WHOLE)
    after = burned(state, KEY, WHOLE)
    position = after.positions[KEY]
    assert position.liquidity == 3_000 * WHOLE - WHOLE
    assert (position.owed0, position.owed1) == tuple(map(sum, zip(owed, gone, strict=True)))
    assert min(gone) > 0
    assert after.liquidity == state.liquidity - WHOLE


def test_burn__all_of_a_tick__growth_as_before_it_was_cleared() -> None:
    state = replace(PLAIN, fee_growth_global0=100 * Q128, fee_growth_global1=200 * Q128)
    state = traded(minted(state, KEY, 3_000 * WHOLE))
    owed = fees_owed(state, RANGE, state.positions[KEY])
    after = burned(state, KEY, 3_000 * WHOLE)
    gone = amounts_of(state, RANGE, 3_000 * WHOLE)
    assert -60 not in after.ticks
    position = after.positions[KEY]
    assert (position.owed0, position.owed1) == tuple(map(sum, zip(owed, gone, strict=True)))


def test_burn__nothing__brings_fees_up_to_date() -> None:
    state = traded(minted(PLAIN, KEY, 3_000 * WHOLE))
    after = burned(state, KEY, 0)
    owed = fees_owed(state, RANGE, state.positions[KEY])
    growth = fee_growth_inside(state, *RANGE)
    assert after.positions == {KEY: PositionState(3_000 * WHOLE, *growth, *owed)}
    assert replace(after, positions=state.positions) == state


def test_burn__owed_past_128_bits__wraps() -> None:
    state = minted(PLAIN, KEY, WHOLE)
    full = replace(state.positions[KEY], owed0=MAX128, owed1=MAX128)
    position = burned(state.with_position(KEY, full), KEY, WHOLE).positions[KEY]
    gone0, gone1 = amounts_of(state, RANGE, WHOLE)
    assert (position.owed0, position.owed1) == (gone0 - 1, gone1 - 1)


def test_position__of_which_nothing_is_left__left_out() -> None:
    state = burned(minted(PLAIN, KEY, 1), KEY, 1)
    assert state.positions == {}


def test_positions__opened_in_any_order__in_order_of_their_keys() -> None:
    other: PositionKey = (FRIEND, *RANGE)
    state = minted(minted(PLAIN, other, 5), KEY, 5)
    assert list(state.positions) == sorted((KEY, other))


@pytest.mark.parametrize(
    "state, key, liquidity, expected",
    [
        (UNPRICED, (ACTOR, 60, 60), 0, "LOK"),
        (PLAIN, (ACTOR, 60, 60), 0, None),
        (PLAIN, (ACTOR, 60, 60), 2**127, None),
        (PLAIN, (ACTOR, 60, 60), 2**127 - 1, "TLU"),
        (PLAIN, (ACTOR, 120, 60), 1, "TLU"),
        (PLAIN, (ACTOR, MIN_TICK - 1, MAX_TICK + 1), 1, "TLM"),
        (PLAIN, (ACTOR, MIN_TICK, MAX_TICK + 1), 1, "TUM"),
        (PLAIN, (ACTOR, MIN_TICK, MAX_TICK), MOST + 1, "LO"),
        (PLAIN, (ACTOR, MIN_TICK, MAX_TICK), MOST, None),
        (PLAIN, (ACTOR, -60_000, 0), MOST - 1_000 * WHOLE + 1, "LO"),
        (PLAIN, (ACTOR, 0, 60_000), MOST - 1_000 * WHOLE + 1, "LO"),
        (PLAIN, (ACTOR, -60, 59), 1, None),
        (PLAIN, (ACTOR, -59, 60), 1, None),
    ],
)
def test_mint__faults__the_contracts_first(
    state: PoolState, key: PositionKey, liquidity: int, expected: str | None
) -> None:
    revert = Reverted(b"") if expected is None else reverted(expected)
    assert mint(state, key, liquidity, NOW) == revert


def test_mint__at_its_bounds__goes_through() -> None:
    minted(PLAIN, (ACTOR, -887_220, 887_220), 1)
    minted(PLAIN, (ACTOR, -120, 120), MOST)
    minted(PLAIN, (ACTOR, -60_000, 0), MOST - 1_000 * WHOLE)


@pytest.mark.parametrize(
    "state, key, liquidity, expected",
    [
        (UNPRICED, (ACTOR, 60, 60), 0, "LOK"),
        (PLAIN, (ACTOR, 60, 60), 2**127, None),
        (PLAIN, (ACTOR, 60, 60), 2**127 - 1, "TLU"),
        (PLAIN, (ACTOR, MIN_TICK - 1, 60), 1, "TLM"),
        (PLAIN, (ACTOR, -60, MAX_TICK + 1), 1, "TUM"),
        (PLAIN, (ACTOR, MIN_TICK, MAX_TICK), 0, "NP"),
        (PLAIN, KEY, 0, "NP"),
        (PLAIN, KEY, 1, "LS"),
    ],
)
def test_burn__faults__the_contracts_first(
    state: PoolState, key: PositionKey, liquidity: int, expected: str | None
) -> None:
    revert = Reverted(b"") if expected is None else reverted(expected)
    assert burn(state, key, liquidity, NOW) == revert


def test_burn__one_more_than_there_is__refused() -> None:
    state = minted(PLAIN, KEY, 7)
    assert burn(state, KEY, 8, NOW) == reverted("LS")
    assert burned(state, KEY, 7).positions == {}


def test_mint_and_burn__state_that_is_not_whole__refused() -> None:
    state = replace(minted(PLAIN, KEY, 7), ticks={})
    with pytest.raises(MissingRead, match="ticks or observations are unread"):
        mint(state, KEY, 7, NOW)
    with pytest.raises(MissingRead, match="ticks or observations are unread"):
        burn(state, KEY, 7, NOW)


@pytest.mark.parametrize(
    "spacing, expected",
    [
        (10, 1917569901783203986719870431555990),
        (60, 11505743598341114571880798222544994),
        (200, 38350317471085141830651933667504588),
    ],
)
def test_most_per_tick__every_spacing__as_published(spacing: int, expected: int) -> None:
    assert most_per_tick(spacing) == expected


# ----------------------------------------------------------------------------------- events

MINT = "Mint(address,address,int24,int24,uint128,uint256,uint256)"
BURN = "Burn(address,int24,int24,uint128,uint256,uint256)"
COLLECT = "Collect(address,address,int24,int24,uint128,uint128)"


def told(signature: str, key: PositionKey, *data: int | str) -> Log:
    topics = (topic(signature), *(word(part) for part in key))
    return Log(POOL.address, topics, b"".join(map(word, data)), 1, NOW, "0x1", 0)


def test_events__of_an_owner_through_the_minter__as_by_the_model() -> None:
    state = ADAPTER.observe(PLAIN, told(MINT, KEY, MINTER, 5_000 * WHOLE, 1, 1))
    assert state == minted(PLAIN, KEY, 5_000 * WHOLE)
    state = traded(state)
    after = ADAPTER.observe(state, told(BURN, KEY, WHOLE, 1, 1))
    assert after == burned(state, KEY, WHOLE)
    poked = ADAPTER.observe(state, told(BURN, KEY, 0, 0, 0))
    assert poked == burned(state, KEY, 0) != state
    position = after.positions[KEY]
    taken = ADAPTER.observe(after, told(COLLECT, KEY, FRIEND, position.owed0, 3))
    left = replace(position, owed0=0, owed1=position.owed1 - 3)
    assert taken == after.with_position(KEY, left)


@pytest.mark.parametrize(
    "key, sender", [((account("7"), *RANGE), MINTER), (KEY, POOL.router), (KEY, ACTOR)]
)
def test_mint__by_or_for_a_stranger__liquidity_alone(key: PositionKey, sender: str) -> None:
    state = ADAPTER.observe(PLAIN, told(MINT, key, sender, WHOLE, 1, 1))
    assert state.positions == {}
    assert state.liquidity == PLAIN.liquidity + WHOLE
    assert state.oracle == written(PLAIN, NOW)
    assert ADAPTER.observe(state, told(COLLECT, key, FRIEND, 1, 1)) == state


def test_mint__by_a_stranger_into_a_range_that_is_followed__followed() -> None:
    state = minted(PLAIN, KEY, 7)
    after = ADAPTER.observe(state, told(MINT, KEY, POOL.router, WHOLE, 1, 1))
    assert after.positions[KEY].liquidity == 7 + WHOLE


def test_mint__into_a_state_that_is_not_whole__its_range_is_known_all_the_same() -> None:
    state = ADAPTER.observe(PLAIN.unread(), told(MINT, KEY, MINTER, WHOLE, 1, 1))
    assert state == replace(PLAIN.unread(), positions={KEY: PositionState()})
    stranger = ADAPTER.observe(PLAIN.unread(), told(MINT, KEY, POOL.router, WHOLE, 1, 1))
    assert stranger == PLAIN.unread()


def test_burn__of_more_than_a_position_has__unread() -> None:
    state = minted(minted(PLAIN, KEY, 7), (FRIEND, *RANGE), WHOLE)
    after = ADAPTER.observe(state, told(BURN, KEY, 8, 0, 0))
    assert after == state.unread()
    assert after.positions == state.positions


def test_changes__beside_the_price__no_oracle_written_by_events() -> None:
    state = ADAPTER.observe(PLAIN, told(MINT, (FRIEND, 60, 120), POOL.router, WHOLE, 1, 1))
    assert state.oracle is PLAIN.oracle
