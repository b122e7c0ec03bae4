"""What a pool earned and where its price was, on imagined states of a pool."""

from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from math import isclose

import pytest

from tests.unit.protocols.uniswap_v3.pools import PLAIN, POOL, TOKEN0, TOKEN1
from trimtab.core.errors import ConfigError
from trimtab.core.market import Head
from trimtab.core.prices import Prices, Quote
from trimtab.core.quantise import SECONDS_PER_YEAR, Timestamp
from trimtab.core.states import States
from trimtab.core.strategy import Costs, View
from trimtab.signals import FeeRate, MeanTick

A_DAY = 86_400
Q128 = 1 << 128


def view(at: int, tick: int = 0, growth0: int = 0, growth1: int = 0) -> View:
    now = Timestamp(at)
    state = replace(
        PLAIN,
        timestamp=now,
        tick=tick,
        fee_growth_global0=growth0,
        fee_growth_global1=growth1,
    )
    states = States(1, {1: Head(1, 1, "0x", now)}, {POOL.id: POOL}, {POOL.id: state})
    quotes = {token: Quote(Fraction(1), "", now) for token in (TOKEN0, TOKEN1)}
    return View(states, Prices(TOKEN1, now, quotes), {}, {}, Costs(Fraction(0), {}))


def fees(
    *steps: tuple[int, int, int], halflife: timedelta = timedelta(days=1)
) -> tuple[float, float]:
    signal = FeeRate(POOL, halflife)
    memory = signal.start
    for at, growth0, growth1 in steps:
        memory = signal.step(memory, view(at, 0, growth0, growth1))
    return signal.value(memory)


def test_fee_rate__one_view__nothing_earned_yet() -> None:
    assert fees((0, 7 * Q128, 9 * Q128)) == (0.0, 0.0)


def test_fee_rate__growth_over_a_day__is_per_year() -> None:
    earned0, earned1 = fees((0, 0, 5 * Q128), (A_DAY, Q128, 7 * Q128))
    assert isclose(earned0, SECONDS_PER_YEAR / A_DAY)
    assert isclose(earned1, 2 * SECONDS_PER_YEAR / A_DAY)


def test_fee_rate__growth_that_wraps_around__counts_on() -> None:
    earned0, _ = fees((0, 2**256 - Q128, 0), (A_DAY, Q128, 0))
    assert isclose(earned0, 2 * SECONDS_PER_YEAR / A_DAY)


def test_fee_rate__older_earnings__weigh_less_and_so_does_their_time() -> None:
    earned0, _ = fees((0, 0, 0), (A_DAY, Q128, 0), (2 * A_DAY, Q128, 0))
    assert isclose(earned0, 0.5 / 1.5 * SECONDS_PER_YEAR / A_DAY)


def test_fee_rate__same_moment_twice__changes_nothing() -> None:
    once = fees((0, 0, 0), (A_DAY, Q128, 0))
    assert fees((0, 0, 0), (A_DAY, Q128, 0), (A_DAY, Q128, 0)) == once


def mean(*steps: tuple[int, int], halflife: timedelta = timedelta(days=1)) -> float:
    signal = MeanTick(POOL, halflife)
    memory = signal.start
    for at, tick in steps:
        memory = signal.step(memory, view(at, tick))
    return signal.value(memory)


def test_mean_tick__first_view__is_its_tick() -> None:
    assert mean((0, -1_234)) == -1_234.0


def test_mean_tick__a_halflife_later__half_way_there() -> None:
    assert isclose(mean((0, 100), (A_DAY, 200)), 150.0)


def test_mean_tick__uneven_steps_at_one_tick__as_one_step() -> None:
    assert isclose(mean((0, 100), (9, 200), (A_DAY, 200)), mean((0, 100), (A_DAY, 200)))


@pytest.mark.parametrize("kind", [FeeRate, MeanTick])
def test_signal__halflife_of_nothing__refused(kind: type[FeeRate | MeanTick]) -> None:
    with pytest.raises(ConfigError, match="positive time"):
        kind(POOL, timedelta(0))
