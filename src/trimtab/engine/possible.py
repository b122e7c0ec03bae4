"""Whether positions can follow a target now: a hedge that is half made is a bet."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from trimtab.core.market import MarketId, Place
from trimtab.core.strategy import Decision, Hold

Exposures = Mapping[Place, Fraction]


def possible(
    decision: Decision,
    has: Exposures,
    wished: Exposures,
    quarantined: frozenset[MarketId],
    reduce_only: frozenset[MarketId],
) -> Decision:
    """The decision; or to hold, where a position that it moves may not be moved so.

    At a quarantined market none may change, at one that may only be left it is closed or stays:
    the other legs of the target would be left without what hedges them.
    """
    for place, value in sorted(wished.items()):
        was = has.get(place, Fraction(0))
        if place.market in quarantined and value != was:
            return Hold(f"{place.market} is quarantined, so that no position there can change")
        if place.market in reduce_only and value not in (was, 0):
            return Hold(f"{place.market} may only be left, so that a position there can only close")
    return decision
