"""Oracles over feeds against their published source; there is no bytecode of them in a package."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from tests.unit.protocols.morpho.isolated import (
    ACCOUNTS,
    FRIEND,
    HEAD,
    MARKET,
    NOW,
    ORACLE,
    account,
    all_states,
    lending_state,
)
from trimtab.chain.identities import proven
from trimtab.core.abi import UINT256_MAX, Answer, Read, call_data, word
from trimtab.core.actions import UpdateAnswer
from trimtab.core.adapter import Question, decoded
from trimtab.core.errors import ConfigError, DataError, InvariantViolation, MissingRead
from trimtab.core.market import Market, MarketId, State
from trimtab.core.states import States
from trimtab.protocols.chainlink import Feed, FeedState
from trimtab.protocols.morpho import FeedOracle, FeedOracleState, MorphoAdapter, health_factor
from trimtab.protocols.morpho.identity import FEED_ORACLE, anatomy
from trimtab.protocols.morpho.model.oracle import OVERFLOW, price_of_feeds
from trimtab.protocols.morpho.oracles import AnyState
from trimtab.protocols.shared.reverts import RevertError

ADAPTER = MorphoAdapter()
FEEDS = tuple(
    Feed(1, account(digit), f"chainlink:{digit}", digit, "USD", 8, 3_600) for digit in "bcde"
)
ETHER, STAKED, DOLLAR, OTHER = (feed.id for feed in FEEDS)
SCALE = 10 ** (36 + 6 + 8 - 18 - 8)
"""Dollars of 6 decimals and ether of 18, by two feeds of 8."""
PLAIN = FeedOracle(1, ORACLE, "morpho:oracle:ETH/USD", SCALE, (ETHER,), (DOLLAR,))


def states_of(oracle: FeedOracle, *answers: int) -> States:
    """The market with this oracle, and what the feeds answer, in their order."""
    states = all_states(lending_state())
    markets: dict[MarketId, Market[Any]] = {**states.markets, oracle.id: oracle}
    found: dict[MarketId, State] = {**states.states, oracle.id: FeedOracleState(NOW)}
    for feed, answer in zip(FEEDS, answers, strict=False):
        markets[feed.id], found[feed.id] = feed, FeedState(NOW, answer, NOW, 1)
    return replace(states, markets=markets, states=found)


def price(oracle: FeedOracle, *answers: int) -> int:
    return price_of_feeds(states_of(oracle, *answers), oracle)


def test_price__two_feeds__ether_in_dollars_rounded_down() -> None:
    assert price(PLAIN, 2_000 * 10**8, 0, 10**8) == 2_000 * 10**24
    assert price(PLAIN, 2_000 * 10**8, 0, 99_990_000) == SCALE * 2_000 * 10**8 // 99_990_000


def test_price__four_feeds_or_none__products_on_both_sides() -> None:
    whole = replace(PLAIN, scale_factor=7, base_feeds=(ETHER, STAKED), quote_feeds=(DOLLAR, OTHER))
    assert price(whole, 10, 11, 3, 5) == 7 * 110 // 15
    assert price(replace(PLAIN, scale_factor=7, base_feeds=(), quote_feeds=())) == 7


def test_price__answer_of_nothing__nothing_or_a_panic() -> None:
    assert price(PLAIN, 0, 0, 10**8) == 0
    with pytest.raises(RevertError) as raised:
        price(PLAIN, 1, 0, 0)
    assert raised.value.outcome.data[-1] == 0x12


def test_price__negative_answer__the_words_of_the_oracle() -> None:
    with pytest.raises(RevertError, match="negative answer"):
        price(PLAIN, 1, 0, -1)


def test_price__beyond_256_bits__as_the_product_and_the_quotient_allow() -> None:
    huge = replace(PLAIN, scale_factor=2**255)
    assert price(huge, 2, 0, 2) == 2**255, "the product itself may be wider"
    assert price(huge, 2**200, 0, 2**200 - 1) == 2**255 * 2**200 // (2**200 - 1)
    for denominator in (0, 1):
        with pytest.raises(RevertError) as raised:
            price(huge, 2, 0, denominator)
        assert raised.value.outcome == OVERFLOW
    both = replace(PLAIN, base_feeds=(ETHER, STAKED))
    with pytest.raises(RevertError) as raised:
        price(both, 2**200, 2**56, 1)
    assert raised.value.outcome.data[-1] == 0x11
    assert price(replace(both, scale_factor=1), 2**200, 2**56 - 1, 1) < UINT256_MAX


def test_health__by_the_feeds__what_the_market_decides_by() -> None:
    states = states_of(PLAIN, 2_000 * 10**8, 0, 10**8)
    by_hand = all_states(lending_state())
    assert health_factor(states, MARKET, FRIEND) == health_factor(by_hand, MARKET, FRIEND)


# --------------------------------------------------------------------------------------- reads


def asking(known: AnyState | None = None, oracle: FeedOracle = PLAIN) -> Question[AnyState]:
    return Question(oracle, ACCOUNTS, HEAD, known)


def answers(*words: int | str) -> Sequence[Answer]:
    return [Answer(True, word(each)) for each in words]


WHOLE: tuple[int | str, ...] = (SCALE, FEEDS[0].address, 0, FEEDS[2].address, 0, 0, 0)


def test_decode__as_declared__the_moment() -> None:
    assert len(ADAPTER.reads(asking())) == len(WHOLE)
    found = decoded(ADAPTER, asking(), answers(*WHOLE))
    assert found == FeedOracleState(NOW)
    assert ADAPTER.reads(asking(found)) == (Read(ORACLE, call_data("SCALE_FACTOR()")),)
    assert decoded(ADAPTER, asking(found), answers(SCALE)) == found
    assert ADAPTER.narrow(found, ACCOUNTS) == ADAPTER.taken_over(found, found, ACCOUNTS) == found
    assert ADAPTER.holdings(states_of(PLAIN), PLAIN, FRIEND) == ()


@pytest.mark.parametrize("at", range(5))
def test_decode__other_parts_than_declared__refused(at: int) -> None:
    other = [*WHOLE]
    other[at] = 12_345
    with pytest.raises(DataError, match="correct the address book"):
        decoded(ADAPTER, asking(), answers(*other))


@pytest.mark.parametrize("at", [5, 6])
def test_decode__shares_of_a_vault__not_modelled(at: int) -> None:
    other = [*WHOLE]
    other[at] = account("f")
    with pytest.raises(DataError, match="shares of a vault, which is not modelled"):
        decoded(ADAPTER, asking(), answers(*other))


def test_decode__answers_missing_or_another_scale_later__refused() -> None:
    with pytest.raises(MissingRead, match="answers to"):
        decoded(ADAPTER, asking(), answers(SCALE))
    with pytest.raises(MissingRead, match="reverted"):
        decoded(ADAPTER, asking(FeedOracleState(NOW)), [Answer(False, b"")])
    with pytest.raises(DataError, match="correct the address book"):
        decoded(ADAPTER, asking(FeedOracleState(NOW)), answers(SCALE + 1))


def test_oracle__price_set_by_hand__no_market_knows() -> None:
    with pytest.raises(InvariantViolation, match="INV-5"):
        ADAPTER.apply(states_of(PLAIN), UpdateAnswer(FRIEND, PLAIN.id, 1))


def test_oracle__three_feeds_on_a_side__refused() -> None:
    with pytest.raises(ConfigError, match="2 feeds of each at most"):
        replace(PLAIN, base_feeds=(ETHER, STAKED, OTHER))


def test_oracle__over_feeds__cannot_be_armed() -> None:
    (part,) = anatomy(PLAIN).parts
    assert part.role == FEED_ORACLE
    assert proven().of("morpho", FEED_ORACLE) == ()
    assert PLAIN.parts == (ETHER, DOLLAR)
