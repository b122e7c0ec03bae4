"""When an answer of a feed may be believed, and what an update does."""

from fractions import Fraction

from trimtab.core.errors import MissingRead, PriceDisagreement, StaleState
from trimtab.core.quantise import Timestamp
from trimtab.protocols.chainlink.market import Feed, FeedState, Sequencer, SequencerState


def updated(state: FeedState, answer: int) -> FeedState:
    """The feed after a new answer at the state's moment. Source: MockV3Aggregator.updateAnswer."""
    return FeedState(state.timestamp, answer, state.timestamp, state.round_id + 1)


def believed_answer(feed: Feed, state: FeedState, now: Timestamp) -> Fraction:
    """The price of one whole token in the feed's currency.

    Raises PriceDisagreement for an answer that is not positive or comes from the future or from
    no round, and StaleState for one older than the feed's heartbeat.
    """
    if state.answer <= 0:
        raise PriceDisagreement(
            f"{feed.name} answers {state.answer}: a price is positive; the feed is broken or paused"
        )
    if state.round_id == 0 or state.updated_at == 0:
        raise PriceDisagreement(f"{feed.name} has no completed round: it was never answered")
    age = now - state.updated_at
    if age < 0:
        raise PriceDisagreement(
            f"{feed.name} was updated {-age} s after the block that was read: its clock is wrong"
        )
    if age > feed.heartbeat:
        raise StaleState(
            f"{feed.name} was updated {age} s ago, its heartbeat is {feed.heartbeat} s: "
            "wait for an update, or check that the feed still runs"
        )
    return Fraction(state.answer, 10**feed.decimals)


def check_sequencer(feed: Sequencer, state: SequencerState, now: Timestamp) -> None:
    """Raise StaleState unless the sequencer has been up for longer than the grace period.

    MissingRead for an answer that is neither up nor down. Source: Chainlink's documentation of
    L2 sequencer uptime feeds; a feed that was never told anything has no start of its round.
    """
    if state.answer not in (0, 1):
        raise MissingRead(
            f"{feed.name} answers {state.answer}, expected 0 (up) or 1 (down): is the address a "
            "sequencer's uptime feed?"
        )
    if state.answer == 1:
        raise StaleState(
            f"{feed.name} says that the sequencer is down since {state.started_at}: prices stand "
            "still; wait until it is up"
        )
    if state.started_at == 0:
        raise StaleState(f"{feed.name} has not been told whether the sequencer is up: wait")
    age = now - state.started_at
    if age <= feed.grace:
        raise StaleState(
            f"{feed.name} says that the sequencer is up for {age} s, prices are believed after "
            f"{feed.grace} s: wait until feeds and users have caught up"
        )
