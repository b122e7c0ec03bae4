"""What is asked of a staking pool, what its logs tell, its peg, and hostile answers."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from trimtab.core.abi import Answer, Log, topic, word
from trimtab.core.actions import Stake, Supply
from trimtab.core.adapter import Question
from trimtab.core.errors import DataError, InvariantViolation, MissingRead, NoRoute
from trimtab.core.market import Accounts, Head, Holding, Market, State
from trimtab.core.quantise import Timestamp
from trimtab.core.states import States
from trimtab.core.token import ZERO_ADDRESS, Token, address
from trimtab.protocols.chainlink import Feed, FeedState
from trimtab.protocols.shared.shares import Shares
from trimtab.protocols.staking import (
    Queue,
    Request,
    StakingAdapter,
    StakingPool,
    StakingState,
    exchange_rate,
    peg,
    worth,
)

CHAIN, NOW = 31337, Timestamp(1_000_000)
ALICE, BOB = address("0x" + "a1" * 20), address("0x" + "b0" * 20)
HERE, ORACLE, OPERATOR = (address("0x" + each * 20) for each in ("44", "55", "66"))
WETH = Token(CHAIN, address("0x" + "11" * 20), 18, "WETH")
FEEDS = tuple(
    Feed(CHAIN, address("0x" + each * 20), f"chainlink:{base}", base, "USD", decimals, 3_600)
    for each, base, decimals in (("77", "stWETH", 8), ("88", "WETH", 10))
)
POOL = StakingPool(
    CHAIN, HERE, "staking:stWETH", WETH, "stWETH", ORACLE, OPERATOR, FEEDS[0].id, FEEDS[1].id
)
STATE = StakingState(
    timestamp=NOW,
    pooled=1_001,
    reported_at=Timestamp(NOW - 60),
    shares=Shares(1_000, {ALICE: 600, BOB: 0}, {(ALICE, BOB): 3, (BOB, BOB): 0}),
    queue=Queue(4, 2, 900, 300, 250, {2: Request(ALICE, 200, 300), 4: Request(ALICE, 500, 900)}),
)
ADAPTER = StakingAdapter()
FIRST: Question[StakingState] = Question(
    POOL, Accounts((ALICE, BOB), (BOB,)), Head(CHAIN, 1, "0x", NOW)
)


def packed(*numbers: int | str) -> Answer:
    return Answer(True, b"".join(map(word, numbers)))


def answers() -> list[Answer]:
    listed = packed(96, 192, 288, 2, 2, 4, 2, 200, 500, 2, 300, 900)
    none = packed(96, 128, 160, 0, 0, 0)
    whole = [packed(4, 2, 900, 300), packed(1_001), packed(250), packed(NOW - 60), listed, none]
    whole += [packed(each) for each in (1_000, 600, 0, 3, 0)]
    identity: tuple[int | str, ...] = (WETH.address, 18, ORACLE, OPERATOR)
    return [*whole, *(packed(each) for each in identity)]


def log(signature: str, *topics: int | str, data: tuple[int, ...] = ()) -> Log:
    heads = (topic(signature), *map(word, topics))
    return Log(HERE, heads, b"".join(map(word, data)), 1, NOW, "0x", 0)


# ------------------------------------------------------------------------------------ reading


def test_decode__whole_answers__the_state() -> None:
    assert len(ADAPTER.reads(FIRST)) == len(answers())
    assert ADAPTER.decode(FIRST, answers()) == STATE
    later = replace(FIRST, known=STATE)
    assert ADAPTER.decode(later, answers()[:-4]) == STATE
    assert ADAPTER.reads(replace(later, round=1)) == ()


@pytest.mark.parametrize("at", range(len(answers())))
def test_decode__any_answer_refused_or_short__missing(at: int) -> None:
    for bad in (Answer(False, b""), Answer(True, b"\0" * 31)):
        given = answers()
        given[at] = bad
        with pytest.raises(MissingRead, match="staking:stWETH"):
            ADAPTER.decode(FIRST, given)


@pytest.mark.parametrize(
    "at, bad, told",
    [
        (0, packed(4, 2, 900, 901), "which no such pool can have"),
        (1, packed(0), "states 0 staked for 1000 shares"),
        (2, packed(301), "301 to be claimed of 300 set aside"),
        (4, packed(96, 192, 288, 2**255, 0), "answered a list of"),
        (4, packed(96, 192, 288, 2, 2, 4, 3, 200, 500, 2, 300, 900), "not of one length"),
        (4, packed(96, 192, 0, 2, 2, 4, 2, 200, 500, 2, 300, 900), "or not in order"),
        (11, packed(BOB), r"asset\(\) is 0xb0"),
        (12, packed(6), r"decimals\(\) is 0x6, but 18 was declared"),
        (13, packed(BOB), r"oracle\(\) is 0xb0"),
        (14, packed(BOB), r"operator\(\) is 0xb0"),
    ],
)
def test_decode__what_no_such_pool_answers__refused(at: int, bad: Answer, told: str) -> None:
    given = answers()
    given[at] = bad
    with pytest.raises(DataError, match=told):
        ADAPTER.decode(FIRST, given)


# ------------------------------------------------------------------------------------- events


def test_observe__request_of_another__moves_the_queue_alone() -> None:
    signature = "Requested(uint256,address,uint256,uint256)"
    after = ADAPTER.observe(STATE, log(signature, 5, OPERATOR, data=(100, 101)))
    assert (after.pooled, after.shares.supply) == (900, 900)
    assert after.queue == replace(STATE.queue, last=5, requested=1_001)


def test_observe__minted_and_burnt_shares__told_by_the_event_that_follows() -> None:
    signature = "Transfer(address,address,uint256)"
    assert ADAPTER.observe(STATE, log(signature, ZERO_ADDRESS, ALICE, data=(5,))) == STATE
    assert ADAPTER.observe(STATE, log(signature, ALICE, ZERO_ADDRESS, data=(5,))) == STATE
    moved = ADAPTER.observe(STATE, log(signature, ALICE, BOB, data=(5,)))
    assert dict(moved.shares.balances) == {ALICE: 595, BOB: 5}


def test_observe__set_aside_and_claimed__what_can_be_claimed() -> None:
    after = ADAPTER.observe(STATE, log("Finalised(uint256,uint256)", 4, data=(600,)))
    assert (after.queue.finalised, after.queue.set_aside, after.queue.waiting) == (4, 850, 0)
    paid = ADAPTER.observe(after, log("Claimed(uint256,address,uint256)", 4, ALICE, data=(500,)))
    assert (paid.queue.set_aside, set(paid.queue.requests)) == (350, {2})


# ------------------------------------------------------------------------------------ queries


def test_holdings__shares_and_requests__in_places_of_their_own() -> None:
    states = States(CHAIN, {}, {POOL.id: POOL}, {POOL.id: STATE})
    assert ADAPTER.holdings(states, POOL, ALICE) == (
        Holding(POOL.place, 600, 600),
        Holding(POOL.queue_place, 700, 700),
    )
    assert ADAPTER.holdings(states, POOL, BOB) == ()
    assert worth(STATE, 1_000) == 1_001


def test_exchange_rate__nobody_stakes__one() -> None:
    assert exchange_rate(replace(STATE, pooled=0, shares=Shares(0, {}, {}))) == 1


def test_peg__feeds_of_different_decimals__exact() -> None:
    read: tuple[Market[State], ...] = (POOL, *FEEDS)
    markets = {each.id: each for each in read}
    told = (FeedState(NOW, 1_980 * 10**8, NOW, 1), FeedState(NOW, 2_000 * 10**10, NOW, 1))
    found = {POOL.id: STATE, FEEDS[0].id: told[0], FEEDS[1].id: told[1]}
    states = States(CHAIN, {}, markets, found)  # type: ignore[arg-type]
    assert peg(states, POOL) == Fraction(99, 100) / Fraction(1_001, 1_000)


def test_apply__token_or_action_of_another_market__refused() -> None:
    states = States(CHAIN, {}, {POOL.id: POOL}, {POOL.id: STATE})
    with pytest.raises(NoRoute, match="expects WETH at"):
        ADAPTER.apply(states, Stake(ALICE, POOL.id, POOL.share, 1))
    with pytest.raises(InvariantViolation, match="a staking pool cannot Supply"):
        ADAPTER.apply(states, Supply(ALICE, POOL.id, WETH, 1, ALICE))


def test_narrow__one_of_two__keeps_its_shares_and_requests() -> None:
    kept = ADAPTER.narrow(STATE, Accounts((BOB,), (BOB,)))
    assert (dict(kept.shares.balances), dict(kept.queue.requests)) == ({BOB: 0}, {})
    back = ADAPTER.taken_over(kept, STATE, Accounts((BOB,)))
    assert dict(back.queue.requests) == {}
    assert ADAPTER.taken_over(STATE, STATE, Accounts((ALICE,))) == STATE
