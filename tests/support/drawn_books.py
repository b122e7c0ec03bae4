"""Drawn books and wishes: nothing, dust, and more than a pool can take, over all places."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from hypothesis import strategies as st

from tests.support.desk import SYMBOLS, Desk
from trimtab.core.market import Place
from trimtab.core.token import Token
from trimtab.routing import Terms

Draw = Callable[[st.SearchStrategy[Any]], Any]

DOLLARS = st.one_of(
    st.just(0), st.integers(1, 3), st.integers(100, 5_000), st.integers(5_000, 2_000_000)
)


@dataclass(frozen=True, slots=True)
class Book:
    """Base units by symbol, in the wallet and at the lender."""

    lying: dict[str, int]
    lent: dict[str, int]

    def fill(self, desk: Desk) -> None:
        """Give the account all of it, on the contracts."""
        for symbol in SYMBOLS:
            if raw := self.lying[symbol]:
                desk.give(symbol, raw)
            if raw := self.lent[symbol]:
                desk.lend(symbol, raw)


def book(draw: Draw, desk: Desk) -> Book:
    """Something in the wallet and at the lender, in awkward base units."""

    def drawn() -> dict[str, int]:
        return {each: awkward(draw, desk, desk.token(each)) for each in SYMBOLS}

    return Book(drawn(), drawn())


def awkward(draw: Draw, desk: Desk, token: Token) -> int:
    """Base units of drawn worth, rounded to nothing."""
    raw = base_units(desk, token, draw(DOLLARS))
    return raw + draw(st.integers(0, 9_999)) if raw else 0


def wishes(draw: Draw, desk: Desk, held: dict[Place, int]) -> dict[Place, int]:
    """The book's worth spread anew over some places, the rest of them to be emptied or left."""
    prices = desk.prices(desk.start)
    worth = sum((raw * prices.price(place.token) for place, raw in held.items()), Fraction(0))
    named = [place for place in desk.places if draw(st.integers(0, 4))]
    weights = {place: draw(st.integers(0, 5)) for place in named}
    parts = max(sum(weights.values()), 1)
    return {
        place: int(worth * weight / parts / prices.price(place.token)) if weight else 0
        for place, weight in weights.items()
    }


def terms(draw: Draw, desk: Desk) -> Terms:
    """Terms from strict to loose: gas free to dear, a budget or none, a pool for each pair or not.

    Without one, ether and bitcoin meet in the dollar.
    """
    budget = draw(st.one_of(st.none(), st.none(), st.integers(1_000, 500_000)))
    left_out = draw(st.sampled_from([None, desk.pool("WBTC/WETH/500")]))
    return desk.terms(
        pools=tuple(pool for pool in desk.pools if pool != left_out),
        slippage=Fraction(draw(st.sampled_from([11, 30, 100])), 1000),
        fill_tolerance=Fraction(draw(st.integers(0, 10)), 1000),
        costs=desk.costs(draw(st.sampled_from([0, 10**9, 100 * 10**9]))),
        budget=None if budget is None else Fraction(budget * 10**6),
    )


def base_units(desk: Desk, token: Token, dollars: int) -> int:
    """What so many dollars buy of a token at the oracle's price."""
    return int(dollars * 10**6 / desk.prices(desk.start).price(token))


def totals(held: dict[Place, int], places: tuple[Place, ...]) -> dict[Token, int]:
    """Base units by token over some places."""
    sums: dict[Token, int] = {}
    for place in places:
        sums[place.token] = sums.get(place.token, 0) + held.get(place, 0)
    return sums
