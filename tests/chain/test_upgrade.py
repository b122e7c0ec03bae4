"""An upgrade under an open position, while the loop runs: it may only be left, and is told."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.support.command import ROOT
from trimtab.app.arming import Live
from trimtab.app.local import Host, Setting, hosted, signer_of
from trimtab.app.resolve import read_mandate, resolve
from trimtab.chain.admission import admissions, require
from trimtab.chain.anatomy import bodies
from trimtab.chain.blocks import head
from trimtab.chain.multicall import Multicall
from trimtab.chain.reader import Reader
from trimtab.chain.rpc import Rpc
from trimtab.chain.safe import Safe
from trimtab.chain.secret import RpcUrl
from trimtab.chain.submission import Submitter
from trimtab.core.actions import Supply
from trimtab.core.market import Head, tracked
from trimtab.core.orders import ReduceOnly
from trimtab.engine.bot import Bot
from trimtab.engine.memory import Memory
from trimtab.engine.replay import replay
from trimtab.engine.run import Step, run
from trimtab.engine.worlds import Chain
from trimtab.journal.store import Journal
from trimtab.journal.values import order_of
from trimtab.protocols.aave_v3 import LendingPool
from trimtab.protocols.shared.code import trailer

pytestmark = pytest.mark.chain

MANDATE = read_mandate(ROOT / "examples" / "mandate.toml")[0]
BLOCKS, UPGRADED, DEPOSITED, BACK = 12, 4, 6, 9
DEPOSIT = f"""
[[events]]
block = {DEPOSITED}
actor = 15
action = "transfer"
token = "USDC"
amount = 1000000
to = "manager"
"""
"""Money that every strategy would lend at once."""


@dataclass
class Story:
    """What the loop did, and what it was told."""

    steps: list[Step] = field(default_factory=list)
    orders: list[ReduceOnly] = field(default_factory=list)
    is_replayed: bool = False
    lender: str = ""

    def supplies(self, first: int, last: int) -> int:
        """How often it lent from one turn to another."""
        return sum(
            isinstance(action, Supply)
            for step in self.steps[first:last]
            if step.outcome is not None and step.outcome.approved is not None
            for action in step.outcome.approved.plan.actions
        )


async def lived(story: Story, path: Path) -> None:
    signer = signer_of(MANDATE, 7)
    scenario = path.with_suffix(".toml")
    scenario.write_text(DEPOSIT)
    setting = Setting(7, BLOCKS, scenario=scenario)
    async with hosted(setting, signer, MANDATE.chain.block_seconds) as host:
        bot = resolve(MANDATE, host.book, host.safe)
        rpc = Rpc(RpcUrl(host.world.node.url), host.book.chain)
        try:
            known = await admissions(rpc, bot.markets, await head(rpc, "latest"))
            assert require(known, host.book.chain, is_armed=True) == frozenset()
            reader = Reader(
                rpc, bot.adapters, bot.markets, tracked((bot.account,), bot.markets), bot.account
            )
            safe = Safe(bot.account, signer.address, host.book.multi_send, host.book.plan_check)
            submitter = Submitter(rpc, bot.adapters, signer, safe)
            conduct, multicall = conducted(story, host, bot, rpc), Multicall()

            async def pull() -> Head | None:
                at = await conduct()
                if at is not None:
                    await live.watch(rpc, multicall, at)
                return at

            world = Chain(reader, submitter, bot, pull)
            live = Live(bot, world, known, "a test")
            with Journal.create(path) as journal:
                live.begin(Memory())
                memory = await run(bot, world, journal, Memory(), story.steps.append, live.orders)
                orders = map(order_of, journal.records("order"))
                story.orders = [each for each in orders if isinstance(each, ReduceOnly)]
                story.is_replayed = replay(bot, journal) == memory
        finally:
            await rpc.close()


def conducted(story: Story, host: Host, bot: Bot, rpc: Rpc) -> Callable[[], Awaitable[Head | None]]:
    """The blocks of the world; before two of them a byte of the pool's code changes, and back."""
    lender = next(each for each in bot.markets if isinstance(each, LendingPool))
    story.lender = lender.id

    async def pull() -> Head | None:
        if host.conductor.block == BLOCKS:
            return None
        if host.conductor.block in (UPGRADED, BACK):
            at = await head(rpc, "latest")
            logic = (await bodies(rpc, (lender.address,), at))[lender.address].implementation
            code = (await bodies(rpc, (logic,), at))[logic].code
            last = trailer(code)[0] - 1  # it stands behind the last instruction
            changed = code[:last] + bytes((code[last] ^ 1,)) + code[last + 1 :]
            host.world.rpc("anvil_setCode", logic, "0x" + changed.hex())
        return await host.next_block()

    return pull


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    told = Story()
    asyncio.run(lived(told, tmp_path_factory.mktemp("upgrade") / "journal.sqlite"))
    return told


def test_upgrade__under_an_open_position__nothing_more_goes_in(story: Story) -> None:
    assert all(step.skipped is None for step in story.steps)
    assert story.supplies(0, UPGRADED) > 0, "there is no position to be upgraded under"
    assert story.supplies(UPGRADED, BACK) == 0
    assert story.supplies(BACK, BLOCKS) > 0, "nothing would have gone in anyway"


def test_upgrade__while_it_stands__the_position_is_still_counted(story: Story) -> None:
    outcome = story.steps[BACK - 1].outcome
    assert outcome is not None
    lent = [raw for place, raw in outcome.book.items() if place.market == story.lender]
    assert sum(lent) > 0


def test_upgrade__and_back__ordered_once_each(story: Story) -> None:
    left, admitted = story.orders
    assert left.markets == (story.lender,)
    assert "aave_v3: the code at" in left.why
    assert "is another" in left.why
    assert admitted.markets == ()


def test_upgrade__replayed__leads_to_the_same_memory(story: Story) -> None:
    """INV-6: what the watch saw is in the journal, since no replay can look at old code."""
    assert story.is_replayed
