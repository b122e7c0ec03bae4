"""Many reads in one call: Multicall3.aggregate3, pinned to a block by its hash.

Source: Multicall3.sol (mds1/multicall). `aggregate3((address,bool,bytes)[])` returns
`(bool,bytes)[]`. Both are written and read by hand, since a general ABI coder is slower by far.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from trimtab.chain.node import Node
from trimtab.chain.rpc import NodeRefusal, Reply, Request
from trimtab.chain.wire import hexadecimal, pin
from trimtab.core.abi import Answer, Read, selector, word
from trimtab.core.errors import MissingRead, RpcError
from trimtab.core.market import Head
from trimtab.core.token import Address

MULTICALL3 = Address("0xcA11bde05977b3631167028862bE2a173976CA11")
"""Where Multicall3 lies on nearly every chain."""

_AGGREGATE3 = selector("aggregate3((address,bool,bytes)[])")
# Every read may fail by itself, and its data follows three words.
_ALLOWED_TO_FAIL = word(True) + word(96)
_SUCCEEDED = word(True) + word(64)
_FAILED = word(False) + word(64)


@dataclass(frozen=True, slots=True)
class Multicall:
    """Where Multicall3 lies, and how many reads go into one call at most."""

    address: Address = MULTICALL3
    size: int = 500

    def requests(self, reads: Sequence[Read], head: Head) -> tuple[Request, ...]:
        """The calls that make these reads at this very block; each slot is asked by itself."""
        calls = (
            Request(
                "eth_call",
                ({"to": self.address, "data": "0x" + encode(part).hex()}, pin(head)),
            )
            for part in self._parts(reads)
        )
        slots = (
            Request("eth_getStorageAt", (read.to, hex(int.from_bytes(read.data, "big")), pin(head)))
            for read in reads
            if read.is_slot
        )
        return (*calls, *slots)

    def answers(self, reads: Sequence[Read], replies: Iterator[Reply]) -> tuple[Answer, ...]:
        """The answers to these reads, from the next of the replies.

        Raises RpcError where the node refuses or answers nonsense, MissingRead where there is
        no Multicall3.
        """
        called = [
            answer for part in self._parts(reads) for answer in self._answered(part, next(replies))
        ]
        of_calls = iter(called)
        return tuple(_stored(next(replies)) if each.is_slot else next(of_calls) for each in reads)

    def _parts(self, reads: Sequence[Read]) -> list[Sequence[Read]]:
        calls = [read for read in reads if not read.is_slot]
        return [calls[at : at + self.size] for at in range(0, len(calls), self.size)]

    def _answered(self, reads: Sequence[Read], reply: Reply) -> tuple[Answer, ...]:
        if reply.refusal is not None:
            raise _hinted(reply.refusal)
        data = hexadecimal(reply.into(str), "call result")
        if not data:
            raise MissingRead(
                f"there is no Multicall3 at {self.address}: name the address that it has here"
            )
        return decode(data, len(reads))


async def ask(
    rpc: Node, reads: Sequence[Read], head: Head, multicall: Multicall | None = None
) -> tuple[Answer, ...]:
    """The answers to these reads at this block, in one round trip."""
    multicall = multicall or Multicall()
    replies = await rpc.batch(multicall.requests(reads, head))
    return multicall.answers(reads, iter(replies))


def encode(reads: Sequence[Read]) -> bytes:
    """The data of the call that makes all reads."""
    offsets: list[bytes] = []
    bodies: list[bytes] = []
    offset = 32 * len(reads)
    for read in reads:
        body = _body(read.to, read.data)
        offsets.append(offset.to_bytes(32, "big"))
        bodies.append(body)
        offset += len(body)
    return b"".join((_AGGREGATE3, word(32), word(len(reads)), *offsets, *bodies))


@lru_cache(maxsize=4096)
def _body(to: Address, data: bytes) -> bytes:
    """One read as `aggregate3` takes it; most are made again every block."""
    gap = bytes(-len(data) % 32)
    return b"".join((word(to), _ALLOWED_TO_FAIL, word(len(data)), data, gap))


def decode(data: bytes, count: int) -> tuple[Answer, ...]:
    """The answers in what aggregate3 returned for `count` reads.

    Only the layout that Solidity writes is accepted, each answer right after the one before;
    RpcError(inconsistent) is raised for any other.
    """
    start = 64
    position = start + 32 * count
    if len(data) < position or data[:start] != word(32) + word(count):
        raise _nonsense(f"{len(data)} bytes without a list of {count} answers")
    answers: list[Answer] = []
    number = int.from_bytes
    for at in range(start, position, 32):
        kind, body = data[position : position + 64], position + 96
        end = body + number(data[position + 64 : body], "big")
        if number(data[at : at + 32], "big") != position - start:
            raise _nonsense(f"answer {len(answers)} of {count} outside of its place")
        if kind not in (_SUCCEEDED, _FAILED):
            raise _nonsense(f"answer {len(answers)} of {count} without success or failure")
        answers.append(Answer(kind == _SUCCEEDED, data[body:end]))
        position = end + (body - end) % 32
        if any(data[end:position]):
            raise _nonsense(f"answer {len(answers) - 1} of {count} with a filled gap after it")
    if position != len(data):
        raise _nonsense(f"{len(data)} bytes where the answers fill {position}")
    return tuple(answers)


def _stored(reply: Reply) -> Answer:
    """The word in a storage slot. Raises RpcError where the node refuses, or answers none."""
    if reply.refusal is not None:
        raise _hinted(reply.refusal)
    return Answer(True, hexadecimal(reply.into(str), "storage word", 32))


def _nonsense(what: str) -> RpcError:
    return RpcError(f"Multicall3 answered {what}: is it Multicall3?", "inconsistent")


def _hinted(refusal: NodeRefusal) -> NodeRefusal:
    hint = (
        "ran out of gas? read fewer in one call"
        if refusal.data is not None
        else "reads are pinned by block hash (EIP-1898), which the node must know, serve and keep"
    )
    return NodeRefusal(refusal.method, refusal.code, f"{refusal.words}; {hint}", refusal.data)
