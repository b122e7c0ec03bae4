"""Virtual sub-books: what each strategy owns of the one account, to the base unit."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from trimtab.core.market import Place

Claims = Mapping[str, Mapping[Place, int]]
"""Base units per place by strategy; over all strategies they sum to the account's own."""

UNASSIGNED = "unassigned"
"""Who owns what the strategies' shares leave: nobody trades it."""


def opening(totals: Mapping[Place, int], shares: Mapping[str, Fraction]) -> Claims:
    """The first division of a book by the strategies' shares."""
    rest = 1 - sum(shares.values(), Fraction(0))
    weights = dict(shares) | ({UNASSIGNED: rest} if rest else {})
    parts = {place: divided(raw, weights) for place, raw in totals.items()}
    return {name: {place: part[name] for place, part in parts.items()} for name in weights}


def settled(
    claims: Claims,
    shares: Mapping[str, Fraction],
    earned: Mapping[Place, int],
    traded: Mapping[Place, int],
    wants: Claims,
) -> Claims:
    """The claims after a block.

    `earned` (interest and external flows) goes to whoever owns the place, in proportion, or by
    the shares where nobody does. `traded` (our plan's flows) goes to each strategy as it wanted;
    what a plan did more or less than was wanted is spread in proportion to the wants, so that
    crossed wishes are exchanged at the oracle's price and the slippage is shared.
    """
    after = {name: dict(places) for name, places in claims.items()}
    for place, raw in earned.items():
        owned = {name: max(places.get(place, 0), 0) for name, places in claims.items()}
        _give(after, place, divided(raw, owned if any(owned.values()) else _shares(claims, shares)))
    for place, raw in traded.items():
        wanted = {name: wants.get(name, {}).get(place, 0) for name in claims}
        sizes = {name: abs(want) for name, want in wanted.items()}
        base = sizes if any(sizes.values()) else _shares(claims, shares)
        spread = divided(raw - sum(wanted.values()), base)
        _give(after, place, {name: wanted[name] + spread[name] for name in claims})
    return after


def divided(raw: int, weights: Mapping[str, Fraction | int]) -> dict[str, int]:
    """`raw` split in proportion to the weights, to the unit.

    Each gets the floor of its part; the units left over go one by one in the names' order.
    Raises ValueError where no weight is positive.
    """
    total = sum(weights.values(), Fraction(0))
    if total <= 0:
        raise ValueError(f"cannot divide {raw} by weights that sum to {total}")
    parts = {name: int(raw * weight // total) for name, weight in weights.items()}
    left = raw - sum(parts.values())
    for name in sorted(name for name, weight in weights.items() if weight > 0)[:left]:
        parts[name] += 1
    return parts


def _shares(claims: Claims, shares: Mapping[str, Fraction]) -> dict[str, Fraction]:
    rest = 1 - sum(shares.values(), Fraction(0))
    return {name: shares.get(name, rest if name == UNASSIGNED else Fraction(0)) for name in claims}


def _give(after: dict[str, dict[Place, int]], place: Place, parts: Mapping[str, int]) -> None:
    for name, part in parts.items():
        if part:
            after[name][place] = after[name].get(place, 0) + part
