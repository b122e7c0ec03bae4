from fractions import Fraction
from math import ceil, floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.protocols.shared.ticks import (
    MAX_SQRT_PRICE,
    MIN_SQRT_PRICE,
    Q96,
    sqrt_price_at_tick,
)
from trimtab.protocols.uniswap_v3.model.step import (
    amount0_delta_down,
    amount0_delta_up,
    amount1_delta_down,
    amount1_delta_up,
    compute_swap_step,
    fee_up,
    next_sqrt_price_from_amount0_out_up,
    next_sqrt_price_from_amount0_up,
    next_sqrt_price_from_amount1_down,
    next_sqrt_price_from_amount1_out_down,
)

PRICES = st.integers(MIN_SQRT_PRICE, MAX_SQRT_PRICE)
LIQUIDITY = st.integers(0, 2**128 - 1)


@given(PRICES, PRICES, LIQUIDITY)
def test_amounts__any_range__exact_value_rounded_as_named(a: int, b: int, liquidity: int) -> None:
    lower, upper = sorted((a, b))
    exact0 = Fraction(liquidity * Q96 * (upper - lower), upper * lower)
    exact1 = Fraction(liquidity * (upper - lower), Q96)
    assert amount0_delta_up(lower, upper, liquidity) == ceil(exact0)
    assert amount0_delta_down(lower, upper, liquidity) == floor(exact0)
    assert amount1_delta_up(lower, upper, liquidity) == ceil(exact1)
    assert amount1_delta_down(lower, upper, liquidity) == floor(exact1)


def test_amount0__each_of_its_two_divisions__rounded_as_named() -> None:
    # With the lower price 1 only the division by the upper one leaves a remainder.
    assert amount0_delta_up(1, 5, 1) == ceil(Fraction(4 * Q96, 5)) == 4 * Q96 // 5 + 1
    assert amount0_delta_down(1, 5, 1) == 4 * Q96 // 5


@given(PRICES, st.integers(1, 2**128 - 1), st.integers(0, 2**90))
def test_next_price__input_of_either_token__rounded_against_the_trader(
    price: int, liquidity: int, amount: int
) -> None:
    exact0 = Fraction(liquidity * Q96 * price, liquidity * Q96 + amount * price)
    exact1 = price + Fraction(amount * Q96, liquidity)
    assert next_sqrt_price_from_amount0_up(price, liquidity, amount) == ceil(exact0)
    assert next_sqrt_price_from_amount1_down(price, liquidity, amount) == floor(exact1)


def test_next_price__denominator_beyond_256_bits__the_contract_divides_first() -> None:
    liquidity, amount = 10**30, 2**170
    reserve = liquidity << 96
    exact = -(-reserve * Q96 // (reserve + amount * Q96))
    assert next_sqrt_price_from_amount0_up(Q96, liquidity, amount) == exact
    amount = 2**161  # times the price, one bit more than a word holds
    assert next_sqrt_price_from_amount0_up(Q96, liquidity, amount) == -(
        -reserve // (reserve // Q96 + amount)
    )


def test_next_price__divided_first__the_price_so_far_is_rounded_down() -> None:
    liquidity, price, amount = 2**128 - 1, MAX_SQRT_PRICE - 1, 2**97
    reserve = liquidity << 96
    assert reserve + amount * price > 2**256 - 1
    expected = ceil(Fraction(reserve, reserve // price + amount))
    assert next_sqrt_price_from_amount0_up(price, liquidity, amount) == expected
    assert expected != ceil(Fraction(reserve, reserve // price + 1 + amount))


def test_next_price__nothing_in__the_same_even_without_liquidity() -> None:
    assert next_sqrt_price_from_amount0_up(Q96, 0, 0) == Q96


def test_next_price__denominator_that_just_fits__exact() -> None:
    price, amount = 2**160 - 2**127 + 1, 2**96 - 1
    reserve = 2**256 - 1 - amount * price
    liquidity = reserve >> 96
    assert reserve == liquidity << 96
    exact = ceil(Fraction(reserve * price, 2**256 - 1))
    assert next_sqrt_price_from_amount0_up(price, liquidity, amount) == exact
    assert exact != ceil(Fraction(reserve, reserve // price + amount))


@pytest.mark.parametrize(
    "amount, fee, expected", [(0, 500, 0), (1, 500, 1), (1_999, 500, 1), (2_000, 500, 2)]
)
def test_fee__any_remainder__up(amount: int, fee: int, expected: int) -> None:
    assert fee_up(amount, fee) == expected


def test_step__target_below_reached__whole_range_and_its_fee() -> None:
    target, liquidity = sqrt_price_at_tick(-60), 10**18
    step = compute_swap_step(Q96, target, liquidity, 10**18, 3_000)
    amount_in = amount0_delta_up(target, Q96, liquidity)
    amount_out = amount1_delta_down(target, Q96, liquidity)
    assert step == (target, amount_in, amount_out, fee_up(amount_in, 3_000))


def test_step__target_above_reached__whole_range_and_its_fee() -> None:
    target, liquidity = sqrt_price_at_tick(60), 10**18
    step = compute_swap_step(Q96, target, liquidity, 10**18, 3_000)
    amount_in = amount1_delta_up(Q96, target, liquidity)
    amount_out = amount0_delta_down(Q96, target, liquidity)
    assert step == (target, amount_in, amount_out, fee_up(amount_in, 3_000))


@pytest.mark.parametrize("tick", [-60, 60])
def test_step__target_not_reached__gives_what_the_price_moved_rounded_down(tick: int) -> None:
    target, liquidity = sqrt_price_at_tick(tick), 10**18
    after, amount_in, amount_out, fee = compute_swap_step(Q96, target, liquidity, 10**15, 3_000)
    lower, upper = sorted((after, Q96))
    of0 = Fraction(liquidity * Q96 * (upper - lower), upper * lower)
    of1 = Fraction(liquidity * (upper - lower), Q96)
    paid, given = (of0, of1) if tick < 0 else (of1, of0)
    assert (amount_in, amount_out) == (ceil(paid), floor(given))
    assert given.denominator > 1
    assert fee == 10**15 - amount_in


@pytest.mark.parametrize("tick", [-60, 60])
def test_step__one_unit_short_of_the_target__not_reached(tick: int) -> None:
    target, liquidity, fee = sqrt_price_at_tick(tick), 10**18, 3_000
    _, amount_in, _, step_fee = compute_swap_step(Q96, target, liquidity, 2**255 - 1, fee)
    enough = amount_in + step_fee
    assert compute_swap_step(Q96, target, liquidity, enough, fee)[0] == target
    assert compute_swap_step(Q96, target, liquidity, enough - 1, fee)[0] != target


@pytest.mark.parametrize("tick", [-60, 60])
def test_step__too_little_to_move_the_price__all_of_it_is_fee(tick: int) -> None:
    target, liquidity = sqrt_price_at_tick(tick), 10**18
    assert compute_swap_step(Q96, target, liquidity, 1, 3_000) == (Q96, 0, 0, 1)


@pytest.mark.parametrize("tick", [-60, 60])
def test_step__no_liquidity__target_reached_for_nothing(tick: int) -> None:
    target = sqrt_price_at_tick(tick)
    assert compute_swap_step(Q96, target, 0, 10**18, 3_000) == (target, 0, 0, 0)


@given(
    st.integers(-800_000, 800_000),
    st.integers(1, 20_000),
    st.booleans(),
    st.integers(0, 2**110),
    st.integers(0, 2**120),
    st.sampled_from([100, 500, 3_000, 10_000]),
)
def test_step__any__takes_no_more_and_gives_no_more_than_the_range(
    tick: int, width: int, up: bool, liquidity: int, remaining: int, fee: int
) -> None:
    price = sqrt_price_at_tick(tick)
    target = sqrt_price_at_tick(tick + width if up else tick - width)
    after, amount_in, amount_out, step_fee = compute_swap_step(
        price, target, liquidity, remaining, fee
    )
    assert min(price, target) <= after <= max(price, target)
    assert amount_in + step_fee <= remaining
    assert after == target or amount_in + step_fee == remaining
    assert min(amount_in, amount_out, step_fee) >= 0
    assert step_fee >= Fraction(amount_in * fee, 10**6 - fee)


# --------------------------------------------------------------------------------- exact out


@given(PRICES, st.integers(1, 2**128 - 1), st.integers(1, 2**90))
def test_next_price__output_of_either_token__far_enough_for_it(
    price: int, liquidity: int, amount: int
) -> None:
    if amount * price < liquidity << 96:
        exact0 = Fraction(liquidity * Q96 * price, liquidity * Q96 - amount * price)
        assert next_sqrt_price_from_amount0_out_up(price, liquidity, amount) == ceil(exact0)
    exact1 = price - Fraction(amount * Q96, liquidity)
    assert next_sqrt_price_from_amount1_out_down(price, liquidity, amount) == floor(exact1)


@pytest.mark.parametrize("tick", [-60, 60])
@pytest.mark.parametrize("more", [0, 1, 10**30])
def test_exact_out_step__all_up_to_the_target_or_more__gives_what_there_is(
    tick: int, more: int
) -> None:
    target, liquidity = sqrt_price_at_tick(tick), 10**18
    _, amount_in, there, fee = compute_swap_step(Q96, target, liquidity, 2**255 - 1, 3_000)
    step = compute_swap_step(Q96, target, liquidity, -there - more, 3_000)
    assert step == (target, amount_in, there, fee)


@pytest.mark.parametrize("tick", [-60, 60])
def test_exact_out_step__one_unit_less_than_there_is__stops_short(tick: int) -> None:
    target, liquidity = sqrt_price_at_tick(tick), 10**18
    there = compute_swap_step(Q96, target, liquidity, 2**255 - 1, 3_000)[2]
    after, amount_in, amount_out, fee = compute_swap_step(Q96, target, liquidity, 1 - there, 3_000)
    assert min(Q96, target) < after < max(Q96, target)
    assert amount_out == there - 1
    assert fee == fee_up(amount_in, 3_000)


def test_exact_out_step__deep_liquidity__gives_no_more_than_wanted() -> None:
    # The least move of the price sets four billion units free: one is given, all are paid for.
    deep = 2**128 - 1
    for target in (Q96 - 2, Q96 - 1, Q96 + 1, Q96 + 2):
        after = Q96 + (1 if target > Q96 else -1)
        sides = (min(after, Q96), max(after, Q96), deep)
        delta = amount1_delta_up if target > Q96 else amount0_delta_up
        amount_in = delta(*sides)
        assert amount_in > 2**32 - 2
        step = compute_swap_step(Q96, target, deep, -1, 3_000)
        assert step == (after, amount_in, 1, fee_up(amount_in, 3_000))


@pytest.mark.parametrize("tick", [-60, 60])
def test_exact_out_step__no_liquidity__target_reached_for_nothing(tick: int) -> None:
    target = sqrt_price_at_tick(tick)
    assert compute_swap_step(Q96, target, 0, -(10**18), 3_000) == (target, 0, 0, 0)


@given(
    st.integers(-800_000, 800_000),
    st.integers(1, 20_000),
    st.booleans(),
    st.integers(0, 2**110),
    st.integers(1, 2**120),
    st.sampled_from([100, 500, 3_000, 10_000]),
)
def test_exact_out_step__any__pays_for_what_comes_out(
    tick: int, width: int, up: bool, liquidity: int, wanted: int, fee: int
) -> None:
    price = sqrt_price_at_tick(tick)
    target = sqrt_price_at_tick(tick + width if up else tick - width)
    after, amount_in, amount_out, step_fee = compute_swap_step(
        price, target, liquidity, -wanted, fee
    )
    assert min(price, target) <= after <= max(price, target)
    assert 0 <= amount_out <= wanted
    assert after == target or amount_out == wanted
    assert step_fee == ceil(Fraction(amount_in * fee, 10**6 - fee))
    assert (amount_in > 0) == (liquidity > 0)


def test_step__nothing_at_all__stays_where_it_is() -> None:
    # Wanted, nothing would reach a target that gives nothing on the way.
    assert compute_swap_step(Q96, Q96 - 1, 5, 0, 3_000) == (Q96, 0, 0, 0)
    assert compute_swap_step(Q96, Q96 - 1, 5, -1, 3_000) == (Q96 - 1, 1, 0, 1)
