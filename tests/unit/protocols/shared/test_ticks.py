from math import isqrt
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.protocols.shared import ticks
from trimtab.protocols.shared.ticks import (
    MAX_SQRT_PRICE,
    MAX_TICK,
    MIN_SQRT_PRICE,
    MIN_TICK,
    Q96,
    sqrt_price_at_tick,
    tick_at_sqrt_price,
)

GUARD = 200


def test_factors__against_repeated_squaring__same_to_the_last_bit() -> None:
    one = 1 << GUARD + 128
    power = isqrt(one * one * 10_000 // 10_001)
    for factor in ticks.FACTORS:
        assert factor == power + (1 << GUARD - 1) >> GUARD
        power = power * power // one


@pytest.mark.parametrize(
    "tick, price",
    [(MIN_TICK, MIN_SQRT_PRICE), (0, Q96), (MAX_TICK, MAX_SQRT_PRICE)],
)
def test_sqrt_price__ends_and_middle__constants_of_the_contract(tick: int, price: int) -> None:
    assert sqrt_price_at_tick(tick) == price


@given(st.integers(MIN_TICK, MAX_TICK - 1))
def test_tick__at_its_own_price_and_one_below__itself_and_the_one_before(tick: int) -> None:
    price = sqrt_price_at_tick(tick)
    assert tick_at_sqrt_price(price) == tick
    if tick > MIN_TICK:
        assert tick_at_sqrt_price(price - 1) == tick - 1


@given(st.integers(MIN_SQRT_PRICE, MAX_SQRT_PRICE - 1), st.integers(0, 128))
def test_tick__any_price__greatest_whose_price_is_not_above(price: int, shift: int) -> None:
    price = max(price >> shift, MIN_SQRT_PRICE)
    tick = tick_at_sqrt_price(price)
    assert sqrt_price_at_tick(tick) <= price < sqrt_price_at_tick(tick + 1)


@pytest.mark.parametrize("tick", [MIN_TICK - 1, MAX_TICK + 1])
def test_sqrt_price__tick_out_of_range__refused(tick: int) -> None:
    with pytest.raises(ValueError, match=f"tick {tick} is outside"):
        sqrt_price_at_tick(tick)


@pytest.mark.parametrize("price", [MIN_SQRT_PRICE - 1, MAX_SQRT_PRICE])
def test_tick__price_out_of_range__refused(price: int) -> None:
    with pytest.raises(ValueError, match=f"price {price} is outside"):
        tick_at_sqrt_price(price)


@pytest.mark.data
def test_vectors__published_by_the_protocol__equal(real_data: Path) -> None:
    folder = real_data / "29_univ3_core_vectors"
    to_price = pl.read_csv(folder / "tick_to_sqrt.csv", infer_schema=False).rows()
    to_tick = pl.read_csv(folder / "sqrt_to_tick.csv", infer_schema=False).rows()
    assert (len(to_price), len(to_tick)) == (28, 13)
    for tick, price in to_price:
        assert sqrt_price_at_tick(int(tick)) == int(price)
    for price, tick in to_tick:
        assert tick_at_sqrt_price(int(price)) == int(tick)
