"""One block of the conducted chain: who is in it, in which order, and that it came out so.

Agents send from accounts that the node has unlocked. Others (the manager) have sent signed
transactions to the node already; these are taken out of its pool and put back in their order.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from trimtab.core.abi import Call
from trimtab.core.errors import RpcError
from trimtab.core.market import Head
from trimtab.core.quantise import Timestamp
from trimtab.core.token import Address, address
from trimtab.lab.world import Rpc
from trimtab.lab.world.rpc import Json, Request

GAS_LIMIT = 2_000_000
"""Gas that an agent's transaction may use: more than any single action of the protocols."""

_FEE_CAP = 10**12
_AFTER_AGENTS = 10**9


@dataclass(frozen=True, slots=True)
class Sending:
    """What an agent sends; `rank` orders equal tips, the lower first."""

    sender: Address
    call: Call
    tip: int
    rank: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an agent's transaction; `index` is its place in the block."""

    hash: str
    index: int
    ok: bool
    gas_used: int


@dataclass(frozen=True, slots=True)
class Mined:
    """The block, and what became of each sending, in the order in which they were given."""

    head: Head
    base_fee: int
    outcomes: tuple[Outcome, ...]


@dataclass(frozen=True, slots=True)
class Waiting:
    """A transaction that wants to be in the block.

    `tip` is what the block's producer gets per gas at this block's base fee. `sending` is the
    number of the agent's sending, none for a transaction of others.
    """

    sender: Address
    nonce: int
    tip: int
    rank: int
    request: Request
    sending: int | None = None


def ordered(waiting: Sequence[Waiting]) -> tuple[Waiting, ...]:
    """Highest effective tip first, each sender's own in the order of nonces.

    As block builders do it: of every sender only the lowest nonce competes. Equal tips go by
    rank, then by the sender's address.
    """
    lines: dict[Address, list[Waiting]] = {}
    for each in sorted(waiting, key=lambda each: each.nonce, reverse=True):
        lines.setdefault(each.sender, []).append(each)
    firsts = [_standing(line) for line in lines.values()]
    heapq.heapify(firsts)
    found: list[Waiting] = []
    while firsts:
        *_, sender = heapq.heappop(firsts)
        line = lines[sender]
        found.append(line.pop())
        if line:
            heapq.heappush(firsts, _standing(line))
    return tuple(found)


def mine(
    rpc: Rpc, parent: Head, sendings: Sequence[Sending], timestamp: Timestamp, base_fee: int
) -> Mined:
    """The block after `parent`, with all that waits in the node's pool and all sendings.

    `base_fee` is the one that was announced for it. Raises RpcError(inconsistent) where the node
    leaves one out, mines another order, or had mined without being asked.
    """
    queue = ordered(_waiting(rpc, sendings, base_fee))
    # One request at a time: the node works on a batch at once, and first in is first out.
    hashes = [str(rpc(method, *parameters)) for method, parameters in map(_request, queue)]
    rpc("evm_mine", hex(timestamp))
    found, receipts = rpc.batch(
        [("eth_getBlockByNumber", ("latest", False)), ("eth_getBlockReceipts", ("latest",))]
    )
    block = msgspec.convert(found, _Block)
    if block.transactions != hashes or block.parent_hash != parent.hash:
        raise RpcError(
            f"the block after {parent.number} was to hold {len(hashes)} transactions in the order "
            f"of their tips; the node mined block {int(block.number, 16)} with "
            f"{len(block.transactions)}: does something else make it mine?",
            "inconsistent",
        )
    outcomes = [receipt.outcome for receipt in msgspec.convert(receipts, list[_Receipt])]
    by_sending = {each.sending: outcomes[index] for index, each in enumerate(queue)}
    number, at = int(block.number, 16), Timestamp(int(block.timestamp, 16))
    return Mined(
        Head(parent.chain, number, block.hash, at),
        int(block.base_fee_per_gas, 16),
        tuple(by_sending[index] for index in range(len(sendings))),
    )


def announce_base_fee(rpc: Rpc, base_fee: int) -> None:
    """Fix the next block's base fee, so that the node's estimates and refusals go by it."""
    rpc("anvil_setNextBlockBaseFeePerGas", hex(base_fee))


# ---------------------------------------------------------------------------- before the block


def _waiting(rpc: Rpc, sendings: Sequence[Sending], base_fee: int) -> list[Waiting]:
    senders = list(dict.fromkeys(sending.sender for sending in sendings))
    counts: list[Request] = [("eth_getTransactionCount", (sender, "latest")) for sender in senders]
    pool, *answers = rpc.batch([("txpool_content", ()), *counts])
    nonces = {sender: int(str(count), 16) for sender, count in zip(senders, answers, strict=True)}
    waiting = _taken_out(rpc, msgspec.convert(pool, _Pool), base_fee)
    for number, sending in enumerate(sendings):
        nonce = nonces[sending.sender]
        nonces[sending.sender] = nonce + 1
        request: Request = ("eth_sendTransaction", (_fields(sending, nonce),))
        waiting.append(Waiting(sending.sender, nonce, sending.tip, sending.rank, request, number))
    return waiting


def _taken_out(rpc: Rpc, pool: _Pool, base_fee: int) -> list[Waiting]:
    """What others sent, out of the pool. What waits for an earlier nonce stays in it."""
    theirs = [each for of_sender in pool.pending.values() for each in of_sender.values()]
    raws = rpc.batch([("eth_getRawTransactionByHash", (each.hash,)) for each in theirs])
    # To drop a transaction drops its sender's later ones too; then there is nothing left to do.
    rpc.batch([("anvil_dropTransaction", (each.hash,)) for each in theirs])
    return [
        Waiting(
            address(each.sender),
            int(each.nonce, 16),
            each.effective_tip(base_fee),
            _AFTER_AGENTS,
            ("eth_sendRawTransaction", (raw,)),
        )
        for each, raw in zip(theirs, raws, strict=True)
    ]


def _fields(sending: Sending, nonce: int) -> dict[str, Json]:
    return {
        "from": sending.sender,
        "to": sending.call.to,
        "nonce": hex(nonce),
        "data": "0x" + sending.call.data.hex(),
        "value": hex(sending.call.value),
        "gas": hex(GAS_LIMIT),
        "maxFeePerGas": hex(_FEE_CAP),
        "maxPriorityFeePerGas": hex(sending.tip),
    }


def _standing(line: list[Waiting]) -> tuple[int, int, Address]:
    first = line[-1]
    return -first.tip, first.rank, first.sender


def _request(waiting: Waiting) -> Request:
    return waiting.request


class _Pending(msgspec.Struct, rename="camel"):
    hash: str
    nonce: str
    sender: str = msgspec.field(name="from")
    gas_price: str = "0x0"
    max_fee_per_gas: str | None = None
    max_priority_fee_per_gas: str | None = None

    def effective_tip(self, base_fee: int) -> int:
        """What is left per gas for the producer (EIP-1559); all above the base fee, before it."""
        if self.max_fee_per_gas is None or self.max_priority_fee_per_gas is None:
            return int(self.gas_price, 16) - base_fee
        return min(int(self.max_priority_fee_per_gas, 16), int(self.max_fee_per_gas, 16) - base_fee)


class _Pool(msgspec.Struct):
    pending: dict[str, dict[str, _Pending]]


class _Block(msgspec.Struct, rename="camel"):
    number: str
    hash: str
    parent_hash: str
    timestamp: str
    base_fee_per_gas: str
    transactions: list[str]


class _Receipt(msgspec.Struct, rename="camel"):
    transaction_hash: str
    transaction_index: str
    status: str
    gas_used: str

    @property
    def outcome(self) -> Outcome:
        """What became of the transaction."""
        index, ok = int(self.transaction_index, 16), int(self.status, 16) == 1
        return Outcome(self.transaction_hash, index, ok, int(self.gas_used, 16))
