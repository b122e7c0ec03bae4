"""Blocks mined on demand from unlocked accounts, and deployments queued into one of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import msgspec

from trimtab.core.abi import Call, Log
from trimtab.core.errors import ConfigError
from trimtab.core.quantise import Timestamp
from trimtab.core.token import Address, address_from_bytes
from trimtab.lab.world.artifacts import Artifact
from trimtab.lab.world.contracts import Contract, created_address, encode_parameters, reason
from trimtab.lab.world.rpc import Json, Request, Rpc

GAS_LIMIT = 15_000_000
"""Gas that a transaction may use unless it says otherwise: more than any deployment needs."""

_FEE_CAP = 10**12


@dataclass(frozen=True, slots=True)
class Transaction:
    """What an unlocked account sends; without `to` it creates a contract."""

    sender: Address
    to: Address | None
    data: bytes
    value: int = 0
    gas: int = GAS_LIMIT
    tip: int = 0
    """Priority fee per gas, in wei."""
    label: str = ""
    """What it is, for messages."""


def transaction(sender: Address, call: Call, label: str = "") -> Transaction:
    """A call as a transaction of an account."""
    return Transaction(sender, call.to, call.data, call.value, label=label)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a transaction; `error` is the reason of a revert, empty on success."""

    hash: str
    block: int
    index: int
    ok: bool
    gas_used: int
    created: Address | None
    logs: tuple[Log, ...]
    error: str = ""


def mine_block(
    rpc: Rpc,
    transactions: Sequence[Transaction],
    timestamp: Timestamp,
    base_fee: int | None = None,
) -> tuple[Receipt, ...]:
    """The receipts of the block that was mined from these transactions, in their order.

    A reverted transaction has a receipt too. Anything else that waits in the pool is mined
    before them. Raises ConfigError if one of them was left out or the order is another one.
    """
    settings: list[Request] = [("evm_setNextBlockTimestamp", (timestamp,))]
    if base_fee is not None:
        settings.append(("anvil_setNextBlockBaseFeePerGas", (hex(base_fee),)))
    rpc.batch(settings)
    hashes = _send(rpc, transactions)
    rpc("evm_mine")
    found = rpc.batch([("eth_getTransactionReceipt", (each,)) for each in hashes])
    receipts = tuple(_receipt(rpc, each) for each in found if each is not None)
    positions = [receipt.index for receipt in receipts]
    if len(receipts) != len(transactions) or positions != sorted(positions):
        raise ConfigError(
            f"of {len(transactions)} transactions {len(receipts)} were mined, in the order "
            f"{positions}: too much gas for one block, or a fee below the base fee?"
        )
    return receipts


class Deployer:
    """The transactions of one account, queued and then mined as one block.

    Contracts have their addresses as soon as they are queued, so a whole protocol can be
    written down as if each step had been done already.
    """

    def __init__(self, rpc: Rpc, account: Address) -> None:
        self.account = account
        self._rpc = rpc
        self._nonce = _quantity(rpc("eth_getTransactionCount", account, "latest"))
        self._queue: list[Transaction] = []
        self._expected: list[Address | None] = []
        self._kept: set[Address] = set()

    def keep(self, token: Address) -> None:
        """Say that the account has all that it will need of a token, which it cannot mint."""
        self._kept.add(token)

    def has(self, token: Address) -> bool:
        """Whether the account keeps enough of a token."""
        return token in self._kept

    def create(
        self,
        built: Artifact,
        *arguments: object,
        libraries: Mapping[str, Address] | None = None,
    ) -> Contract:
        """Queue the creation of a contract and return it as it will be."""
        constructors = [item for item in built.abi if item.type == "constructor"]
        inputs = constructors[0].inputs if constructors else ()
        code = built.creation_code(libraries or {}) + encode_parameters(inputs, arguments)
        contract = Contract(
            created_address(self.account, self._nonce + len(self._queue)), built.abi
        )
        label = f"creation of {built.contract_name}"
        self._queue.append(Transaction(self.account, None, code, label=label))
        self._expected.append(contract.address)
        return contract

    def invoke(self, contract: Contract, function: str, *arguments: object) -> None:
        """Queue a call of a contract's function."""
        call = contract.call(function, *arguments)
        self.send(call, f"{function}{arguments}")

    def send(self, call: Call, label: str) -> None:
        """Queue a call, named in messages by its label."""
        self._queue.append(transaction(self.account, call, label))
        self._expected.append(None)

    def mine(self, timestamp: Timestamp) -> tuple[Receipt, ...]:
        """Mine what is queued as one block.

        Raises ConfigError, with the reason, if a transaction reverted.
        """
        receipts = mine_block(self._rpc, self._queue, timestamp)
        for queued, address, receipt in zip(self._queue, self._expected, receipts, strict=True):
            if not receipt.ok or receipt.created != address:
                raise ConfigError(f"{queued.label[:400]} failed: {receipt.error}")
        self._nonce += len(self._queue)
        self._queue, self._expected = [], []
        return receipts


# --------------------------------------------------------------------------------- encoding


def _send(rpc: Rpc, transactions: Sequence[Transaction]) -> list[Json]:
    """The hashes of transactions that now wait in the pool in this order.

    The node works on the requests of a batch at once, so a batch holds one sender's, whose
    nonces keep them in order, and the next is sent when the one before is answered.
    """
    requests = _requests(rpc, transactions)
    pairs = zip(transactions, requests, strict=True)
    return [
        result
        for _, group in groupby(pairs, key=lambda pair: pair[0].sender)
        for result in rpc.batch([request for _, request in group])
    ]


def _requests(rpc: Rpc, transactions: Sequence[Transaction]) -> list[Request]:
    senders = list(dict.fromkeys(each.sender for each in transactions))
    counts = rpc.batch([("eth_getTransactionCount", (sender, "pending")) for sender in senders])
    nonces = {sender: _quantity(count) for sender, count in zip(senders, counts, strict=True)}
    requests: list[Request] = []
    for each in transactions:
        fields: dict[str, Json] = {
            "from": each.sender,
            "nonce": hex(nonces[each.sender]),
            "data": "0x" + each.data.hex(),
            "value": hex(each.value),
            "gas": hex(each.gas),
            "maxFeePerGas": hex(_FEE_CAP),
            "maxPriorityFeePerGas": hex(each.tip),
        }
        if each.to is not None:
            fields["to"] = each.to
        nonces[each.sender] += 1
        requests.append(("eth_sendTransaction", (fields,)))
    return requests


class _Log(msgspec.Struct, rename="camel"):
    address: str
    topics: list[str]
    data: str
    block_timestamp: str
    log_index: str


class _Receipt(msgspec.Struct, rename="camel"):
    transaction_hash: str
    transaction_index: str
    block_number: str
    status: str
    gas_used: str
    contract_address: str | None
    logs: list[_Log]


def _receipt(rpc: Rpc, found: Json) -> Receipt:
    raw = msgspec.convert(found, _Receipt)
    block, ok = int(raw.block_number, 16), raw.status == "0x1"
    logs = tuple(
        Log(
            address_from_bytes(bytes.fromhex(log.address[2:])),
            tuple(bytes.fromhex(each[2:]) for each in log.topics),
            bytes.fromhex(log.data[2:]),
            block,
            int(log.block_timestamp, 16),
            raw.transaction_hash,
            int(log.log_index, 16),
        )
        for log in raw.logs
    )
    created = raw.contract_address if ok else None
    return Receipt(
        raw.transaction_hash,
        block,
        int(raw.transaction_index, 16),
        ok,
        int(raw.gas_used, 16),
        address_from_bytes(bytes.fromhex(created[2:])) if created else None,
        logs,
        "" if ok else _revert_reason(rpc, raw.transaction_hash),
    )


class _Trace(msgspec.Struct):
    output: str = "0x"
    error: str = ""


def _revert_reason(rpc: Rpc, transaction_hash: str) -> str:
    """Why a mined transaction reverted, in the state that it met within its block."""
    traced = rpc("debug_traceTransaction", transaction_hash, {"tracer": "callTracer"})
    trace = msgspec.convert(traced, _Trace)
    output = bytes.fromhex(trace.output[2:])
    return reason(output) if output else trace.error


def _quantity(value: Json) -> int:
    assert isinstance(value, str)
    return int(value, 16)
