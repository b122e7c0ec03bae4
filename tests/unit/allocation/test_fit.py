from dataclasses import replace
from fractions import Fraction

import pytest

from tests.unit.mandate.test_limits import COINS, HOME, LENT, NAMES
from trimtab.allocation.fit import MARGIN, Room, fit
from trimtab.core.errors import Infeasible
from trimtab.core.market import POSITION, MarketId, Place

LENT_COINS = Place(MarketId("aave_v3:1:0xabc"), COINS.token)
ALL_NAMES = {
    **NAMES,
    LENT_COINS: frozenset({"aave_v3:WETH", "protocol:aave_v3", "token:WETH"}),
}


def room(caps: dict[str, Fraction] | None = None, idle: Fraction = Fraction(0)) -> Room:
    return Room(caps or {}, idle, ALL_NAMES, HOME)


def wished(home: int, coins: int, lent: int, lent_coins: int = 0) -> dict[Place, Fraction]:
    values = {HOME: home, COINS: coins, LENT: lent, LENT_COINS: lent_coins}
    return {place: Fraction(value) for place, value in values.items()}


def inside(cap: Fraction) -> Fraction:
    return cap * (1 - MARGIN) * 1000


def test_fit__inside_all_limits__as_wished() -> None:
    wishes = wished(500, 300, 200)
    assert fit(wishes, room({"token:WETH": Fraction(1, 2)}, Fraction(1, 10))) == wishes


def test_fit__cap_of_a_lender__goes_back_to_the_wallet() -> None:
    fitted = fit(wished(0, 0, 1000), room({"aave_v3:USDC": Fraction(1, 2)}))
    assert (fitted[LENT], fitted[HOME]) == (inside(Fraction(1, 2)), 1000 - inside(Fraction(1, 2)))


def test_fit__cap_of_a_protocol__lowers_its_places_in_proportion() -> None:
    fitted = fit(wished(0, 0, 750, 250), room({"protocol:aave_v3": Fraction(1, 2)}))
    assert fitted[LENT] == 3 * fitted[LENT_COINS]
    assert fitted[LENT] + fitted[LENT_COINS] == inside(Fraction(1, 2))


def test_fit__cap_of_a_token__frees_the_numeraire() -> None:
    fitted = fit(wished(0, 500, 0, 500), room({"token:WETH": Fraction(1, 2)}))
    assert fitted[COINS] == fitted[LENT_COINS] == inside(Fraction(1, 4))
    assert fitted[HOME] == 1000 - inside(Fraction(1, 2))


def test_fit__cap_of_a_wallet__not_filled_again_by_a_lenders_cap() -> None:
    caps = {"WETH": Fraction(1, 10), "aave_v3:WETH": Fraction(1, 10)}
    fitted = fit(wished(0, 0, 0, 1000), room(caps))
    assert fitted[COINS] == fitted[LENT_COINS] == inside(Fraction(1, 10))
    assert fitted[HOME] == 1000 - 2 * inside(Fraction(1, 10))


def test_fit__idle_floor__lent_comes_back_in_the_same_token() -> None:
    fitted = fit(wished(0, 0, 500, 500), room(idle=Fraction(1, 4)))
    floor = 1000 * Fraction(1, 4) * (1 + MARGIN)
    assert fitted[HOME] == fitted[COINS] == floor / 2


def test_fit__idle_floor_of_everything__nothing_is_lent() -> None:
    fitted = fit(wished(0, 0, 500, 500), room(idle=Fraction(1)))
    assert fitted == {HOME: 500, COINS: 500, LENT: 0, LENT_COINS: 0}


def test_fit__cap_of_the_numeraire__left_for_the_review() -> None:
    wishes = wished(600, 0, 400)
    caps = {"USDC": Fraction(1, 10), "token:USDC": Fraction(1, 10), "protocol:erc20": Fraction(0)}
    assert fit(wishes, room(caps)) == wishes


def test_fit__cap_of_everything__needs_no_margin() -> None:
    wishes = wished(0, 1000, 0)
    assert fit(wishes, room({"token:WETH": Fraction(1)})) == wishes


def test_fit__nothing_wished__nothing() -> None:
    assert fit({}, room({"token:WETH": Fraction(1, 2)}, Fraction(1, 10))) == {HOME: 0}


def test_fit__wallet_that_nobody_wished__filled_from_its_lender() -> None:
    fitted = fit({LENT_COINS: Fraction(1000)}, room({"aave_v3:WETH": Fraction(1, 2)}))
    assert fitted[COINS] == 1000 - inside(Fraction(1, 2))


def test_fit__place_outside_the_mandate__refused_in_words() -> None:
    stranger = Place(MarketId("aave_v3:1:0xdef"), COINS.token)
    with pytest.raises(Infeasible, match="aave_v3:WETH is no place of the mandate: add it"):
        fit({stranger: Fraction(1)}, room())


def test_fit__what_a_position_gained__counts_against_a_cap_and_stays() -> None:
    margin = Place(MarketId("perpetual:1:0xdef"), HOME.token)
    short = replace(margin, side=POSITION)
    names = dict.fromkeys((margin, short), frozenset({"protocol:perpetual"}))
    caps = {"protocol:perpetual": Fraction(1, 2)}
    limits = Room(caps, Fraction(0), {**ALL_NAMES, **names}, HOME)
    wishes = {HOME: Fraction(300), margin: Fraction(600), short: Fraction(100)}
    fitted = fit(wishes, limits)
    assert fitted[short] == 100
    assert fitted[margin] == inside(Fraction(1, 2)) - 100
    assert sum(fitted.values()) == 1000


def test_fit__dust_of_a_position_beyond_a_cap_of_nothing__stays() -> None:
    margin = Place(MarketId("perpetual:1:0xdef"), HOME.token)
    short = replace(margin, side=POSITION)
    names = dict.fromkeys((margin, short), frozenset({"protocol:perpetual"}))
    caps = {"protocol:perpetual": Fraction(0)}
    limits = Room(caps, Fraction(0), {**ALL_NAMES, **names}, HOME)
    wishes = {HOME: Fraction(999), margin: Fraction(0), short: Fraction(1)}
    assert fit(wishes, limits) == wishes
