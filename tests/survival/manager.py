"""A manager in this process, one block at a time, on a chain and through a node that fail."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from tests.support.faults import Rule, Swallowed
from tests.support.faulty_node import FaultyNode
from tests.survival.ground import Reckoning, reckoned
from tests.survival.kills import refresh
from tests.survival.living import (
    KEY,
    Ground,
    KilledJournal,
    KilledWorld,
    Points,
    chain_world,
    nobody,
)
from trimtab.chain.blocks import head
from trimtab.chain.nodes import Nodes
from trimtab.chain.relay import Relay
from trimtab.chain.rpc import Patience, Rpc
from trimtab.chain.secret import RpcUrl, Secret
from trimtab.chain.signer import Signer, Transaction
from trimtab.core.errors import DataError
from trimtab.core.market import Head
from trimtab.core.orders import Halt, Order
from trimtab.engine.memory import Memory
from trimtab.engine.replay import replay
from trimtab.engine.run import Step, run
from trimtab.engine.worlds import Chain
from trimtab.lab.world import LocalWorld
from trimtab.lab.world import NodeRefusal as Refused

T = TypeVar("T")

HURRY = Patience(timeout=1.0, attempts=1, back_off=0.0)


class Crash(BaseException):
    """The process ends here, for all that the journal and the chain know."""


@dataclass(slots=True)
class Dying(Points):
    """Points at one of which the manager dies: the so-manieth that it comes to."""

    left: int | None = None

    def reach(self, point: str) -> None:
        if self.left is not None:
            self.left -= 1
            if self.left == 0:
                raise Crash(point)


@dataclass(slots=True)
class Manager:
    """Everything that a run has, held open between turns.

    `skips` are the errors of the blocks that were let go, by class, in order; `hears` is told of
    every turn of the loop.
    """

    world: LocalWorld
    node: FaultyNode
    ground: Ground
    since: int
    runner: asyncio.Runner
    points: Dying = field(default_factory=Dying)
    skips: list[str] = field(default_factory=list)
    memory: Memory = field(default_factory=Memory)
    journal: KilledJournal | None = None
    chain: Chain | None = None
    rpc: Nodes | None = None
    relay: Relay | None = None
    held: list[str] = field(default_factory=list)
    pulled: bool = False
    is_closed: bool = False
    hears: Callable[[Step], None] = nobody

    @classmethod
    def begin(cls, world: LocalWorld, node: FaultyNode, ground: Ground, journal: Path) -> Manager:
        """A first life, with prices that are fresh and a journal that is new."""
        node.set()
        node.asked.clear()
        refresh(world, ground)
        found = cls(world, node, replace(ground, journal=journal), world.head.number, _runner())
        found.start()
        return found

    # ------------------------------------------------------------------------- life and death

    def start(self) -> None:
        """Begin, or begin again from the journal."""
        bot = self.ground.bot()
        self.journal = self.ground.opened(KilledJournal)
        self.journal.points = self.points
        self.memory = replay(bot, self.journal)
        reading, sending = (
            Rpc(RpcUrl(self.node.url), self.ground.book.chain, HURRY) for _ in range(2)
        )
        self.rpc, self.relay = Nodes([reading]), Relay([sending])
        self.chain = chain_world(self.ground, bot, self.rpc, self._pull, self.relay)

    def stop(self) -> None:
        """Let go of journal and connection, as the end of a process does."""
        assert self.journal is not None
        assert self.rpc is not None
        self.journal.close()
        assert self.relay is not None
        self._do(self.rpc.close())
        self._do(self.relay.close())

    def close(self) -> None:
        """Let go of everything, for good; a second time does nothing."""
        if not self.is_closed:
            self.is_closed = True
            self.node.set()
            self.stop()
            self.runner.close()

    def crash(self, points: int) -> None:
        """Take a turn and die at the so-manieth point of it, then begin again."""
        self.points.left = points
        try:
            self.turn()
        except Crash:
            pass
        finally:
            self.points.left = None
        self.stop()
        self.start()

    def turn(self, *orders: Order) -> None:
        """Mine a block and let the manager live through it, whatever it makes of it."""
        self.mine()
        self.live(*orders)

    def live(self, *orders: Order) -> None:
        """One turn of the loop on the newest block."""
        assert self.journal is not None
        assert self.chain is not None
        self.pulled, given = False, list(orders)

        def ordered() -> tuple[Order, ...]:
            found = tuple(given)
            given.clear()
            return found

        bot = self.ground.bot()
        world = KilledWorld(self.chain, self.points)

        def watch(step: Step) -> None:
            self.hears(step)
            if step.outcome is None:
                self.skips.append(str(step.skipped))

        try:
            self.memory = self._do(
                run(bot, world, self.journal, self.memory, watch, ordered, most_blind=None)
            )
        except DataError as error:  # it never saw a block: it refuses to start
            self.skips.append(f"{type(error).__name__}: {error}")

    def errors(self) -> set[str]:
        """The classes of the errors that blocks were let go for."""
        assert self.journal is not None
        details = [record.detail for record in self.journal.records("skip")]
        return {str(detail["error"]) for detail in details if isinstance(detail, dict)}

    def end(self) -> Reckoning:
        """Heal the node, take no new risk until nothing is on its way, and reckon."""
        self.node.set()
        self.release()
        refresh(self.world, self.ground)
        self.turn(Halt("the episode ends"))
        for _ in range(12):
            if self.memory.states is not None and not self.memory.open:
                break
            self.turn()
        self.close()
        found = reckoned(self.world, self.ground, self.since)
        assert not found.memory.open, "what was on its way never came to its end"
        return found

    # ------------------------------------------------------------------------------ the chain

    def mine(self) -> None:
        """A block with whatever is in the node's pool."""
        self.world.rpc("evm_mine", hex(self.world.head.timestamp + 12))

    def lose(self) -> None:
        """What was sent and not mined is forgotten by every node."""
        self.world.rpc("anvil_dropAllTransactions")

    def reorg(self, depth: int, *, pools: bool) -> None:
        """Take blocks back; what was in them waits again, or is gone."""
        depth = min(depth, self.world.head.number - self.since)
        raws = self._raws(depth) if pools else []
        if depth:
            self.world.rpc("anvil_reorg", depth, [])
        for raw in raws:
            with suppress(Refused):  # it may not fit the blocks that there are now
                self.world.rpc("eth_sendRawTransaction", raw)

    def hold(self) -> None:
        """From now on what is sent goes to a relay that keeps it to itself."""
        self.node.set(Rule(Swallowed()))

    def release(self, *, first: bool = False) -> None:
        """The relay sends all that it kept, or only what came first, if it can."""
        kept = [each for each in self.node.asked if isinstance(each.fault, Swallowed)]
        raws = [each.parameters[0] for each in kept if each.parameters[0] not in self.held]
        for raw in dict.fromkeys(raws[:1] if first else raws):
            self.held.append(raw)
            with suppress(Refused):  # its nonce is used, or it offers too little
                self.world.rpc("eth_sendRawTransaction", raw)

    def signed(self, like: Transaction, value: int) -> bytes:
        """Another transaction at the same nonce, by whoever else has the key."""
        signer = Signer(Secret(KEY))
        return signer.sign(replace(like, to=signer.address, data=b"", value=value)).raw

    def raise_base_fee(self, wei: int) -> None:
        """The next block's base fee."""
        self.world.rpc("anvil_setNextBlockBaseFeePerGas", hex(wei))

    # ---------------------------------------------------------------------------------- parts

    async def _pull(self) -> Head | None:
        """The newest block, once a turn."""
        if self.pulled:
            return None
        self.pulled = True
        assert self.rpc is not None
        return await head(self.rpc, "latest")

    def _do(self, work: Awaitable[T]) -> T:
        async def done() -> T:
            return await work

        return self.runner.run(done())

    def _raws(self, depth: int) -> list[str]:
        """The raw transactions of the newest blocks, oldest first."""
        last = self.world.head.number
        hashes: list[str] = []
        for number in range(last - depth + 1, last + 1):
            block = self.world.rpc("eth_getBlockByNumber", hex(number), False)
            assert isinstance(block, dict)
            hashes += [str(each) for each in block["transactions"]]  # type: ignore[union-attr]
        return [str(self.world.rpc("eth_getRawTransactionByHash", each)) for each in hashes]


def _runner() -> asyncio.Runner:
    runner = asyncio.Runner()
    runner.get_loop()
    return runner
