"""Which tokens to sell for which, how much of each sale goes through now, and its bounds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from trimtab.core.actions import Swap
from trimtab.core.adapter import Adapters
from trimtab.core.market import Holding, Place
from trimtab.core.prices import Prices
from trimtab.core.quantise import Rounding, Timestamp, Wad, quantise
from trimtab.core.states import States
from trimtab.core.strategy import Costs
from trimtab.core.token import Address, Token
from trimtab.protocols.flash_loop import FlashLoop
from trimtab.routing.bounds import WAD
from trimtab.routing.exchanges import Exchange, tokens_of
from trimtab.routing.route import Part, Router

HALVINGS = 16
"""Steps in search of the largest sale that keeps its bounds: less than 2**-16 of the wish is left
untraded without need."""


@dataclass(frozen=True, slots=True)
class Terms:
    """Under which a plan is made: who acts, what it may cost, and how far fills may slip.

    `budget` is the value that may be sold at most; none where a repair waives the turnover.
    `health` is the least health factor that a plan may leave where the account owes: at one,
    the least there is, liquidation begins. With `accepts_limit` a fill may be as bad as the
    slippage limit allows, however good the model's is: the plan must land. `loops` may enter and
    leave leverage at once.
    """

    adapters: Adapters
    account: Address
    pools: tuple[Exchange, ...]
    router: Router
    prices: Prices
    costs: Costs
    slippage: Fraction
    fill_tolerance: Fraction
    deadline: Timestamp
    budget: Fraction | None = None
    health: Wad = WAD
    accepts_limit: bool = False
    loops: tuple[FlashLoop, ...] = ()

    def value(self, token: Token, raw: int) -> Fraction:
        """What base units of a token are worth in base units of the numeraire."""
        return raw * self.prices.price(token)

    def is_worth_its_gas(self, token: Token, raw: int, kind: str) -> bool:
        """Whether the value moved exceeds the gas of moving it."""
        return self.value(token, raw) > self.costs.action(kind)


@dataclass(frozen=True, slots=True)
class Sale:
    """A wish to sell base units of one token for another."""

    sold: Token
    bought: Token
    raw: int


@dataclass(frozen=True, slots=True)
class Trade:
    """A swap with the part of the route that it follows."""

    action: Swap
    part: Part


def sales(
    terms: Terms,
    held: Mapping[Place, Holding],
    wishes: Mapping[Place, int],
    funds: Mapping[Token, int],
    most: Mapping[tuple[Token, Token], int] | None = None,
) -> Iterator[Sale]:
    """What to sell for what, the largest surplus against the largest want, netted by token.

    Tokens without a pool of their own meet in the numeraire: the one is sold for it first, the
    other bought with what that surely brings. Not more of a token than the funds hold, nor of a
    pair than `most` says, where it is given.
    """
    change: dict[Token, int] = {}
    for place, wish in wishes.items():
        if place.is_position:
            continue  # a wish for a size, and no amount
        have = held[place].raw if place in held else 0
        change[place.token] = change.get(place.token, 0) + wish - have
    worth = {token: terms.value(token, raw) for token, raw in change.items()}
    order = sorted(worth, key=lambda token: (abs(worth[token]), token.address), reverse=True)
    wants = {token: worth[token] for token in order if worth[token] > 0}
    home, through = terms.prices.numeraire, Fraction(0)
    for sold in (token for token in order if worth[token] < 0):
        left = min(-change[sold], funds.get(sold, 0))
        for bought, value in _asked(terms, sold, wants):
            sale = _sale(terms, sold, bought, min(left, _raw(terms, sold, value)), most)
            if sale is not None:
                met = terms.value(sold, sale.raw)
                left -= sale.raw
                own = min(wants.get(bought, Fraction(0)), met)
                wants[bought] = wants.get(bought, Fraction(0)) - own
                through += met - own
                yield sale
    for bought, want in wants.items():
        value = min(want, through) * (1 - terms.slippage)
        if bought != home and (sale := _sale(terms, home, bought, _raw(terms, home, value), most)):
            through -= min(want, through)
            yield sale


def _asked(
    terms: Terms, sold: Token, wants: Mapping[Token, Fraction]
) -> list[tuple[Token, Fraction]]:
    """Which tokens to sell one for, and for which value: the numeraire for all beyond reach.

    A token that no pool leads away from is offered for the first want, so that the route says
    that there is none.
    """
    home = terms.prices.numeraire
    near = [token for token in wants if token != home and _is_linked(terms, sold, token)]
    asked = [(token, wants[token]) for token in near]
    far = sum((wants[token] for token in wants if token not in near), Fraction(0))
    if sold != home and far and (_is_linked(terms, sold, home) or not near):
        reachable = home if _is_linked(terms, sold, home) else next(iter(wants))
        asked.append((reachable, far))
    elif sold == home and not near:
        asked += list(wants.items())[:1]
    return asked


def _is_linked(terms: Terms, one: Token, other: Token) -> bool:
    return any({one, other} <= {*tokens_of(pool)} for pool in terms.pools)


def _raw(terms: Terms, token: Token, value: Fraction) -> int:
    return quantise(value, terms.prices.price(token), Rounding.DOWN)


def _sale(
    terms: Terms,
    sold: Token,
    bought: Token,
    raw: int,
    most: Mapping[tuple[Token, Token], int] | None,
) -> Sale | None:
    """The sale, as far as it is allowed, if it is worth its gas."""
    if most is not None:
        raw = min(raw, most.get((sold, bought), 0))
    if raw <= 0 or not terms.is_worth_its_gas(sold, raw, "Swap"):
        return None
    return Sale(sold, bought, raw)


def affordable(terms: Terms, sold_so_far: Fraction, sale: Sale) -> Sale:
    """As much of a sale as the budget leaves."""
    if terms.budget is None:
        return sale
    left = max(terms.budget - sold_so_far, Fraction(0))
    raw = min(sale.raw, quantise(left, terms.prices.price(sale.sold), Rounding.DOWN))
    return Sale(sale.sold, sale.bought, raw)


def trades(terms: Terms, states: States, sale: Sale) -> tuple[Trade, ...]:
    """The swaps of the largest sale, up to the wish, whose every fill keeps both its bounds.

    Slippage grows with size, so the size is halved in on. Nothing where even the smallest sale
    that is worth its gas slips too far. Raises NoRoute where no pool trades the two tokens.
    """
    if not terms.is_worth_its_gas(sale.sold, sale.raw, "Swap"):
        return ()
    parts = terms.router.route(states, terms.pools, sale.sold, sale.bought, sale.raw)
    if not _keeps_bounds(terms, sale, parts):
        parts = _largest(terms, states, sale)
    return tuple(_trade(terms, sale, part) for part in parts)


def _largest(terms: Terms, states: States, sale: Sale) -> tuple[Part, ...]:
    kept: tuple[Part, ...] = ()
    low, high = 0, sale.raw
    for _ in range(HALVINGS):
        middle = (low + high) // 2
        if not terms.is_worth_its_gas(sale.sold, middle, "Swap"):
            low = middle
            continue
        parts = terms.router.route(states, terms.pools, sale.sold, sale.bought, middle)
        if _keeps_bounds(terms, sale, parts):
            low, kept = middle, parts
        else:
            high = middle
    return kept


def _keeps_bounds(terms: Terms, sale: Sale, parts: tuple[Part, ...]) -> bool:
    kept = (_of_oracle(terms, sale, part) <= _of_model(terms, part) for part in parts)
    return bool(parts) and all(kept)


def _of_model(terms: Terms, part: Part) -> int:
    """The least of a fill that is as good as the model's but for the tolerance."""
    return quantise(part.amount_out * (1 - terms.fill_tolerance), 1, Rounding.UP)


def _of_oracle(terms: Terms, sale: Sale, part: Part) -> int:
    """The least of a fill that the slippage limit against the oracle accepts."""
    value = terms.value(sale.sold, part.amount_in) * (1 - terms.slippage)
    return quantise(value, terms.prices.price(sale.bought), Rounding.UP)


def _least_out(terms: Terms, sale: Sale, part: Part) -> int:
    """The worst fill that is accepted."""
    by_oracle = _of_oracle(terms, sale, part)
    return by_oracle if terms.accepts_limit else max(_of_model(terms, part), by_oracle)


def _trade(terms: Terms, sale: Sale, part: Part) -> Trade:
    """The swap with its bound: near the model's fill, and never beyond the slippage limit."""
    action = Swap(
        actor=terms.account,
        market=part.pool.id,
        token_in=sale.sold,
        token_out=sale.bought,
        amount_in=part.amount_in,
        min_out=_least_out(terms, sale, part),
        deadline=terms.deadline,
        recipient=terms.account,
    )
    return Trade(action, part)
