"""A position at a perpetual back from its liquidation: more margin, then a smaller position."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import TypeVar

from trimtab.core.actions import Action, ClosePosition, Supply
from trimtab.core.errors import Infeasible
from trimtab.core.states import States
from trimtab.protocols.perpetual import Perpetual
from trimtab.protocols.shared.tokens import balances
from trimtab.risk import health_factor
from trimtab.routing.approvals import with_approvals
from trimtab.routing.bounds import WAD
from trimtab.routing.drafting import Draft, Purpose, drafted, walked
from trimtab.routing.positions import Turn, turned
from trimtab.routing.trades import Terms

T = TypeVar("T")

MARGIN = Fraction(1, 50)
"""How far above its limit a repair brings the health factor, relative to the limit, so that the
next price does not break it at once."""

STEPS = 12
"""Halvings in search of the least repair: what is done without need is below 2**-12 of all."""


def recovered(terms: Terms, states: States, market: Perpetual, purpose: Purpose) -> Draft:
    """The plan that brings the account's health at a perpetual above its limit.

    What lies in the wallet of the settlement token becomes margin, no more than is needed, since
    that costs nothing but gas; where it does not suffice the position is made smaller as well, by
    the least that does, or as far as its market lets it. Raises Infeasible where nothing of that
    can be done.
    """
    was = health_factor(states, market, terms.account)
    if was is None:
        raise Infeasible(f"no position is open at {market.name}: there is nothing to repair")
    goal = Fraction(terms.health, WAD) * (1 + MARGIN)
    lying = balances(states, market.settlement).balance(terms.account)

    def funded(raw: int) -> tuple[tuple[Action, ...], States]:
        return _funded(terms, states, market, raw)

    moves, after = _least(funded, lying, lambda after: _reaches(terms, after, market, goal))
    turns: tuple[Turn, ...] = ()
    if not _reaches(terms, after, market, goal):
        turns = _smaller(terms, after, market, goal)
        moves = (*moves, *(turn.action for turn in turns))
    if not moves:
        raise Infeasible(
            f"the position at {market.name}, at a health factor of {float(was):.6f}, can neither "
            f"be given margin, as no {market.settlement} lies in the wallet, nor be made smaller "
            "at a price within the slippage limit"
        )
    return drafted(terms, states, moves, (), purpose, terms.slippage, turns)


def closed(terms: Terms, states: States, market: Perpetual, purpose: Purpose) -> Draft:
    """The plan that closes the account's position, or as much as the block's limit leaves.

    Raises Infeasible where that cannot be done within the slippage limit.
    """
    size = states[market].account(terms.account).size
    turn = turned(terms, states, market, -size, is_close=True) if size else None
    if turn is None or not isinstance(turn.action, ClosePosition):
        raise Infeasible(
            f"the position at {market.name} cannot be closed at a price within the slippage limit"
        )
    return drafted(terms, states, (turn.action,), (), purpose, terms.slippage, (turn,))


def _funded(
    terms: Terms, states: States, market: Perpetual, raw: int
) -> tuple[tuple[Action, ...], States]:
    """The supply of so much margin, and the states after it; nothing where it is not taken."""
    if raw <= 0:
        return (), states
    supply = Supply(terms.account, market.id, market.settlement, raw, terms.account)
    try:
        return (supply,), walked(terms, states, with_approvals(terms.account, states, (supply,)))
    except Infeasible:
        return (), states  # the vault is paused, or full


def _smaller(terms: Terms, states: States, market: Perpetual, goal: Fraction) -> tuple[Turn, ...]:
    """The least reduction of the position that reaches the goal, or as large a one as there is."""
    size = states[market].account(terms.account).size

    def reduced(raw: int) -> tuple[tuple[Turn, ...], States]:
        change = -raw if size > 0 else raw
        turn = turned(terms, states, market, change, is_close=raw == abs(size))
        if turn is None:
            return (), states
        return (turn,), walked(terms, states, (turn.action,))

    return _least(reduced, abs(size), lambda after: _reaches(terms, after, market, goal))[0]


def _reaches(terms: Terms, states: States, market: Perpetual, goal: Fraction) -> bool:
    left = health_factor(states, market, terms.account)
    return left is None or left >= goal


def _least(
    done: Callable[[int], tuple[tuple[T, ...], States]],
    most: int,
    is_enough: Callable[[States], bool],
) -> tuple[tuple[T, ...], States]:
    """What the least amount does that is enough, or the most where it is not."""
    best = done(most)
    if not is_enough(best[1]):
        return best
    refused, reached = 0, most
    for _ in range(STEPS):
        middle = (refused + reached) // 2
        found = done(middle)
        if is_enough(found[1]):
            reached, best = middle, found
        else:
            refused = middle
    return best
