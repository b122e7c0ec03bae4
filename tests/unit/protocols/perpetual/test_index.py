"""The cache of a feed's prices: what counts, what it remembers, and its means."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import pytest

from tests.unit.protocols.perpetual.markets import BASE, EXCHANGE, FLAT, INDEX, NOW
from trimtab.core.abi import Answer, Log, topic, word
from trimtab.core.adapter import Question
from trimtab.core.errors import DataError, MissingRead
from trimtab.core.market import Accounts, Head
from trimtab.core.quantise import Timestamp
from trimtab.protocols.chainlink import FeedState
from trimtab.protocols.perpetual import IndexState, PerpetualAdapter, PriceObservation
from trimtab.protocols.perpetual.adapter import AnyState
from trimtab.protocols.perpetual.market import KEPT, RING
from trimtab.protocols.perpetual.model import index

ADAPTER = PerpetualAdapter()
PRICE = 2_000 * 10**8
FEED = FeedState(NOW, PRICE, Timestamp(NOW - 3600), 1)
NEW = FeedState(NOW, PRICE + 90, Timestamp(NOW - 100), 2)
FIRST = cast(Question[AnyState], Question(INDEX, Accounts(()), Head(1, 1, "0x", NOW)))


@pytest.mark.parametrize(
    "feed",
    [
        replace(NEW, answer=0),
        replace(NEW, answer=-1),
        replace(NEW, round_id=0),
        replace(NEW, updated_at=Timestamp(0)),
        replace(NEW, updated_at=Timestamp(NOW + 1)),
        replace(NEW, updated_at=Timestamp(NOW - 3601)),
    ],
)
def test_newest__answers_without_sense__the_last_that_had(feed: FeedState) -> None:
    assert index.newest(FLAT, feed) == (PRICE, NOW - 3600)


def test_price__no_interval__the_newest() -> None:
    assert index.price_of(FLAT, NEW, 0) == PRICE + 90


def test_mean__new_price_within_the_interval__weighed_by_time() -> None:
    # A ninth of 900 seconds at 90 more.
    assert index.price_of(FLAT, NEW, 900) == PRICE + 10


def test_mean__new_price_before_the_interval__reckoned_at_the_old_one_until_cached() -> None:
    early = replace(NEW, updated_at=Timestamp(NOW - 1000))
    assert index.price_of(FLAT, early, 900) == PRICE + 100
    assert index.price_of(replace(index.cached(FLAT, early, 900), mean_at=0), early, 900) == (
        PRICE + 90
    )


def test_mean__past_too_short__the_price() -> None:
    assert index.price_of(FLAT, NEW, 4000) == PRICE + 90


def test_mean__within_its_moment__as_cached() -> None:
    cached = index.cached(FLAT, NEW, 900)
    assert (cached.mean, cached.mean_at, cached.index) == (PRICE + 10, NOW, 1)
    later = replace(NEW, answer=PRICE * 2, updated_at=NOW)
    assert index.price_of(cached, later, 900) == PRICE + 10
    assert index.price_of(cached, later, 0) == PRICE * 2


def test_cached__sums_that_do_not_fit__as_before() -> None:
    assert index.cached(FLAT, replace(NEW, answer=2**254), 900) == FLAT


def test_mean__beyond_what_is_kept__missing() -> None:
    with pytest.raises(MissingRead, match="too often"):
        index.price_of(replace(FLAT, is_older=True), NEW, 4000)


def test_mean__ring_unread__missing() -> None:
    with pytest.raises(MissingRead, match="unread"):
        index.price_of(FLAT.unread(), NEW, 900)


# ---------------------------------------------------------------------------------------- reads


def answers(state: IndexState, *, known: bool) -> list[Answer]:
    packed = state.interval << 160 | state.mean_at
    numbers: list[int | str] = [state.price, state.updated_at, state.index, state.mean, packed]
    found = [Answer(True, word(each)) for each in numbers]
    if known:
        return [*found, observation(state.observations[-1])]
    return [*found, Answer(True, word(8)), Answer(True, word(INDEX.feed_address))]


def observation(found: PriceObservation) -> Answer:
    stated = (found.price, found.cumulative, found.timestamp)
    return Answer(True, b"".join(map(word, stated)))


def read_anew(state: IndexState, ring: dict[int, PriceObservation]) -> IndexState:
    """The state that all rounds give, where the ring holds these observations."""
    question = replace(FIRST, known=ADAPTER.decode(FIRST, answers(state, known=False)), round=1)
    empty = PriceObservation(0, 0, 0)
    while asked := ADAPTER.reads(question):
        places = [int.from_bytes(read.data[4:], "big") for read in asked]
        given = [observation(ring.get(place, empty)) for place in places]
        known = ADAPTER.decode(question, given)
        question = replace(question, known=known, round=question.round + 1)
    assert isinstance(question.known, IndexState)
    return question.known


def test_decode__anew__the_past_without_empty_places() -> None:
    assert read_anew(FLAT, {0: FLAT.observations[0]}) == FLAT


def test_decode__anew_round_the_ring__the_newest_and_that_there_are_more() -> None:
    ring = {at: PriceObservation(at + 1, at, (at - 6) % RING + 1) for at in range(RING)}
    found = read_anew(replace(FLAT, index=5), ring)
    assert found.is_older
    assert len(found.observations) == KEPT
    assert found.observations[-1] == ring[5]
    assert found.observations[0] == ring[(5 - KEPT + 1) % RING]


def test_decode__known__believed_only_where_the_newest_is_the_same() -> None:
    later = replace(FIRST, known=FLAT)
    assert ADAPTER.decode(later, answers(FLAT, known=True)) == FLAT
    other = replace(FLAT, observations=(PriceObservation(1, 2, 3),))
    unread = ADAPTER.decode(later, answers(other, known=True))
    assert isinstance(unread, IndexState)
    assert len(unread.missing) == KEPT + 1


def test_decode__another_feed__refused() -> None:
    given = answers(FLAT, known=False)
    with pytest.raises(DataError, match="correct the declaration"):
        ADAPTER.decode(FIRST, [*given[:-1], Answer(True, word(BASE))])


@pytest.mark.parametrize("at", range(7))
def test_decode__answer_refused__missing(at: int) -> None:
    given = answers(FLAT, known=False)
    given[at] = Answer(False, b"")
    with pytest.raises(MissingRead):
        ADAPTER.decode(FIRST, given)


# ----------------------------------------------------------------------------------------- logs


def log(address: str, name: str, *indexed: str, data: tuple[int, ...] = ()) -> Log:
    topics = (topic(name), *(word(each) for each in indexed))
    where = INDEX.address if address == "index" else EXCHANGE
    return Log(where, topics, b"".join(map(word, data)), 1, NOW, "0x", 0)


PRICED = log(
    "index", "ChainlinkPriceUpdated(uint256,uint256,uint8)", data=(PRICE + 90, NOW - 100, 0)
)


def test_observe__price_then_funding__as_cached() -> None:
    settled = log("exchange", "FundingUpdated(address,uint256,uint256)", BASE, data=(1, 1))
    assert ADAPTER.observe(ADAPTER.observe(FLAT, PRICED), settled) == index.cached(FLAT, NEW, 900)


def test_observe__price_of_before__all_is_read_anew() -> None:
    odd = replace(PRICED, data=word(1) + word(1) + word(0))
    unread = ADAPTER.observe(FLAT, odd)
    assert isinstance(unread, IndexState)
    assert unread.missing
    assert ADAPTER.observe(unread, PRICED) == unread
