"""Blocks and their logs, as one node tells them and as far as they fit together."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import msgspec

from trimtab.chain.node import Node
from trimtab.chain.rpc import Reply, Request
from trimtab.chain.secret import RpcUrl
from trimtab.chain.wire import WireLog, account, block_hash, quantity
from trimtab.core.abi import Log
from trimtab.core.errors import Reorg, RpcError, StaleState
from trimtab.core.market import Head
from trimtab.core.quantise import Timestamp
from trimtab.core.token import Address

Tag = Literal["latest", "safe", "finalized"] | int
"""Which block: a name of the execution API, or a number."""

PAGE = 2_000
"""Blocks whose logs are asked for at once."""


class _Header(msgspec.Struct, rename="camel"):
    number: str
    hash: str
    parent_hash: str
    timestamp: str
    base_fee_per_gas: str | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """A block's header, as far as we need it. `base_fee` is wei per unit of gas."""

    head: Head
    parent: str
    base_fee: int


@dataclass(frozen=True, slots=True)
class Freshness:
    """How many seconds the newest block may lie before or after a clock that stands above us."""

    bound: int
    clock: Callable[[], float]

    def check(self, newest: Head, url: RpcUrl) -> None:
        """Raise StaleState for a block too old, RpcError(inconsistent) for one of the future."""
        age = int(self.clock()) - newest.timestamp
        if age > self.bound:
            raise StaleState(
                f"the newest block of the node {url}, {newest.number}, is {age} s old, allowed are "
                f"{self.bound}: it is behind, or the chain stands still; name more nodes, or wait"
            )
        if age < -self.bound:
            raise RpcError(
                f"the newest block of the node {url}, {newest.number}, is {-age} s ahead of this "
                "machine's clock: set the clock, or ask another node",
                "inconsistent",
            )


def block_by_number(tag: Tag) -> Request:
    """The request for a canonical block's header."""
    return Request("eth_getBlockByNumber", (hex(tag) if isinstance(tag, int) else tag, False))


def block_by_hash(head: Head) -> Request:
    """The request for the header of this very block."""
    return Request("eth_getBlockByHash", (head.hash, False))


def block(reply: Reply, chain: int) -> Block | None:
    """The block in a reply, none where the node knows of no such block.

    Raises RpcError(inconsistent) for a header without a base fee (EIP-1559) among others.
    """
    header = reply.maybe(_Header)
    if header is None:
        return None
    if header.base_fee_per_gas is None:
        raise RpcError("the chain's blocks have no base fee: EIP-1559 is needed", "inconsistent")
    head = Head(
        chain,
        quantity(header.number, "block number"),
        block_hash(header.hash, "block hash"),
        Timestamp(quantity(header.timestamp, "timestamp")),
    )
    base_fee = quantity(header.base_fee_per_gas, "base fee")
    return Block(head, block_hash(header.parent_hash, "parent hash"), base_fee)


async def head(rpc: Node, tag: Tag) -> Head:
    """The block that the tag names now.

    Raises RpcError(inconsistent) if there is none, or one of another number than asked for.
    """
    return await rpc.whole(lambda node: _head(node, tag))


async def _head(node: Node, tag: Tag) -> Head:
    found = block(await node.ask(block_by_number(tag)), node.chain)
    if found is None:
        raise RpcError(f"the node {node.url} has no {tag} block: is it in step?", "inconsistent")
    if isinstance(tag, int) and found.head.number != tag:
        raise RpcError(
            f"the node {node.url} was asked for block {tag} and gave {found.head.number}",
            "inconsistent",
        )
    return found.head


async def check_canonical(rpc: Node, heads: Sequence[Head]) -> None:
    """Raise Reorg unless each of these blocks is part of the chain now."""
    replies = await rpc.batch([block_by_number(each.number) for each in heads])
    for expected, reply in zip(heads, replies, strict=True):
        found = block(reply, rpc.chain)
        if found is None or found.head != expected:
            there = "there is none" if found is None else f"it is {found.head.hash}"
            raise Reorg(f"block {expected.number} was {expected.hash}, now {there}: read all anew")


# ------------------------------------------------------------------------------------- logs


@dataclass(frozen=True, slots=True)
class LogQuery:
    """The logs of some contracts after `previous` up to and with `head`.

    One block's logs are asked for by its hash. Those of several blocks can only be asked for by
    number, so afterwards both ends must still be part of the chain.
    """

    emitters: tuple[Address, ...]
    previous: Head
    head: Head

    def requests(self) -> tuple[Request, ...]:
        """What is to be asked; nothing where there can be no logs."""
        first, last = self.previous.number + 1, self.head.number
        if not self.emitters or first > last:
            return ()
        if first == last:
            return (self._request({"blockHash": self.head.hash}),)
        return tuple(
            self._request({"fromBlock": hex(at), "toBlock": hex(min(at + PAGE - 1, last))})
            for at in range(first, last + 1, PAGE)
        )

    async def logs(self, rpc: Node, replies: Iterator[Reply]) -> tuple[Log, ...]:
        """The logs in the next of the replies, in the chain's order.

        Raises RpcError(inconsistent) for logs that do not fit the query or each other, Reorg
        where they are of another chain of blocks.
        """
        wired = [wire for _ in self.requests() for wire in next(replies).into(list[WireLog])]
        blocks = {quantity(wire.block_number, "block number"): wire for wire in wired}
        if self.head.number > self.previous.number + 1:
            await check_canonical(rpc, (self.previous, self.head))
        timestamps = await self._timestamps(rpc, blocks)
        logs = [self._checked(wire, timestamps) for wire in wired]
        logs.sort(key=lambda log: (log.block, log.index))
        for earlier, later in pairwise(logs):
            if (earlier.block, earlier.index) == (later.block, later.index):
                raise self._inconsistent(f"log {later.index} of block {later.block} twice")
        return tuple(logs)

    def _request(self, where: dict[str, str]) -> Request:
        return Request("eth_getLogs", ({**where, "address": self.emitters},))

    def _checked(self, wire: WireLog, timestamps: dict[int, tuple[str, int]]) -> Log:
        number = quantity(wire.block_number, "block number")
        expected_hash, timestamp = timestamps[number]
        if wire.removed:
            raise self._inconsistent(f"a removed log of block {number} as if it were part of it")
        if block_hash(wire.block_hash, "block hash") != expected_hash:
            raise self._inconsistent(f"logs of two different blocks {number}")
        if account(wire.address.lower()) not in self.emitters:
            raise self._inconsistent("a log of a contract that was not asked for")
        stated = wire.block_timestamp
        if stated is not None and quantity(stated, "timestamp") != timestamp:
            raise self._inconsistent(f"two timestamps of block {number}")
        return wire.log(timestamp)

    async def _timestamps(
        self, rpc: Node, blocks: dict[int, WireLog]
    ) -> dict[int, tuple[str, int]]:
        """The hash and timestamp of each block that has logs.

        The head's are known. A log may carry its block's; else the header is asked for.
        """
        known = {self.head.number: (self.head.hash, int(self.head.timestamp))}
        for number, wire in blocks.items():
            if not self.previous.number < number <= self.head.number:
                raise self._inconsistent(f"a log of block {number}, which was not asked for")
            if number not in known and wire.block_timestamp is not None:
                stated = quantity(wire.block_timestamp, "timestamp")
                known[number] = (block_hash(wire.block_hash, "block hash"), stated)
        missing = [number for number in blocks if number not in known]
        replies = await rpc.batch([block_by_number(number) for number in missing])
        for number, reply in zip(missing, replies, strict=True):
            found = block(reply, rpc.chain)
            if found is None or found.head.number != number:
                raise Reorg(f"block {number} had logs and is gone: read all anew")
            known[number] = (found.head.hash, int(found.head.timestamp))
        in_order = [known[number][1] for number in sorted(known)]
        if in_order != sorted(in_order) or in_order[0] < self.previous.timestamp:
            raise self._inconsistent(f"timestamps that go back in time: {in_order[:20]}")
        return known

    def _inconsistent(self, what: str) -> RpcError:
        return RpcError(f"the node sent {what}: ask another node", "inconsistent")
