"""What is asked of a FlashLoop: whose pools it exchanges in."""

from collections.abc import Sequence

from trimtab.core.abi import Answer, Read, call_data, words
from trimtab.core.adapter import Question
from trimtab.core.errors import DataError, MissingRead
from trimtab.protocols.flash_loop.market import FlashLoop, FlashLoopState


def reads(market: FlashLoop, question: Question[FlashLoopState]) -> tuple[Read, ...]:
    """Its factory, which never changes: there is nothing else to know."""
    return () if question.round else (Read(market.address, call_data("factory()")),)


def decode(
    market: FlashLoop, question: Question[FlashLoopState], answers: Sequence[Answer]
) -> FlashLoopState:
    """The state as of the question. Raises DataError for a FlashLoop of another factory."""
    if len(answers) != 1:
        raise MissingRead(f"{market.name} gave {len(answers)} answers, expected its factory alone")
    (factory,) = words(answers[0], 1, f"the factory of {market.name}")
    if factory != int(market.factory, 16):
        raise DataError(
            f"{market.name} exchanges in the pools of {factory:#042x}, but {market.factory} was "
            "declared: correct its address in the book"
        )
    return FlashLoopState(question.head.timestamp)
