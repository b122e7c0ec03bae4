"""The manager's real loop on the local world, with a plan in every block, as `trimtab run` lives.

Every block holds swaps of others and a posted price. The strategy wants another book every time, so
that each turn reads, settles, accounts, decides, plans, reviews, simulates, signs, journals on disk
and sends.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from tests.bench.world import Crowd
from tests.chain.chain_stage import Stage
from trimtab.app.garbage import between_blocks
from trimtab.app.resolve import resolve
from trimtab.chain.blocks import head
from trimtab.chain.reader import Reader
from trimtab.chain.rpc import Rpc
from trimtab.chain.submission import Submitter
from trimtab.core.market import Head, tracked
from trimtab.core.settlement import Mismatch
from trimtab.engine import checkpoint
from trimtab.engine.bot import Bot
from trimtab.engine.memory import Memory
from trimtab.engine.run import Step, run
from trimtab.engine.sight import Pull
from trimtab.engine.worlds import Chain
from trimtab.journal.store import Journal
from trimtab.mandate import parse_mandate
from trimtab.protocols.aave_v3 import LendingPool
from trimtab.protocols.uniswap_v3 import Pool

FUNDS = {"USDC": 500_000 * 10**6, "WETH": 60 * 10**18}

_MANDATE = """
numeraire = "USDC"
markets = [{markets}]

[account]
signer = "local"

[[strategies]]
name = "sway"
use = "tests.bench.sway:Sway"
share = 1
[strategies.parameters]
assets = [{assets}]
lenders = [{lenders}]
weight = {weight}
by = 0.02

[limits]
turnover_per_day = 100000
slippage = "5 %"

[execution]
fill_tolerance = "1 %"
"""


@dataclass(frozen=True, slots=True)
class Wish:
    """What the strategy holds: tokens, places at lenders, and the least weight of each."""

    assets: tuple[str, ...]
    lenders: tuple[str, ...]
    weight: float


def bot_of(stage: Stage, wish: Wish) -> Bot:
    """The bot for every pool of the stage, and the places at lenders."""
    pools = [name for name, market in stage.book.markets.items() if isinstance(market, Pool)]
    text = _MANDATE.format(
        markets=_listed(*pools, *wish.lenders),
        assets=_listed(*wish.assets),
        lenders=_listed(*wish.lenders),
        weight=wish.weight,
    )
    return resolve(parse_mandate(text, "the benchmark"), stage.book, stage.safe.address)


def _listed(*names: str) -> str:
    return ", ".join(f'"{name}"' for name in names)


def traded(bot: Bot) -> int:
    """The markets that the bot may use: pools and lenders."""
    return sum(isinstance(market, Pool | LendingPool) for market in bot.markets)


# -------------------------------------------------------------------------------------- turns


@dataclass(slots=True)
class Told:
    """What the turns came to: all of it should be plans."""

    turns: int = 0
    plans: int = 0
    others: list[str] = field(default_factory=list)

    def add(self, step: Step) -> None:
        """One turn more."""
        self.turns += 1
        if step.skipped is None and step.sent is not None and not isinstance(step.sent, Mismatch):
            self.plans += 1
            return
        why = step.outcome.why if step.outcome is not None else ""
        self.others.append(f"turn {self.turns}: {step.skipped or step.sent or why}")

    def check(self) -> None:
        """Raise AssertionError unless every turn made and sent a plan."""
        assert self.plans == self.turns, self.others[:5]


@dataclass(frozen=True, slots=True)
class Life:
    """How long to live, among how many swaps of others, in which form of the real world.

    `begun` is called when a block is mined, `turned` when its turn is over.
    """

    blocks: int
    swaps: int
    begun: Callable[[], None] = lambda: None
    turned: Callable[[int], None] = lambda _: None
    world: Callable[[Reader, Submitter, Bot, Pull], Chain] = Chain


async def lived(stage: Stage, rpc: Rpc, bot: Bot, journal: Journal, life: Life) -> Told:
    """Turn the loop, block after block."""
    crowd, told, given = Crowd.gathered(stage), Told(), 0

    async def pulled() -> Head | None:
        nonlocal given
        if given == life.blocks:
            return None
        crowd.mine(given, life.swaps)
        given += 1
        life.begun()
        return await head(rpc, "latest")

    accounts = tracked((bot.account,), bot.markets)
    reader = Reader(rpc, bot.adapters, bot.markets, accounts, bot.account)
    world = life.world(reader, stage.submitter(rpc), bot, pulled)
    with between_blocks() as collect:

        def watched(step: Step) -> None:
            told.add(step)
            collect()
            life.turned(told.turns)

        every = checkpoint.EVERY
        await run(bot, world, journal, Memory(), watched, checkpoints=every)
    return told
