"""What is asked of a feed each block."""

from collections.abc import Sequence

from trimtab.core.abi import Answer, Read, call_data, signed, words
from trimtab.core.adapter import Question
from trimtab.core.errors import DataError
from trimtab.core.quantise import Timestamp
from trimtab.protocols.chainlink.market import (
    AnyState,
    Feed,
    FeedState,
    Sequencer,
    SequencerState,
)


def reads(feed: Feed | Sequencer, question: Question[AnyState]) -> tuple[Read, ...]:
    """The latest round; a price's decimals too where nothing is known yet."""
    if question.round:
        return ()
    latest = Read(feed.address, call_data("latestRoundData()"))
    if question.known is not None or isinstance(feed, Sequencer):
        return (latest,)
    return (latest, Read(feed.address, call_data("decimals()")))


def decode(feed: Feed, question: Question[AnyState], answers: Sequence[Answer]) -> FeedState:
    """The feed's state. Raises DataError if it states other decimals than the market."""
    round_id, answer, _, updated_at, _ = words(answers[0], 5, f"latestRoundData of {feed.name}")
    if question.known is None:
        (decimals,) = words(answers[1], 1, f"decimals of {feed.name}")
        if decimals != feed.decimals:
            raise DataError(
                f"{feed.name} says that it has {decimals} decimals, but it was declared with "
                f"{feed.decimals}: correct the declaration"
            )
    return FeedState(question.head.timestamp, signed(answer), Timestamp(updated_at), round_id)


def decode_sequencer(
    feed: Sequencer, question: Question[AnyState], answers: Sequence[Answer]
) -> SequencerState:
    """Whether the sequencer is up, and since when."""
    round_id, answer, started_at, _, _ = words(answers[0], 5, f"latestRoundData of {feed.name}")
    return SequencerState(question.head.timestamp, signed(answer), Timestamp(started_at), round_id)
