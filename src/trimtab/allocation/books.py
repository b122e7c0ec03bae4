"""Virtual sub-books: what each strategy owns of the one account, to the base unit."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from trimtab.core.market import Place, wallet
from trimtab.core.prices import Prices
from trimtab.core.quantise import Rounding, quantise

Claims = Mapping[str, Mapping[Place, int]]
"""Base units per place by strategy; over all strategies they sum to the account's own."""

Weights = Mapping[str, Fraction | int]

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
    prices: Prices,
) -> Claims:
    """The claims after a block.

    `earned` (interest and external flows) goes to whoever owns the place, in proportion, or by
    the shares where nobody does. Liquidity is owned as a whole: what it comes to be worth in a
    token of which it held none, and what a pool owes it, is of whoever owns the rest of it, or
    has just wanted it; so is a position at a perpetual, of whoever owns its margin. `traded` (our
    plan's flows) goes to each strategy as it wanted; what a plan did more or less than was wanted
    is spread in proportion to the wants. Each pays or gets for its part in the numeraire, at the
    oracle's `prices`: so wishes that cross are exchanged at them, though no flow tells of it, and
    what the plan lost on the way is shared in proportion to the values traded.
    """
    after = {name: dict(places) for name, places in claims.items()}
    by_share = _shares(claims, shares)
    wanted = {name: wants.get(name, {}) for name in claims}
    for place, raw in earned.items():
        sign = -1 if place.is_debt else 1
        owned = {name: max(sign * places.get(place, 0), 0) for name, places in claims.items()}
        whole = [_of_the_same(place, books, prices) for books in (claims, wanted)]
        owned = {} if place.is_position else owned
        _give(after, place, divided(raw, _first(owned, *whole, by_share)))
    home = wallet(prices.numeraire)
    paid, sizes = dict.fromkeys(claims, 0), dict.fromkeys(claims, Fraction(0))
    touched = (*traded, *(place for places in wanted.values() for place in places))
    for place in dict.fromkeys(place for place in touched if place != home):
        if place.is_position:
            whole = [_of_the_same(place, books, prices) for books in (claims, wanted)]
            parts = divided(traded.get(place, 0), _first(*whole, by_share))
        else:
            own = _owned(place, claims, traded, by_share)
            parts = _filled(traded.get(place, 0), place, wanted, own)
        _give(after, place, parts)
        for name, part in parts.items():
            value = part * prices.price(place.token)
            paid[name] -= quantise(value, 1, Rounding.UP)
            sizes[name] += abs(value)
    lost = divided(traded.get(home, 0) - sum(paid.values()), _first(sizes, by_share))
    _give(after, home, {name: paid[name] + lost[name] for name in claims})
    return {name: _without_left(places) for name, places in after.items()}


def _without_left(places: Mapping[Place, int]) -> dict[Place, int]:
    """The places but for liquidity of which nothing is left: ranges come and go without end."""
    return {place: raw for place, raw in places.items() if raw or place.is_simple}


def divided(raw: int, weights: Weights) -> dict[str, int]:
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


def _owned(
    place: Place, claims: Claims, traded: Mapping[Place, int], by_share: Weights
) -> tuple[Weights, bool]:
    """Of whom a place is, and whether that comes before who wants its token: of margin it does."""
    owned = {name: abs(places.get(place, 0)) for name, places in claims.items()}
    known = (at for places in (traded, *claims.values()) for at in places)
    secures = any(at.is_position and at.market == place.market for at in known)
    return _first(owned, by_share), secures and any(owned.values())


def _filled(
    raw: int,
    place: Place,
    wants: Mapping[str, Mapping[Place, int]],
    own: tuple[Weights, bool],
) -> dict[str, int]:
    """What each gets of `raw`: its want, and its part of what they miss together.

    What nobody wanted there goes to those who wanted the token elsewhere, and what nobody wanted
    at all, such as a repair, to whom the place is; what is realised of a position, to whom its
    margin is.
    """
    owned, is_first = own
    wanted = {name: places.get(place, 0) for name, places in wants.items()}
    here = {name: abs(want) for name, want in wanted.items()}
    anywhere = {
        name: sum(abs(want) for at, want in places.items() if at.token == place.token)
        for name, places in wants.items()
    }
    order = (here, owned) if is_first else (here, anywhere, owned)
    missing = divided(raw - sum(wanted.values()), _first(*order))
    return {name: want + missing[name] for name, want in wanted.items()}


def _of_the_same(place: Place, books: Claims, prices: Prices) -> Weights:
    """What each has, by value, of the liquidity that a place in a pool is a part of."""
    return {
        name: sum(
            (
                max(raw, 0) * prices.price(at.token)
                for at, raw in places.items()
                if _is_same_liquidity(at, place)
            ),
            Fraction(0),
        )
        for name, places in books.items()
    }


def _is_same_liquidity(one: Place, other: Place) -> bool:
    if one.is_position or other.is_position:
        return one.market == other.market  # a position is of whose its margin is
    of_pools = not (one.is_simple or other.is_simple)
    return of_pools and (one.market, one.ticks) == (other.market, other.ticks)


def _first(*weights: Weights) -> Weights:
    """The first weights that are not all zero."""
    return next((each for each in weights if any(each.values())), weights[-1])


def _shares(claims: Claims, shares: Mapping[str, Fraction]) -> Weights:
    rest = 1 - sum(shares.values(), Fraction(0))
    return {name: shares.get(name, rest if name == UNASSIGNED else Fraction(0)) for name in claims}


def _give(after: dict[str, dict[Place, int]], place: Place, parts: Mapping[str, int]) -> None:
    for name, part in parts.items():
        if part:
            after[name][place] = after[name].get(place, 0) + part
