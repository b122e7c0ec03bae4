"""The generated path, and prices that break."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from tests.calibration.fit import Array, Model, hourly_closes, improved, returns
from trimtab.core.errors import ConfigError
from trimtab.lab.calibration import HOURS_PER_YEAR, MARKET
from trimtab.lab.prices import DOLLAR, Break, BrokenPrices, GeneratedPrices

START = {"USDC": DOLLAR, "WETH": 2_000 * DOLLAR, "WBTC": 40_000 * DOLLAR}
HOUR = 3_600
GOLDEN = {"USDC": 100000000, "WETH": 225873004508, "WBTC": 4638622039430}
"""What seed 7 gives after 300 hours, on any machine."""


def path(prices: GeneratedPrices, steps: int) -> Array:
    rows = [prices.at(step) for step in range(steps + 1)]
    return np.array([[row["WETH"], row["WBTC"]] for row in rows], dtype=np.float64)


def volatility(moves: Array) -> Array:
    """Per year, of hourly returns."""
    found: Array = moves.std(axis=0) * np.sqrt(HOURS_PER_YEAR)
    return found


def kurtosis(moves: Array) -> Array:
    centred = moves - moves.mean(axis=0)
    found: Array = (centred**4).mean(axis=0) / moves.var(axis=0) ** 2
    return found


def correlation(moves: Array) -> float:
    centred = moves - moves.mean(axis=0)
    return float((centred[:, 0] * centred[:, 1]).mean() / moves.std(axis=0).prod())


def test_generated__seed_seven__the_very_path() -> None:
    prices = GeneratedPrices(7, START, HOUR)
    assert prices.at(0) == START
    assert prices.at(300) == GOLDEN


def test_generated__asked_in_any_order__the_same_path() -> None:
    forwards, backwards = GeneratedPrices(7, START, HOUR), GeneratedPrices(7, START, HOUR)
    expected = [forwards.at(step) for step in range(50)]
    assert [backwards.at(step) for step in reversed(range(50))] == expected[::-1]


def test_generated__another_seed__another_path() -> None:
    assert GeneratedPrices(7, START, HOUR).at(1) != GeneratedPrices(8, START, HOUR).at(1)


def test_generated__a_dollar__stays_one() -> None:
    prices = GeneratedPrices(7, START, HOUR)
    assert {prices.at(step)["USDC"] for step in range(200)} == {DOLLAR}


def test_generated__fewer_assets__the_same_path_of_what_is_there() -> None:
    whole = GeneratedPrices(7, START, HOUR)
    part = GeneratedPrices(7, {"WETH": 2_000 * DOLLAR}, HOUR)
    assert [part.at(step) for step in range(20)] == [
        {"WETH": whole.at(step)["WETH"]} for step in range(20)
    ]


def test_generated__a_token_without_figures__refused() -> None:
    with pytest.raises(ConfigError, match=r"no outside price of LINK.*--prices"):
        GeneratedPrices(7, START | {"LINK": 15 * DOLLAR}, HOUR)


@pytest.mark.parametrize("block_seconds", [12, 600, HOUR, 4 * HOUR, 5_000])
def test_generated__any_block_time__the_market_has_one_volatility(block_seconds: int) -> None:
    steps = 10_000
    moves = returns(path(GeneratedPrices(3, START, block_seconds), steps))
    per_year = HOURS_PER_YEAR * HOUR / block_seconds
    measured = np.sqrt((moves**2).mean(axis=0) * per_year)
    shares = np.array([regime.share for regime in MARKET.regimes])
    model = Model.of(MARKET)
    variance = np.tensordot(shares, model.normal, 1) + np.tensordot(model.chances, model.jump, 1)
    expected = np.sqrt(np.diag(variance) * HOURS_PER_YEAR)
    # 10,000 blocks of 12 s last for a day and a half, in which a regime may stay.
    within = 0.6 if block_seconds == 12 else 0.12
    assert np.all(np.abs(measured / expected - 1) < within)


def test_generated__many_seeds__nobody_is_paid_for_holding() -> None:
    finals: Array = np.vstack(
        [path(GeneratedPrices(seed, START, HOUR), 24)[-1] for seed in range(800)]
    )
    growth = finals / np.array([[START["WETH"], START["WBTC"]]])
    standard_error = growth.std(axis=0) / np.sqrt(len(growth))
    assert np.all(np.abs(growth.mean(axis=0) - 1) < 3 * standard_error)


# ------------------------------------------------------------------------- against histories


@pytest.mark.data
def test_calibration__one_more_step_of_the_fit__changes_nothing_that_shows(real_data: Path) -> None:
    better, _ = improved(Model.of(MARKET), returns(hourly_closes(real_data)))
    for fitted, committed in (
        (better.normal, Model.of(MARKET).normal),
        (better.jump, Model.of(MARKET).jump),
        (better.chances, Model.of(MARKET).chances),
    ):
        assert np.all(np.abs(fitted / committed - 1) < 0.01)


@pytest.mark.data
def test_generated__as_long_as_the_history__has_its_moments(real_data: Path) -> None:
    history = returns(hourly_closes(real_data))
    moves = returns(path(GeneratedPrices(7, START, HOUR), len(history)))
    assert np.all(np.abs(volatility(moves) / volatility(history) - 1) < 0.05)
    assert abs(correlation(moves) - correlation(history)) < 0.02
    assert np.all(kurtosis(moves) > 0.6 * kurtosis(history))
    assert np.all(kurtosis(moves) < 1.2 * kurtosis(history))
    large = [(np.abs(each) > 8 * each.std(axis=0)).sum(axis=0) for each in (moves, history)]
    assert np.all(np.abs(large[0] - large[1]) <= 6)


# ------------------------------------------------------------------------------------ broken


def test_broken__from_its_step_on__the_factor_holds_and_factors_multiply() -> None:
    prices = GeneratedPrices(7, START, HOUR)
    breaks = (Break(3, "WETH", Fraction(7, 10)), Break(5, "WETH", Fraction(1, 2)))
    broken = BrokenPrices(prices, breaks)
    assert broken.at(2) == prices.at(2)
    for step, factor in ((3, Fraction(7, 10)), (4, Fraction(7, 10)), (5, Fraction(7, 20))):
        whole = prices.at(step)
        assert broken.at(step) == {**whole, "WETH": int(whole["WETH"] * factor)}


def test_broken__to_nothing__a_price_stays_positive() -> None:
    broken = BrokenPrices(GeneratedPrices(7, START, HOUR), (Break(1, "WBTC", Fraction(1, 10**30)),))
    assert broken.at(1)["WBTC"] == 1
