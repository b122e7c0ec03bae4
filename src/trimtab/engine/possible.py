"""Whether positions can follow a target now: a hedge that is half made is a bet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction

from trimtab.core.errors import MissingRead
from trimtab.core.market import MarketId, Place
from trimtab.core.states import States
from trimtab.core.strategy import Decision, Hold
from trimtab.protocols.perpetual import Perpetual, mark_price

Exposures = Mapping[Place, Fraction]


def possible(
    decision: Decision,
    has: Exposures,
    wished: Exposures,
    quarantined: frozenset[MarketId],
    reduce_only: frozenset[MarketId],
    silent: frozenset[MarketId] = frozenset(),
) -> Decision:
    """The decision; or to hold, where a position that it moves may not be moved so.

    At a quarantined market, and a `silent` one, none may change; at one that may only be left it is
    closed or stays:
    the other legs of the target would be left without what hedges them.
    """
    for place, value in sorted(wished.items()):
        was = has.get(place, Fraction(0))
        if place.market in quarantined and value != was:
            return Hold(f"{place.market} is quarantined, so that no position there can change")
        if place.market in silent and value != was:
            return Hold(f"{place.market} cannot tell its mark price now, so nothing is sized by it")
        if place.market in reduce_only and value not in (was, 0):
            return Hold(f"{place.market} may only be left, so that a position there can only close")
    return decision


def silent(states: States, markets: Iterable[Perpetual]) -> frozenset[MarketId]:
    """The perpetuals that cannot tell their mark price now: too young, or with a broken index."""
    return frozenset(market.id for market in markets if not _tells(states, market))


def _tells(states: States, market: Perpetual) -> bool:
    try:
        return mark_price(states, market) > 0
    except MissingRead:
        return False
