"""Paper: the manager's own loop over a chain that it does not touch."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest

from tests.support.command import ROOT
from trimtab.app.local import Host, Setting, hosted, signer_of
from trimtab.app.paper import pulled
from trimtab.app.resolve import read_mandate, resolve
from trimtab.chain.heads import Heads, Pace
from trimtab.chain.multicall import Multicall
from trimtab.chain.reader import Reader
from trimtab.chain.rpc import Rpc
from trimtab.chain.secret import RpcUrl
from trimtab.core.errors import StaleState
from trimtab.core.market import Head, tracked
from trimtab.core.settlement import Landed
from trimtab.engine.bot import Bot
from trimtab.engine.memory import Memory
from trimtab.engine.paper import Paper
from trimtab.engine.run import Step, run
from trimtab.journal.store import Journal
from trimtab.lab.world import read, token_contract

pytestmark = pytest.mark.chain

MIX = ROOT / "examples" / "mandate.toml"
CAPITAL = {"USDC": 1_000_000}
"""Far from the mix, so that the first block has a plan."""


@dataclass(slots=True)
class Desk:
    """A manager on paper beside a conducted chain, and what was seen of it."""

    bot: Bot
    host: Host
    rpc: Rpc
    reader: Reader
    steps: list[Step]

    def world(self, blocks: int) -> Paper:
        """So many conducted blocks."""
        left = iter(range(blocks))

        async def pull() -> Head | None:
            return None if next(left, None) is None else await self.host.next_block()

        return Paper(self.bot, self.rpc, self.reader, pull)

    def lies(self, symbol: str) -> int:
        """What the account has on the chain itself."""
        contract = token_contract(self.host.book.token(symbol).address)
        return int(read(self.host.world.rpc, contract, "balanceOf", self.bot.account))

    def settled(self) -> list[Landed]:
        return [e for step in self.steps for e in step.settled if isinstance(e, Landed)]


@asynccontextmanager
async def opened(seed: int = 7) -> AsyncIterator[Desk]:
    mandate, _ = read_mandate(MIX)
    setting = Setting(seed, 40, capital=CAPITAL)
    async with hosted(setting, signer_of(mandate, seed), 3600) as host:
        bot = resolve(mandate, host.book, host.safe)
        rpc = Rpc(RpcUrl(host.world.node.url), host.book.chain)
        accounts = tracked((bot.account,), bot.markets)
        multicall = Multicall(host.book.multicall)
        reader = Reader(rpc, bot.adapters, bot.markets, accounts, bot.account, multicall)
        try:
            yield Desk(bot, host, rpc, reader, [])
        finally:
            await rpc.close()


async def lived(desk: Desk, world: Paper, path: Path) -> Memory:
    with Journal.create(path) as journal:
        return await run(desk.bot, world, journal, Memory(), desk.steps.append)


def test_paper__plans_land_here_alone__the_chain_has_what_it_had(tmp_path: Path) -> None:
    async def live() -> None:
        async with opened() as desk:
            before = desk.lies("USDC")
            memory = await lived(desk, desk.world(12), tmp_path / "journal.sqlite")
            assert desk.settled()
            assert [desk.lies(symbol) for symbol in ("USDC", "WETH", "WBTC")] == [before, 0, 0]
            outcomes = [step.outcome for step in desk.steps if step.outcome is not None]
            assert len(outcomes) == 12
            assert [outcome.reconciliation.error for outcome in outcomes] == [0] * 12
            held = {place.token.symbol for place, raw in outcomes[-1].book.items() if raw}
            assert held == {"USDC", "WETH", "WBTC"}
            ledger = memory.ledger
            assert ledger is not None
            assert ledger.fees > 0
            assert ledger.external == 0
            assert ledger.interest > 0, "what was lent on paper earns the chain's own interest"

    asyncio.run(live())


def test_paper__market_after_a_plan__is_the_chains_own(tmp_path: Path) -> None:
    async def live() -> None:
        async with opened() as desk:
            memory = await lived(desk, desk.world(4), tmp_path / "journal.sqlite")
            assert desk.settled()
            assert memory.states is not None
            on_chain = (await desk.reader.observe(None, desk.host.conductor.head)).states
            for pool in desk.bot.pools:
                assert memory.states[pool] == on_chain[pool]

    asyncio.run(live())


def test_paper__block_is_taken_back__its_plan_is_executed_again(tmp_path: Path) -> None:
    async def live() -> None:
        async with opened() as desk:
            rpc = desk.host.world.rpc
            first = await desk.host.next_block()
            snapshot = rpc("evm_snapshot")
            heads = [first]

            def mined(seconds: int) -> Head:
                rpc("evm_increaseTime", seconds)
                rpc("evm_mine")
                return desk.host.world.head

            async def pull() -> Head | None:
                if heads:
                    return heads.pop()
                if len(desk.steps) == 1:
                    return mined(60)
                if len(desk.steps) == 2:
                    rpc("evm_revert", snapshot)
                    mined(120)
                    return mined(60)
                return mined(60) if len(desk.steps) < 5 else None

            world = Paper(desk.bot, desk.rpc, desk.reader, pull)
            memory = await lived(desk, world, tmp_path / "journal.sqlite")
            unwound = [step.unwound for step in desk.steps if step.unwound is not None]
            assert len(unwound) == 1
            plans = [landed.plan_hash for landed in desk.settled()]
            assert plans[0] == plans[1], "once in the block that is gone, and once in its place"
            assert len(set(plans[1:])) == len(plans[1:]), "and nothing twice in what stands"
            outcomes = [step.outcome for step in desk.steps if step.outcome is not None]
            assert {outcome.reconciliation.error for outcome in outcomes} == {0}
            assert memory.states is not None
            assert memory.states.head == desk.host.world.head

    asyncio.run(live())


def test_pulled__chain_at_a_stand__stale_and_no_wait_without_end() -> None:
    async def live() -> None:
        async with opened() as desk, Heads(desk.rpc, pace=Pace(poll=0.02)) as heads:
            pull = pulled(heads, 1, 0, longest=0.2)
            first = await pull()
            with pytest.raises(StaleState, match=r"has come for 0\.2 s"):
                await pull()
            following = await desk.host.next_block()
            assert first != following
            assert await pull() == following

    asyncio.run(live())


@pytest.mark.parametrize("cadence, gaps", [(1, [1, 1]), (3, [3, 3])])
def test_pulled__cadence_and_an_end__as_asked(cadence: int, gaps: list[int]) -> None:
    async def live() -> list[int]:
        async with opened() as desk, Heads(desk.rpc, pace=Pace(poll=0.02)) as heads:
            pull = pulled(heads, cadence, 3)
            numbers = []
            waiting = asyncio.ensure_future(pull())
            while (found := await waiting) is not None:
                numbers.append(found.number)
                waiting = asyncio.ensure_future(pull())
                while not waiting.done() and len(numbers) < 3:
                    await desk.host.next_block()
                    await until(waiting.done)
            return numbers

    found = asyncio.run(live())
    assert [later - earlier for earlier, later in pairwise(found)] == gaps


async def until(is_done: Callable[[], bool]) -> None:
    """Time enough for one more look at the node, or less."""
    for _ in range(10):
        if is_done():
            return
        await asyncio.sleep(0.02)
