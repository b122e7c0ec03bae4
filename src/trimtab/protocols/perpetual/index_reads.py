"""What is asked of a cache of prices, and how the answers become its state.

Every block: the last price, the mean of the moment, and the newest observation. Where that is not
the known one, the newest observations are read anew, a page a round.
"""

from collections.abc import Sequence
from dataclasses import replace

from trimtab.core.abi import Answer, Read, call_data, slot_read, word, words
from trimtab.core.adapter import Question
from trimtab.core.errors import DataError, MissingRead
from trimtab.protocols.perpetual.market import KEPT, Index, IndexState, PriceObservation

PAGE = 500
"""How many observations one round asks for."""

MEAN_SLOT, MEAN_AT_SLOT = 5401, 5402
"""Where the mean lies, and its moment with the interval. Source: layout of ChainlinkPriceFeedV3."""

_ADDRESS_BITS, _INTERVAL_BITS = 160, 80


def reads(market: Index, question: Question[IndexState]) -> tuple[Read, ...]:
    """The last price and what is cached; then the observations that are missing."""
    known, address = question.known, market.address
    if question.round:
        missing = known.missing if known is not None else ()
        return tuple(_observation(market, place) for place in missing[:PAGE])
    hot = (
        Read(address, call_data("getLastValidPrice()")),
        Read(address, call_data("getLastValidTimestamp()")),
        Read(address, call_data("currentObservationIndex()")),
        slot_read(address, MEAN_SLOT),
        slot_read(address, MEAN_AT_SLOT),
    )
    if known is not None:
        return (*hot, _observation(market, known.index))
    identity = ("decimals()", "getAggregator()")
    return (*hot, *(Read(address, call_data(each)) for each in identity))


def decode(market: Index, question: Question[IndexState], answers: Sequence[Answer]) -> IndexState:
    """The state so far, from a round's answers. Raises DataError for another contract."""
    known, asked = question.known, len(reads(market, question))
    if len(answers) != asked:
        raise MissingRead(f"{len(answers)} answers to {asked} reads of {market.name}")
    if question.round:
        if known is None:
            raise MissingRead(f"round {question.round} of {market.name} goes by no state")
        return _decode_page(market, known, answers)
    now = _decode_hot(market, question, answers)
    if known is None:
        _check_identity(market, answers[5:])
        return now.unread()
    newest = _decode_observation(market, known.index, answers[5])
    is_same = known.index == now.index and not known.missing
    if not is_same or (newest,) != (known.observations[-1:] or (None,)):
        return now.unread()
    return replace(now, observations=known.observations, is_older=known.is_older)


def _decode_hot(
    market: Index, question: Question[IndexState], answers: Sequence[Answer]
) -> IndexState:
    price, updated_at, index, mean, packed = (
        words(answer, 1, f"the last price of {market.name}")[0] for answer in answers[:5]
    )
    return IndexState(
        timestamp=question.head.timestamp,
        base=market.base,
        price=price,
        updated_at=updated_at,
        interval=packed >> _ADDRESS_BITS & (1 << _INTERVAL_BITS) - 1,
        mean=mean,
        mean_at=packed & (1 << _ADDRESS_BITS) - 1,
        index=index,
    )


def _check_identity(market: Index, answers: Sequence[Answer]) -> None:
    decimals, aggregator = (words(answer, 1, f"the feed of {market.name}")[0] for answer in answers)
    if decimals != market.decimals or word(aggregator) != word(market.feed_address):
        raise DataError(
            f"{market.name} has {decimals} decimals and follows {aggregator:#042x}, but it was "
            f"declared with {market.decimals} and {market.feed_address}: correct the declaration"
        )


def _observation(market: Index, place: int) -> Read:
    return Read(market.address, call_data("observations(uint256)", place))


def _decode_observation(market: Index, place: int, answer: Answer) -> PriceObservation | None:
    """The observation at a place; none where nothing was written."""
    found = PriceObservation(*words(answer, 3, f"observations({place}) of {market.name}"))
    return found if found.timestamp else None


def _decode_page(market: Index, known: IndexState, answers: Sequence[Answer]) -> IndexState:
    asked, missing = known.missing[: len(answers)], known.missing[len(answers) :]
    found = list(known.observations)
    for place, answer in zip(asked, answers, strict=True):
        observation = _decode_observation(market, place, answer)
        if observation is not None:
            found.append(observation)
    is_older = not missing and len(found) > KEPT
    kept = tuple(found[-KEPT:]) if is_older else tuple(found)
    return replace(known, observations=kept, is_older=is_older, missing=missing)
