from datetime import timedelta
from fractions import Fraction
from itertools import pairwise
from math import isclose, log, nan

import numpy as np
import numpy.typing as npt
import pytest

from tests.unit.core.test_token import USDC, WETH
from trimtab.core.errors import ConfigError
from trimtab.core.market import Head
from trimtab.core.prices import Prices, Quote
from trimtab.core.quantise import SECONDS_PER_YEAR, Timestamp
from trimtab.core.states import States
from trimtab.core.strategy import Costs, View
from trimtab.core.token import Token
from trimtab.signals import Covariance, CovarianceMatrix

WBTC = Token(1, USDC.address[:-1] + "9", 8, "WBTC")  # type: ignore[arg-type]
TOKENS = (WETH, WBTC, USDC)
SIGNAL = Covariance(TOKENS, halflife=timedelta(hours=6))
# Moments are unevenly spaced: seconds, an hour, days.
PATH = [
    (0, 2000.0, 40000.0),
    (12, 2001.0, 40010.0),
    (3_600, 1980.0, 40100.0),
    (90_000, 2100.0, 39000.0),
    (90_001, 2099.0, 39005.0),
    (400_000, 1900.0, 41000.0),
]


def view(at: int, weth: float, wbtc: float) -> View:
    now = Timestamp(at)
    quotes = {
        WETH: Quote(Fraction(weth) / 10**12, "", now),
        WBTC: Quote(Fraction(wbtc) / 10**2, "", now),
        USDC: Quote(Fraction(1), "", now),
    }
    states = States(1, {1: Head(1, 1, "0x", now)}, {}, {})
    return View(states, Prices(USDC, now, quotes), {}, {}, Costs(Fraction(0), {}))


def seen(signal: Covariance, path: list[tuple[int, float, float]]) -> CovarianceMatrix:
    memory = signal.start
    for step in path:
        memory = signal.step(memory, view(*step))
    return signal.value(memory)


def directly(signal: Covariance, path: list[tuple[int, float, float]]) -> npt.NDArray[np.float64]:
    """The weighted sums of the definition, each weight computed anew."""
    halflife, prior_weight = (
        each.total_seconds() for each in (signal.halflife, signal.prior_weight)
    )
    end = path[-1][0]
    first = 0.5 ** ((end - path[0][0]) / halflife) * prior_weight
    products = np.diag([signal.prior**2 / SECONDS_PER_YEAR * first] * 2 + [0.0])
    seconds = first
    for (before, *old), (at, *new) in pairwise(path):
        weight = 0.5 ** ((end - at) / halflife)
        returns = np.array([log(b / a) for a, b in zip(old, new, strict=True)] + [0.0])
        products += weight * np.outer(returns, returns)
        seconds += weight * (at - before)
    return np.asarray(products / seconds * SECONDS_PER_YEAR, dtype=np.float64)


def test_covariance__uneven_path__the_weighted_sums_of_its_definition() -> None:
    found, expected = seen(SIGNAL, PATH).matrix, directly(SIGNAL, PATH)
    assert np.allclose(found, expected, rtol=1e-12, atol=0)


def test_covariance__numeraire__does_not_move() -> None:
    sigma = seen(SIGNAL, PATH)
    assert {sigma.covariance(USDC, token) for token in TOKENS} == {0.0}
    assert {sigma.covariance(token, USDC) for token in TOKENS} == {0.0}


def test_covariance__before_any_return__the_prior() -> None:
    sigma = seen(SIGNAL, PATH[:1])
    assert isclose(sigma.covariance(WETH, WETH), 0.36)
    assert (sigma.covariance(WETH, WBTC), sigma.covariance(USDC, USDC)) == (0.0, 0.0)


def test_covariance__same_moment_again__changes_nothing() -> None:
    memory = SIGNAL.step(SIGNAL.start, view(*PATH[0]))
    assert SIGNAL.step(memory, view(0, 3000.0, 1.0)) == memory


def test_covariance__token_that_is_not_among_them__zero() -> None:
    assert seen(Covariance((WETH,)), PATH).covariance(WETH, WBTC) == 0.0


def test_covariance__any_order_of_tokens__symmetric() -> None:
    one = seen(SIGNAL, PATH).covariance(WETH, WBTC)
    other = seen(Covariance((WBTC, WETH), SIGNAL.halflife), PATH).covariance(WBTC, WETH)
    assert one == other


def test_variance__weights__the_quadratic_form() -> None:
    sigma = seen(SIGNAL, PATH)
    weights = np.array([0.4, -0.3, 0.9])
    expected = weights @ np.array(sigma.matrix) @ weights
    found = sigma.variance(dict(zip(TOKENS, map(float, weights), strict=True)))
    assert isclose(found, expected, rel_tol=1e-12)


def test_variance__cancelled_to_less_than_nothing__zero() -> None:
    sigma = CovarianceMatrix((WETH,), ((-1e-20,),), 1.0)
    assert sigma.variance({WETH: 1.0}) <= 0 <= sigma.variance({WETH: 1.0})


@pytest.mark.parametrize("halflife", [timedelta(0), timedelta(seconds=-1)])
def test_covariance__no_halflife__refused(halflife: timedelta) -> None:
    with pytest.raises(ConfigError, match="expected more than no time, such as 7d"):
        Covariance(TOKENS, halflife)


@pytest.mark.parametrize("prior", [-0.1, nan])
def test_covariance__prior_without_sense__refused(prior: float) -> None:
    with pytest.raises(ConfigError, match=r"`prior` is .*, expected 0"):
        Covariance(TOKENS, prior=prior)
