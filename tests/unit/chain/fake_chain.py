"""A chain and a protocol small enough to see through, for the reader."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from eth_abi.abi import decode as abi_decode
from eth_abi.abi import encode as abi_encode

from tests.unit.chain.fake_node import CHAIN, FakeNode, Refused, hash_of, header, wire_log
from trimtab.core.abi import Answer, Call, Log, Read, word, words
from trimtab.core.actions import Action
from trimtab.core.adapter import Question
from trimtab.core.market import Accounts, Audit, Head, Holding, Market, Place
from trimtab.core.quantise import Timestamp
from trimtab.core.states import Applied, Reverted, States
from trimtab.core.token import Address, Token, address_from_bytes

COUNTERS = tuple(address_from_bytes(bytes([number]) * 20) for number in (0xC1, 0xC2))
ACCOUNT = address_from_bytes(b"\xac" * 20)
VALUE, MARKED, PAGE, AUDIT = b"\x01", b"\x02", b"\x03", b"\x04"


@dataclass(frozen=True, slots=True)
class CounterState:
    """What was read: `pages` follow a value that asks for them, `marks` are unread logs."""

    timestamp: Timestamp
    value: int
    pages: tuple[int, ...]
    marks: tuple[int, ...]
    history: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Counter(Market[CounterState]):
    """A contract with a value; it asks for `value % 3` pages, one a round."""

    protocol: ClassVar[str] = "counter"


class CounterAdapter:
    """Round 0 asks for the value and, where logs marked the counter, for what they marked."""

    endless = False

    def reads(self, question: Question[CounterState]) -> tuple[Read, ...]:
        address, known = question.market.address, question.known
        if question.round:
            assert known is not None
            if self.endless or len(known.pages) < known.value % 3:
                return (Read(address, PAGE + bytes([len(known.pages) % 256])),)
            return ()
        marks = () if known is None else known.marks
        return (Read(address, VALUE), *(Read(address, MARKED + bytes([m])) for m in marks))

    def decode(self, question: Question[CounterState], answers: Sequence[Answer]) -> CounterState:
        values = [words(answer, 1, "counter")[0] for answer in answers]
        known = question.known
        if question.round:
            assert known is not None
            return replace(known, pages=(*known.pages, values[0]))
        history = () if known is None else known.history
        return CounterState(question.head.timestamp, values[0], (), (), (*history, *values[1:]))

    def accrue(self, state: CounterState, at: Timestamp) -> CounterState:
        return replace(state, timestamp=at)

    def apply(self, states: States, action: Action) -> Applied | Reverted:
        raise NotImplementedError

    def observe(self, state: CounterState, log: Log) -> CounterState:
        return replace(state, marks=(*state.marks, log.index))

    def encode(self, states: States, action: Action) -> tuple[Call, ...]:
        raise NotImplementedError

    def holdings(
        self, states: States, market: Market[CounterState], account: Address
    ) -> tuple[Holding, ...]:
        return ()

    def emitters(self, market: Market[CounterState]) -> tuple[Address, ...]:
        return (market.address,)

    def audits(
        self, market: Market[CounterState], state: CounterState | None, account: Address
    ) -> tuple[Audit, ...]:
        return (Audit(place_of(market), Read(market.address, AUDIT)),)

    def narrow(self, state: CounterState, accounts: Accounts) -> CounterState:
        raise NotImplementedError

    def taken_over(
        self, state: CounterState, owned: CounterState, accounts: Accounts
    ) -> CounterState:
        raise NotImplementedError


def place_of(market: Market[CounterState]) -> Place:
    return Place(market.id, Token(CHAIN, market.address, 0, "COUNT"))


def head_of(number: int, fork: str = "a") -> Head:
    return Head(CHAIN, number, hash_of(number, fork), Timestamp(1_000_000 + 12 * number))


@dataclass
class FakeChain:
    """Blocks of one fork; what a contract answers follows from block, contract and data."""

    height: int
    fork: str = "a"
    logs: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    broken: dict[bytes, bytes] = field(default_factory=dict)
    stamped: bool = True

    def node(self) -> FakeNode:
        return FakeNode(
            {
                "eth_call": self.call,
                "eth_getLogs": self.get_logs,
                "eth_getBlockByHash": self.by_hash,
                "eth_getBlockByNumber": self.by_number,
            }
        )

    def answer(self, number: int, target: str, data: bytes) -> bytes:
        if data[:1] in self.broken:
            return self.broken[data[:1]]
        return word(sum(data) * 1000 + int(target[2:4], 16) + 7 * number)

    def call(self, transaction: dict[str, str], block: dict[str, object]) -> str:
        number = self.number_of(str(block["blockHash"]))
        if number is None:
            raise Refused(-32001, "unknown block")
        data = bytes.fromhex(transaction["data"][10:])
        (rows,) = abi_decode(["(address,bool,bytes)[]"], data)
        answers = [(True, self.answer(number, target, asked)) for target, _, asked in rows]
        return "0x" + abi_encode(["(bool,bytes)[]"], [answers]).hex()

    def number_of(self, block_hash: str) -> int | None:
        known = {hash_of(number, self.fork): number for number in range(self.height + 1)}
        return known.get(block_hash)

    def by_hash(self, block_hash: str, _: bool) -> dict[str, Any] | None:
        number = self.number_of(block_hash)
        return None if number is None else header(number, self.fork)

    def by_number(self, tag: str, _: bool) -> dict[str, Any] | None:
        number = self.height if not tag.startswith("0x") else int(tag, 16)
        return header(number, self.fork) if number <= self.height else None

    def get_logs(self, query: dict[str, Any]) -> list[dict[str, Any]]:
        if "blockHash" in query:
            number = self.number_of(query["blockHash"])
            if number is None:
                raise Refused(-32000, "unknown block")
            numbers = [number]
        else:
            numbers = list(range(int(query["fromBlock"], 16), int(query["toBlock"], 16) + 1))
        found = [log for number in numbers for log in self.logs.get(number, [])]
        return found[::-1]

    def add_log(self, number: int, index: int, counter: int = 0, **more: Any) -> None:
        fields = {"blockHash": hash_of(number, self.fork), **more}
        if not self.stamped:
            fields.setdefault("blockTimestamp", None)
        log = wire_log(COUNTERS[counter], number, index, **fields)
        self.logs.setdefault(number, []).append(log)
