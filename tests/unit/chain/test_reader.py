import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.chain.fake_chain import (
    ACCOUNT,
    AUDIT,
    COUNTERS,
    VALUE,
    Counter,
    CounterAdapter,
    CounterState,
    FakeChain,
    head_of,
    place_of,
)
from tests.unit.chain.fake_node import CHAIN, FakeNode, connected, hash_of, header, wire_log
from trimtab.chain import blocks
from trimtab.chain.blocks import head
from trimtab.chain.multicall import Multicall
from trimtab.chain.reader import Reader
from trimtab.core.abi import Answer
from trimtab.core.adapter import Adapters, Question
from trimtab.core.errors import DataError, MissingRead, Reorg, RpcError
from trimtab.core.market import Accounts, Head, Market
from trimtab.core.reading import Observation, decode, prepared
from trimtab.core.states import States

MARKETS: tuple[Market[Any], ...] = tuple(
    Counter(CHAIN, address, f"counter {number}") for number, address in enumerate(COUNTERS)
)
ACCOUNTS = Accounts((ACCOUNT,))
ADAPTERS: Adapters = {"counter": CounterAdapter()}  # type: ignore[dict-item]


def observe(
    node: FakeNode,
    known: States | None,
    at: Head,
    adapters: Adapters = ADAPTERS,
    *,
    mixes: bool = False,
) -> Observation:
    async def observing() -> Observation:
        rpc, size = connected(node), Multicall(size=3)
        reader = Reader(rpc, adapters, MARKETS, ACCOUNTS, ACCOUNT, size, mixes=mixes)
        return await reader.observe(known, at)

    return asyncio.run(observing())


def directly(chain: FakeChain, observation: Observation, known: States | None) -> States:
    """The states as they come of asking one read at a time, the logs folded in before."""
    at = observation.reading.head
    states = {}
    for market in MARKETS:
        adapter = ADAPTERS["counter"]
        earlier = None if known is None else known.states[market.id]
        state = prepared(ADAPTERS, market, earlier, observation.reading.logs)
        question = Question(market, ACCOUNTS, at, state)
        number = 0
        while asked := adapter.reads(question):
            answers = [Answer(True, chain.answer(at.number, read.to, read.data)) for read in asked]
            number += 1
            decoded = adapter.decode(question, answers)
            question = Question(market, ACCOUNTS, at, decoded, number)
        assert question.known is not None
        states[market.id] = question.known
    return States(CHAIN, {CHAIN: at}, {market.id: market for market in MARKETS}, states)


def state_of(observation: Observation, number: int = 0) -> CounterState:
    state = observation.states.states[MARKETS[number].id]
    assert isinstance(state, CounterState)
    return state


def test_observe__first__everything_and_no_logs() -> None:
    chain = FakeChain(5)
    chain.add_log(5, 0)
    node = chain.node()
    observation = observe(node, None, head_of(5))
    reading = observation.reading
    assert observation.states == directly(chain, observation, None)
    assert reading.full
    assert reading.head == head_of(5)
    assert reading.logs == ()
    assert node.count("eth_getLogs") == 0
    assert reading.base_fee == 10**9 + 5
    expected = {
        place_of(market): int.from_bytes(chain.answer(5, market.address, AUDIT), "big")
        for market in MARKETS
    }
    assert reading.audit == expected


class MixingChain(FakeChain):
    """It answers of block 5 from block 6 until that is asked for; `reverts` instead, if told to."""

    reverts = False

    def answer(self, number: int, target: str, data: bytes) -> bytes:
        is_mixed = number == self.height == 5
        return b"" if is_mixed and self.reverts else super().answer(number + is_mixed, target, data)

    def by_number(self, tag: str, _: bool) -> dict[str, Any] | None:
        self.height = 6
        return super().by_number(tag, _)


@pytest.mark.parametrize("reverts", [False, True])
def test_observe__node_makes_the_next_block_meanwhile__asked_again(reverts: bool) -> None:
    chain = MixingChain(5)
    chain.reverts = reverts
    observation = observe(chain.node(), None, head_of(5), mixes=True)
    assert observation.states == directly(FakeChain(6), observation, None)
    chain = MixingChain(5)
    if not reverts:  # what the second reading is for
        assert observe(chain.node(), None, head_of(5)).states != observation.states
        return
    chain.reverts = True
    with pytest.raises(MissingRead):
        observe(chain.node(), None, head_of(5))


def test_observe__node_that_may_mix_stands_still__one_more_round_trip() -> None:
    calm, mixing = FakeChain(5).node(), FakeChain(5).node()
    assert observe(mixing, None, head_of(5), mixes=True) == observe(calm, None, head_of(5))
    assert mixing.round_trips == calm.round_trips + 1


def test_observe__later_rounds__only_for_markets_that_ask() -> None:
    chain = FakeChain(5)
    node = chain.node()
    observation = observe(node, None, head_of(5))
    pages = [state_of(observation, number).value % 3 for number in (0, 1)]
    assert sorted(pages) == [1, 2]
    rounds = [len(observation.reading.rounds[market.id]) for market in MARKETS]
    assert rounds == [1 + asked for asked in pages]
    assert node.round_trips == 1 + max(pages)


def test_observe__next_block__logs_by_its_hash_in_one_round_trip() -> None:
    chain = FakeChain(9)
    known = observe(chain.node(), None, head_of(5)).states
    chain.add_log(6, 4, 1)
    chain.add_log(7, 9)
    node = chain.node()
    observation = observe(node, known, head_of(6))
    assert [(log.block, log.index) for log in observation.reading.logs] == [(6, 4)]
    (asked,) = [parameters for method, parameters in node.asked if method == "eth_getLogs"]
    assert asked == ({"blockHash": hash_of(6), "address": list(COUNTERS)},)
    log = observation.reading.logs[0]
    assert log.address == COUNTERS[1]
    assert log.timestamp == head_of(6).timestamp
    assert log.data == (4).to_bytes(32, "big")
    assert observation.states == directly(chain, observation, known)


def test_observe__logs_change_what_is_asked__asked_again_and_recorded() -> None:
    chain = FakeChain(6)
    known = observe(chain.node(), None, head_of(5)).states
    chain.add_log(6, 4)
    chain.add_log(6, 7)
    node = chain.node()
    observation = observe(node, known, head_of(6))
    assert len(observation.reading.rounds[MARKETS[0].id][0]) == 3
    assert len(observation.reading.rounds[MARKETS[1].id][0]) == 1
    assert len(state_of(observation).history) == 2
    assert observation.states == directly(chain, observation, known)


@settings(max_examples=40)
@given(
    steps=st.lists(st.integers(0, 3), min_size=1, max_size=5),
    marks=st.lists(st.tuples(st.integers(1, 16), st.integers(0, 1)), max_size=12),
    stamped=st.booleans(),
)
def test_observe__any_course__replayed_and_asked_directly_the_same(
    steps: list[int], marks: list[tuple[int, int]], stamped: bool
) -> None:
    chain = FakeChain(20, stamped=stamped)
    for index, (number, counter) in enumerate(marks):
        chain.add_log(number, index, counter)
    known, at = None, 1
    for step in steps:
        at += step
        observation = observe(chain.node(), known, head_of(at))
        replayed = decode(ADAPTERS, MARKETS, ACCOUNTS, known, observation.reading)
        assert observation.states == replayed == directly(chain, observation, known)
        first = at if known is None else known.head.number
        expected = sorted(
            (number, index) for index, (number, _) in enumerate(marks) if first < number <= at
        )
        assert [(log.block, log.index) for log in observation.reading.logs] == expected
        assert all(
            log.timestamp == head_of(log.block).timestamp for log in observation.reading.logs
        )
        known = observation.states


def test_observe__long_gap__logs_in_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "PAGE", 4)
    chain = FakeChain(30)
    for number in (6, 9, 10, 15):
        chain.add_log(number, 1)
    known = observe(chain.node(), None, head_of(5)).states
    node = chain.node()
    observation = observe(node, known, head_of(15))
    assert [log.block for log in observation.reading.logs] == [6, 9, 10, 15]
    ranges = [
        (int(parameters[0]["fromBlock"], 16), int(parameters[0]["toBlock"], 16))
        for method, parameters in node.asked
        if method == "eth_getLogs"
    ]
    assert sorted(ranges) == [(6, 9), (10, 13), (14, 15)]


HOSTILE_LOGS: dict[str, tuple[dict[str, Any], str]] = {
    "removed": ({"removed": True}, "a removed log"),
    "another block": ({"blockHash": hash_of(6, "b")}, "two different blocks 6"),
    "number before": ({"blockNumber": "0x5"}, "a log of block 5, which was not asked for"),
    "number after": ({"blockNumber": "0x7"}, "a log of block 7, which was not asked for"),
    "stranger": ({"address": "0x" + "99" * 20}, "a contract that was not asked for"),
    "time": ({"blockTimestamp": "0x1"}, "two timestamps of block 6"),
    "topics": ({"topics": ["0x" + "00" * 32] * 5}, "as topics"),
    "short topic": ({"topics": ["0x00"]}, "as topic"),
    "odd data": ({"data": "0x123"}, "as log data"),
    "no index": ({"logIndex": None}, "no list"),
    "index": ({"logIndex": "four"}, "as log index"),
    "negative": ({"logIndex": "-0x1"}, "as log index"),
    "huge": ({"blockNumber": "0x1" + "0" * 64}, "as block number"),
    "transaction": ({"transactionHash": "0x12"}, "as transaction hash"),
    "twice": ({}, "log 4 of block 6 twice"),
}


@pytest.mark.parametrize("kind", HOSTILE_LOGS)
def test_observe__hostile_log__inconsistent(kind: str) -> None:
    change, words = HOSTILE_LOGS[kind]
    chain = FakeChain(9)
    known = observe(chain.node(), None, head_of(5)).states
    log = {**wire_log(COUNTERS[0], 6, 4), **change}
    chain.logs[6] = [log, log] if kind == "twice" else [log]
    with pytest.raises(RpcError, match=words) as seen:
        observe(chain.node(), known, head_of(6))
    assert seen.value.fault == "inconsistent"


def test_observe__times_that_go_back__inconsistent() -> None:
    chain = FakeChain(9)
    known = observe(chain.node(), None, head_of(5)).states
    chain.add_log(6, 0, blockTimestamp=hex(head_of(8).timestamp))
    chain.add_log(7, 0)
    with pytest.raises(RpcError, match="go back in time"):
        observe(chain.node(), known, head_of(9))


# ------------------------------------------------------------------------------------ reorgs


def known_at_5() -> States:
    return observe(FakeChain(9).node(), None, head_of(5)).states


def test_observe__parent_is_another__reorg() -> None:
    with pytest.raises(Reorg, match=f"not after {hash_of(5)}"):
        observe(FakeChain(9, "b").node(), known_at_5(), head_of(6, "b"))


def test_observe__gap_from_another_fork__reorg() -> None:
    with pytest.raises(Reorg, match="block 5 was"):
        observe(FakeChain(9, "b").node(), known_at_5(), head_of(8, "b"))


def test_observe__head_at_or_below_the_known__reorg() -> None:
    for number, fork in ((4, "a"), (5, "b"), (4, "b")):
        with pytest.raises(Reorg, match="was read before"):
            observe(FakeChain(9, fork).node(), known_at_5(), head_of(number, fork))


def test_observe__head_is_gone__reorg() -> None:
    with pytest.raises(Reorg, match="is gone: read the newest"):
        observe(FakeChain(9, "b").node(), None, head_of(6))
    with pytest.raises(Reorg, match="is gone: read the newest"):
        observe(FakeChain(4).node(), None, head_of(6))


def test_observe__head_is_kept_but_not_canonical__reorg() -> None:
    node = FakeChain(9, "b").node()
    node.methods["eth_getBlockByHash"] = lambda *_: header(6)
    with pytest.raises(Reorg, match=f"now it is {hash_of(6, 'b')}"):
        observe(node, None, head_of(6))


def test_observe__same_block_again__the_same_states_without_logs() -> None:
    chain = FakeChain(9)
    chain.add_log(5, 0)
    node = chain.node()
    observation = observe(node, known_at_5(), head_of(5))
    assert observation.states == known_at_5()
    assert node.count("eth_getLogs") == 0


def test_observe__reads_refused_though_the_block_is_there__the_refusal() -> None:
    chain = FakeChain(9)
    node = chain.node()
    node.methods["eth_call"] = lambda *_: FakeChain(0).call({}, {"blockHash": "0x"})
    with pytest.raises(RpcError, match="EIP-1898"):
        observe(node, None, head_of(6))


# --------------------------------------------------------------------------- hostile answers


def test_observe__header_of_another_block__inconsistent() -> None:
    chain = FakeChain(9)
    node = chain.node()
    node.methods["eth_getBlockByHash"] = lambda *_: header(7)
    with pytest.raises(RpcError, match="where Head") as seen:
        observe(node, None, head_of(6))
    assert seen.value.fault == "inconsistent"


@pytest.mark.parametrize("kind, words", [(AUDIT, "the balance"), (VALUE, "counter")])
def test_observe__short_answer__missing(kind: bytes, words: str) -> None:
    chain = FakeChain(9, broken={kind: b"\x01"})
    with pytest.raises(MissingRead, match=words):
        observe(chain.node(), None, head_of(6))


def test_observe__market_that_always_asks__missing() -> None:
    adapter = CounterAdapter()
    adapter.endless = True
    with pytest.raises(MissingRead, match="still asks after 64 rounds"):
        observe(FakeChain(9).node(), None, head_of(6), {"counter": adapter})  # type: ignore[dict-item]


@settings(max_examples=60)
@given(st.data())
def test_observe__any_hostile_value__data_error_or_the_truth(data: st.DataObject) -> None:
    chain = FakeChain(9)
    chain.add_log(6, 4)
    known = known_at_5()
    honest = observe(chain.node(), known, head_of(6))
    node = chain.node()
    method = data.draw(st.sampled_from(sorted(node.methods)))
    lie = data.draw(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=8),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner),
            max_leaves=4,
        )
    )
    node.methods[method] = lambda *_: lie
    try:
        observation = observe(node, known, head_of(6))
    except DataError:
        return
    assert observation == honest or (method == "eth_getLogs" and lie == [])


# -------------------------------------------------------------------------------------- head


def read_head(answer: object, tag: blocks.Tag = "latest") -> Head:
    node = FakeNode({"eth_getBlockByNumber": lambda *_: answer})
    return asyncio.run(head(connected(node), tag))


def test_head__tag_or_number__the_block() -> None:
    assert read_head(header(6)) == head_of(6)
    assert read_head(header(6), 6) == head_of(6)


def test_head__number_in_the_request__as_a_quantity() -> None:
    node = FakeNode({"eth_getBlockByNumber": lambda *_: header(17)})
    asyncio.run(head(connected(node), 17))
    asyncio.run(head(connected(node), "finalized"))
    assert [parameters for _, parameters in node.asked] == [("0x11", False), ("finalized", False)]


@pytest.mark.parametrize(
    "change, words",
    [
        ({"baseFeePerGas": None}, "EIP-1559"),
        ({"number": 6}, "no _Header"),
        ({"number": "6"}, "as block number"),
        ({"hash": "0x12"}, "as block hash"),
        ({"parentHash": "0x" + "zz" * 32}, "as parent hash"),
        ({"timestamp": "soon"}, "as timestamp"),
    ],
    ids=["base fee", "type", "number", "hash", "parent", "timestamp"],
)
def test_head__hostile_header__inconsistent(change: dict[str, object], words: str) -> None:
    with pytest.raises(RpcError, match=words) as seen:
        read_head({**header(6), **change})
    assert seen.value.fault == "inconsistent"


def test_head__none_or_another__inconsistent() -> None:
    with pytest.raises(RpcError, match="has no finalized block"):
        read_head(None, "finalized")
    with pytest.raises(RpcError, match="asked for block 6 and gave 7"):
        read_head(header(7), 6)
