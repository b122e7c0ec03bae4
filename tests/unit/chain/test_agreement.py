import json
from typing import Any

import msgspec
import pytest

from tests.unit.chain.fake_node import hash_of, header, wire_log
from trimtab.chain.agreement import essence
from trimtab.chain.rpc import NodeRefusal, Reply
from trimtab.core.errors import RpcError

ADDRESS = "0x" + "aB" * 20
RECEIPT = {"transactionHash": hash_of(1), "status": "0x1", "to": ADDRESS, "gasUsed": "0x5208"}
SIMULATED = [
    {
        "number": "0x1",
        "timestamp": "0x2",
        "calls": [{"status": "0x1", "returnData": "0x", "gasUsed": "0x5208", "logs": []}],
    }
]


def reply(method: str, result: object) -> Reply:
    return Reply(method, msgspec.Raw(json.dumps(result).encode()), None)


def refused(words: str, data: bytes | None) -> Reply:
    return Reply("eth_call", msgspec.Raw(b""), NodeRefusal("eth_call", 3, words, data))


@pytest.mark.parametrize(
    "method, one, other",
    [
        ("eth_getBlockByHash", header(5), {**header(5), "totalDifficulty": "0x0", "size": "0x1"}),
        ("eth_getTransactionReceipt", RECEIPT, {**RECEIPT, "to": ADDRESS.lower(), "type": "0x2"}),
        ("eth_getTransactionReceipt", RECEIPT, {**RECEIPT, "from": None}),
        (
            "eth_getLogs",
            [wire_log(ADDRESS, 5, 0), wire_log(ADDRESS, 5, 1)],
            [wire_log(ADDRESS, 5, 1, blockTimestamp=None), wire_log(ADDRESS, 5, 0)],
        ),
        ("eth_simulateV1", SIMULATED, [{**SIMULATED[0], "hash": hash_of(7)}]),
        ("eth_call", "0xAB", "0xab"),
        ("eth_getTransactionReceipt", None, None),
    ],
)
def test_essence__written_in_another_way__the_same(method: str, one: Any, other: Any) -> None:
    assert essence(reply(method, one)) == essence(reply(method, other))


@pytest.mark.parametrize(
    "method, one, other",
    [
        *(
            ("eth_getBlockByHash", header(5), {**header(5), name: "0x99"})
            for name in ("number", "hash", "parentHash", "timestamp", "baseFeePerGas")
        ),
        ("eth_getTransactionReceipt", RECEIPT, {**RECEIPT, "status": "0x0"}),
        ("eth_getTransactionReceipt", RECEIPT, None),
        ("eth_getLogs", [wire_log(ADDRESS, 5, 0)], []),
        ("eth_getLogs", [wire_log(ADDRESS, 5, 0)], [wire_log(ADDRESS, 5, 0, data="0x")]),
        ("eth_simulateV1", SIMULATED, [{**SIMULATED[0], "calls": []}]),
        ("eth_call", "0xab", "0xac"),
        ("something_else", {"any": 1}, {"any": 1, "more": 2}),
        ("something_else", 1, 1.5),
    ],
)
def test_essence__another_answer__differs(method: str, one: Any, other: Any) -> None:
    assert essence(reply(method, one)) != essence(reply(method, other))


def test_essence__refusals__what_a_revert_returned_counts_and_not_the_words() -> None:
    assert essence(refused("reverted", b"\x01")) == essence(refused("execution failed", b"\x01"))
    assert essence(refused("reverted", b"\x01")) != essence(refused("reverted", b"\x02"))
    assert essence(refused("reverted", None)) != essence(reply("eth_call", "0x"))


def test_essence__no_json__inconsistent() -> None:
    with pytest.raises(RpcError, match="eth_call with no JSON") as caught:
        essence(Reply("eth_call", msgspec.Raw(b'"0x'), None))
    assert caught.value.fault == "inconsistent"
