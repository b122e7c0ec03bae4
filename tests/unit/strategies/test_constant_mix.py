from datetime import timedelta
from math import inf, isclose, nan

import pytest

from tests.support.desk import Desk
from trimtab.allocation.bands import Band
from trimtab.core.errors import ConfigError
from trimtab.core.market import wallet
from trimtab.core.strategy import Hold, Leg, Target, View
from trimtab.core.token import Token
from trimtab.signals import CovarianceMatrix
from trimtab.strategies import ConstantMix

DOLLAR, ETHER = 10**6, 10**18


def mix_of(desk: Desk, weth: float = 0.5) -> ConstantMix:
    return ConstantMix({desk.token("WETH"): weth, desk.token("USDC"): 1 - weth})


def sigma_of(mix: ConstantMix, variance: float = 0.36) -> CovarianceMatrix:
    """The volatile token comes first, the numeraire last."""
    return CovarianceMatrix(tuple(mix.weights), ((variance, 0.0), (0.0, 0.0)), 1.0)


def view(desk: Desk, mix: ConstantMix, usdc: int, milliether: int, gas: int = 10**9) -> View:
    """A book of so many dollars and thousandths of ether at 2,000 dollars each."""
    states = desk.imagined({"USDC": usdc * DOLLAR, "WETH": milliether * ETHER // 1000}, {})
    return desk.view(states, {mix.covariance: sigma_of(mix)}, gas)


def test_decide__at_its_wishes__holds_and_says_how_far(desk: Desk) -> None:
    mix = mix_of(desk)
    decision = mix.decide(view(desk, mix, 100_000, 50_000))
    assert isinstance(decision, Hold)
    assert decision.why.startswith("inside the bands: ")


def test_decide__inside_the_band__holds(desk: Desk) -> None:
    mix = mix_of(desk)
    assert isinstance(mix.decide(view(desk, mix, 98_000, 51_000)), Hold)


def test_decide__outside_the_band__all_back_to_their_wishes(desk: Desk) -> None:
    mix = mix_of(desk)
    decision = mix.decide(view(desk, mix, 50_000, 75_000))
    weth, usdc = wallet(desk.token("WETH")), wallet(desk.token("USDC"))
    assert isinstance(decision, Target)
    assert decision.legs == (Leg(weth, 0.5), Leg(usdc, 0.5))
    assert decision.why.startswith("outside its band: WETH +25.00% from its wish, band ±")


def test_decide__outside_the_band__edge_is_the_fall_in_tracking_cost(desk: Desk) -> None:
    mix = mix_of(desk)
    decision = mix.decide(view(desk, mix, 50_000, 75_000))
    assert isinstance(decision, Target)
    assert isclose(decision.edge, 3.0 / 2 * 0.25**2 * 0.36, rel_tol=1e-12)


def test_decide__nothing_there__holds(desk: Desk) -> None:
    mix = mix_of(desk)
    assert mix.decide(view(desk, mix, 0, 0)) == Hold("there is nothing to keep in balance")


def test_decide__only_the_numeraire_wished_by_weight_zero__sells_the_rest(desk: Desk) -> None:
    mix = mix_of(desk, weth=0.0)
    decision = mix.decide(view(desk, mix, 100, 50_000))
    assert isinstance(decision, Target)
    assert decision.legs[0] == Leg(wallet(desk.token("WETH")), 0.0)


def test_decide__all_in_one_token__no_division_by_an_empty_band(desk: Desk) -> None:
    mix = ConstantMix({desk.token("WETH"): 1.0})
    sigma = CovarianceMatrix(tuple(mix.weights), ((0.36,),), 1.0)
    states = desk.imagined({"WETH": ETHER}, {})
    decision = mix.decide(desk.view(states, {mix.covariance: sigma}))
    assert isinstance(decision, Hold)


def test_band__two_tokens__the_wider_of_gas_and_fee(desk: Desk) -> None:
    mix, weth = mix_of(desk), desk.token("WETH")
    seen = view(desk, mix, 100_000, 50_000)
    drift = 0.5**2 * 0.5**2 * 0.36
    gas = float(seen.costs.action("Swap") / seen.equity)
    of = Band(0.36, drift, 3.0)
    expected = max(of.fixed(gas), of.proportional(0.0005))
    assert isclose(mix.band(weth, sigma_of(mix), seen), expected, rel_tol=1e-12)


def test_band__numeraire__never_left(desk: Desk) -> None:
    mix = mix_of(desk)
    seen = view(desk, mix, 100_000, 50_000)
    assert mix.band(desk.token("USDC"), sigma_of(mix), seen) == inf


def bands(desk: Desk, views: list[View]) -> list[float]:
    mix = mix_of(desk)
    return [mix.band(desk.token("WETH"), sigma_of(mix), seen) for seen in views]


def test_band__dearer_gas__wider(desk: Desk) -> None:
    mix = mix_of(desk)
    views = [view(desk, mix, 1_000, 500, gas * 10**9) for gas in (1, 10, 100)]
    assert bands(desk, views) == sorted(set(bands(desk, views)))


def test_band__smaller_book__wider(desk: Desk) -> None:
    mix = mix_of(desk)
    views = [view(desk, mix, size, size // 2, 10**10) for size in (100_000, 10_000, 1_000)]
    assert bands(desk, views) == sorted(set(bands(desk, views)))


def test_needs__mix__its_wallets_and_its_signal(desk: Desk) -> None:
    mix = mix_of(desk)
    tokens = tuple(mix.weights)
    assert mix.needs == (*map(wallet, tokens), mix.covariance)
    assert (mix.covariance.tokens, mix.covariance.halflife) == (tokens, timedelta(days=7))


@pytest.mark.parametrize(
    "parameters, words",
    [
        ({"risk_aversion": 0.0}, "`risk_aversion` is 0.0, expected 1e-06 to 1e"),
        ({"risk_aversion": nan}, "`risk_aversion` is nan"),
        ({"fee": -0.1}, "`fee` is -0.1, expected 0 to 1"),
    ],
)
def test_mix__parameter_out_of_range__refused(
    desk: Desk, parameters: dict[str, float], words: str
) -> None:
    with pytest.raises(ConfigError, match=words):
        ConstantMix({desk.token("WETH"): 0.5}, **parameters)  # type: ignore[arg-type]


@pytest.mark.parametrize("weights", [{"WETH": 0.7, "USDC": 0.7}, {"WETH": -0.1}, {}])
def test_mix__weights_that_are_no_shares__refused(desk: Desk, weights: dict[str, float]) -> None:
    by_token: dict[Token, float] = {desk.token(symbol): w for symbol, w in weights.items()}
    with pytest.raises(ConfigError, match="weights"):
        ConstantMix(by_token)
