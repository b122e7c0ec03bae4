"""Positions at perpetuals on the way to their wishes: what is traded away, and what is opened."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from trimtab.core.actions import ClosePosition, Loop, OpenPosition
from trimtab.core.adapter import apply
from trimtab.core.errors import NoRoute
from trimtab.core.market import Holding, Place
from trimtab.core.quantise import Rounding, quantise
from trimtab.core.states import Reverted, States
from trimtab.core.token import Token
from trimtab.protocols.perpetual import Perpetual, PositionQuote, quote_close, quote_open
from trimtab.risk import health_factor, unit_worth
from trimtab.routing.bounds import WAD
from trimtab.routing.lenders import HEADROOM
from trimtab.routing.trades import HALVINGS, Terms

MILLION = 10**6


@dataclass(frozen=True, slots=True)
class Turn:
    """A trade of a position, or within a loop, in values of the numeraire.

    `size` is the change of the position by the model, in units of 10**-18; 0 of a loop. `sold` is
    what goes out, `least` what comes in by the worst fill that is accepted: of a sale the position
    at the mark price against the quote, of a purchase the other way round. `fee` and `slippage`
    are what the model's fill costs against the mark price, or a loop's against the oracle.
    """

    name: str
    action: OpenPosition | ClosePosition | Loop
    size: int
    sold: Fraction
    least: Fraction
    fee: Fraction
    slippage: Fraction


def reductions(terms: Terms, states: States, wishes: Mapping[Place, int]) -> Iterator[Turn]:
    """What brings positions nearer to nothing, as far as budget and the bounds of fills allow.

    `wishes` give the size of a position, in units of 10**-18, negative for a short.
    """
    budget = terms.budget
    for market, have, wish in _named(terms, states, wishes):
        kept = wish if have * wish > 0 else 0
        if abs(kept) < abs(have):
            change = _affordable(terms, states, market, kept - have, budget)
            turn = turned(terms, states, market, change, is_close=change == -have)
            if turn is not None:
                budget = None if budget is None else budget - turn.sold
                yield turn


def openings(
    terms: Terms, states: States, wishes: Mapping[Place, int], part: Fraction
) -> Iterator[Turn]:
    """What makes positions larger, by this part of what is wished and as far as health allows.

    The account's health at the market stays above its limit by HEADROOM.
    """
    budget = terms.budget
    for market, have, wish in _named(terms, states, wishes):
        if have * wish < 0 or abs(wish) <= abs(have):
            continue
        change = _affordable(terms, states, market, int((wish - have) * part), budget)
        turn = turned(terms, states, market, change, is_close=False)
        if turn is not None:
            budget = None if budget is None else budget - turn.sold
            yield turn


def part_of_turns(
    terms: Terms, states: States, held: Mapping[Place, Holding], wishes: Mapping[Place, int]
) -> Fraction:
    """The part of what the wishes trade, by value, that is trades of positions.

    So much of the turnover is theirs, so that what hedges is traded with what is hedged.
    """
    turns = (
        abs(wish - have) * unit_worth(states, market, terms.prices)
        for market, have, wish in _named(terms, states, wishes)
        if wish != have
    )
    turned_over = sum(turns, Fraction(0))
    change: dict[Token, Fraction] = {}
    for place in (place for place in wishes if not place.is_position):
        raw = wishes[place] - (held[place].raw if place in held else 0)
        change[place.token] = change.get(place.token, Fraction(0)) + terms.value(place.token, raw)
    bought = sum((value for value in change.values() if value > 0), Fraction(0))
    sold = sum((-value for value in change.values() if value < 0), Fraction(0))
    whole = turned_over + min(bought, sold)
    return turned_over / whole if whole else Fraction(0)


def _affordable(
    terms: Terms, states: States, market: Perpetual, change: int, budget: Fraction | None
) -> int:
    """As much of a change as the budget leaves; a purchase may cost up to the slippage limit."""
    if budget is None:
        return change
    ready = max(budget, Fraction(0)) * (1 if change < 0 else 1 - terms.slippage)
    most = quantise(ready, unit_worth(states, market, terms.prices), Rounding.DOWN)
    return max(min(change, most), -most)


def turned(
    terms: Terms, states: States, market: Perpetual, change: int, *, is_close: bool
) -> Turn | None:
    """The largest trade, up to a change of size, that the model lets through.

    Its fill keeps its bounds, and the account's health, where it is made worse, its limit. None
    where even the smallest that is worth its gas is none. `is_close` trades everything away.
    """
    was = health_factor(states, market, terms.account)
    goal = Fraction(terms.health, WAD) * (1 + HEADROOM)

    def found(raw: int, *, closes: bool = False) -> Turn | None:
        turn = _turn(terms, states, market, raw, is_close=closes)
        if turn is None:
            return None
        outcome = apply(terms.adapters, states, turn.action)
        if isinstance(outcome, Reverted):
            return None
        left = health_factor(states.fold(outcome), market, terms.account)
        if left is None or left >= goal or (was is not None and left >= was):
            return turn
        return None

    whole = found(change, closes=is_close)
    return whole if whole is not None else _largest(found, change)


def _largest(found: Callable[[int], Turn | None], change: int) -> Turn | None:
    kept: Turn | None = None
    low, high = 0, abs(change)
    for _ in range(HALVINGS):
        middle = (low + high) // 2
        turn = found(middle if change > 0 else -middle) if middle else None
        if turn is None:
            high = middle
        else:
            low, kept = middle, turn
    return kept


def _named(
    terms: Terms, states: States, wishes: Mapping[Place, int]
) -> Iterator[tuple[Perpetual, int, int]]:
    """Each market of which a position is wished, with its size and the wish."""
    for place, wish in sorted(wishes.items()):
        if place.is_position:
            market = states.market(place.market)
            assert isinstance(market, Perpetual), f"{market.name} has no positions"
            yield market, states[market].account(terms.account).size, wish


def _turn(
    terms: Terms, states: States, market: Perpetual, change: int, *, is_close: bool
) -> Turn | None:
    """The trade with its bound: near the model's fill, and never beyond the slippage limit."""
    is_short = change < 0
    try:
        quote = (
            quote_close(states, market, terms.account)
            if is_close
            else quote_open(
                states,
                market,
                terms.account,
                is_short=is_short,
                is_exact_in=is_short,
                amount=abs(change),
            )
        )
    except NoRoute:
        return None
    worth = abs(quote.size) * unit_worth(states, market, terms.prices)
    if worth <= terms.costs.action("ClosePosition" if is_close else "OpenPosition"):
        return None
    per_quote = terms.prices.price(market.settlement) / states[market].unit
    bound = _bound(terms, quote, worth / per_quote, is_short=is_short)
    if bound is None:
        return None
    action: OpenPosition | ClosePosition
    if is_close:
        stated = _of_whole(bound, quote.size, states[market].account(terms.account).size)
        if stated is None:
            return None
        action = ClosePosition(terms.account, market.id, stated, terms.deadline)
    else:
        action = OpenPosition(
            terms.account, market.id, is_short, is_short, abs(change), bound, terms.deadline
        )
    fee, paid = quote.fee * per_quote, abs(quote.quote) * per_quote
    return Turn(
        name=f"{market.name} {'sold' if is_short else 'bought'}",
        action=action,
        size=quote.size,
        sold=worth if is_short else bound * per_quote,
        least=bound * per_quote if is_short else worth,
        fee=fee,
        slippage=worth - paid - fee if is_short else paid - fee - worth,
    )


def _of_whole(bound: int, size: int, whole: int) -> int | None:
    """The bound of a close of which the block's limit to the price leaves a part; None of dust.

    The contract takes the part of it that is closed, in millionths (`closePosition`).
    """
    if abs(size) >= abs(whole):
        return bound
    closed = Fraction(abs(size) * MILLION // abs(whole), MILLION)
    if not closed:
        return None
    return quantise(bound / closed, 1, Rounding.UP if whole > 0 else Rounding.DOWN)


def _bound(terms: Terms, quote: PositionQuote, worth: Fraction, *, is_short: bool) -> int | None:
    """The least quote that a sale accepts, or the most that a purchase pays.

    None where the model's own fill, but for the tolerance, is beyond the slippage limit. `worth`
    is the position traded at the mark price, in quote units.
    """
    paid = abs(quote.quote)
    if is_short:
        by_model = quantise(paid * (1 - terms.fill_tolerance), 1, Rounding.UP)
        by_mark = quantise(worth * (1 - terms.slippage), 1, Rounding.UP)
        if by_mark > by_model:
            return None
        return by_mark if terms.accepts_limit else by_model
    by_model = quantise(paid * (1 + terms.fill_tolerance), 1, Rounding.DOWN)
    by_mark = quantise(worth / (1 - terms.slippage), 1, Rounding.DOWN)
    if by_model > by_mark:
        return None
    return by_mark if terms.accepts_limit else by_model
