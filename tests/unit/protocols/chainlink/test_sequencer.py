from dataclasses import replace
from typing import Any

import pytest

from tests.support.desk import Desk
from tests.unit.risk.test_oracle import feeds
from trimtab.core.abi import Answer, Log, topic, word
from trimtab.core.actions import UpdateAnswer
from trimtab.core.adapter import Question
from trimtab.core.errors import DataError, InvariantViolation, MissingRead, StaleState
from trimtab.core.market import Accounts, Head
from trimtab.core.quantise import Timestamp
from trimtab.core.states import States
from trimtab.core.token import Address
from trimtab.protocols.chainlink import (
    ChainlinkAdapter,
    FeedState,
    Sequencer,
    SequencerState,
    check_sequencer,
)
from trimtab.risk import oracle_prices

NOW = Timestamp(1_700_000_000)
FEED = Sequencer(31337, Address("0x" + "5" * 40), "the uptime feed", grace=3_600)
UP = SequencerState(NOW, 0, Timestamp(NOW - 3_601), 7)
ADAPTER = ChainlinkAdapter()


def test_check_sequencer__up_for_longer_than_the_grace_period__nothing() -> None:
    check_sequencer(FEED, UP, NOW)
    check_sequencer(FEED, replace(UP, started_at=Timestamp(1)), NOW)
    check_sequencer(replace(FEED, grace=0), replace(UP, started_at=Timestamp(NOW - 1)), NOW)


@pytest.mark.parametrize(
    "state, error, words",
    [
        (replace(UP, answer=1), StaleState, "is down since 1699996399"),
        (replace(UP, started_at=Timestamp(NOW - 3_600)), StaleState, "up for 3600 s, prices"),
        (replace(UP, started_at=Timestamp(NOW + 5)), StaleState, "up for -5 s"),
        (replace(UP, started_at=Timestamp(0)), StaleState, "has not been told"),
        (replace(UP, answer=2), MissingRead, "answers 2, expected 0"),
        (replace(UP, answer=-1), MissingRead, "answers -1, expected 0"),
    ],
)
def test_check_sequencer__not_up_for_long__skip_the_block_in_words(
    state: SequencerState, error: type[DataError], words: str
) -> None:
    with pytest.raises(error, match=words):
        check_sequencer(FEED, state, NOW)


def test_reads__known_or_not__one_read_that_gives_the_state() -> None:
    head = Head(31337, 1, "0x1", NOW)
    answered = Answer(True, b"".join(map(word, (7, 0, NOW - 3_601, NOW - 9, 7))))
    for known in (None, UP):
        question: Question[Any] = Question(FEED, Accounts(()), head, known)
        (read,) = ADAPTER.reads(question)
        assert read.to == FEED.address
        assert ADAPTER.decode(question, (answered,)) == UP
        assert ADAPTER.reads(replace(question, round=1)) == ()
    unread: Question[Any] = Question(FEED, Accounts(()), head)
    with pytest.raises(MissingRead, match="latestRoundData of the uptime feed"):
        ADAPTER.decode(unread, (Answer(False, b""),))


def test_observe__answer_updated__down_since_what_the_log_says() -> None:
    topics = (topic("AnswerUpdated(int256,uint256,uint256)"), word(1), word(8))
    log = Log(FEED.address, topics, word(NOW - 3), 2, NOW, "0x1", 0)
    assert ADAPTER.observe(UP, log) == SequencerState(NOW, 1, Timestamp(NOW - 3), 8)
    assert isinstance(ADAPTER.observe(FeedState(NOW, 1, NOW, 1), log), FeedState)


def test_accrue__later__the_clock_alone() -> None:
    later = Timestamp(NOW + 60)
    assert ADAPTER.accrue(UP, later) == replace(UP, timestamp=later)


def test_apply__an_update__refused_since_nobody_sets_it_from_here() -> None:
    states = States(31337, {}, {FEED.id: FEED}, {FEED.id: UP})
    with pytest.raises(InvariantViolation, match="INV-5"):
        ADAPTER.apply(states, UpdateAnswer(FEED.address, FEED.id, 1))


def test_oracle_prices__with_a_sequencer__only_while_it_is_up(desk: Desk) -> None:
    states, now = desk.start, desk.start.timestamp
    up = SequencerState(now, 0, Timestamp(now - 3_601), 1)
    numeraire = desk.token("USDC")
    markets = {**states.markets, FEED.id: FEED}

    def watched(state: SequencerState) -> States:
        return replace(states, markets=markets, states={**states.states, FEED.id: state})

    without = oracle_prices(states, feeds(desk), numeraire)
    assert oracle_prices(watched(up), feeds(desk), numeraire) == without
    for state in (replace(up, answer=1), replace(up, started_at=Timestamp(now - 3_600))):
        with pytest.raises(StaleState, match="the uptime feed says that the sequencer is"):
            oracle_prices(watched(state), feeds(desk), numeraire)
