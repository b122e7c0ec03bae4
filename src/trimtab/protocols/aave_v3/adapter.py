"""The Aave V3 adapter."""

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

from trimtab.core.abi import Answer, Call, Log, Read, call_data
from trimtab.core.actions import (
    Action,
    Approve,
    Borrow,
    Delegate,
    FlashLoan,
    Liquidate,
    Repay,
    SetEfficiencyMode,
    Supply,
    Transfer,
    UseAsCollateral,
    Withdraw,
)
from trimtab.core.adapter import Question
from trimtab.core.market import Accounts, Audit, Holding, Market, Place
from trimtab.core.quantise import Timestamp
from trimtab.core.states import Applied, Reverted, States
from trimtab.core.token import Address
from trimtab.protocols.aave_v3 import decode, encode, events, reads
from trimtab.protocols.aave_v3.market import AccountState, Leave, LendingPool, LendingState
from trimtab.protocols.aave_v3.model import collateral, flash_loan, liquidation, tokens, verbs
from trimtab.protocols.aave_v3.model.account import debt_balance, supply_balance
from trimtab.protocols.shared.reverts import RevertError


class AaveV3Adapter:
    """Supplies, debts and leave given at a pool; see `trimtab.core.adapter.Adapter`."""

    def reads(self, question: Question[LendingState]) -> tuple[Read, ...]:
        """Reserves and accounts, in one round."""
        return reads.reads(cast(LendingPool, question.market), question)

    def decode(self, question: Question[LendingState], answers: Sequence[Answer]) -> LendingState:
        """The state that the answers give."""
        return decode.decode(cast(LendingPool, question.market), question, answers)

    def accrue(self, state: LendingState, at: Timestamp) -> LendingState:
        """The state at a later moment; stored indices move only when the pool is called."""
        return replace(state, timestamp=at)

    def apply(self, states: States, action: Action) -> Applied | Reverted:
        """What an owner does at the pool, with its aTokens, or with credit; or a liquidation."""
        pool = cast(LendingPool, states.market(action.market))
        try:
            return _applied(states, pool, action)
        except RevertError as error:
            return error.outcome

    def observe(self, state: LendingState, log: Log) -> LendingState:
        """The state after a log of the pool or its tokens."""
        return events.observe(state, log)

    def observe_all(self, state: LendingState, told: Sequence[Log]) -> LendingState:
        """The state after many logs of the pool or its tokens, by a kernel."""
        from trimtab.protocols.aave_v3 import maths  # and numpy, where it is needed at last

        return maths.observe_all(state, told)

    def encode(self, states: States, action: Action) -> tuple[Call, ...]:
        """The one call of the action."""
        return (encode.encoded(cast(LendingPool, states.market(action.market)), action),)

    def holdings(
        self, states: States, market: Market[LendingState], account: Address
    ) -> tuple[Holding, ...]:
        """What the account has supplied, and after each supply what it owes of that token."""
        state = states[market]
        position = state.account(account)
        found: list[Holding] = []
        for token, reserve in state.reserves.items():
            supplied, owed = position.scaled_supplies[token], position.scaled_debts[token]
            if supplied:
                raw = supply_balance(position, reserve, state.timestamp)
                found.append(Holding(Place(market.id, token), supplied, raw))
            if owed:
                raw = debt_balance(position, reserve, state.timestamp)
                found.append(Holding(Place(market.id, token, "debt"), -owed, -raw))
        return tuple(found)

    def emitters(self, market: Market[LendingState]) -> tuple[Address, ...]:
        """The pool, and each reserve's aToken and variable debt token."""
        pool = cast(LendingPool, market)
        tokens = [(reserve.a_token, reserve.variable_debt_token) for reserve in pool.reserves]
        return (pool.address, *(emitter for pair in tokens for emitter in pair))

    def audits(
        self, market: Market[LendingState], state: LendingState | None, account: Address
    ) -> tuple[Audit, ...]:
        """The balances of aTokens and variable debt tokens as they state them."""
        asked = call_data("balanceOf(address)", account)
        found: list[Audit] = []
        for reserve in cast(LendingPool, market).reserves:
            found.append(Audit(Place(market.id, reserve.token), Read(reserve.a_token, asked)))
            owed = Place(market.id, reserve.token, "debt")
            found.append(Audit(owed, Read(reserve.variable_debt_token, asked)))
        return tuple(found)

    def narrow(self, state: LendingState, accounts: Accounts) -> LendingState:
        """All reserves, and these owners' positions, with the leave that they give one another."""
        near = {*accounts.owners, *accounts.spenders}
        narrowed = {
            owner: _leave_among(state.account(owner), near - {owner}) for owner in accounts.owners
        }
        return replace(state, accounts=narrowed)

    def taken_over(
        self, state: LendingState, owned: LendingState, accounts: Accounts
    ) -> LendingState:
        """The state with the owners' positions of `owned`; the reserves' totals stay."""
        positions = {
            owner: _with_known_leave(owned.account(owner), state.accounts.get(owner))
            for owner in accounts.owners
        }
        return replace(state, accounts={**state.accounts, **positions})


def _leave_among(account: AccountState, near: set[Address]) -> AccountState:
    def kept(leave: Leave) -> Leave:
        return {(token, to): raw for (token, to), raw in leave.items() if to in near}

    return replace(account, delegated=kept(account.delegated), allowed=kept(account.allowed))


def _with_known_leave(owned: AccountState, before: AccountState | None) -> AccountState:
    """The account with what is known of it beside, of those who are not tracked in `owned`."""
    if before is None:
        return owned
    return replace(
        owned,
        delegated={**before.delegated, **owned.delegated},
        allowed={**before.allowed, **owned.allowed},
    )


def _applied(states: States, pool: LendingPool, action: Action) -> Applied:
    match action:
        case Supply():
            return verbs.supply(states, pool, action)
        case Withdraw():
            return verbs.withdraw(states, pool, action)
        case Borrow():
            return verbs.borrow(states, pool, action)
        case Repay():
            return verbs.repay(states, pool, action)
        case Liquidate():
            return liquidation.liquidate(states, pool, action)
        case FlashLoan():
            return flash_loan.flash_loan(states, pool, action)
        case _:
            return _said(states, pool, action)


def _said(states: States, pool: LendingPool, action: Action) -> Applied:
    """What an owner says of positions, and does with aTokens and credit."""
    match action:
        case UseAsCollateral():
            return collateral.use_as_collateral(states, pool, action)
        case SetEfficiencyMode():
            return collateral.set_efficiency_mode(states, pool, action)
        case Delegate():
            return tokens.delegate(states, pool, action)
        case Transfer():
            return tokens.transfer(states, pool, action)
        case Approve():
            return tokens.approve(states, pool, action)
        case _:
            raise encode.impossible(action)
