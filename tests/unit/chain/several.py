"""Several nodes of one made-up chain, each of which may fail, lie or lag behind."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import httpx
import pytest

from tests.unit.chain.fake_chain import FakeChain
from tests.unit.chain.fake_node import CHAIN, KEY, FakeNode
from trimtab.chain.blocks import Freshness
from trimtab.chain.nodes import Nodes
from trimtab.chain.rpc import Patience, Rpc
from trimtab.chain.secret import RpcUrl
from trimtab.chain.standing import Rest

T = TypeVar("T")


@dataclass
class Clock:
    """Seconds that pass only when told."""

    now: float = 1_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Peer:
    """One node: a chain of its own opinion, and whether it can be reached."""

    name: str
    chain: FakeChain
    is_down: bool = False
    chain_id: int = CHAIN
    node: FakeNode = field(init=False)

    def __post_init__(self) -> None:
        self.node = self.chain.node()
        self.node.methods["eth_chainId"] = lambda: hex(self.chain_id)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if self.is_down:
            self.node.round_trips += 1
            raise httpx.ConnectError(f"no route to {request.url}")
        return self.node(request)

    def lies(self, method: str, change: Callable[..., Any]) -> None:
        """Answer a method with the truth changed by a function of it."""
        truth = self.node.methods[method]
        self.node.methods[method] = lambda *parameters: change(truth(*parameters))

    @property
    def rpc(self) -> Rpc:
        url = RpcUrl(f"https://{self.name}.example/v2/{KEY}{self.name}")
        transport = httpx.MockTransport(self)
        return Rpc(url, CHAIN, Patience(attempts=1, back_off=0.0), transport)

    @property
    def asked(self) -> int:
        """How often it was asked since the last time, and forget it."""
        count, self.node.round_trips = self.node.round_trips, 0
        return count


def peers(*heights: int) -> tuple[Peer, ...]:
    """A node a, b, c … for each height, all of one fork."""
    return tuple(Peer("abcdefg"[n], FakeChain(height)) for n, height in enumerate(heights))


def played(
    several: Iterable[Peer],
    scene: Callable[[Nodes], Awaitable[T]],
    quorum: int = 1,
    freshness: Freshness | None = None,
    clock: Clock | None = None,
) -> T:
    """Play a scene with the nodes together; what a failure says never holds a key."""

    async def playing() -> T:
        nodes = Nodes(rpcs(several), quorum, freshness, Rest(1.0, 8.0), clock or Clock())
        try:
            return await scene(nodes)
        finally:
            await nodes.close()

    try:
        return asyncio.run(playing())
    except Exception as error:
        if KEY in str(error):
            pytest.fail(f"a key is told: {error}")
        raise


def rpcs(several: Iterable[Peer]) -> Sequence[Rpc]:
    return [peer.rpc for peer in several]
