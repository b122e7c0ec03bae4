"""The Chainlink adapter."""

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

from trimtab.core.abi import Answer, Call, Log, Read, log_words, signed, topic
from trimtab.core.actions import Action, UpdateAnswer
from trimtab.core.adapter import Question
from trimtab.core.errors import InvariantViolation
from trimtab.core.market import Accounts, Holding, Market, Place
from trimtab.core.quantise import Timestamp
from trimtab.core.states import Applied, Reverted, States
from trimtab.core.token import Address
from trimtab.protocols.chainlink import encode, model, reads
from trimtab.protocols.chainlink.market import Feed, FeedState

_ANSWER_UPDATED = topic("AnswerUpdated(int256,uint256,uint256)")


class ChainlinkAdapter:
    """A feed's latest round; see `trimtab.core.adapter.Adapter`."""

    def reads(self, question: Question[FeedState]) -> tuple[Read, ...]:
        """The latest round."""
        return reads.reads(cast(Feed, question.market), question)

    def decode(self, question: Question[FeedState], answers: Sequence[Answer]) -> FeedState:
        """The state that the answers give."""
        return reads.decode(cast(Feed, question.market), question, answers)

    def accrue(self, state: FeedState, at: Timestamp) -> FeedState:
        """The state at a later moment: an answer does not change by time, it ages."""
        return replace(state, timestamp=at)

    def apply(self, states: States, action: Action) -> Applied | Reverted:
        """A new answer."""
        if not isinstance(action, UpdateAnswer):
            raise InvariantViolation("INV-5 the adapter law", f"a feed cannot {action}")
        state = states[cast(Feed, states.market(action.market))]
        return Applied({action.market: model.updated(state, action.answer)})

    def observe(self, state: FeedState, log: Log) -> FeedState:
        """The state after an AnswerUpdated event; the mock aggregator logs none."""
        if log.topics[:1] != (_ANSWER_UPDATED,):
            return state
        answer = signed(int.from_bytes(log.topics[1], "big"))
        round_id = int.from_bytes(log.topics[2], "big")
        return FeedState(state.timestamp, answer, Timestamp(log_words(log)[0]), round_id)

    def encode(self, states: States, action: Action) -> tuple[Call, ...]:
        """The call of the update."""
        if not isinstance(action, UpdateAnswer):
            raise InvariantViolation("INV-5 the adapter law", f"a feed cannot {action}")
        return (encode.update_answer(cast(Feed, states.market(action.market)), action),)

    def holdings(
        self, states: States, market: Market[FeedState], account: Address
    ) -> tuple[Holding, ...]:
        """Nothing can be held in a feed."""
        return ()

    def emitters(self, market: Market[FeedState]) -> tuple[Address, ...]:
        """The feed itself."""
        return (market.address,)

    def audits(self, market: Market[FeedState], account: Address) -> tuple[tuple[Place, Read], ...]:
        """Nothing can be held in a feed."""
        return ()

    def narrow(self, state: FeedState, accounts: Accounts) -> FeedState:
        """The state itself: it has nothing of any account."""
        return state

    def taken_over(self, state: FeedState, owned: FeedState, accounts: Accounts) -> FeedState:
        """The state itself, as of `narrow`."""
        return state
