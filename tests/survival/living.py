"""A manager's life in a process of its own: it goes on with its journal, and may be killed."""

from __future__ import annotations

import asyncio
import os
import signal
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from trimtab.app.resolve import mandate_hash, read_mandate, resolve
from trimtab.chain.blocks import head
from trimtab.chain.node import Node
from trimtab.chain.reader import Reader
from trimtab.chain.rpc import Json, Patience, Request, Rpc
from trimtab.chain.safe import Safe
from trimtab.chain.secret import RpcUrl, Secret
from trimtab.chain.signer import Signer
from trimtab.chain.submission import Submitter
from trimtab.core.market import Head, tracked
from trimtab.core.orders import Order
from trimtab.core.plan import Approved
from trimtab.core.reading import Observation
from trimtab.core.settlement import Intent, Mismatch, Settlement
from trimtab.core.states import States
from trimtab.core.token import Address
from trimtab.engine.bot import Bot
from trimtab.engine.replay import replay
from trimtab.engine.run import Step, World, run
from trimtab.engine.worlds import Chain
from trimtab.journal import records
from trimtab.journal.records import Record
from trimtab.journal.store import Journal
from trimtab.mandate import AddressBook, Mandate, read_book

T = TypeVar("T")
J = TypeVar("J", bound=Journal)
Pull = Callable[[Rpc, int], Awaitable[Head | None]]

MANDATE = Path(__file__).with_name("mandate.toml")
KEY = "11" * 32
OWNER = Signer(Secret(KEY)).address


@dataclass(frozen=True, slots=True)
class Ground:
    """Where the manager lives: the node, the names on it, its Safe, and who signs for that."""

    url: str
    deployment: bytes
    safe: Address
    journal: Path
    file: Path = MANDATE
    owner: Address = OWNER

    @property
    def book(self) -> AddressBook:
        return read_book(self.deployment, "the local world")

    def mandate(self) -> tuple[Mandate, str]:
        return read_mandate(self.file)

    def bot(self) -> Bot:
        return resolve(self.mandate()[0], self.book, self.safe)

    def opened(self, kind: type[J]) -> J:
        """The journal, new or to go on with; it says that a life has begun."""
        journal = kind.open(self.journal) if self.journal.exists() else kind.create(self.journal)
        mandate, text = self.mandate()
        journal.append(
            records.start(
                mandate_hash=mandate_hash(mandate),
                mandate=text,
                account=self.safe,
                code_version="a test",
                seed=None,
            )
        )
        return journal


@dataclass(frozen=True, slots=True)
class Kill:
    """Where a life ends: at the so-manieth time that it comes to a point."""

    point: str
    time: int = 1


@dataclass(slots=True)
class Points:
    """Counts the points that are come to, and kills the process at the one that is given."""

    kill: Kill | None = None
    counts: Counter[str] = field(default_factory=Counter)

    def reach(self, point: str) -> None:
        self.counts[point] += 1
        if self.kill == Kill(point, self.counts[point]):
            os.kill(os.getpid(), signal.SIGKILL)

    async def around(self, name: str, work: Coroutine[Any, Any, T]) -> T:
        """What the work gives, with a point on either side."""
        try:
            self.reach(f"before {name}")
            value = await work
        finally:
            work.close()
        self.reach(f"after {name}")
        return value


@dataclass(slots=True)
class KilledWorld:
    """A world with a point on both sides of every await of the loop."""

    world: World
    points: Points

    async def next(self, known: States | None) -> Observation | None:
        return await self.points.around("next", self.world.next(known))

    async def standing(self, heads: Sequence[Head]) -> Head | None:
        return await self.points.around("standing", self.world.standing(heads))

    async def settle(self, intent: Intent, observation: Observation) -> Settlement | None:
        return await self.points.around("settle", self.world.settle(intent, observation))

    async def check_writer(self, observation: Observation, spent: Mapping[Address, int]) -> None:
        await self.points.around("check_writer", self.world.check_writer(observation, spent))

    async def prepare(self, approved: Approved, observation: Observation) -> Intent | Mismatch:
        return await self.points.around("prepare", self.world.prepare(approved, observation))

    async def renew(
        self, intent: Intent, observation: Observation, *, is_late: bool
    ) -> Intent | None:
        awaited = self.world.renew(intent, observation, is_late=is_late)
        return await self.points.around("renew", awaited)

    async def send(self, intent: Intent) -> None:
        await self.points.around("send", self.world.send(intent))


class KilledJournal(Journal):
    """A journal with a point on both sides of every commit."""

    points = Points()

    def append(self, *written: Record, blobs: Mapping[str, bytes] | None = None) -> None:
        kinds = [record.kind for record in written]
        name = f"commit of {'unwound' if 'unwound' in kinds else kinds[-1]}"
        self.points.reach(f"before {name}")
        super().append(*written, blobs=blobs or {})
        self.points.reach(f"after {name}")


def live(
    ground: Ground,
    turns: int,
    kill: Kill | None = None,
    pull: Pull | None = None,
    orders: tuple[Order, ...] = (),
) -> Counter[str]:
    """Go on with the journal for so many blocks, or until the kill; the points come to.

    `pull` gives the next block, by the node and how many were given before; without it, every
    block is mined in its turn. `orders` are given at once.
    """
    points = Points(kill)
    KilledJournal.points = points
    asyncio.run(_live(ground, turns, points, pull or mined, orders))
    return points.counts


async def mined(rpc: Rpc, _: int) -> Head:
    """A new block, twelve seconds after the last."""
    newest = await head(rpc, "latest")
    reply = await rpc.ask(Request("evm_mine", (hex(newest.timestamp + 12),)))
    reply.into(str)
    return await head(rpc, "latest")


async def _live(
    ground: Ground, turns: int, points: Points, pull: Pull, orders: tuple[Order, ...]
) -> None:
    bot, book = ground.bot(), ground.book
    rpc = Rpc(RpcUrl(ground.url), book.chain, Patience(attempts=2, back_off=0.01))
    given, waiting = 0, list(orders)

    def ordered() -> tuple[Order, ...]:
        found = tuple(waiting)
        waiting.clear()
        return found

    async def pulled() -> Head | None:
        nonlocal given
        given += 1
        return await pull(rpc, given - 1) if given <= turns else None

    try:
        with ground.opened(KilledJournal) as journal:
            world = KilledWorld(chain_world(ground, bot, rpc, pulled), points)
            await run(bot, world, journal, replay(bot, journal), nobody, ordered, checkpoints=5)
    finally:
        await rpc.close()


def chain_world(
    ground: Ground,
    bot: Bot,
    rpc: Node,
    pull: Callable[[], Awaitable[Head | None]],
    relay: Node | None = None,
) -> Chain:
    """The manager's real world on this ground."""
    signer = Signer(Secret(KEY))
    safe = Safe(ground.safe, signer.address, ground.book.multi_send, ground.book.plan_check)
    accounts = tracked((bot.account,), bot.markets)
    reader = Reader(rpc, bot.adapters, bot.markets, accounts, bot.account)
    return Chain(reader, Submitter(rpc, bot.adapters, signer, safe), bot, pull, relay)


def nobody(step: Step) -> None:
    """Nobody watches."""


async def troubled(rpc: Rpc, given: int) -> Head:
    """A new block on a chain that loses what was sent and takes blocks back now and then."""
    number = (await head(rpc, "latest")).number
    if number % 5 in (1, 2):
        await _asked(rpc, "anvil_dropAllTransactions")
    at = await mined(rpc, given)
    if number % 4 == 3:
        await _asked(rpc, "anvil_reorg", 1 + number // 4 % 3, [])
        at = await head(rpc, "latest")
    return at


async def _asked(rpc: Rpc, method: str, *parameters: Json) -> None:
    """Tell the node to do something."""
    reply = await rpc.ask(Request(method, parameters))
    if reply.refusal is not None:
        raise reply.refusal
