"""From the announcement of a block to the states of 50 pools in Python objects.

Five reads of each pool (slot0, liquidity, both fee growths, protocolFees) go in one call of
Multicall3. Every way has a block of its own in each round, in which others have swapped in ten of
the pools, and the ways take turns in being first. A block is announced by a WebSocket that belongs
to no side, so that its delay and its decoding are nobody's.
"""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from http.client import HTTPConnection
from statistics import median

import msgspec
from websockets.asyncio.client import connect

from tests.bench.announcing import Announcer
from tests.bench.peer import Fields, Peer
from tests.bench.rows import Row, figure
from tests.bench.world import POOLS, Crowd, world_of
from tests.chain.chain_stage import Stage, staged
from trimtab.chain.blocks import head
from trimtab.chain.multicall import Multicall
from trimtab.chain.reader import Reader
from trimtab.chain.rpc import Rpc
from trimtab.core.abi import Read
from trimtab.core.adapter import Question, decoded
from trimtab.core.market import Accounts, Head
from trimtab.core.states import States
from trimtab.mandate.adapters import ADAPTERS
from trimtab.protocols.uniswap_v3 import Pool, PoolState, UniswapV3Adapter

ADAPTER = UniswapV3Adapter()

SWAPS = 10
"""Of others, in each block."""

WARM_UP = 3
"""Rounds that are not counted."""

OURS, WHOLE, PEER, PREPARED, NODE = "ours", "whole", "peer", "prepared", "node"


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds on the clock, and seconds that this process ran."""

    wall: float
    cpu: float


Timings = Mapping[str, list[Timing]]
Way = Callable[[Head], Awaitable[object]]


# ------------------------------------------------------------------------------------- sides


@dataclass(slots=True)
class Ours:
    """Our own two ways: the call of the peer by our parts, and all that the manager does."""

    rpc: Rpc
    pools: tuple[Pool, ...]
    accounts: Accounts
    reader: Reader
    known: States

    def questions(self, at: Head) -> list[Question[PoolState]]:
        """What is asked of each pool, of which an earlier state is known."""
        return [Question(pool, self.accounts, at, self.known[pool]) for pool in self.pools]

    def reads(self, at: Head) -> list[Read]:
        """The reads of all pools, in order."""
        return [read for question in self.questions(at) for read in ADAPTER.reads(question)]

    async def same(self, at: Head) -> list[PoolState]:
        """Every pool's state by the same call data: what is known of ticks is not looked at."""
        multicall, questions = Multicall(), self.questions(at)
        asked = [ADAPTER.reads(question) for question in questions]
        reads = [read for own in asked for read in own]
        replies = await self.rpc.batch(multicall.requests(reads, at))
        answers = iter(multicall.answers(reads, iter(replies)))
        return [
            decoded(ADAPTER, question, [next(answers) for _ in own])
            for question, own in zip(questions, asked, strict=True)
        ]

    async def whole(self, _: Head) -> None:
        """As the loop does: ask for the newest header, then those reads with header and logs."""
        at = await head(self.rpc, "latest")
        self.known = (await self.reader.observe(self.known, at)).states


def fields_of(state: PoolState) -> Fields:
    """What the peer reads too."""
    return (
        *(state.sqrt_price_x96, state.tick, state.fee_protocol, state.liquidity),
        *(state.fee_growth_global0, state.fee_growth_global1),
        *(state.protocol_fees0, state.protocol_fees1),
    )


@dataclass(slots=True)
class Node:
    """The node alone: our body, sent and heard with nothing made or read of it."""

    connection: HTTPConnection
    body: Callable[[Head], bytes]
    made: bytes = b""

    def ready(self, at: Head) -> None:
        """Make the body beforehand."""
        self.made = self.body(at)

    async def answer(self, _: Head) -> None:
        """One round trip."""
        self.connection.request("POST", "/", self.made, {"content-type": "application/json"})
        assert b'"result"' in self.connection.getresponse().read()


# ------------------------------------------------------------------------------------- rounds


@dataclass(slots=True)
class Race:
    """All ways with a block each, round after round."""

    crowd: Crowd
    announcer: Announcer
    ours: Ours
    peer: Peer
    node: Node
    turn: int = 0
    timings: dict[str, list[Timing]] = field(default_factory=dict)

    def ways(self) -> dict[str, Way]:
        """How the states are read, by name."""
        return {
            OURS: self.ours.same,
            PEER: lambda at: self.peer.read(at.number),
            WHOLE: self.ours.whole,
            PREPARED: lambda at: self.peer.read_prepared(at.number),
            NODE: self.node.answer,
        }

    async def round(self) -> dict[str, Timing]:
        """Each way once, another one first than the time before."""
        ways = list(self.ways().items())
        first = self.turn // len(ways) % len(ways)
        found: dict[str, Timing] = {}
        for name, way in (*ways[first:], *ways[:first]):
            found[name] = await self._timed(way)
        return found

    async def _timed(self, way: Way) -> Timing:
        number = self.crowd.stage.world.head.number + 1
        gc.collect()  # so that nobody pays for what another left behind
        self.crowd.mine(self.turn, SWAPS)
        self.turn += 1
        at = await self.announcer.heard(number)
        self.node.ready(at)
        started, ran = time.perf_counter(), time.process_time()
        await way(at)
        return Timing(time.perf_counter() - started, time.process_time() - ran)

    async def check(self) -> None:
        """Raise AssertionError unless all ways see the same at the newest block."""
        at = await head(self.ours.rpc, "latest")
        same = [fields_of(state) for state in await self.ours.same(at)]
        await self.ours.whole(at)
        whole = [fields_of(self.ours.known[pool]) for pool in self.ours.pools]
        assert same == whole
        assert same == await self.peer.read(at.number)
        assert same == await self.peer.read_prepared(at.number)
        assert all(self.ours.known[pool].is_whole for pool in self.ours.pools)


async def _raced(stage: Stage, rounds: int) -> Timings:
    url = stage.world.node.url.removeprefix("http://")
    pools = tuple(market for market in stage.markets if isinstance(market, Pool))
    crowd = Crowd.gathered(stage)
    timings: dict[str, list[Timing]] = {}
    async with AsyncExitStack() as stack:
        rpc = stage.rpc()
        stack.push_async_callback(rpc.close)
        at = await head(rpc, "latest")
        accounts = stage.accounts
        reader = Reader(rpc, ADAPTERS, pools, accounts, stage.safe.address)
        ours = Ours(rpc, pools, accounts, reader, (await reader.observe(None, at)).states)
        reads = ours.reads(at)
        peer = await stack.enter_async_context(Peer(f"ws://{url}", stage.book.multicall, reads))
        (request,) = Multicall().requests(reads, at)
        assert request.parameters[0] == {"to": stage.book.multicall, "data": peer.data}
        announcer = Announcer(await stack.enter_async_context(connect(f"ws://{url}")), at.chain)
        await announcer.subscribe()
        connection = HTTPConnection(url)
        stack.callback(connection.close)
        race = Race(crowd, announcer, ours, peer, Node(connection, _body(reads)))
        await race.check()
        for number in range(-WARM_UP, rounds):
            found = await race.round()
            if number >= 0:
                for name, timing in found.items():
                    timings.setdefault(name, []).append(timing)
        await race.check()
    return timings


def _body(reads: Sequence[Read]) -> Callable[[Head], bytes]:
    """The request's JSON, by the block that it is pinned to."""

    def made(at: Head) -> bytes:
        (request,) = Multicall().requests(reads, at)
        call = {"jsonrpc": "2.0", "id": 1, "method": request.method, "params": request.parameters}
        return msgspec.json.encode(call)

    return made


# -------------------------------------------------------------------------------------- rows


def rows(rounds: int = 100, pools: int = POOLS) -> list[Row]:
    """Play the rounds; what they took."""
    with staged(world_of(pools)) as stage:
        timings = asyncio.run(_raced(stage, rounds))
    walls = {name: [each.wall for each in found] for name, found in timings.items()}
    ran = {name: [each.cpu for each in found] for name, found in timings.items()}
    node = median(walls[NODE])
    beyond = {name: [wall - node for wall in found] for name, found in walls.items()}
    return [
        _against("same calls, wall", walls[OURS], walls[PEER], 10.0),
        _against("same calls, wall less node", beyond[OURS], beyond[PEER]),
        _against("same calls, CPU", ran[OURS], ran[PEER]),
        _against("prepared peer, wall", walls[OURS], walls[PREPARED]),
        _against("prepared peer, CPU", ran[OURS], ran[PREPARED]),
        _against("all we read, wall", walls[WHOLE], walls[PEER]),
        _against("all we read, CPU", ran[WHOLE], ran[PEER]),
        figure("node, bare round trip", 1e3 * node, "ms", rounds),
    ]


def _against(
    name: str, ours: Sequence[float], peer: Sequence[float], goal: float | None = None
) -> Row:
    """Medians of both, and the median of the ratio pair by pair."""
    ratio = median(theirs / own for own, theirs in zip(ours, peer, strict=True))
    return Row(name, 1e3 * median(ours), 1e3 * median(peer), ratio, goal, "ms", len(ours))
