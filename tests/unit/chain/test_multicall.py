import asyncio
from itertools import chain

import pytest
from eth_abi.abi import decode as abi_decode
from eth_abi.abi import encode as abi_encode
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.chain.fake_node import CHAIN, FakeNode, Refused, connected, hash_of
from trimtab.chain.multicall import Multicall, ask, decode, encode
from trimtab.core.abi import Answer, Read, selector, slot_read, word
from trimtab.core.errors import MissingRead, RpcError
from trimtab.core.market import Head
from trimtab.core.quantise import Timestamp
from trimtab.core.token import Address, address_from_bytes

HEAD = Head(CHAIN, 7, hash_of(7), Timestamp(1_000_084))
TARGET = address_from_bytes(b"\x11" * 20)
CALLS, RESULTS = ["(address,bool,bytes)[]"], ["(bool,bytes)[]"]

READS = st.builds(
    Read, st.binary(min_size=20, max_size=20).map(address_from_bytes), st.binary(max_size=140)
)
ANSWERS = st.builds(Answer, st.booleans(), st.binary(max_size=140))


def returned(answers: list[Answer]) -> bytes:
    return abi_encode(RESULTS, [[(answer.ok, answer.data) for answer in answers]])


@given(st.lists(READS, max_size=12))
def test_encode__any_reads__equals_the_abi(reads: list[Read]) -> None:
    rows = [(read.to, True, read.data) for read in reads]
    expected = selector("aggregate3((address,bool,bytes)[])") + abi_encode(CALLS, [rows])
    assert encode(reads) == expected


@given(st.lists(ANSWERS, max_size=12))
def test_decode__any_answers__equals_the_abi(answers: list[Answer]) -> None:
    assert decode(returned(answers), len(answers)) == tuple(answers)


@given(st.lists(ANSWERS, min_size=1, max_size=4), st.data())
def test_decode__changed_bytes__refused_or_what_they_encode(
    answers: list[Answer], data: st.DataObject
) -> None:
    changed = bytearray(returned(answers))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(changed) - 1))
        changed[at] = data.draw(st.sampled_from([0, 1, 31, 32, 64, 128, 255]))
    cut = data.draw(st.sampled_from([0, 0, 0, 1, 31, 32, 64]))
    hostile = bytes(changed[: len(changed) - cut])
    try:
        decoded = decode(hostile, len(answers))
    except RpcError as error:
        assert error.fault == "inconsistent"  # noqa: PT017 (either way out is right)
    else:
        assert returned(list(decoded)) == hostile


@given(st.binary(max_size=300), st.integers(0, 4))
def test_decode__any_bytes__inconsistent(hostile: bytes, count: int) -> None:
    with pytest.raises(RpcError) as seen:
        decode(hostile, count)
    assert seen.value.fault == "inconsistent"


@pytest.mark.parametrize(
    "hostile",
    [
        b"",
        word(32) + word(2) + returned([Answer(True, b"")])[64:],
        returned([Answer(True, b"")]) + b"\x00",
        returned([Answer(True, b"abc")])[:-32],
        word(32) + word(1) + word(2**255) + bytes(96),
        word(32) + word(1) + word(32) + word(1) + word(64) + word(2**256 - 1),
        word(32) + word(1) + word(32) + word(2) + word(64) + word(0),
        word(64) + word(1) + word(32) + word(1) + word(64) + word(0),
        returned([Answer(True, b"abc")])[:-1] + b"\x01",
    ],
    ids=range(9),
)
def test_decode__telling_lies__inconsistent(hostile: bytes) -> None:
    with pytest.raises(RpcError) as seen:
        decode(hostile, 1)
    assert seen.value.fault == "inconsistent"


def multicall_node(size_seen: list[int]) -> FakeNode:
    """A node whose every read answers with its own data."""

    def call(transaction: dict[str, str], block: dict[str, object]) -> str:
        assert block == {"blockHash": HEAD.hash, "requireCanonical": True}
        assert transaction["to"] == Multicall().address
        (rows,) = abi_decode(CALLS, bytes.fromhex(transaction["data"][10:]))
        size_seen.append(len(rows))
        return "0x" + returned([Answer(True, data) for _, _, data in rows]).hex()

    return FakeNode({"eth_call": call})


@pytest.mark.parametrize(
    "count, sizes", [(0, []), (1, [1]), (5, [5]), (6, [5, 1]), (11, [5, 5, 1])]
)
def test_ask__more_than_one_call_holds__split_in_one_round_trip(
    count: int, sizes: list[int]
) -> None:
    seen: list[int] = []
    node = multicall_node(seen)
    reads = [Read(TARGET, bytes([number])) for number in range(count)]
    answers = asyncio.run(ask(connected(node), reads, HEAD, Multicall(size=5)))
    assert answers == tuple(Answer(True, read.data) for read in reads)
    assert sorted(seen) == sorted(sizes)
    assert node.round_trips == (1 if count else 0)


def asked(answer: object) -> tuple[Answer, ...]:
    def call(*_: object) -> object:
        if isinstance(answer, Exception):
            raise answer
        return answer

    rpc = connected(FakeNode({"eth_call": call}))
    return asyncio.run(ask(rpc, [Read(TARGET, b"")], HEAD, Multicall(Address(TARGET))))


def test_ask__no_contract_there__missing() -> None:
    with pytest.raises(MissingRead, match=f"no Multicall3 at {TARGET}"):
        asked("0x")


@pytest.mark.parametrize("answer", ["0x0", "00", "0xzz", "0x 0", "", 7, None, ["0x"]])
def test_ask__no_bytes__inconsistent(answer: object) -> None:
    with pytest.raises(RpcError) as seen:
        asked(answer)
    assert seen.value.fault == "inconsistent"


def test_ask__pinned_reads_refused__no_other_way_is_tried() -> None:
    with pytest.raises(RpcError, match="invalid block parameter; reads are pinned by block hash"):
        asked(Refused(-32602, "invalid block parameter"))
    with pytest.raises(RpcError, match="out of gas"):
        asked(Refused(3, "execution reverted", "0x"))


def test_split__reads_of_several_calls__in_order() -> None:
    reads = [Read(TARGET, bytes([number])) for number in range(5)]
    requests = Multicall(size=2).requests(reads, HEAD)
    sent = [str(request.parameters[0]["data"]) for request in requests]  # type: ignore[index, call-overload]
    rows = chain.from_iterable(abi_decode(CALLS, bytes.fromhex(data[10:]))[0] for data in sent)
    assert [row[2] for row in rows] == [read.data for read in reads]


def storing_node(stored: object) -> FakeNode:
    node = multicall_node([])
    node.methods["eth_getStorageAt"] = lambda *_: stored
    return node


def test_ask__slots_among_calls__answered_in_order() -> None:
    reads = [slot_read(TARGET, 7), Read(TARGET, b"a"), slot_read(TARGET, 2**256 - 1)]
    node = storing_node("0x" + "ab" * 32)
    stored = Answer(True, b"\xab" * 32)
    assert asyncio.run(ask(connected(node), reads, HEAD)) == (stored, Answer(True, b"a"), stored)
    assert node.round_trips == 1


@pytest.mark.parametrize("stored", ["0x", "0x" + "ab" * 31, 7, None])
def test_ask__a_slot_that_is_no_word__inconsistent(stored: object) -> None:
    with pytest.raises(RpcError) as seen:
        asyncio.run(ask(connected(storing_node(stored)), [slot_read(TARGET, 0)], HEAD))
    assert seen.value.fault == "inconsistent"
