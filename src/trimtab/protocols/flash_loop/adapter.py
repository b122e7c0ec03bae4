"""The adapter of FlashLoops."""

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

from trimtab.core.abi import Answer, Call, Log, Read
from trimtab.core.actions import Action, EnterLoop, LeaveLoop
from trimtab.core.adapter import Question
from trimtab.core.errors import InvariantViolation
from trimtab.core.market import Accounts, Audit, Holding, Market
from trimtab.core.quantise import Timestamp
from trimtab.core.states import Applied, Reverted, States
from trimtab.core.token import Address
from trimtab.protocols.flash_loop import encode, model, reads
from trimtab.protocols.flash_loop.market import FlashLoop, FlashLoopState
from trimtab.protocols.flash_loop.model.loops import venues
from trimtab.protocols.shared.reverts import RevertError


class FlashLoopAdapter:
    """Loops entered and left in one call; see `trimtab.core.adapter.Adapter`."""

    def reads(self, question: Question[FlashLoopState]) -> tuple[Read, ...]:
        """Its factory, in one round."""
        return reads.reads(cast(FlashLoop, question.market), question)

    def decode(
        self, question: Question[FlashLoopState], answers: Sequence[Answer]
    ) -> FlashLoopState:
        """The state that the answer gives."""
        return reads.decode(cast(FlashLoop, question.market), question, answers)

    def accrue(self, state: FlashLoopState, at: Timestamp) -> FlashLoopState:
        """The state at a later moment."""
        return replace(state, timestamp=at)

    def apply(self, states: States, action: Action) -> Applied | Reverted:
        """What entering or leaving a loop does at the lender, the pool and the exchange."""
        market = cast(FlashLoop, states.market(action.market))
        try:
            match action:
                case EnterLoop():
                    return model.enter(states, market, action)
                case LeaveLoop():
                    return model.leave(states, market, action)
                case _:
                    raise _impossible(action)
        except RevertError as error:
            return error.outcome

    def observe(self, state: FlashLoopState, log: Log) -> FlashLoopState:
        """The state itself: the pools, the exchange and the tokens tell what loops did to them."""
        return state

    def encode(self, states: States, action: Action) -> tuple[Call, ...]:
        """The one call of the action."""
        market = cast(FlashLoop, states.market(action.market))
        if not isinstance(action, EnterLoop | LeaveLoop):
            raise _impossible(action)
        return (encode.encoded(market, venues(states, market, action), action),)

    def holdings(
        self, states: States, market: Market[FlashLoopState], account: Address
    ) -> tuple[Holding, ...]:
        """Nothing: loops lie at the lending pools."""
        return ()

    def emitters(self, market: Market[FlashLoopState]) -> tuple[Address, ...]:
        """Nobody: the contract logs nothing."""
        return ()

    def audits(
        self, market: Market[FlashLoopState], state: FlashLoopState | None, account: Address
    ) -> tuple[Audit, ...]:
        """Nothing."""
        return ()

    def narrow(self, state: FlashLoopState, accounts: Accounts) -> FlashLoopState:
        """The state itself."""
        return state

    def taken_over(
        self, state: FlashLoopState, owned: FlashLoopState, accounts: Accounts
    ) -> FlashLoopState:
        """The state itself."""
        return state


def _impossible(action: Action) -> InvariantViolation:
    return InvariantViolation("INV-5 the adapter law", f"a FlashLoop cannot {action}")
