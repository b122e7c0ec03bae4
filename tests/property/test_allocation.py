"""Conservation, to the unit: of values brought inside limits, and of what strategies own."""

from fractions import Fraction

from hypothesis import assume, given
from hypothesis import strategies as st

from tests.unit.allocation.test_books import BITS, PRICES
from tests.unit.allocation.test_fit import ALL_NAMES, LENT_COINS
from tests.unit.mandate.test_limits import COINS, HOME, LENT
from trimtab.allocation.books import UNASSIGNED, Claims, divided, opening, settled
from trimtab.allocation.fit import MARGIN, Room, fit
from trimtab.core.market import Place
from trimtab.mandate import Limits, Scene

SHARES = st.integers(0, 12).map(lambda twelfths: Fraction(twelfths, 12))
IDS = sorted(set.union(*map(set, ALL_NAMES.values())))
FREE_IDS = [name for name in IDS if name not in ALL_NAMES[HOME]]
ROOMS = st.builds(
    Room,
    caps=st.dictionaries(st.sampled_from(IDS), SHARES),
    minimum_idle=SHARES,
    names=st.just(ALL_NAMES),
    numeraire=st.just(HOME),
)
WISHES = st.dictionaries(
    st.sampled_from(sorted(ALL_NAMES)), st.fractions(0, 10**6, max_denominator=10**4)
)


def worth(values: dict[Place, Fraction]) -> Fraction:
    return sum(values.values(), Fraction(0))


@given(WISHES, ROOMS)
def test_fit__any_wishes__keeps_their_worth_and_owes_nothing(
    wishes: dict[Place, Fraction], room: Room
) -> None:
    fitted = fit(wishes, room)
    assert worth(fitted) == worth(wishes)
    assert all(value >= 0 for value in fitted.values())


@given(WISHES, ROOMS)
def test_fit__any_wishes__all_limits_kept_but_those_of_the_numeraire(
    wishes: dict[Place, Fraction], room: Room
) -> None:
    fitted = fit(wishes, room)
    caps = {name: cap for name, cap in room.caps.items() if name in FREE_IDS}
    idle = min(room.minimum_idle * (1 + MARGIN), Fraction(1))
    scene = Scene(fitted, ALL_NAMES, frozenset({HOME, COINS}), age=0)
    assert all(each.is_within for each in Limits(caps, minimum_idle=idle).of_state(scene))


@given(WISHES, ROOMS)
def test_fit__twice__as_once(wishes: dict[Place, Fraction], room: Room) -> None:
    fitted = fit(wishes, room)
    assert fit(fitted, room) == fitted


@given(st.data(), WISHES, ROOMS)
def test_fit__in_any_order__the_same(
    data: st.DataObject, wishes: dict[Place, Fraction], room: Room
) -> None:
    shuffled = {place: wishes[place] for place in data.draw(st.permutations(sorted(wishes)))}
    caps = {name: room.caps[name] for name in data.draw(st.permutations(sorted(room.caps)))}
    other = Room(caps, room.minimum_idle, ALL_NAMES, HOME)
    assert fit(shuffled, other) == fit(wishes, room)


@given(st.integers(-(10**30), 10**30), st.dictionaries(st.text(max_size=3), SHARES))
def test_divided__anything__sums_and_stays_within_a_unit(
    raw: int, weights: dict[str, Fraction]
) -> None:
    total = sum(weights.values(), Fraction(0))
    assume(total)
    parts = divided(raw, weights)
    assert sum(parts.values()) == raw
    assert all(abs(parts[name] - raw * weights[name] / total) <= 1 for name in weights)


# ------------------------------------------------------------------------------ sub-books

PLACES = (HOME, COINS, LENT, LENT_COINS, BITS)
RAWS = st.integers(-(10**6), 10**24)
CHANGES = st.dictionaries(st.sampled_from(PLACES), st.integers(-(10**24), 10**24))
NAMES = ("one", "two", "three")


@st.composite
def shares(draw: st.DrawFn) -> dict[str, Fraction]:
    """Shares of several strategies, of all or of a part."""
    parts = draw(st.lists(st.integers(1, 9), min_size=1, max_size=3))
    whole = sum(parts) + draw(st.integers(0, 5))
    return {name: Fraction(part, whole) for name, part in zip(NAMES, parts, strict=False)}


def sums(claims: Claims) -> dict[Place, int]:
    """What all own together."""
    return {place: sum(own.get(place, 0) for own in claims.values()) for place in PLACES}


@given(st.dictionaries(st.sampled_from(PLACES), RAWS), shares())
def test_opening__any_book__divided_to_the_unit(
    totals: dict[Place, int], parts: dict[str, Fraction]
) -> None:
    claims = opening(totals, parts)
    assert sums(claims) == {place: totals.get(place, 0) for place in PLACES}
    assert set(claims) - {UNASSIGNED} == set(parts)


@given(st.data(), st.dictionaries(st.sampled_from(PLACES), RAWS), shares(), CHANGES, CHANGES)
def test_settled__any_flows_and_wants__claims_sum_to_the_book(
    data: st.DataObject,
    totals: dict[Place, int],
    parts: dict[str, Fraction],
    earned: dict[Place, int],
    traded: dict[Place, int],
) -> None:
    claims = opening(totals, parts)
    wants = {name: data.draw(CHANGES) for name in data.draw(st.sets(st.sampled_from([*claims])))}
    after = sums(settled(claims, parts, earned, traded, wants, PRICES))
    for place in PLACES:
        change = earned.get(place, 0) + traded.get(place, 0)
        assert after[place] == totals.get(place, 0) + change


@given(st.data(), shares())
def test_settled__traded_at_the_oracles_price__nobody_gains_or_loses(
    data: st.DataObject, parts: dict[str, Fraction]
) -> None:
    claims: Claims = {name: {HOME: 10**9, COINS: 10**9} for name in parts}
    wants = {name: balanced(data.draw(st.integers(-(10**6), 10**6))) for name in parts}
    traded = balanced(data.draw(st.integers(-(10**6), 10**6)))
    after = settled(claims, parts, {}, traded, wants, PRICES)
    for name, own in after.items():
        values = [
            (raw - claims[name][place]) * PRICES.price(place.token) for place, raw in own.items()
        ]
        assert abs(sum(values, Fraction(0))) < len(parts)


def balanced(coins: int) -> dict[Place, int]:
    """Coins bought or sold at the oracle's price."""
    return {COINS: coins, HOME: -coins * int(PRICES.price(COINS.token))}
