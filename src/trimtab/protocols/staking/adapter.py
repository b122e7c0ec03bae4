"""The staking adapter."""

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

from trimtab.core.abi import Answer, Call, Log, Read, call_data
from trimtab.core.actions import (
    Action,
    Approve,
    ClaimWithdrawal,
    FinaliseWithdrawals,
    ReportRewards,
    RequestWithdrawal,
    Stake,
    Transfer,
)
from trimtab.core.adapter import Question
from trimtab.core.market import Accounts, Audit, Holding, Market
from trimtab.core.quantise import Timestamp
from trimtab.core.states import Applied, Reverted, States
from trimtab.core.token import Address
from trimtab.protocols.shared.open_zeppelin import approved, transferred
from trimtab.protocols.shared.reverts import RevertError
from trimtab.protocols.staking import encode, reads
from trimtab.protocols.staking.market import StakingPool, StakingState
from trimtab.protocols.staking.model import events, verbs
from trimtab.protocols.staking.model.routes import StakingAction, known


class StakingAdapter:
    """A pool's rate, shares and queue; see `trimtab.core.adapter.Adapter`."""

    def reads(self, question: Question[StakingState]) -> tuple[Read, ...]:
        """The whole pool, in one round."""
        return reads.reads(cast(StakingPool, question.market), question)

    def decode(self, question: Question[StakingState], answers: Sequence[Answer]) -> StakingState:
        """The state that the answers give."""
        return reads.decode(cast(StakingPool, question.market), question, answers)

    def accrue(self, state: StakingState, at: Timestamp) -> StakingState:
        """The state at a later moment: the rate moves when the oracle reports."""
        return replace(state, timestamp=at)

    def apply(self, states: States, action: Action) -> Applied | Reverted:
        """What stakers, the oracle or the operator do, or what an owner does with shares."""
        pool = cast(StakingPool, states.market(action.market))
        try:
            return _applied(states, pool, known(pool, action))
        except RevertError as error:
            return error.outcome

    def observe(self, state: StakingState, log: Log) -> StakingState:
        """The state after an event of the pool."""
        return events.observe(state, log)

    def encode(self, states: States, action: Action) -> tuple[Call, ...]:
        """The one call of the action."""
        pool = cast(StakingPool, states.market(action.market))
        return (encode.encoded(pool, known(pool, action)),)

    def holdings(
        self, states: States, market: Market[StakingState], account: Address
    ) -> tuple[Holding, ...]:
        """The account's shares, which trade at a price of their own, and its due in the queue."""
        pool, state = cast(StakingPool, market), states[market]
        owned, due = state.shares.balance(account), state.queue.of(account)
        found = (
            Holding(pool.place, owned, owned),
            Holding(pool.queue_place, due, due),
        )
        return tuple(each for each in found if each.shares)

    def emitters(self, market: Market[StakingState]) -> tuple[Address, ...]:
        """The pool itself."""
        return (market.address,)

    def audits(
        self, market: Market[StakingState], state: StakingState | None, account: Address
    ) -> tuple[Audit, ...]:
        """The account's shares, and what the pool says that it is due."""
        pool = cast(StakingPool, market)
        return (
            Audit(pool.place, Read(pool.address, call_data("balanceOf(address)", account))),
            Audit(pool.queue_place, Read(pool.address, call_data("queuedOf(address)", account))),
        )

    def narrow(self, state: StakingState, accounts: Accounts) -> StakingState:
        """The pool with the shares and requests of these accounts."""
        queue = replace(state.queue, requests=state.queue.kept(accounts.owners))
        return replace(state, shares=state.shares.narrow(accounts), queue=queue)

    def taken_over(
        self, state: StakingState, owned: StakingState, accounts: Accounts
    ) -> StakingState:
        """The pool with the shares and requests that the owners have in `owned`."""
        owners = accounts.owners
        kept = {
            number: each
            for number, each in state.queue.requests.items()
            if each.owner not in owners
        }
        requests = dict(sorted((kept | owned.queue.kept(owners)).items()))
        return replace(
            state,
            shares=state.shares.taken_over(owned.shares, owners),
            queue=replace(state.queue, requests=requests),
        )


def _applied(states: States, pool: StakingPool, action: StakingAction) -> Applied:
    match action:
        case Stake():
            return verbs.stake(states, pool, action)
        case RequestWithdrawal():
            return verbs.request(states, pool, action)
        case ClaimWithdrawal():
            return verbs.claim(states, pool, action)
        case ReportRewards():
            return verbs.report(states, pool, action)
        case FinaliseWithdrawals():
            return verbs.finalise(states, pool, action)
        case Transfer(actor=owner):
            state: StakingState = states[pool]
            shares = transferred(state.shares, owner, action.to, action.amount)
            return Applied({pool.id: replace(state, shares=shares)})
        case Approve(actor=owner):
            state = states[pool]
            shares = approved(state.shares, owner, action.spender, action.amount)
            return Applied({pool.id: replace(state, shares=shares)})
