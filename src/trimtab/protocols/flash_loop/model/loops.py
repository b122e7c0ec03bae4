"""Entering and leaving a loop, step by step as the contract does it. Source: FlashLoop.sol."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from trimtab.core.actions import (
    Borrow,
    EnterLoop,
    FlashLoan,
    LeaveLoop,
    Loop,
    Repay,
    Supply,
    Transfer,
    Withdraw,
)
from trimtab.core.errors import NoRoute
from trimtab.core.states import Applied, Reverted, States
from trimtab.core.token import Token
from trimtab.protocols.flash_loop import errors
from trimtab.protocols.flash_loop.market import FlashLoop
from trimtab.protocols.flash_loop.model import lenders
from trimtab.protocols.flash_loop.model.call import CallUnderWay, ordered, succeeded
from trimtab.protocols.flash_loop.model.lenders import LendingPool
from trimtab.protocols.shared import tokens
from trimtab.protocols.shared.reverts import NO_DATA, RevertError, refuse
from trimtab.protocols.uniswap_v3 import Pool
from trimtab.protocols.uniswap_v3.model.swap import UINT160_MAX, last_price, refusal, swap


@dataclass(frozen=True, slots=True)
class Venues:
    """Where a loop is: who lends for it, where it lies, and where it is exchanged."""

    lender: LendingPool
    pool: LendingPool
    exchange: Pool


def venues(states: States, market: FlashLoop, action: Loop) -> Venues:
    """The markets that an action names.

    Raises NoRoute for such as loops cannot be made at, or that do not have the action's tokens.
    """
    lender, pool = (lenders.lending_pool(states.market(m)) for m in (action.lender, action.pool))
    exchange = states.market(action.exchange)
    for found, known in ((lender, market.lenders), (pool, market.lenders)):
        _check_known(found.id in known, market, found.name)
    if not isinstance(exchange, Pool):
        raise NoRoute(f"{exchange.name} is no pool of Uniswap V3: loops exchange in those alone")
    _check_known(exchange.id in market.exchanges, market, exchange.name)
    if {action.collateral, action.debt} != {exchange.token0, exchange.token1}:
        raise NoRoute(f"{exchange.name} does not exchange {action.debt} for {action.collateral}")
    for venue, token in ((lender, action.debt), (pool, action.debt), (pool, action.collateral)):
        lenders.share_of(venue, token)
    return Venues(lender, pool, exchange)


def _check_known(is_known: bool, market: FlashLoop, name: str) -> None:
    if not is_known:
        raise NoRoute(f"{name} is not declared of {market.name}: declare it there, or use another")


def enter(states: States, market: FlashLoop, action: EnterLoop) -> Applied:
    """The account's collateral grows by what the loan buys, its debt by loan and premium."""
    at = venues(states, market, action)
    here, account = market.address, action.actor

    def bought(call: CallUnderWay, premium: int) -> None:
        spent, received = _swap(
            call,
            at,
            action,
            action.loan,
            lambda owed: call.send(action.debt, at.exchange.address, owed),
        )
        if spent != action.loan:
            raise errors.stopped(spent, action.loan)
        if received < action.least:
            raise errors.too_little(received, action.least)
        supplied = Supply(here, at.pool.id, action.collateral, received, account)
        call.did(succeeded(lenders.apply(call.states, at.pool, supplied)))
        borrowed = Borrow(here, at.pool.id, action.debt, action.loan + premium, account)
        call.did(succeeded(lenders.apply(call.states, at.pool, borrowed)))

    return _done(states, market, at, action, bought)


def leave(states: States, market: FlashLoop, action: LeaveLoop) -> Applied:
    """The account's debt shrinks by the loan, its collateral by what that and the premium cost."""
    at = venues(states, market, action)

    def sold(call: CallUnderWay, premium: int) -> None:
        repaying = Repay(market.address, at.pool.id, action.debt, action.loan, action.actor)
        outcome = succeeded(lenders.apply(call.states, at.pool, repaying))
        call.did(outcome)
        wanted = outcome.movements[0].raw + premium
        _, received = _swap(
            call, at, action, -wanted, lambda owed: _withdraw(call, at, action, owed)
        )
        if received != wanted:
            raise errors.stopped(received, wanted)

    return _done(states, market, at, action, sold)


def _done(
    states: States,
    market: FlashLoop,
    at: Venues,
    action: Loop,
    turn: Callable[[CallUnderWay, int], None],
) -> Applied:
    """A turn between the beginning and the end of a flash loan; what is left is the caller's."""
    if not 0 <= action.limit <= UINT160_MAX:
        raise RevertError(NO_DATA)
    now = states[market].timestamp
    if now > action.deadline:
        raise errors.late(now, action.deadline)
    call = CallUnderWay.begun(states, market.address, (action.collateral, action.debt))
    call.states = lenders.visited(call.states, at.pool, market.address)
    loan = FlashLoan(action.actor, at.lender.id, action.debt, action.loan, market.address)
    lent, premium = lenders.lend(call.states, at.lender, loan)
    call.did(lent)
    turn(call, premium)
    call.did(lenders.paid_back(call.states, at.lender, loan, premium))
    for token in (action.debt, action.collateral):
        call.give(token, action.actor)
    call.states = lenders.left(call.states, at.pool, market.address)
    return call.applied((at.lender.id, at.pool.id, at.exchange.id))


def _swap(
    call: CallUnderWay, at: Venues, action: Loop, amount: int, pay: Callable[[int], None]
) -> tuple[int, int]:
    """What an exchange took and gave: it sends first, and bills in its callback.

    A positive amount is to be spent, a negative one to be received.
    """
    pool = at.exchange
    spent, bought = _tokens(action)
    zero_for_one = pool.is_zero_for_one(spent)
    limit, state = action.limit or last_price(zero_for_one), call.states[pool]
    refused = refusal(state, zero_for_one, amount, limit)
    if refused is not None:
        raise RevertError(refused)
    walk = swap(state, zero_for_one, amount, limit)
    call.did(Applied({pool.id: walk.arrived(state)}))
    if walk.amount_out:
        sent = tokens.send(call.states, bought, pool.address, call.address, walk.amount_out)
        if isinstance(sent, Reverted):
            raise refuse("TF")
        call.did(Applied({}, (sent,)))
    pay(walk.amount_in)
    return walk.amount_in, walk.amount_out


def _tokens(action: Loop) -> tuple[Token, Token]:
    """What is sold and what is bought."""
    if isinstance(action, EnterLoop):
        return action.debt, action.collateral
    return action.collateral, action.debt


def _withdraw(call: CallUnderWay, at: Venues, action: LeaveLoop, owed: int) -> None:
    """Pay the exchange with the account's collateral: one share more is taken, and goes back."""
    if owed > action.most:
        raise errors.too_much(owed, action.most)
    pool, token, here, account = at.pool, action.collateral, call.address, action.actor
    share = lenders.share_of(pool, token)
    taking = Transfer(account, pool.id, share, here, owed + 1)
    call.did(ordered(lenders.take_shares(call.states, pool, here, taking), share))
    withdrawn = Withdraw(here, pool.id, token, owed, at.exchange.address)
    call.did(succeeded(lenders.apply(call.states, pool, withdrawn)))
    left = lenders.shares(call.states, pool, here, token)
    if left:
        back = Transfer(here, pool.id, share, account, left)
        call.did(ordered(lenders.apply(call.states, pool, back), share))
