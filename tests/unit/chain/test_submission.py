import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest
from eth_utils.crypto import keccak

from tests.unit.chain.fake_chain import head_of
from tests.unit.chain.fake_node import CHAIN, FakeNode, Refused, connected, hash_of, header
from trimtab.chain.fees import Fees
from trimtab.chain.rpc import NodeRefusal
from trimtab.chain.safe import Safe
from trimtab.chain.secret import Secret
from trimtab.chain.signer import Signer, Transaction
from trimtab.chain.simulate import Simulated, simulate
from trimtab.chain.submission import Submitter, outcome, send
from trimtab.core.errors import InvariantViolation, Reorg, RpcError
from trimtab.core.quantise import Timestamp
from trimtab.core.settlement import Dropped, Failed, Intent, Landed
from trimtab.core.token import address_from_bytes

RAW = b"\x02signed"
HASH = "0x" + keccak(RAW).hex()
OTHER = "0x" + "0e" * 32
OWN = address_from_bytes(b"\x0a" * 20)
SAFE = address_from_bytes(b"\x0b" * 20)
INTENT = Intent("plan", CHAIN, OWN, 5, 10, (HASH,), (RAW,), 100, 9, 1)
AT = head_of(20)


def refused(*_: object) -> object:
    raise Refused(-32000, "nonce too low")


def known(transaction_hash: str = HASH, nonce: int = 5, **more: object) -> dict[str, object]:
    return {
        "hash": transaction_hash,
        "nonce": hex(nonce),
        "gas": "0x5208",
        "input": "0x",
        "value": "0x0",
        "from": OWN.lower(),
        "to": SAFE.lower(),
        **more,
    }


def receipt(number: int = 12, **more: object) -> dict[str, object]:
    return {
        "transactionHash": HASH,
        "blockNumber": hex(number),
        "blockHash": hash_of(number),
        "status": "0x1",
        "gasUsed": "0x64",
        "effectiveGasPrice": "0x7",
        "to": SAFE.lower(),
        **more,
    }


# ------------------------------------------------------------------------------------ sending


def sending(**methods: Callable[..., Any]) -> None:
    asyncio.run(send(connected(FakeNode(methods)), RAW))


def test_send__taken__its_hash_is_ours() -> None:
    sending(eth_sendRawTransaction=lambda raw: HASH if raw == "0x" + RAW.hex() else OTHER)
    with pytest.raises(RpcError, match=f"took {HASH} and called it {OTHER}"):
        sending(eth_sendRawTransaction=lambda _: OTHER)


def test_send__refused_but_known__no_error() -> None:
    sending(eth_sendRawTransaction=refused, eth_getTransactionByHash=lambda _: known())


def test_send__refused_and_unknown__the_refusal() -> None:
    with pytest.raises(NodeRefusal, match="nonce too low"):
        sending(eth_sendRawTransaction=refused, eth_getTransactionByHash=lambda _: None)


def test_send__connection_lost__transport_and_asked_once() -> None:
    tries = []

    def lost(request: httpx.Request) -> httpx.Response:
        tries.append(request)
        raise httpx.ReadTimeout("lost")

    with pytest.raises(RpcError) as seen:
        asyncio.run(send(connected(lost), RAW))
    assert seen.value.fault == "transport"
    assert len(tries) == 1


# ----------------------------------------------------------------------------------- settling


def settled(
    found: object, used: int = 6, intent: Intent = INTENT, depth: int = 0, **methods: Any
) -> Landed | Failed | Dropped | None:
    node = FakeNode(
        {
            "eth_getTransactionReceipt": lambda asked: found if asked == HASH else None,
            "eth_getTransactionCount": lambda *_: hex(used),
            "eth_getBlockByNumber": lambda tag, _: header(int(tag, 16)),
            **methods,
        }
    )
    return asyncio.run(outcome(connected(node), intent, AT, depth))


def test_outcome__receipt__landed() -> None:
    assert settled(receipt()) == Landed("plan", HASH, 12, 100, 7)


def test_outcome__sibling_landed__by_its_hash() -> None:
    siblings = replace(INTENT, hashes=(OTHER, HASH))
    assert settled(receipt(), intent=siblings) == Landed("plan", HASH, 12, 100, 7)


def test_outcome__nonce_free__open_and_no_hash_is_told() -> None:
    def asked(_: object) -> object:
        raise AssertionError("the node was told of a transaction that is on its way")

    assert settled(None, used=5, eth_getTransactionReceipt=asked) is None


@pytest.mark.parametrize("number, depth", [(21, 0), (20, 1), (18, 3)])
def test_outcome__not_deep_enough__open(number: int, depth: int) -> None:
    assert settled(receipt(number), used=6, depth=depth) is None
    assert settled(receipt(number - 1), used=6, depth=depth) is not None


def test_outcome__receipt_of_another_block_than_the_head__reorg() -> None:
    with pytest.raises(Reorg, match="another block 20"):
        settled(receipt(20, blockHash=hash_of(20, "b")))


@pytest.mark.parametrize(
    "change",
    [
        {"transactionHash": OTHER},
        {"status": "0x2"},
        {"status": None},
        {"gasUsed": 100},
        {"effectiveGasPrice": "seven"},
        {"effectiveGasPrice": hex(INTENT.most_fee + 1)},
        {"blockNumber": "pending"},
    ],
    ids=["hash", "status", "no status", "gas", "price", "over our offer", "number"],
)
def test_outcome__hostile_receipt__inconsistent(change: dict[str, object]) -> None:
    with pytest.raises(RpcError) as seen:
        settled(receipt(**change))  # type: ignore[arg-type]
    assert seen.value.fault == "inconsistent"


def test_outcome__cancellation_landed__dropped() -> None:
    dropped = settled(receipt(), intent=replace(INTENT, cancels=True))
    assert dropped == Dropped("plan", f"cancelled by {HASH} in block 12", 100, 7)


def failed(call: Callable[..., Any], transaction: object = None) -> str:
    outcome_of = settled(
        receipt(status="0x0"),
        eth_getTransactionByHash=lambda _: transaction or known(),
        eth_getBlockByNumber=lambda tag, _: header(int(tag, 16)),
        eth_call=call,
    )
    assert isinstance(outcome_of, Failed)
    return outcome_of.reason


def test_outcome__reverted__reason_from_the_block_before() -> None:
    asked = []

    def call(fields: dict[str, str], block: dict[str, str]) -> str:
        asked.append((fields, block["blockHash"]))
        raise Refused(3, "execution reverted", "0x" + "ab" * 5)

    assert failed(call) == "0xababababab"
    expected = {"from": OWN.lower(), "to": SAFE.lower(), "data": "0x", "value": "0x0"}
    assert asked == [({**expected, "gas": "0x5208"}, hash_of(11))]


def test_outcome__reverted_but_not_on_the_block_before__said() -> None:
    assert "a transaction ahead of it" in failed(lambda *_: "0x")


def test_outcome__reverted_and_nothing_kept__reason_not_known() -> None:
    assert failed(refused) == "nonce too low"
    node_lost = settled(receipt(status="0x0"), eth_getTransactionByHash=lambda _: None)
    assert isinstance(node_lost, Failed)
    assert node_lost.reason.startswith("not known: the node")


def consumed(transactions: list[dict[str, object]]) -> object:
    """The outcome where the nonce was used in block 14."""
    asked_blocks = []

    def count(_: str, block: object) -> str:
        number = int(block, 16) if isinstance(block, str) else 20
        return hex(5 if number < 14 else 6)

    def full(tag: str, is_full: bool) -> dict[str, object]:
        assert is_full
        asked_blocks.append(int(tag, 16))
        return {"transactions": transactions}

    result = settled(None, eth_getTransactionCount=count, eth_getBlockByNumber=full)
    assert asked_blocks == [14]
    return result


def test_outcome__nonce_used_by_ours_before_its_receipt__open() -> None:
    assert consumed([known(OTHER, 4), known(HASH, 5)]) is None


def test_outcome__nonce_used_by_a_foreign_transaction__violation() -> None:
    stranger = known(HASH, 5, **{"from": SAFE.lower()})
    with pytest.raises(InvariantViolation, match=f"INV-13.*nonce 5 of {OWN} was used by {OTHER}"):
        consumed([stranger, known(OTHER, 5)])


def test_outcome__nonce_used_by_nobody__inconsistent() -> None:
    with pytest.raises(RpcError, match="by none in block 14"):
        consumed([known(OTHER, 4)])


def test_cancel__intent__one_more_raw_at_its_nonce() -> None:
    signer = Signer(Secret("22" * 32))
    safe = Safe(SAFE, signer.address, SAFE, SAFE)
    submitter = Submitter(connected(FakeNode({})), {}, signer, safe)
    intent = replace(INTENT, signer=signer.address)
    cancelled = asyncio.run(submitter.cancelled(intent, Fees(9, 3), AT))
    nothing = Transaction(CHAIN, 5, signer.address, b"", 0, 21_000, Fees(9, 3))
    signed = signer.sign(nothing)
    assert cancelled == replace(
        intent,
        hashes=(HASH, signed.hash),
        raws=(RAW, signed.raw),
        gas=21_000,
        most_fee=9,
        tip=3,
        cancels=True,
    )


def test_raised__plan__the_same_transaction_for_more() -> None:
    signer = Signer(Secret("22" * 32))
    safe = Safe(SAFE, signer.address, SAFE, SAFE)
    submitter = Submitter(connected(FakeNode({})), {}, signer, safe)
    sent = Transaction(CHAIN, 5, SAFE, b"\x01\x02", 7, 90_000, Fees(8, 2))
    first = signer.sign(sent)
    intent = replace(INTENT, signer=signer.address, hashes=(first.hash,), raws=(first.raw,))
    raised = submitter.raised(intent, Fees(10, 3))
    assert Transaction.of(raised.raws[1]) == replace(sent, fees=Fees(10, 3))
    assert (raised.gas, raised.most_fee, raised.tip, raised.cancels) == (90_000, 10, 3, False)


def test_outcome__receipt_of_a_block_below_that_is_another__reorg() -> None:
    with pytest.raises(Reorg, match="another block 12"):
        settled(receipt(12, blockHash=hash_of(12, "b")))


def test_outcome__head_is_gone_when_the_receipt_is_judged__reorg() -> None:
    with pytest.raises(Reorg, match=r"block 20 .* is gone"):
        settled(receipt(), eth_getBlockByNumber=lambda tag, _: header(int(tag, 16), "b"))


# --------------------------------------------------------------------------------- simulation


def simulation(**more: object) -> dict[str, object]:
    call = {"status": "0x1", "returnData": "0x01", "gasUsed": "0x64", "logs": []}
    return {"number": hex(21), "timestamp": hex(1_000_300), "calls": [call], **more}


def simulating(*blocks: object, refusal: Refused | None = None) -> Simulated:
    def answer(asked: dict[str, Any], block: dict[str, object]) -> object:
        if refusal is not None:
            raise refusal
        (state_calls,) = asked["blockStateCalls"]
        assert state_calls["blockOverrides"] == {"number": hex(21), "time": hex(1_000_300)}
        assert asked["validation"] is True
        assert block == {"blockHash": AT.hash, "requireCanonical": True}
        (call,) = state_calls["calls"]
        assert call == {
            "from": OWN,
            "to": SAFE,
            "data": "0x0102",
            "value": "0x0",
            "gas": "0x5208",
            "nonce": "0x5",
            "maxFeePerGas": "0x9",
            "maxPriorityFeePerGas": "0x3",
        }
        return list(blocks)

    rpc = connected(FakeNode({"eth_simulateV1": answer}))
    transaction = Transaction(CHAIN, 5, SAFE, b"\x01\x02", 0, 21_000, Fees(9, 3))
    return asyncio.run(simulate(rpc, transaction, OWN, AT, Timestamp(1_000_300)))


def test_simulate__answer__as_stated() -> None:
    assert simulating(simulation()) == Simulated(True, b"\x01", (), 100, Timestamp(1_000_300))


@pytest.mark.parametrize("error", [{"code": 3, "message": "no", "data": "0xab"}, None])
def test_simulate__reverted__with_its_bytes(error: dict[str, object] | None) -> None:
    returned = "0x" if error else "0xab"
    call = {"status": "0x0", "returnData": returned, "gasUsed": "0x64", "error": error}
    run = simulating(simulation(calls=[call]))
    assert (run.ok, run.data, run.logs) == (False, b"\xab", ())


@pytest.mark.parametrize(
    "blocks",
    [
        [],
        [simulation(), simulation()],
        [simulation(calls=[])],
        [simulation(number=hex(22))],
        [simulation(timestamp=hex(1_000_301))],
        [simulation(calls=[{"status": "0x2", "returnData": "0x", "gasUsed": "0x0"}])],
        [simulation(calls=[{"status": "0x1", "returnData": "0x0", "gasUsed": "0x0"}])],
        [simulation(calls=[{"status": "0x1", "returnData": "0x", "gasUsed": None}])],
        [7],
    ],
    ids=["none", "two", "no call", "number", "time", "status", "data", "gas", "type"],
)
def test_simulate__hostile_answer__inconsistent(blocks: list[object]) -> None:
    with pytest.raises(RpcError) as seen:
        simulating(*blocks)
    assert seen.value.fault == "inconsistent"


def test_simulate__not_offered__said() -> None:
    with pytest.raises(NodeRefusal, match="use a node that offers it"):
        simulating(refusal=Refused(-32601, "the method does not exist"))
    with pytest.raises(NodeRefusal, match="insufficient funds for gas"):
        simulating(refusal=Refused(-38014, "insufficient funds for gas"))
