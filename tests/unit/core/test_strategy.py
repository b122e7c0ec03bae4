from dataclasses import dataclass, replace
from fractions import Fraction
from math import inf, nan

import pytest

from tests.unit.core.test_token import USDC, WETH
from trimtab.core.errors import ConfigError, MissingRead, PlanError
from trimtab.core.market import POSITION, Head, MarketId, Place, wallet
from trimtab.core.prices import Prices, Quote
from trimtab.core.quantise import Timestamp
from trimtab.core.states import States
from trimtab.core.strategy import (
    Costs,
    Leg,
    Signal,
    Target,
    View,
    check_range,
    check_weights,
    signals_of,
)

DEBT = Place(MarketId("aave_v3:1:0xabc"), USDC, "debt")


@dataclass(frozen=True, slots=True)
class Count(Signal[int, str]):
    """How many views there were."""

    by: int = 1

    @property
    def start(self) -> int:
        return 0

    def step(self, memory: int, view: View) -> int:
        return memory + self.by

    def value(self, memory: int) -> str:
        return f"{memory} seen"


def view(amounts: dict[Place, int]) -> View:
    now = Timestamp(0)
    quotes = {
        USDC: Quote(Fraction(1), "", now),
        WETH: Quote(Fraction(2_000 * 10**6, 10**18), "", now),
    }
    states = States(1, {1: Head(1, 1, "0x", now)}, {}, {})
    return View(
        states, Prices(USDC, now, quotes), amounts, {Count(): "3 seen"}, Costs(Fraction(2), {})
    )


BOOK = view({wallet(USDC): 3_000_000, wallet(WETH): 10**15, DEBT: -1_000_000})


def test_view__place__amount_of_its_token() -> None:
    assert (BOOK[wallet(USDC)], BOOK[DEBT]) == (USDC.amount(3_000_000), USDC.amount(-1_000_000))


def test_view__place_without_anything__zero() -> None:
    assert view({})[wallet(WETH)] == WETH.amount(0)


def test_view__signal__its_value() -> None:
    assert BOOK[Count()] == "3 seen"


def test_view__signal_that_is_no_need__says_to_declare_it() -> None:
    with pytest.raises(MissingRead, match=r"Count\(by=2\) is not among .* needs: declare it"):
        BOOK[Count(2)]


def test_equity__with_a_debt__net() -> None:
    assert BOOK.equity == 4_000_000


def test_weight__places__shares_of_equity() -> None:
    weights = [BOOK.weight(place) for place in (wallet(USDC), wallet(WETH), DEBT)]
    assert weights == [0.75, 0.5, -0.25]


def test_weight__no_equity__zero() -> None:
    assert view({}).weight(wallet(USDC)) == 0.0


def test_costs__action__gas_of_its_kind_at_the_price_of_gas() -> None:
    assert Costs(Fraction(1, 3), {"Swap": 9}).action("Swap") == 3


@pytest.mark.parametrize("weight", [nan, inf, -inf])
def test_leg__weight_not_finite__refused_by_place(weight: float) -> None:
    with pytest.raises(PlanError, match=r"wished weight of wallet:WETH is .*expected a finite"):
        Leg(wallet(WETH), weight)


@pytest.mark.parametrize("edge", [nan, inf])
def test_target__edge_not_finite__refused(edge: float) -> None:
    with pytest.raises(PlanError, match=r"the edge of a target is .*division by zero"):
        Target(edge=edge)


def test_target__legs_and_reason__kept() -> None:
    target = Target(Leg(wallet(WETH), 0.5), edge=0.1, why="so")
    assert (target.legs, target.edge, target.why) == ((Leg(wallet(WETH), 0.5),), 0.1, "so")


def test_signals_of__needs__each_signal_once_in_order() -> None:
    assert signals_of((Count(2), wallet(USDC), Count(), Count(2))) == (Count(2), Count())


@pytest.mark.parametrize("weights", [{"A": 0.1, "B": 0.2, "C": 0.7}, {"A": 1.0}, {"A": 0.0}])
def test_check_weights__within__accepted(weights: dict[str, float]) -> None:
    check_weights(weights)


@pytest.mark.parametrize(
    "weights, words",
    [
        ({}, "`weights` is empty: name at least one token"),
        ({"A": -0.1}, "`weights.A` is -0.1, expected 0 to 1"),
        ({"A": nan}, "`weights.A` is nan, expected 0 to 1"),
        ({"A": 0.6, "B": 0.6}, "`weights` sum to 1.2, expected at most 1: lower some"),
    ],
)
def test_check_weights__outside__says_which(weights: dict[str, float], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        check_weights(weights)


@pytest.mark.parametrize("value", [-1e-9, 1.0001, nan, inf])
def test_check_range__outside__refused(value: float) -> None:
    with pytest.raises(ConfigError, match=r"`fee` is .*, expected 0 to 1"):
        check_range("fee", value, 0, 1)


SHORT = Place(MarketId("perpetual:1:0xdef"), USDC, POSITION)


def test_view__position__weighs_what_it_is_exposed_to() -> None:
    amounts = {wallet(USDC): 900, SHORT: 100}
    seen = replace(view(amounts), exposures={SHORT: Fraction(-500)})
    assert seen.equity == 1000
    assert seen.value(SHORT) == 100
    assert seen.exposure(SHORT) == -500
    assert seen.weight(SHORT) == -0.5
    assert seen.exposure(wallet(USDC)) == 0


def test_leg__margin__is_what_lies_at_a_perpetual() -> None:
    leg = Leg(SHORT, -0.5, margin=0.25)
    assert (leg.share, Leg(DEBT, -0.5).share) == (0.25, -0.5)


@pytest.mark.parametrize(
    "place, margin", [(SHORT, -0.1), (SHORT, nan), (SHORT, inf), (DEBT, 0.1), (wallet(USDC), 0.1)]
)
def test_leg__margin_that_cannot_be__refused(place: Place, margin: float) -> None:
    with pytest.raises(PlanError, match="margin"):
        Leg(place, -0.5, margin=margin)
