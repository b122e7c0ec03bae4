import asyncio

import pytest
from eth_abi.abi import decode as abi_decode
from eth_abi.abi import encode as abi_encode
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.chain.fake_node import CHAIN, FakeNode, connected, hash_of
from trimtab.chain.plan_check import check_call
from trimtab.chain.safe import (
    Safe,
    check_answers,
    check_multi_send,
    check_safe,
    inner_calls,
    packed,
    questions,
)
from trimtab.core.abi import Answer, Call, selector, word
from trimtab.core.bounds import Bounds
from trimtab.core.errors import ConfigError, MissingRead, SignerError
from trimtab.core.market import Head
from trimtab.core.quantise import Timestamp
from trimtab.core.token import ZERO_ADDRESS, address_from_bytes

ADDRESSES = st.binary(min_size=20, max_size=20).map(address_from_bytes)
CALLS = st.builds(Call, ADDRESSES, st.binary(max_size=100), st.integers(0, 2**200))
SAFE = Safe(
    address_from_bytes(b"\xa1" * 20),
    address_from_bytes(b"\xb2" * 20),
    address_from_bytes(b"\xc3" * 20),
    address_from_bytes(b"\xd4" * 20),
)
BOUNDS = Bounds(Timestamp(7))
EXECUTE = (
    "execTransaction(address,uint256,bytes,uint8,uint256,uint256,uint256,address,address,bytes)"
)
TYPES = EXECUTE[EXECUTE.index("(") + 1 : -1].split(",")
OK = (
    Answer(True, abi_encode(["string"], ["1.4.1"])),
    Answer(True, word(1)),
    Answer(True, word(True)),
)


@given(st.lists(CALLS, min_size=1, max_size=5))
def test_execution__calls__one_delegated_batch_that_ends_with_the_check(calls: list[Call]) -> None:
    outer = SAFE.execution(calls, BOUNDS)
    assert (outer.to, outer.value) == (SAFE.address, 0)
    assert outer.data[:4] == selector(EXECUTE)
    to, value, data, operation, *zeros, gas_token, receiver, signature = abi_decode(
        TYPES, outer.data[4:]
    )
    assert (to, value, operation) == (SAFE.multi_send.lower(), 0, 1)
    batch = [*calls, check_call(SAFE.plan_check, BOUNDS)]
    assert data == selector("multiSend(bytes)") + abi_encode(["bytes"], [packed(batch)])
    assert (zeros, gas_token, receiver) == ([0, 0, 0], ZERO_ADDRESS, ZERO_ADDRESS)
    assert signature == word(SAFE.owner) + bytes(32) + b"\x01"


@given(st.lists(CALLS, min_size=1, max_size=5))
def test_inner_calls__of_an_execution__the_calls_and_the_check(calls: list[Call]) -> None:
    assert inner_calls(SAFE.execution(calls, BOUNDS).data) == SAFE.batch(calls, BOUNDS)


def test_inner_calls__batch_that_is_called_and_not_delegated__none() -> None:
    data = bytearray(SAFE.execution([Call(SAFE.owner, b"")], BOUNDS).data)
    assert data[4 + 4 * 32 - 1] == 1
    data[4 + 4 * 32 - 1] = 0
    assert inner_calls(bytes(data)) == ()


@given(st.binary(max_size=200))
def test_inner_calls__any_data__none_or_some_but_no_error(data: bytes) -> None:
    assert inner_calls(data) == ()
    inner_calls(selector(EXECUTE) + data)


def test_execution__no_calls__refused() -> None:
    with pytest.raises(ValueError, match="no calls"):
        SAFE.execution([], BOUNDS)


def test_packed__two_calls__as_the_contract_reads_them() -> None:
    first = Call(SAFE.owner, b"\x01\x02", 5)
    assert packed([first, Call(SAFE.address, b"")]).hex() == (
        "00" + "b2" * 20 + f"{5:064x}" + f"{2:064x}" + "0102"
        "00" + "a1" * 20 + f"{0:064x}" + f"{0:064x}"
    )


@pytest.mark.parametrize("version", ["1.4.1", "1.3.0"])
def test_check_answers__safe_of_the_signer__accepted(version: str) -> None:
    check_answers(SAFE, (Answer(True, abi_encode(["string"], [version])), *OK[1:]))


@pytest.mark.parametrize(
    "at, answer, error, words",
    [
        (0, Answer(True, abi_encode(["string"], ["1.1.1"])), ConfigError, "is Safe '1.1.1'"),
        (0, Answer(True, b""), ConfigError, "is no Safe: expected a Safe of version 1.4.1 or"),
        (0, Answer(False, b""), ConfigError, "is no Safe"),
        (0, Answer(True, word(2**200) + word(2**255)), ConfigError, "is no Safe"),
        (1, Answer(True, word(2)), SignerError, "asks for 2 signatures"),
        (1, Answer(True, word(0)), SignerError, "asks for 0 signatures"),
        (1, Answer(False, b""), MissingRead, "getThreshold of the Safe reverted"),
        (2, Answer(True, word(0)), SignerError, "is not an owner of the Safe"),
        (2, Answer(True, b"\x01"), MissingRead, "isOwner of the Safe answered 1 bytes"),
    ],
)
def test_check_answers__another_account__refused_in_words(
    at: int, answer: Answer, error: type[Exception], words: str
) -> None:
    answers = [*OK]
    answers[at] = answer
    with pytest.raises(error, match=words):
        check_answers(SAFE, answers)


@pytest.mark.parametrize("code, words", [(b"", "there is no code"), (b"\x60", "other code")])
def test_check_multi_send__unknown_code__refused(code: bytes, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        check_multi_send(SAFE, code)


def test_check_safe__asks_at_the_block() -> None:
    head = Head(CHAIN, 7, hash_of(7), Timestamp(1))
    asked: list[str] = []

    def call(transaction: dict[str, str], block: dict[str, object]) -> str:
        assert block["blockHash"] == head.hash
        rows = [(answer.ok, answer.data) for answer in OK]
        assert len(rows) == len(questions(SAFE))
        return "0x" + abi_encode(["(bool,bytes)[]"], [rows]).hex()

    def code(address: str, block: dict[str, object]) -> str:
        assert block["blockHash"] == head.hash
        asked.append(address)
        return "0x"

    rpc = connected(FakeNode({"eth_call": call, "eth_getCode": code}))
    with pytest.raises(ConfigError, match=f"no code at {SAFE.multi_send}"):
        asyncio.run(check_safe(rpc, SAFE, head))
    assert asked == [SAFE.multi_send, SAFE.plan_check]
