"""Several nodes of one chain, none of them believed more than it must be.

With a quorum of one, the first node that is well answers; where it fails, the next one does. Reads
are pinned to the hash of a block, so a node can only answer for that very block or not at all:
which node answers does not matter to an honest answer. A lie under the right hash is another thing,
and only a second node tells: with a quorum of k, k nodes must give the same answer to everything.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from trimtab.chain.blocks import Freshness, block
from trimtab.chain.node import Node
from trimtab.chain.quorum import Quorum
from trimtab.chain.rpc import NodeRefusal, Reply, Request, Rpc
from trimtab.chain.secret import RpcUrl
from trimtab.chain.standing import NEWEST, Mark, Rest, Standing, failure, in_turn, tag_of
from trimtab.core.errors import ConfigError, DataError, Reorg, RpcError, StaleState

T = TypeVar("T")


class Nodes:
    """Reads of one chain through several nodes; see `node.Node`.

    It never sends a transaction, which may be meant for a private relay only: `relay.Relay` does.
    """

    def __init__(
        self,
        rpcs: Sequence[Rpc],
        quorum: int = 1,
        freshness: Freshness | None = None,
        rest: Rest | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Raise ConfigError unless the nodes are of one chain and enough for the quorum.

        `clock` counts seconds, for the rest that a node takes after it failed.
        """
        if not 1 <= quorum <= len(rpcs):
            raise ConfigError(
                f"{quorum} of {len(rpcs)} nodes cannot agree: name more nodes, or lower the quorum"
            )
        if len({rpc.chain for rpc in rpcs}) != 1:
            raise ConfigError("the nodes are of different chains: name nodes of one chain")
        self._quorum = quorum
        self._mark = Mark()
        self._standings = [Standing(rpc, freshness, rest or Rest(), clock) for rpc in rpcs]

    @property
    def url(self) -> RpcUrl:
        """The address of the node that is asked first now."""
        return in_turn(self._standings, 1)[0].rpc.url

    @property
    def chain(self) -> int:
        """The chain that all nodes serve."""
        return self._standings[0].rpc.chain

    async def check_chain(self) -> None:
        """Ask every node for its chain, as is done once at the start.

        A node that does not answer is set aside. Raises RpcError where one serves another chain,
        or where fewer answer than must agree.
        """
        checks = [self._trouble(standing) for standing in self._standings]
        troubles = [each for each in await asyncio.gather(*checks) if each is not None]
        for each in troubles:
            if each.fault == "wrong_chain":
                raise each
        if len(self._standings) - len(troubles) < self._quorum:
            raise failure(troubles, f"{self._quorum} nodes must answer")

    async def ask(self, request: Request) -> Reply:
        """The reply to one request."""
        return (await self.batch((request,)))[0]

    async def batch(self, requests: Sequence[Request]) -> tuple[Reply, ...]:
        """The replies to several requests, all of one node, or all agreed on."""
        return await self.whole(lambda node: node.batch(requests))

    async def whole(self, work: Callable[[Node], Awaitable[T]]) -> T:
        """What a work gives at one node, or at nodes that agree.

        Anew at the next node where one fails. A refusal or a missing block is no failure: the
        others are asked as well, and the node keeps its turn. Raises what the work raises.
        """
        self._mark.begin()
        if self._quorum > 1:
            return await self._agreed(work)
        troubles: list[DataError] = []
        for standing in in_turn(self._standings, 1):
            try:
                found = await work(_One(standing, self._mark))
            except (NodeRefusal, Reorg) as error:
                troubles.append(error)
            except (RpcError, StaleState) as error:
                standing.fail()
                troubles.append(error)
            else:
                standing.recover()
                return found
        self._mark.settle()
        for each in troubles:
            if isinstance(each, NodeRefusal | Reorg):
                raise each
        raise failure(troubles, f"none of {len(troubles)} nodes answers")

    async def close(self) -> None:
        """Close every connection."""
        await asyncio.gather(*(each.rpc.close() for each in self._standings))

    async def _agreed(self, work: Callable[[Node], Awaitable[T]]) -> T:
        try:
            return await work(Quorum(self._standings, self._quorum, self._mark))
        except StaleState:
            self._mark.settle()
            raise

    async def _trouble(self, standing: Standing) -> RpcError | None:
        try:
            await standing.rpc.check_chain()
        except RpcError as error:
            standing.fail()
            return error
        standing.is_checked = True
        return None


@dataclass(frozen=True, slots=True)
class _One:
    """The one node that a work is done at."""

    standing: Standing
    mark: Mark

    @property
    def url(self) -> RpcUrl:
        return self.standing.rpc.url

    @property
    def chain(self) -> int:
        return self.standing.rpc.chain

    async def check_chain(self) -> None:
        await self.standing.rpc.check_chain()

    async def ask(self, request: Request) -> Reply:
        return (await self.batch((request,)))[0]

    async def batch(self, requests: Sequence[Request]) -> tuple[Reply, ...]:
        replies = await self.standing.batch(requests)
        for request, reply in zip(requests, replies, strict=True):
            found = block(reply, self.chain) if tag_of(request) == NEWEST else None
            if found is not None:
                self.mark.see(found.head.number, self.url)
        return replies

    async def whole(self, work: Callable[[Node], Awaitable[T]]) -> T:
        return await work(self)

    async def close(self) -> None:
        """Nothing: the connection belongs to the nodes."""
