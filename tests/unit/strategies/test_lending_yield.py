from math import isclose, nan

import pytest

from tests.support.desk import SYMBOLS, Desk
from trimtab.allocation.lending import revenue
from trimtab.allocation.offers import lending_offer
from trimtab.core.errors import ConfigError
from trimtab.core.market import Place, wallet
from trimtab.core.strategy import Hold, Target
from trimtab.strategies import LendingYield

MILLION = 10**6 * 10**6


def lenders(desk: Desk) -> tuple[Place, ...]:
    return tuple(desk.place(f"aave_v3:{symbol}") for symbol in SYMBOLS)


def legs_of(decision: object) -> dict[Place, float]:
    assert isinstance(decision, Target)
    return {leg.place: leg.weight for leg in decision.legs}


def test_decide__all_idle__lends_where_it_earns(desk: Desk) -> None:
    view = desk.view(desk.imagined({"USDC": MILLION}, {}), {})
    legs = legs_of(LendingYield(lenders(desk)).decide(view))
    assert legs[desk.place("aave_v3:USDC")] == 1.0
    assert {weight for place, weight in legs.items() if place != desk.place("aave_v3:USDC")} == {0}


def test_decide__all_idle__edge_is_the_revenue_gained_over_equity(desk: Desk) -> None:
    view = desk.view(desk.imagined({"USDC": MILLION}, {}), {})
    decision = LendingYield(lenders(desk)).decide(view)
    offer = lending_offer(view, desk.place("aave_v3:USDC"))
    assert isinstance(decision, Target)
    assert isclose(decision.edge, revenue([MILLION], [offer]) / MILLION, rel_tol=1e-12)


def test_decide__share_to_keep__stays_in_the_wallet(desk: Desk) -> None:
    view = desk.view(desk.imagined({"USDC": MILLION}, {}), {})
    legs = legs_of(LendingYield(lenders(desk), keep=0.25).decide(view))
    assert (legs[desk.place("aave_v3:USDC")], legs[desk.place("USDC")]) == (0.75, 0.25)


def test_decide__already_lent__holds_and_says_what_it_would_add(desk: Desk) -> None:
    view = desk.view(desk.imagined({}, {"USDC": MILLION}), {})
    decision = LendingYield(lenders(desk)).decide(view)
    assert decision == Hold("lending anew would add 0.000% a year, least 0.050%")


def test_decide__gain_below_the_least__holds(desk: Desk) -> None:
    view = desk.view(desk.imagined({"USDC": MILLION}, {}), {})
    assert isinstance(LendingYield(lenders(desk), least_gain=0.5).decide(view), Hold)


def test_decide__nothing_there__holds(desk: Desk) -> None:
    assert LendingYield(lenders(desk)).decide(desk.view(desk.start, {})) == Hold("nothing idles")


def test_decide__larger_sum__expects_less_of_each_dollar(desk: Desk) -> None:
    strategy, edges = LendingYield(lenders(desk)), []
    for millions in (1, 10, 100):
        decision = strategy.decide(desk.view(desk.imagined({"USDC": millions * MILLION}, {}), {}))
        assert isinstance(decision, Target)
        edges.append(decision.edge)
    assert edges == sorted(set(edges), reverse=True)


def test_decide__several_tokens__each_stays_itself(desk: Desk) -> None:
    book = {"USDC": MILLION, "WETH": 500 * 10**18, "WBTC": 25 * 10**8}
    view = desk.view(desk.imagined(book, {}), {})
    legs = legs_of(LendingYield(lenders(desk)).decide(view))
    for symbol in SYMBOLS:
        token = desk.token(symbol)
        wished = sum(weight for place, weight in legs.items() if place.token == token)
        assert isclose(wished, view.weight(wallet(token)), rel_tol=1e-12)


def test_decide__target__says_where_and_at_what_rate(desk: Desk) -> None:
    decision = LendingYield(lenders(desk)).decide(
        desk.view(desk.imagined({"USDC": MILLION}, {}), {})
    )
    assert isinstance(decision, Target)
    assert decision.why.startswith("lend aave_v3:USDC 100% at ")


def test_needs__strategy__lenders_and_wallets(desk: Desk) -> None:
    tokens = [desk.token(symbol) for symbol in SYMBOLS]
    assert LendingYield(lenders(desk)).needs == (*lenders(desk), *map(wallet, tokens))


@pytest.mark.parametrize("names", [[], ["USDC"], ["aave_v3:USDC", "aave_v3:USDC"]])
def test_yield__lenders_that_are_none__refused(desk: Desk, names: list[str]) -> None:
    with pytest.raises(ConfigError, match="`lenders` names"):
        LendingYield(tuple(map(desk.place, names)))


@pytest.mark.parametrize("name, value", [("least_gain", -0.1), ("least_gain", nan), ("keep", 1.1)])
def test_yield__parameter_out_of_range__refused(desk: Desk, name: str, value: float) -> None:
    with pytest.raises(ConfigError, match=f"`{name}` is"):
        LendingYield(lenders(desk), **{name: value})
