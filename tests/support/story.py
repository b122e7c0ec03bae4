"""A short history in which everything happens once, run by the real loop into a real journal."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from tests.support.fake_world import Chapter, dust, fake_world, supply_on_our_behalf
from trimtab.engine.bot import Bot
from trimtab.engine.memory import Memory
from trimtab.engine.run import Step, run
from trimtab.journal import records
from trimtab.journal.store import Journal

MANDATE = """\
numeraire = "USDC"
markets = [
  "uniswap_v3:WETH/USDC/500",
  "uniswap_v3:WBTC/USDC/3000",
  "uniswap_v3:WBTC/WETH/500",
  "aave_v3:USDC",
  "aave_v3:WETH",
]

[account]
signer = "local"  # no <b>bold</b> & no harm

[chain]
block_seconds = 3600

[[strategies]]
name = "mix"
use = "trimtab.strategies:ConstantMix"
share = 1
[strategies.parameters]
weights = { WETH = 0.40, WBTC = 0.30, USDC = 0.30 }

[[strategies]]
name = "idle"
use = "trimtab.strategies:LendingYield"
sweeps = true
[strategies.parameters]
lenders = ["aave_v3:USDC", "aave_v3:WETH"]

[limits]
cap = { "protocol:aave_v3" = "65 %", "token:WETH" = "50 %" }
turnover_per_day = "15 %"
minimum_idle = "5 %"
max_equity = 360_000
"""
FUNDS = {"USDC": 90_000 * 10**6, "WETH": 60 * 10**18, "WBTC": 225 * 10**6}
SEED = 7


@dataclass(frozen=True, slots=True)
class Story:
    """The journal's path, the bot, and the steps that a watcher saw."""

    path: Path
    bot: Bot
    steps: tuple[Step, ...]


def script() -> list[Chapter]:
    """Calm, a jump, a crash, and what can go wrong in between."""

    def at(ether: int, bitcoin: int = 40_000) -> dict[str, Fraction]:
        return {"WETH": Fraction(ether), "WBTC": Fraction(bitcoin)}

    quiet = [Chapter(at(2_000 + 9 * (step % 4), 40_000 - 70 * (step % 3))) for step in range(5)]
    return [
        Chapter(at(2_000)),
        *quiet,
        Chapter(others=(dust, supply_on_our_behalf)),
        Chapter(is_readable=False),
        Chapter(at(2_300, 39_500)),
        Chapter(plan="reverts"),
        Chapter(),
        *(Chapter(at(2_310 - 7 * step, 39_400 + 30 * step)) for step in range(5)),
        Chapter(at(3_400, 37_000)),
        *(Chapter(at(3_410 - 9 * step, 37_100 + 25 * step)) for step in range(4)),
        Chapter(at(3_000, 41_000)),
        Chapter(at(2_300, 39_000)),
        Chapter(plan="drops"),
        *(Chapter(at(2_310 - 2 * step, 39_000 + 9 * step)) for step in range(20)),
        Chapter(at(2_800, 38_100), agrees=False),
        Chapter(at(2_800, 38_050)),
    ]


def tell(path: Path) -> Story:
    """Run the story; its journal is closed on return."""
    steps: list[Step] = []
    world = fake_world(MANDATE, FUNDS, script())
    with Journal.create(path) as journal:
        journal.append(
            records.start(
                mandate_hash=world.bot.mandate_hash,
                mandate=MANDATE,
                account=world.bot.account,
                code_version="0.1.0",
                seed=SEED,
            )
        )
        asyncio.run(run(world.bot, world, journal, Memory(), steps.append))
        journal.append(records.end(None, {}))
    return Story(path, world.bot, tuple(steps))
