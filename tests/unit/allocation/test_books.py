from fractions import Fraction

import pytest

from tests.unit.core.test_token import USDC, WETH
from tests.unit.mandate.test_limits import COINS, HOME, LENT
from trimtab.allocation.books import UNASSIGNED, Claims, divided, opening, settled
from trimtab.core.market import POSITION, MarketId, Place, pooled, uncollected
from trimtab.core.prices import Prices, Quote
from trimtab.core.quantise import Timestamp
from trimtab.core.token import Token

NOW = Timestamp(0)
WBTC = Token(1, USDC.address[:-1] + "9", 8, "WBTC")  # type: ignore[arg-type]
BITS = Place(LENT.market, WBTC)
QUOTES = {
    USDC: Quote(Fraction(1), "", NOW),
    WETH: Quote(Fraction(2), "", NOW),
    WBTC: Quote(Fraction(20), "", NOW),
}
PRICES = Prices(USDC, NOW, QUOTES)
TICKS = (-10, 10)
POOLED0, POOLED1 = (pooled(LENT.market, token, TICKS) for token in (WETH, USDC))
OWED = uncollected(LENT.market, WETH, TICKS)
HALVES = {"one": Fraction(1, 2), "two": Fraction(1, 2)}


def after_trade(
    claims: Claims, traded: dict[Place, int], wants: Claims
) -> dict[str, dict[Place, int]]:
    """What each has after a plan's flows, zeros left out."""
    settled_claims = settled(claims, HALVES, {}, traded, wants, PRICES)
    return {
        name: {place: raw for place, raw in places.items() if raw}
        for name, places in settled_claims.items()
    }


def after_earning(claims: Claims, earned: dict[Place, int]) -> Claims:
    return settled(claims, HALVES, earned, {}, {}, PRICES)


def test_divided__units_left_over__one_each_in_the_names_order() -> None:
    assert divided(11, {"b": 1, "a": 1, "c": 1}) == {"a": 4, "b": 4, "c": 3}


def test_divided__weight_of_zero__gets_nothing() -> None:
    assert divided(7, {"a": 0, "b": 2}) == {"a": 0, "b": 7}


def test_divided__negative__sums_to_it() -> None:
    assert sum(divided(-7, {"a": 1, "b": 2}).values()) == -7


@pytest.mark.parametrize("weights", [{}, {"a": 0}])
def test_divided__by_nothing__refused(weights: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="cannot divide 7 by weights that sum to 0"):
        divided(7, weights)


def test_opening__shares_of_a_part__the_rest_is_nobodys() -> None:
    shares = {"one": Fraction(1, 2), "two": Fraction(1, 4)}
    assert opening({HOME: 101}, shares) == {
        "one": {HOME: 51},
        "two": {HOME: 25},
        UNASSIGNED: {HOME: 25},
    }


def test_opening__shares_of_all__nobody_is_left_out() -> None:
    assert opening({HOME: 10}, HALVES) == {"one": {HOME: 5}, "two": {HOME: 5}}


def test_settled__interest__to_the_owners_in_proportion() -> None:
    claims = {"one": {LENT: 300}, "two": {LENT: 100}}
    assert after_earning(claims, {LENT: 8}) == {"one": {LENT: 306}, "two": {LENT: 102}}


def test_settled__gift_where_nobody_has_anything__by_the_shares() -> None:
    claims: Claims = {"one": {}, "two": {HOME: 5}}
    assert after_earning(claims, {COINS: 4}) == {"one": {COINS: 2}, "two": {HOME: 5, COINS: 2}}


@pytest.mark.parametrize("place", [POOLED0, OWED], ids=["other token", "fees"])
def test_settled__liquidity_earns_where_nothing_lay__to_its_owners(place: Place) -> None:
    claims: Claims = {"one": {POOLED1: 300}, "two": {HOME: 500, POOLED1: 100}}
    after = after_earning(claims, {place: 8})
    assert {name: places[place] for name, places in after.items()} == {"one": 6, "two": 2}


def test_settled__liquidity_turned_into_the_other_token__stays_with_its_owner() -> None:
    claims: Claims = {"one": {POOLED1: 300}, "two": {HOME: 300}}
    assert after_earning(claims, {POOLED0: 150, POOLED1: -300}) == {
        "one": {POOLED0: 150},
        "two": {HOME: 300},
    }


def test_settled__liquidity_taken_out__its_places_forgotten() -> None:
    claims: Claims = {"one": {HOME: 10, LENT: 5, POOLED1: 300}, "two": {HOME: 300}}
    wants = {"one": {POOLED1: -300, LENT: -5, HOME: 305}}
    traded = {POOLED1: -300, LENT: -5, HOME: 305}
    after = settled(claims, HALVES, {}, traded, wants, PRICES)
    assert after == {"one": {HOME: 315, LENT: 0}, "two": {HOME: 300}}


def test_settled__liquidity_just_opened_earns__to_who_wanted_it() -> None:
    claims: Claims = {"one": {HOME: 300}, "two": {HOME: 300}}
    wants = {"one": {POOLED1: 100, HOME: -100}, "two": {COINS: 5, HOME: -10}}
    traded = {POOLED1: 100, COINS: 5, HOME: -110}
    after = settled(claims, HALVES, {OWED: 3}, traded, wants, PRICES)
    assert after == {
        "one": {HOME: 200, POOLED1: 100, OWED: 3},
        "two": {HOME: 290, COINS: 5},
    }


def test_settled__another_range_of_the_pool__no_part_of_it() -> None:
    other = uncollected(LENT.market, WETH, (10, 20))
    claims: Claims = {"one": {POOLED1: 300}, "two": {HOME: 300}}
    assert after_earning(claims, {other: 4})["two"] == {HOME: 300, other: 2}


def test_settled__trade_of_one__all_its_own() -> None:
    claims = {"one": {HOME: 100}, "two": {HOME: 100}}
    wants = {"one": {HOME: -20, COINS: 10}}
    assert after_trade(claims, {HOME: -20, COINS: 9}, wants) == {
        "one": {HOME: 80, COINS: 9},
        "two": {HOME: 100},
    }


def test_settled__crossing_wishes__exchanged_at_the_oracles_price() -> None:
    claims = {"one": {COINS: 10}, "two": {HOME: 100}}
    wants = {"one": {COINS: -10, HOME: 20}, "two": {COINS: 4, HOME: -8}}
    assert after_trade(claims, {COINS: -6, HOME: 12}, wants) == {
        "one": {HOME: 20},
        "two": {COINS: 4, HOME: 92},
    }


def test_settled__wishes_cross_without_any_flow__exchanged_all_the_same() -> None:
    claims = {"one": {COINS: 10}, "two": {HOME: 100}}
    wants = {"one": {COINS: -4, HOME: 8}, "two": {COINS: 4, HOME: -8}}
    assert after_trade(claims, {}, wants) == {
        "one": {COINS: 6, HOME: 8},
        "two": {COINS: 4, HOME: 92},
    }


def test_settled__numeraire_passed_by__each_is_paid_and_pays() -> None:
    claims = {"one": {COINS: 10}, "two": {HOME: 100}}
    wants = {"one": {COINS: -10, HOME: 20}, "two": {BITS: 1, HOME: -20}}
    assert after_trade(claims, {COINS: -10, BITS: 1}, wants) == {
        "one": {HOME: 20},
        "two": {BITS: 1, HOME: 80},
    }


def test_settled__slippage__shared_in_proportion_to_the_values_traded() -> None:
    claims = {"one": {COINS: 30}, "two": {COINS: 10}}
    wants = {"one": {COINS: -30, HOME: 60}, "two": {COINS: -10, HOME: 20}}
    assert after_trade(claims, {COINS: -40, HOME: 72}, wants) == {
        "one": {HOME: 54},
        "two": {HOME: 18},
    }


def test_settled__less_done_than_wanted__each_gets_its_part() -> None:
    claims = {"one": {HOME: 100}, "two": {HOME: 100}}
    wants = {"one": {COINS: 30, HOME: -60}, "two": {COINS: 10, HOME: -20}}
    assert after_trade(claims, {COINS: 20, HOME: -40}, wants) == {
        "one": {COINS: 15, HOME: 70},
        "two": {COINS: 5, HOME: 90},
    }


def test_settled__part_left_in_the_wallet__to_who_wanted_the_token() -> None:
    claims = {"one": {HOME: 100}, "two": {HOME: 100}}
    lent = Place(LENT.market, WETH)
    wants = {"one": {lent: 10, HOME: -20}}
    assert after_trade(claims, {lent: 6, COINS: 4, HOME: -20}, wants) == {
        "one": {lent: 6, COINS: 4, HOME: 80},
        "two": {HOME: 100},
    }


MARGIN = Place(MarketId("perpetual:1:0xdef"), USDC)
SHORT = Place(MARGIN.market, USDC, POSITION)


def test_settled__position_loses__whose_margin_it_is() -> None:
    after = after_earning({"one": {HOME: 100}, "two": {HOME: 50, MARGIN: 50}}, {SHORT: -7})
    assert (after["one"].get(SHORT, 0), after["two"][SHORT]) == (0, -7)


def test_settled__position_opened__of_who_wanted_the_margin() -> None:
    after = after_trade(
        {"one": {HOME: 100}, "two": {HOME: 100}},
        {HOME: -40, MARGIN: 40, SHORT: -3},
        {"one": {}, "two": {HOME: -40, MARGIN: 40}},
    )
    assert after == {"one": {HOME: 100}, "two": {HOME: 60, MARGIN: 40, SHORT: -3}}


def test_settled__position_closed_at_a_gain__the_gain_is_its_owner_s() -> None:
    after = after_trade(
        {"one": {HOME: 100}, "two": {MARGIN: 40, SHORT: 10}},
        {HOME: 48, MARGIN: -40, SHORT: -10},
        {"one": {}, "two": {HOME: 40, MARGIN: -40}},
    )
    assert after == {"one": {HOME: 100}, "two": {HOME: 48}}


def test_settled__repair_that_nobody_wished__of_whose_the_debt_or_margin_is() -> None:
    claims = {"one": {HOME: 100}, "two": {HOME: 50, MARGIN: 50, SHORT: -5}}
    assert after_trade(claims, {HOME: -40, MARGIN: 40}, {}) == {
        "one": {HOME: 100},
        "two": {HOME: 10, MARGIN: 90, SHORT: -5},
    }
    debt = Place(LENT.market, USDC, "debt")
    owing = {"one": {HOME: 100}, "two": {HOME: 50, LENT: 60, debt: -40}}
    assert after_trade(owing, {LENT: -20, debt: 20}, {}) == {
        "one": {HOME: 100},
        "two": {HOME: 50, LENT: 40, debt: -20},
    }


def test_settled__position_made_smaller__what_is_realised_is_its_owner_s() -> None:
    claims = {"one": {HOME: 100}, "two": {MARGIN: 50, SHORT: -10}}
    wants = {"one": {HOME: -30, LENT: 30}, "two": {}}
    assert after_trade(claims, {HOME: -30, LENT: 30, MARGIN: -4, SHORT: 4}, wants) == {
        "one": {HOME: 70, LENT: 30},
        "two": {MARGIN: 46, SHORT: -6},
    }
