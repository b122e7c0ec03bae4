"""Back from liquidation: withdraw, sell and repay until health is above its limit again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

from trimtab.core.actions import ALL, Action, Quantity, Repay, Withdraw
from trimtab.core.errors import Infeasible, NoRoute
from trimtab.core.flows import held
from trimtab.core.market import Place
from trimtab.core.quantise import Rounding, quantise
from trimtab.core.states import States
from trimtab.core.token import Token
from trimtab.protocols.perpetual import Perpetual
from trimtab.protocols.shared.tokens import balances
from trimtab.risk import Lender, health_factor, owed
from trimtab.routing.approvals import grown, with_approvals
from trimtab.routing.bounds import WAD
from trimtab.routing.drafting import Draft, Purpose, drafted, walked
from trimtab.routing.lenders import releasable
from trimtab.routing.recovery import MARGIN, STEPS, closed, recovered
from trimtab.routing.trades import Sale, Terms, Trade, trades
from trimtab.routing.unwinding import rank, unwound

ROUNDS = 8
"""How often collateral is withdrawn, sold and repaid within one plan."""


def deleverage(
    terms: Terms, states: States, lender: Lender, purpose: Purpose, *, only_left: bool = False
) -> Draft:
    """The plan that repays the least that brings the account's health above its limit.

    What lies in the wallet goes first, the token that is owed before others, which are sold for
    it; then collateral, in rounds of withdrawing, selling and repaying, each as large as the
    rounds before it allow. Where all of that does not reach the limit, as near as it gets.
    Everything is walked through the models, and every repayment is covered by the worst fills,
    which may slip as far as the limit against the oracle lets them: a repair that reverts because
    the price moved on costs more than the price.
    At one of Aave's pools the collateral pays by a flash loan instead, where that comes nearer or
    costs less. A position at a perpetual gets margin and is made smaller instead, see `recovered`;
    where its market may be `only_left`, it is closed, see `closed`.
    Raises Infeasible where nothing can be repaid, or where a repayment would not help.
    """
    terms = replace(terms, accepts_limit=True)
    if isinstance(lender, Perpetual):
        return (closed if only_left else recovered)(terms, states, lender, purpose)
    was = health_factor(states, lender, terms.account)
    if was is None:
        raise Infeasible(f"nothing is owed at {lender.name}: there is nothing to repay")
    goal = Fraction(terms.health, WAD) * (1 + MARGIN)
    whole = sum((-_worth(terms, states, place) for place in _debts(terms, states, lender)), _ZERO)
    best = _repaid(terms, states, lender, whole)
    at_once = unwound(terms, states, lender, goal, purpose)
    if not _is_better(best.health(lender), was):
        if at_once is not None:
            return at_once
        raise Infeasible(
            f"the debt at {lender.name}, at a health factor of {float(was):.6f}, cannot be repaid "
            "in part: no token of the book reaches it at a price within the slippage limit"
        )
    refused, reached = _ZERO, whole
    for _ in range(STEPS if _reaches(best.health(lender), goal) else 0):
        middle = (refused + reached) / 2
        found = _repaid(terms, states, lender, middle)
        if _reaches(found.health(lender), goal):
            reached, best = middle, found
        else:
            refused = middle
    by_rounds = drafted(terms, states, best.moves, best.trades, purpose, terms.slippage)
    every: list[Draft] = [by_rounds, *(() if at_once is None else (at_once,))]
    return min(every, key=lambda each: rank(terms, each, lender, goal))


_ZERO = Fraction(0)


@dataclass(frozen=True, slots=True)
class _Sketch:
    """Moves found so far, the states after them, and the value that is still to be repaid."""

    terms: Terms
    states: States
    left: Fraction
    moves: tuple[Action, ...] = ()
    trades: tuple[Trade, ...] = ()

    def health(self, lender: Lender) -> Fraction | None:
        """The health factor that the moves leave."""
        return health_factor(self.states, lender, self.terms.account)

    def having(self, *moves: Action) -> _Sketch:
        """The sketch with more moves. Raises Infeasible where the models refuse one."""
        actions = with_approvals(self.terms.account, self.states, moves)
        after = walked(self.terms, self.states, actions)
        return replace(self, states=after, moves=(*self.moves, *moves))

    def lying(self, token: Token) -> int:
        """What the account itself has of a token."""
        return balances(self.states, token).balance(self.terms.account)


def _repaid(terms: Terms, states: States, lender: Lender, value: Fraction) -> _Sketch:
    """A sketch that repays debts of this value, or of as much as can be had."""
    sketch = _Sketch(terms, states, value)
    for place in _debts(terms, states, lender):
        token = place.token
        sketch = _pay(sketch, lender, token, balances(states, token).balance(terms.account))
        for other in _wallets(sketch, token):
            sketch = _sell(sketch, lender, other, token, sketch.lying(other))
        for _ in range(ROUNDS):
            freed = _free(sketch, lender, token)
            if freed.left == sketch.left:
                break
            sketch = freed
    return sketch


def _pay(sketch: _Sketch, lender: Lender, token: Token, ready: int) -> _Sketch:
    """Repay out of what is ready, as far as value is left to repay."""
    terms = sketch.terms
    debt = owed(sketch.states, lender, terms.account, token)
    wished = quantise(sketch.left, terms.prices.price(token), Rounding.UP)
    raw = min(debt, ready, wished)
    if raw <= 0:
        return sketch
    # Until it lands the debt grows: it is repaid whole only out of more than it is now.
    amount: Quantity = ALL if raw == debt and ready > grown(debt) else raw
    paid = sketch.having(Repay(terms.account, lender.id, token, amount, terms.account))
    return replace(paid, left=max(sketch.left - terms.value(token, raw), _ZERO))


def _sell(sketch: _Sketch, lender: Lender, sold: Token, debt: Token, most: int) -> _Sketch:
    """Sell up to `most` of a token for the one that is owed, and repay what that surely brings."""
    terms = sketch.terms
    value = sketch.left / (1 - terms.slippage)
    raw = min(most, quantise(value, terms.prices.price(sold), Rounding.UP))
    if raw <= 0 or sold == debt:
        return _pay(sketch, lender, debt, raw)
    try:
        found = trades(terms, sketch.states, Sale(sold, debt, raw))
    except NoRoute:
        return sketch
    traded = sketch.having(*(trade.action for trade in found))
    traded = replace(traded, trades=(*sketch.trades, *found))
    return _pay(traded, lender, debt, sum(trade.action.min_out for trade in found))


def _free(sketch: _Sketch, lender: Lender, debt: Token) -> _Sketch:
    """One round: withdraw collateral, sell it, repay; collateral that finds no buyer stays."""
    terms = sketch.terms
    for place in _collateral(terms, sketch.states, lender):
        value = sketch.left / (1 - terms.slippage)
        wished = quantise(value, terms.prices.price(place.token), Rounding.UP)
        raw = min(wished, releasable(terms, sketch.states, lender, place.token, repays=True))
        if not terms.is_worth_its_gas(place.token, raw, "Withdraw"):
            continue
        taken = Withdraw(terms.account, lender.id, place.token, raw, terms.account)
        sold = _sell(sketch.having(taken), lender, place.token, debt, raw)
        if sold.left < sketch.left:
            sketch = sold
    return sketch


def _wallets(sketch: _Sketch, debt: Token) -> Iterator[Token]:
    """The other tokens in the account that are priced, the most valuable first."""
    prices = sketch.terms.prices
    tokens = [token for token in prices.quotes if token != debt and sketch.lying(token)]
    worth = {token: sketch.terms.value(token, sketch.lying(token)) for token in tokens}
    yield from sorted(tokens, key=lambda token: (-worth[token], token.address))


def _debts(terms: Terms, states: States, lender: Lender) -> list[Place]:
    """Where the account owes at the lender, the largest debt first."""
    places = [p for p in held(terms.adapters, states, lender, terms.account) if p.is_debt]
    return sorted(places, key=lambda place: (_worth(terms, states, place), place))


def _collateral(terms: Terms, states: States, lender: Lender) -> list[Place]:
    """What the account has lent there, the most valuable first."""
    places = [p for p in held(terms.adapters, states, lender, terms.account) if not p.is_debt]
    return sorted(places, key=lambda place: (-_worth(terms, states, place), place))


def _worth(terms: Terms, states: States, place: Place) -> Fraction:
    """The value of what lies in a place, negative for a debt."""
    market = states.market(place.market)
    return terms.value(place.token, held(terms.adapters, states, market, terms.account)[place].raw)


def _reaches(health: Fraction | None, goal: Fraction) -> bool:
    return health is None or health >= goal


def _is_better(health: Fraction | None, was: Fraction) -> bool:
    return health is None or health > was
