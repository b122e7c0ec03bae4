from dataclasses import replace

import pytest

from trimtab.core.abi import Log, topic, word
from trimtab.core.quantise import Timestamp
from trimtab.core.token import Address
from trimtab.protocols.chainlink import ChainlinkAdapter, FeedState

FEED = Address("0x" + "1" * 40)
NOW = Timestamp(1_700_000_000)
STATE = FeedState(NOW, 5, Timestamp(NOW - 100), 7)


def answered(answer: int, round_id: int, updated_at: int) -> Log:
    signature = topic("AnswerUpdated(int256,uint256,uint256)")
    topics = (signature, word(answer), word(round_id))
    return Log(FEED, topics, word(updated_at), 1, NOW, "0x1", 0)


@pytest.mark.parametrize("answer", [2_000 * 10**8, -3])
def test_observe__answer_updated__its_answer_moment_and_round(answer: int) -> None:
    after = ChainlinkAdapter().observe(STATE, answered(answer, 8, NOW - 1))
    assert after == FeedState(NOW, answer, Timestamp(NOW - 1), 8)


def test_observe__another_event__passed_over() -> None:
    log = answered(1, 8, NOW)
    other = (topic("NewRound(uint256,address,uint256)"), *log.topics[1:])
    assert ChainlinkAdapter().observe(STATE, replace(log, topics=other)) is STATE
    assert ChainlinkAdapter().observe(STATE, replace(log, topics=())) is STATE
