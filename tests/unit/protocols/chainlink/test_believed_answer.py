from dataclasses import replace
from fractions import Fraction

import pytest

from trimtab.core.errors import DataError, PriceDisagreement, StaleState
from trimtab.core.quantise import Timestamp
from trimtab.core.token import Address
from trimtab.protocols.chainlink import Feed, FeedState, believed_answer

FEED = Feed(1, Address("0x" + "1" * 40), "the feed", "WETH", "USD", decimals=8, heartbeat=3_600)
NOW = Timestamp(1_700_000_000)
STATE = FeedState(NOW, 2_000 * 10**8 + 1, NOW, 7)


def aged(seconds: int) -> FeedState:
    return replace(STATE, updated_at=Timestamp(NOW - seconds))


@pytest.mark.parametrize(
    "state", [STATE, aged(1), aged(3_600), replace(STATE, round_id=1)],
    ids=["of now", "a second old", "as old as the heartbeat", "of the first round"],
)  # fmt: skip
def test_believed_answer__in_order__price_of_a_whole_token(state: FeedState) -> None:
    assert believed_answer(FEED, state, NOW) == Fraction(2_000 * 10**8 + 1, 10**8)


def test_believed_answer__smallest_there_is__believed() -> None:
    assert believed_answer(FEED, replace(STATE, answer=1), NOW) == Fraction(1, 10**8)


@pytest.mark.parametrize(
    "state, error, words",
    [
        (replace(STATE, answer=0), PriceDisagreement, "the feed answers 0: a price is positive"),
        (replace(STATE, answer=-1), PriceDisagreement, "the feed answers -1"),
        (replace(STATE, round_id=0), PriceDisagreement, "no completed round"),
        (replace(STATE, updated_at=Timestamp(0)), PriceDisagreement, "no completed round"),
        (aged(-1), PriceDisagreement, "1 s after the block that was read"),
        (aged(3_601), StaleState, "updated 3601 s ago, its heartbeat is 3600 s"),
    ],
)
def test_believed_answer__not_to_be_believed__refused_in_words(
    state: FeedState, error: type[DataError], words: str
) -> None:
    with pytest.raises(error, match=words):
        believed_answer(FEED, state, NOW)


def test_believed_answer__updated_in_the_first_second__stale_and_not_missing() -> None:
    early = replace(STATE, updated_at=Timestamp(1))
    with pytest.raises(StaleState, match="updated 1699999999 s ago"):
        believed_answer(FEED, early, NOW)
