"""A local world with others in it that lives by itself in a thread, behind an orderly node.

It is what `trimtab world` makes, but for one thing: the node mines no block while it answers. A
bare anvil that does both at once may answer about a pinned block from the state of the next one,
which no honest node does.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from tests.support.faulty_node import FaultyNode
from trimtab.app.local import Host, Setting, hosted, local_signer
from trimtab.core.token import Address
from trimtab.lab.world import Rpc

SEED = 7
_PATIENCE = 90.0


@dataclass(slots=True)
class OrderlyNode(FaultyNode):
    """A node that answers or mines, one after the other."""

    turn: threading.Lock = field(default_factory=threading.Lock)

    def handle(self, body: bytes, path: str) -> tuple[int, bytes] | None:
        with self.turn:
            return FaultyNode.handle(self, body, path)


@dataclass(frozen=True, slots=True)
class FreeWorld:
    """Its address book as a file, its node, a connection to that, and the manager's Safe."""

    file: Path
    node: OrderlyNode
    rpc: Rpc
    safe: Address
    owner: Address

    @property
    def block(self) -> int:
        return int(str(self.rpc("eth_blockNumber")), 16)


@dataclass(slots=True)
class _Life:
    """The thread's side: a block every so many seconds until it is told to end."""

    interval: float
    block_seconds: int
    begun: threading.Event = field(default_factory=threading.Event)
    ends: threading.Event = field(default_factory=threading.Event)
    turn: threading.Lock = field(default_factory=threading.Lock)
    host: Host | None = None
    error: BaseException | None = None

    def live(self) -> None:
        try:
            asyncio.run(self._live())
        except BaseException as error:  # noqa: BLE001 (the test's own thread tells of it)
            self.error = error
        finally:
            self.begun.set()

    async def _live(self) -> None:
        setting = Setting(SEED, 0)
        async with hosted(setting, local_signer(SEED), self.block_seconds) as self.host:
            self.begun.set()
            while not self.ends.is_set():
                with self.turn:
                    await self.host.next_block()
                await asyncio.sleep(self.interval)


@contextmanager
def free_world(folder: Path, interval: float = 0.1, block_seconds: int = 12) -> Iterator[FreeWorld]:
    """A world that mines a block every so many seconds until the `with` block is left."""
    life = _Life(interval, block_seconds)
    thread = threading.Thread(target=life.live)
    thread.start()
    try:
        assert life.begun.wait(_PATIENCE), "the world does not begin"
        assert life.host is not None, f"the world did not begin: {life.error!r}"
        safe, owner = life.host.safe, local_signer(SEED).address
        with (
            OrderlyNode(life.host.world.node.url, turn=life.turn) as node,
            Rpc(life.host.world.node.url) as rpc,
        ):
            book = orjson.loads(life.host.world.deployment.to_json())
            running = {"rpc": node.url, "safe": safe, "owner": owner, "seed": SEED}
            file = folder / "world.json"
            file.write_bytes(orjson.dumps({**book, "running": running}))
            yield FreeWorld(file, node, rpc, safe, owner)
    finally:
        life.ends.set()
        thread.join(_PATIENCE)
    assert life.error is None, f"the world ended: {life.error!r}"
