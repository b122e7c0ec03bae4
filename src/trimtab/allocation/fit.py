"""Wishes brought inside the state limits before anything is planned."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from trimtab.core.errors import Infeasible
from trimtab.core.market import Place, wallet

MARGIN = Fraction(1, 200)
"""How far inside a limit wishes are placed, relative to the limit, so that costs, roundings and
the next price do not break it at once."""


@dataclass(frozen=True, slots=True)
class Room:
    """The state limits in terms of places: caps by id, and the least idle share."""

    caps: Mapping[str, Fraction]
    minimum_idle: Fraction
    names: Mapping[Place, frozenset[str]]
    numeraire: Place


def fit(wishes: Mapping[Place, Fraction], room: Room) -> dict[Place, Fraction]:
    """The wished values, moved inside the limits with as little change as they ask for.

    First what lies elsewhere than in the wallet is cut to its caps and to the idle floor, and
    goes back to the wallet in the same token; then what a cap on a wallet or a token frees goes
    to the numeraire in the wallet. So no step breaks what an earlier one mended, and the sum of
    values stays the same. A cap on the numeraire itself frees nothing: such wishes are left for
    the review to refuse. Raises Infeasible for a wish in a place that has no name.
    """
    for place in wishes:
        if place not in room.names:
            raise Infeasible(
                f"{place} is no place of the mandate: add it to `markets`, or do not wish for it"
            )
    values = dict(wishes)
    values.setdefault(room.numeraire, Fraction(0))
    equity = max(sum(values.values(), Fraction(0)), Fraction(0))
    placed = {place for place in room.names if place != wallet(place.token)}
    groups = {name: {p for p, names in room.names.items() if name in names} for name in room.caps}
    of_placed = sorted(name for name, group in groups.items() if group <= placed)
    for name in of_placed:
        _shrink(values, groups[name], _inside(room.caps[name], equity))
    _shrink(values, placed, max(1 - room.minimum_idle * (1 + MARGIN), Fraction(0)) * equity)
    for name in sorted(groups.keys() - set(of_placed)):
        if room.numeraire not in groups[name]:
            _shrink(values, groups[name], _inside(room.caps[name], equity), room.numeraire)
    return values


def _inside(cap: Fraction, equity: Fraction) -> Fraction:
    """The value that a cap allows, with its margin; a cap of everything needs none."""
    return equity * (cap * (1 - MARGIN) if cap < 1 else cap)


def _shrink(
    values: dict[Place, Fraction], group: set[Place], allowed: Fraction, target: Place | None = None
) -> None:
    """Scale the places down to the allowed sum; what is freed goes to `target`, or else home.

    Debts, and what positions gained, count against the sum and stay as they are wished.
    """
    places = sorted(place for place in group if place in values)
    stays = {place for place in places if place.is_debt or place.is_position}
    owed = sum((values[place] for place in stays), Fraction(0))
    places = [place for place in places if place not in stays]
    held = sum((values[place] for place in places), Fraction(0))
    if held + owed <= allowed or not held:
        return
    for place in places:
        freed = values[place] * (1 - (allowed - owed) / held)
        home = target or wallet(place.token)
        values[place] -= freed
        values[home] = values.get(home, Fraction(0)) + freed
