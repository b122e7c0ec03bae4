"""What is asked of a feed each block."""

from collections.abc import Sequence

from trimtab.core.abi import Answer, Read, call_data, signed, words
from trimtab.core.adapter import Question
from trimtab.core.errors import DataError
from trimtab.core.quantise import Timestamp
from trimtab.protocols.chainlink.market import Feed, FeedState


def reads(feed: Feed, question: Question[FeedState]) -> tuple[Read, ...]:
    """The latest round; the decimals too where nothing is known yet."""
    if question.round:
        return ()
    latest = Read(feed.address, call_data("latestRoundData()"))
    if question.known is not None:
        return (latest,)
    return (latest, Read(feed.address, call_data("decimals()")))


def decode(feed: Feed, question: Question[FeedState], answers: Sequence[Answer]) -> FeedState:
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
