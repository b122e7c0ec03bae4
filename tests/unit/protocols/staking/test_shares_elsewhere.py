"""Shares of a stake in a lending pool and an exchange: the model's states are the contracts'."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.desk import Desk, opened
from trimtab.core.actions import (
    ALL,
    Action,
    Approve,
    Borrow,
    Repay,
    Stake,
    Supply,
    Swap,
    Transfer,
    Withdraw,
)
from trimtab.core.adapter import accrue, apply, encode
from trimtab.core.flows import held_everywhere
from trimtab.core.market import token_market, wallet
from trimtab.core.quantise import Timestamp
from trimtab.core.states import Applied, Reverted, States
from trimtab.core.token import Address, Token
from trimtab.lab.world import DEMO_WORLD
from trimtab.mandate.adapters import ADAPTERS
from trimtab.protocols.staking import StakingPool

pytestmark = pytest.mark.chain

ETHER = 10**18
LATE = Timestamp(2**40)


@pytest.fixture
def desk() -> Iterator[Desk]:
    """A desk with ten staked ether."""
    with opened(DEMO_WORLD) as desk:
        weth, pool = desk.token("WETH"), stake_of(desk)
        desk.give("WETH", 20 * ETHER)
        desk.act(allow(desk, weth, pool.address))
        desk.act(Stake(desk.account, pool.id, weth, 10 * ETHER))
        yield desk


def stake_of(desk: Desk) -> StakingPool:
    pool = desk.book.market("staking:stWETH")
    assert isinstance(pool, StakingPool)
    return pool


def allow(desk: Desk, token: Token, spender: Address, raw: int = 2**256 - 1) -> Approve:
    return Approve(desk.account, token_market(token), token, spender, raw)


def done(desk: Desk, *actions: Action) -> States:
    """The states after the actions by the models, each held to the contracts'."""
    states = desk.states()
    for action in actions:
        moment = desk.next_moment
        desk.machine.set_time(moment)
        states = accrue(ADAPTERS, states, moment)
        outcome = apply(ADAPTERS, states, action)
        (call,) = encode(ADAPTERS, states, (action,))
        succeeded, returned, _ = desk.machine.call(action.actor, call.to, call.data)
        if isinstance(outcome, Reverted):
            assert (succeeded, returned) == (False, outcome.data), action
            continue
        assert succeeded, Reverted(returned).reason
        states = states.fold(outcome)
        told: dict[Any, Any] = dict(desk.states().states)
        assert {key: state for key, state in states.states.items() if state != told[key]} == {}
    return states


def test_wallet__shares__are_a_token_that_their_pool_owns(desk: Desk) -> None:
    pool, share = stake_of(desk), desk.token("stWETH")
    assert wallet(share) == pool.place == desk.place("stWETH")
    assert token_market(share) == pool.id
    assert not share.is_plain
    held = held_everywhere(ADAPTERS, desk.states(), desk.account)[pool.place]
    assert held.raw == held.shares > 9 * ETHER


def test_fold__lent_owed_against_and_taken_back__as_the_contracts(desk: Desk) -> None:
    share, weth, lender = desk.token("stWETH"), desk.token("WETH"), desk.lender
    me = desk.account
    states = done(
        desk,
        allow(desk, share, lender.address),
        Supply(me, lender.id, share, 5 * ETHER, me),
        Borrow(me, lender.id, weth, 2 * ETHER, me),
        Withdraw(me, lender.id, share, 5 * ETHER, me),  # too much of it stands for the debt
        Withdraw(me, lender.id, share, 1 * ETHER, me),
        allow(desk, weth, lender.address),
        Repay(me, lender.id, weth, ALL, me),
        Withdraw(me, lender.id, share, ALL, me),
    )
    assert held_everywhere(ADAPTERS, states, me)[wallet(share)].raw > 9 * ETHER


def test_fold__sold_and_bought_in_a_pool__as_the_contracts(desk: Desk) -> None:
    share, weth, me = desk.token("stWETH"), desk.token("WETH"), desk.account
    pool = desk.pool("stWETH/WETH/100")
    (router,) = pool.spenders[:1]
    states = done(
        desk,
        Swap(me, pool.id, share, weth, ETHER, 0, LATE, me),  # nothing is allowed yet
        allow(desk, share, router),
        Swap(me, pool.id, share, weth, ETHER, 0, LATE, me),
        Swap(me, pool.id, share, weth, 50 * ETHER, 0, LATE, me),  # more than there is
        allow(desk, weth, router),
        Swap(me, pool.id, weth, share, 2 * ETHER, 0, LATE, me),
    )
    assert held_everywhere(ADAPTERS, states, me)[wallet(share)].raw > 9 * ETHER


def test_move__more_than_is_allowed_or_there__refused_as_the_contract_does(desk: Desk) -> None:
    share, lender, me = desk.token("stWETH"), desk.lender, desk.account
    before = desk.states()
    after = done(
        desk,
        Supply(me, lender.id, share, ETHER, me),
        allow(desk, share, lender.address, ETHER),
        Supply(me, lender.id, share, ETHER + 1, me),
        allow(desk, share, lender.address),
        Supply(me, lender.id, share, 100 * ETHER, me),
        Transfer(me, stake_of(desk).id, share, desk.other, ETHER),
    )
    pool = stake_of(desk)
    assert isinstance(apply(ADAPTERS, after, allow(desk, share, lender.address, 1)), Applied)
    assert before[pool].balance(me) - after[pool].balance(me) == ETHER
