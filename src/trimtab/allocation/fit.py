"""Wishes brought inside the state limits before anything is planned."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

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

    What a token's cap frees goes to the numeraire in the wallet; what another cap or the idle
    floor frees goes back to the wallet in the same token. The sum of values stays the same. A
    cap on the numeraire itself frees nothing: such wishes are left for the review to refuse.
    """
    values = dict(wishes)
    values.setdefault(room.numeraire, Fraction(0))
    equity = sum(values.values(), Fraction(0))
    for name, cap in sorted(room.caps.items(), key=lambda item: not item[0].startswith("token:")):
        inside = [place for place in sorted(values) if name in room.names[place]]
        allowed = cap * equity * (1 - MARGIN)
        _shrink(values, inside, allowed, room, to_numeraire=name.startswith("token:"))
    lent = [place for place in sorted(values) if place != wallet(place.token)]
    if room.minimum_idle:
        allowed = equity * (1 - room.minimum_idle * (1 + MARGIN))
        _shrink(values, lent, max(allowed, Fraction(0)), room, to_numeraire=False)
    return values


def _shrink(
    values: dict[Place, Fraction],
    places: list[Place],
    allowed: Fraction,
    room: Room,
    *,
    to_numeraire: bool,
) -> None:
    """Scale the places down to the allowed sum and move what is freed."""
    held = sum((values[place] for place in places), Fraction(0))
    if held <= allowed:
        return
    for place in places:
        freed = values[place] * (1 - allowed / held)
        home = wallet(place.token)
        target = room.numeraire if to_numeraire or place == home else home
        values[place] -= freed
        values[target] = values.get(target, Fraction(0)) + freed
