from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction

import pytest

from tests.unit.core.test_token import USDC, WETH
from trimtab.core.market import MarketId, Place, wallet
from trimtab.mandate.limits import Fill, Limits, Scene

HOME, COINS = wallet(USDC), wallet(WETH)
LENT = Place(MarketId("aave_v3:1:0xabc"), USDC)
NAMES = {
    HOME: frozenset({"USDC", "protocol:erc20", "token:USDC"}),
    COINS: frozenset({"WETH", "protocol:erc20", "token:WETH"}),
    LENT: frozenset({"aave_v3:USDC", "protocol:aave_v3", "token:USDC"}),
}


def scene(values: Mapping[Place, int], fills: tuple[Fill, ...] = (), age: int = 0) -> Scene:
    fractions = {place: Fraction(value) for place, value in values.items()}
    sold = sum((fill.sold for fill in fills), Fraction(0))
    return Scene(fractions, NAMES, frozenset({HOME, COINS}), age, fills, sold)


def measured(limits: Limits, of: Scene, name: str) -> tuple[Fraction, bool]:
    (found,) = [each for each in (*limits.of_state(of), *limits.of_plan(of)) if each.limit == name]
    return found.measured, found.is_within


@pytest.mark.parametrize(
    "name, share",
    [("aave_v3:USDC", 30), ("protocol:erc20", 70), ("token:USDC", 80), ("WETH", 20)],
)
def test_cap__each_kind_of_id__share_of_equity_in_all_its_places(name: str, share: int) -> None:
    limits = Limits(caps={name: Fraction(1)})
    book = scene({HOME: 50, COINS: 20, LENT: 30})
    assert measured(limits, book, f"cap {name}") == (Fraction(share, 100), True)


def test_cap__equal__within_and_one_unit_beyond_is_not() -> None:
    limits = Limits(caps={"token:WETH": Fraction(1, 3)})
    at, beyond = (
        scene({HOME: 2 * 10**60, COINS: 10**60}),
        scene({HOME: 2 * 10**60, COINS: 10**60 + 1}),
    )
    assert [measured(limits, each, "cap token:WETH")[1] for each in (at, beyond)] == [True, False]


def test_minimum_idle__equal__within_and_one_unit_beyond_is_not() -> None:
    limits = Limits(minimum_idle=Fraction(1, 4))
    at, beyond = (
        scene({HOME: 10**60, LENT: 3 * 10**60}),
        scene({HOME: 10**60, LENT: 3 * 10**60 + 1}),
    )
    held = [measured(limits, each, "outside the wallet")[1] for each in (at, beyond)]
    assert held == [True, False]


def test_state_limits__empty_account__keeps_all() -> None:
    limits = Limits(caps={"token:WETH": Fraction(0)}, minimum_idle=Fraction(1))
    assert all(measure.is_within for measure in limits.of_state(scene({})))


def test_state_limits__more_owed_than_owned__break() -> None:
    limits = Limits(caps={"token:WETH": Fraction(1, 2)}, minimum_idle=Fraction(1, 2))
    book = scene({COINS: 5, LENT: -10})
    assert [measure.is_within for measure in limits.of_state(book)] == [False, False]


@pytest.mark.parametrize("least, is_within", [(99, True), (98, False)])
def test_slippage__worst_fill_of_the_bounds__against_the_limit(least: int, is_within: bool) -> None:
    fill = Fill("WETH for USDC", Fraction(100), Fraction(least))
    limits = Limits(slippage=Fraction(1, 100))
    book = scene({HOME: 1000}, (fill,))
    slip = Fraction(100 - least, 100)
    assert measured(limits, book, "slippage WETH for USDC") == (slip, is_within)


def test_turnover__value_sold__over_equity_after_the_plan() -> None:
    book = scene({HOME: 400}, (Fill("one", Fraction(100), Fraction(100)),))
    limits = Limits(turnover_per_day=Fraction(1, 4))
    assert measured(limits, book, "turnover per day") == (Fraction(1, 4), True)


@pytest.mark.parametrize("age, is_within", [(600, True), (601, False)])
def test_state_age__seconds__against_the_bound(age: int, is_within: bool) -> None:
    assert measured(Limits(state_age=600), scene({}, age=age), "state age") == (
        Fraction(age),
        is_within,
    )


@pytest.mark.parametrize("equity, is_within", [(100, True), (101, False)])
def test_max_equity__book__against_the_limit(equity: int, is_within: bool) -> None:
    limits = Limits(max_equity=Fraction(100))
    assert measured(limits, scene({HOME: equity}), "max equity") == (Fraction(equity), is_within)


def test_max_equity__none__not_measured() -> None:
    assert "max equity" not in {each.limit for each in Limits().of_plan(scene({HOME: 1}))}


@pytest.mark.parametrize("nearness, is_within", [((2, 3), True), ((667, 1000), False)])
def test_health__one_over_the_factor__at_the_limit_within(
    nearness: tuple[int, int], is_within: bool
) -> None:
    limits = Limits(health=Fraction(3, 2))
    book = replace(scene({HOME: 1}), nearness={"aave_v3": Fraction(*nearness)})
    assert measured(limits, book, "health aave_v3") == (Fraction(*nearness), is_within)


def test_health__no_debt__not_measured() -> None:
    assert [each.limit for each in Limits().of_state(scene({HOME: 1}))] == ["outside the wallet"]


@pytest.mark.parametrize("wei, is_within", [(10**17, True), (10**17 + 1, False)])
def test_gas_per_day__most_that_it_may_have_cost__against_the_limit(
    wei: int, is_within: bool
) -> None:
    book = replace(scene({HOME: 1}), gas_spent=wei)
    limits = Limits(gas_per_day=Fraction(10**17))
    assert measured(limits, book, "gas per day") == (Fraction(wei), is_within)


def test_gas_per_day__none__not_measured() -> None:
    assert "gas per day" not in {each.limit for each in Limits().of_plan(scene({HOME: 1}))}
