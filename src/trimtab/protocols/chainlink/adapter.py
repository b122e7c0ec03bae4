"""The Chainlink adapter."""

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

from trimtab.core.abi import Answer, Call, Log, Read, log_words, signed, topic
from trimtab.core.actions import Action, UpdateAnswer
from trimtab.core.adapter import Question
from trimtab.core.errors import InvariantViolation
from trimtab.core.market import Accounts, Audit, Holding, Market
from trimtab.core.quantise import Timestamp
from trimtab.core.states import Applied, Reverted, States
from trimtab.core.token import Address
from trimtab.protocols.chainlink import encode, model, reads
from trimtab.protocols.chainlink.market import (
    AnyState,
    Feed,
    FeedState,
    Sequencer,
    SequencerState,
)

_ANSWER_UPDATED = topic("AnswerUpdated(int256,uint256,uint256)")


class ChainlinkAdapter:
    """The latest round of a price or an uptime feed; see `trimtab.core.adapter.Adapter`."""

    def reads(self, question: Question[AnyState]) -> tuple[Read, ...]:
        """The latest round."""
        return reads.reads(cast(Feed | Sequencer, question.market), question)

    def decode(self, question: Question[AnyState], answers: Sequence[Answer]) -> AnyState:
        """The state that the answers give."""
        market = cast(Feed | Sequencer, question.market)
        if isinstance(market, Sequencer):
            return reads.decode_sequencer(market, question, answers)
        return reads.decode(market, question, answers)

    def accrue(self, state: AnyState, at: Timestamp) -> AnyState:
        """The state at a later moment: an answer does not change by time, it ages."""
        return replace(state, timestamp=at)

    def apply(self, states: States, action: Action) -> Applied | Reverted:
        """A new price; nobody sets an uptime feed from here."""
        market = states.market(action.market)
        if not isinstance(action, UpdateAnswer) or not isinstance(market, Feed):
            raise InvariantViolation("INV-5 the adapter law", f"a feed cannot {action}")
        return Applied({action.market: model.updated(states[market], action.answer)})

    def observe(self, state: AnyState, log: Log) -> AnyState:
        """The state after an AnswerUpdated event; the mock aggregator logs none.

        That of an uptime feed tells since when the answer is so.
        """
        if log.topics[:1] != (_ANSWER_UPDATED,):
            return state
        answer = signed(int.from_bytes(log.topics[1], "big"))
        round_id = int.from_bytes(log.topics[2], "big")
        moment = Timestamp(log_words(log)[0])
        if isinstance(state, SequencerState):
            return SequencerState(state.timestamp, answer, moment, round_id)
        return FeedState(state.timestamp, answer, moment, round_id)

    def encode(self, states: States, action: Action) -> tuple[Call, ...]:
        """The call of the update."""
        if not isinstance(action, UpdateAnswer):
            raise InvariantViolation("INV-5 the adapter law", f"a feed cannot {action}")
        return (encode.update_answer(cast(Feed, states.market(action.market)), action),)

    def holdings(
        self, states: States, market: Market[AnyState], account: Address
    ) -> tuple[Holding, ...]:
        """Nothing can be held in a feed."""
        return ()

    def emitters(self, market: Market[AnyState]) -> tuple[Address, ...]:
        """None: a feed's proxy logs nothing, its aggregator may change, so answers are read."""
        return ()

    def audits(
        self, market: Market[AnyState], state: AnyState | None, account: Address
    ) -> tuple[Audit, ...]:
        """Nothing can be held in a feed."""
        return ()

    def narrow(self, state: AnyState, accounts: Accounts) -> AnyState:
        """The state itself: it has nothing of any account."""
        return state

    def taken_over(self, state: AnyState, owned: AnyState, accounts: Accounts) -> AnyState:
        """The state itself, as of `narrow`."""
        return state
