"""The ERC-20 adapter."""

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

from trimtab.core.abi import (
    Answer,
    Call,
    Log,
    Read,
    call_data,
    log_words,
    topic,
    topic_address,
)
from trimtab.core.actions import Action, Approve, Transfer
from trimtab.core.adapter import Question
from trimtab.core.errors import InvariantViolation
from trimtab.core.market import Accounts, Audit, Holding, Market, wallet
from trimtab.core.quantise import Timestamp
from trimtab.core.states import Applied, Movement, Reverted, States
from trimtab.core.token import Address
from trimtab.protocols.erc20 import encode, model, reads
from trimtab.protocols.erc20.market import Erc20, Erc20State

_TRANSFER = topic("Transfer(address,address,uint256)")
_APPROVAL = topic("Approval(address,address,uint256)")


class Erc20Adapter:
    """Balances and allowances; see `trimtab.core.adapter.Adapter`."""

    def reads(self, question: Question[Erc20State]) -> tuple[Read, ...]:
        """Balances and allowances, in one round."""
        return reads.reads(cast(Erc20, question.market), question)

    def decode(self, question: Question[Erc20State], answers: Sequence[Answer]) -> Erc20State:
        """The state that the answers give."""
        return reads.decode(cast(Erc20, question.market), question, answers)

    def accrue(self, state: Erc20State, at: Timestamp) -> Erc20State:
        """The state at a later moment: nothing of a plain token changes by time."""
        return replace(state, timestamp=at)

    def apply(self, states: States, action: Action) -> Applied | Reverted:
        """A transfer or an approval by the holder."""
        match action:
            case Transfer():
                movement = model.movement_of(action)
                state = states[cast(Erc20, states.market(action.market))]
                return state.refusal(movement) or Applied({}, (movement,))
            case Approve():
                state = states[cast(Erc20, states.market(action.market))]
                pair = (action.actor, action.spender)
                changed = replace(state, allowances={**state.allowances, pair: action.amount})
                return model.approval_refusal(action) or Applied({action.market: changed})
            case _:
                raise InvariantViolation("INV-5 the adapter law", f"a token cannot {action}")

    def observe(self, state: Erc20State, log: Log) -> Erc20State:
        """The state after a Transfer or an Approval that the token logged."""
        if log.topics[:1] == (_TRANSFER,):
            source, target = topic_address(log, 1), topic_address(log, 2)
            return state.move(Movement(state.token, source, target, log_words(log)[0]))
        if log.topics[:1] == (_APPROVAL,):
            pair = (topic_address(log, 1), topic_address(log, 2))
            if pair in state.allowances:
                allowed = {**state.allowances, pair: log_words(log)[0]}
                return replace(state, allowances=allowed)
        return state

    def encode(self, states: States, action: Action) -> tuple[Call, ...]:
        """The one call of the action."""
        match action:
            case Transfer():
                return (encode.transfer(action),)
            case Approve():
                return (encode.approve(action),)
            case _:
                raise InvariantViolation("INV-5 the adapter law", f"a token cannot {action}")

    def holdings(
        self, states: States, market: Market[Erc20State], account: Address
    ) -> tuple[Holding, ...]:
        """What lies in the account itself."""
        state = states[market]
        raw = state.balance(account)
        return (Holding(wallet(state.token), raw, raw),) if raw else ()

    def emitters(self, market: Market[Erc20State]) -> tuple[Address, ...]:
        """The token itself."""
        return (market.address,)

    def audits(
        self, market: Market[Erc20State], state: Erc20State | None, account: Address
    ) -> tuple[Audit, ...]:
        """The balance as the token states it."""
        token = cast(Erc20, market).token
        asked = call_data("balanceOf(address)", account)
        return (Audit(wallet(token), Read(token.address, asked)),)

    def narrow(self, state: Erc20State, accounts: Accounts) -> Erc20State:
        """The balances and allowances of these accounts."""
        return state.narrow(accounts)

    def taken_over(self, state: Erc20State, owned: Erc20State, accounts: Accounts) -> Erc20State:
        """The state with the owners' balances and allowances of `owned`."""
        return state.taken_over(owned, accounts.owners)
