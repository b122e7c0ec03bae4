"""The Aave V3.6 adapter."""

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
from trimtab.core.errors import InvariantViolation
from trimtab.core.market import Accounts, Audit, Holding, Market, Place
from trimtab.core.quantise import Timestamp
from trimtab.core.states import Applied, Reverted, States
from trimtab.core.token import Address
from trimtab.protocols.aave_v36 import decode, encode, events, reads
from trimtab.protocols.aave_v36.market import AccountState, LendingPool36, LendingState
from trimtab.protocols.aave_v36.model import borrowing, supplying, tokens
from trimtab.protocols.aave_v36.model.liquidation import liquidate
from trimtab.protocols.aave_v36.model.reserve import debt_balance, supply_balance
from trimtab.protocols.shared.reverts import RevertError


class AaveV36Adapter:
    """Supplies and variable debts of a pool; see `trimtab.core.adapter.Adapter`."""

    def reads(self, question: Question[LendingState]) -> tuple[Read, ...]:
        """Reserves and accounts, in one round."""
        return reads.reads(cast(LendingPool36, question.market), question)

    def decode(self, question: Question[LendingState], answers: Sequence[Answer]) -> LendingState:
        """The state that the answers give."""
        return decode.decode(cast(LendingPool36, question.market), question, answers)

    def accrue(self, state: LendingState, at: Timestamp) -> LendingState:
        """The state at a later moment; stored indices move only when the pool is called."""
        return replace(state, timestamp=at)

    def apply(self, states: States, action: Action) -> Applied | Reverted:
        """Whatever is done at a lender."""
        pool = cast(LendingPool36, states.market(action.market))
        try:
            return _applied(states, pool, action)
        except RevertError as error:
            return error.outcome

    def observe(self, state: LendingState, log: Log) -> LendingState:
        """The state after a log of the pool or its tokens."""
        return events.observe(state, log)

    def encode(self, states: States, action: Action) -> tuple[Call, ...]:
        """The one call of the action."""
        if not isinstance(action, encode.Lending):
            raise _impossible(action)
        return (encode.encoded(cast(LendingPool36, states.market(action.market)), action),)

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
        pool = cast(LendingPool36, market)
        served = [(reserve.a_token, reserve.variable_debt_token) for reserve in pool.reserves]
        return (pool.address, *(emitter for pair in served for emitter in pair))

    def audits(
        self, market: Market[LendingState], state: LendingState | None, account: Address
    ) -> tuple[Audit, ...]:
        """The balances of aTokens and variable debt tokens as they state them."""
        asked = call_data("balanceOf(address)", account)
        found: list[Audit] = []
        for reserve in cast(LendingPool36, market).reserves:
            found.append(Audit(Place(market.id, reserve.token), Read(reserve.a_token, asked)))
            owed = Place(market.id, reserve.token, "debt")
            found.append(Audit(owed, Read(reserve.variable_debt_token, asked)))
        return tuple(found)

    def narrow(self, state: LendingState, accounts: Accounts) -> LendingState:
        """All reserves, and these owners' positions."""
        others = frozenset(state.accounts) - frozenset(accounts.owners)
        kept = {owner: _narrowed(state.account(owner), others) for owner in accounts.owners}
        return replace(state, accounts=kept)

    def taken_over(
        self, state: LendingState, owned: LendingState, accounts: Accounts
    ) -> LendingState:
        """The state with the owners' positions of `owned`; the reserves' totals stay."""
        positions = {
            owner: _taken_over(state.account(owner), owned.account(owner))
            for owner in accounts.owners
        }
        return replace(state, accounts={**state.accounts, **positions})


def _applied(states: States, pool: LendingPool36, action: Action) -> Applied:
    match action:
        case Supply():
            return supplying.supply(states, pool, action)
        case Withdraw():
            return supplying.withdraw(states, pool, action)
        case UseAsCollateral():
            return supplying.use_as_collateral(states, pool, action)
        case SetEfficiencyMode():
            return supplying.set_efficiency_mode(states, pool, action)
        case Borrow():
            return borrowing.borrow(states, pool, action)
        case Repay():
            return borrowing.repay(states, pool, action)
        case Delegate():
            return borrowing.delegate(states, pool, action)
        case FlashLoan():
            return borrowing.flash_loan(states, pool, action)
        case Liquidate():
            return liquidate(states, pool, action)
        case _:
            return _of_shares(states, pool, action)


def _of_shares(states: States, pool: LendingPool36, action: Action) -> Applied:
    match action:
        case Transfer():
            return tokens.transfer(states, pool, action)
        case Approve():
            return tokens.approve(states, pool, action)
        case _:
            raise _impossible(action)


def _narrowed(account: AccountState, others: frozenset[Address]) -> AccountState:
    """The account without the leave that it gives owners who are not tracked any more."""
    kept = {key: raw for key, raw in account.delegated.items() if key[1] not in others}
    return replace(account, delegated=kept)


def _taken_over(account: AccountState, owned: AccountState) -> AccountState:
    """The account as it is owned; whoever is only tracked here keeps the leave that they have."""
    return replace(
        owned,
        delegated={**account.delegated, **owned.delegated},
        allowed={**account.allowed, **owned.allowed},
    )


def _impossible(action: Action) -> InvariantViolation:
    return InvariantViolation("INV-5 the adapter law", f"a lending pool cannot {action}")
