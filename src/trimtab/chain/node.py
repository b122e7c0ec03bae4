"""The port through which a chain is read: one node, or several that are held to each other."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, TypeVar

from trimtab.chain.rpc import Reply, Request
from trimtab.chain.secret import RpcUrl

T = TypeVar("T")


class Node(Protocol):
    """What answers JSON-RPC requests of one chain: `rpc.Rpc`, `nodes.Nodes` or `relay.Relay`.

    Every failure is a DataError: RpcError, and StaleState where the newest block is too old.
    """

    @property
    def url(self) -> RpcUrl:
        """The address of the node, as messages show it: of the one in turn, where there are more.

        It is opaque, and shows no key.
        """
        ...

    @property
    def chain(self) -> int:
        """The chain id that every answer is of."""
        ...

    async def check_chain(self) -> None:
        """Raise RpcError(wrong_chain) unless every node that answers serves the chain."""

    async def ask(self, request: Request) -> Reply:
        """The reply to one request."""

    async def batch(self, requests: Sequence[Request]) -> tuple[Reply, ...]:
        """The replies to several requests, in their order; refusals are among them as values."""

    async def whole(self, work: Callable[[Node], Awaitable[T]]) -> T:
        """What a work of several requests gives when one and the same node answers them all.

        Where that node fails, the whole work is done anew at the next, so a work must leave
        nothing behind when it raises.
        """
        ...

    async def close(self) -> None:
        """Close the connections."""
