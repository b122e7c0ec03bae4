"""Where transactions are sent: to the nodes that are named for it, and to no other.

A private relay keeps a transaction from the public until it is mined. So what is asked about a
transaction that may still be on its way, whether it is known already, is asked here too and never
at a node for reading, to which the question alone would tell the hash.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from trimtab.chain.node import Node
from trimtab.chain.rpc import CHAIN_ID, NodeRefusal, Reply, Request, Rpc
from trimtab.chain.secret import RpcUrl
from trimtab.chain.standing import failure
from trimtab.core.errors import ConfigError, DataError, RpcError

T = TypeVar("T")

_NO_SUCH_METHOD = -32601


class Relay:
    """The submission nodes of one chain; see `node.Node`.

    A transaction goes to every one of them, since one that drops it silently cannot be told from
    one that keeps it; it is enough that one takes it.
    """

    def __init__(self, rpcs: Sequence[Rpc]) -> None:
        """Raise ConfigError unless the nodes are of one chain."""
        if len({rpc.chain for rpc in rpcs}) != 1:
            raise ConfigError("transactions are sent to nodes of one chain: name at least one")
        self._rpcs = tuple(rpcs)
        self._unchecked = set(self._rpcs)

    @property
    def url(self) -> RpcUrl:
        """The address of the first node."""
        return self._rpcs[0].url

    @property
    def chain(self) -> int:
        """The chain that all nodes serve."""
        return self._rpcs[0].chain

    async def check_chain(self) -> None:
        """Raise RpcError(wrong_chain) where a node states another chain.

        A bare relay may not know the question; and none that is out of reach now stops the start.
        """
        for found in await self._everywhere(self._checked):
            if isinstance(found, RpcError) and found.fault == "wrong_chain":
                raise found

    async def ask(self, request: Request) -> Reply:
        """The reply to one request: the first that takes a transaction, or knows of a thing.

        Raises RpcError where no node answers. A refusal of all is a value.
        """

        async def asked(rpc: Rpc) -> Reply:
            await self._checked(rpc)
            try:
                return await rpc.ask(request)
            except RpcError:
                self._unchecked.add(rpc)
                raise

        found = await self._everywhere(asked)
        replies = [each for each in found if isinstance(each, Reply)]
        if not replies:
            troubles = [each for each in found if isinstance(each, DataError)]
            raise failure(troubles, f"none of {len(troubles)} nodes for sending answers")
        return min(replies, key=_rank)

    async def batch(self, requests: Sequence[Request]) -> tuple[Reply, ...]:
        """The replies to several requests, one after another."""
        return tuple([await self.ask(each) for each in requests])

    async def whole(self, work: Callable[[Node], Awaitable[T]]) -> T:
        """What a work of several requests gives here."""
        return await work(self)

    async def close(self) -> None:
        """Close every connection."""
        await asyncio.gather(*(rpc.close() for rpc in self._rpcs))

    async def _everywhere(self, work: Callable[[Rpc], Awaitable[T]]) -> list[T | RpcError]:
        async def done(rpc: Rpc) -> T | RpcError:
            try:
                return await work(rpc)
            except RpcError as error:
                return error

        return await asyncio.gather(*(done(rpc) for rpc in self._rpcs))

    async def _checked(self, rpc: Rpc) -> None:
        """Ask for the chain, once and again after a failure."""
        if rpc not in self._unchecked:
            return
        try:
            rpc.check_stated(await rpc.ask(CHAIN_ID))
        except NodeRefusal as refusal:
            if refusal.code != _NO_SUCH_METHOD:
                raise
        self._unchecked.discard(rpc)


def _rank(reply: Reply) -> int:
    """What tells most comes first: a thing that is known, that none is known, a refusal."""
    if reply.refusal is not None:
        return 2
    return 1 if bytes(memoryview(reply.result)[:5]) == b"null" else 0
