"""Ether loses nearly half of its worth in a day: who has the planner is never liquidated."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.levered import Twin
from trimtab.app.debts import Debts
from trimtab.app.local import Setting, staged
from trimtab.app.resolve import read_mandate
from trimtab.core.actions import Liquidate
from trimtab.core.settlement import Failed
from trimtab.core.token import Address
from trimtab.engine.memory import Memory
from trimtab.engine.run import Step, run
from trimtab.journal.store import Journal
from trimtab.lab.conductor import Act
from trimtab.lab.roles import Player
from trimtab.mandate import AddressBook
from trimtab.mandate.repair import is_health
from trimtab.protocols.aave_v3 import LendingPool
from trimtab.protocols.uniswap_v3 import Pool

pytestmark = pytest.mark.e2e

CALM, CRASH, AFTER = 10, 96, 4
"""Quarters of an hour before, of the fall, and after it."""

DEAR_GAS = "[[events]]\nblock = 1\nbase_fee = 20\n"
LATE_ORACLE = "".join(
    f'[[events]]\nfrom = {CALM + late}\nevery = 4\nsilent = "oracle keeper"\n' for late in (1, 2, 3)
)
"""In the fall prices are posted once an hour, while they fall every quarter of one."""

MANDATE = """
numeraire = "USDC"
markets = ["uniswap_v3:WETH/USDC/500", "uniswap_v3:WETH/USDC/3000", "aave_v3:USDC", "aave_v3:WETH"]

[account]
signer = "local"
address = "local"

[chain]
id = 31337
rpc = ["local"]
book = "local"
block_seconds = 900

[[strategies]]
name = "levered"
use = "tests.support.levered:Levered"
share = 1
[strategies.parameters]
collateral = "aave_v3:WETH"
debt = "aave_v3:USDC:debt"

[limits]
turnover_per_day = "1000 %"
minimum_idle = "0 %"
slippage = "5 %"
state_age = 7200
health = {health}

[execution]
horizon_days = 30
fill_tolerance = "2 %"
max_fee_gwei = 3000
priority_fee_gwei = 2
native = "WETH"
"""


def prices(path: Path) -> Path:
    """A day in which ether falls by 45 %, steadily, after some calm hours."""
    rows = ["time_utc,symbol,close"]
    for quarter in range(CALM + CRASH + AFTER + 4):
        fallen = min(max(quarter - CALM, 0), CRASH) / CRASH
        day, hour, minute = quarter // 96, quarter // 4 % 24, quarter % 4 * 15
        moment = f"2024-01-{1 + day:02}T{hour:02}:{minute:02}:00Z"
        rows += [f"{moment},ETH,{2000 * (1 - 0.45 * fallen):.2f}", f"{moment},BTC,40000.00"]
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


def rivals(book: AddressBook, accounts: tuple[Address, ...]) -> tuple[Player, ...]:
    """The twin; liquidators with deep pockets live here anyway."""
    lender = book.market("aave_v3")
    assert isinstance(lender, LendingPool)
    pools = tuple(market for market in book.markets.values() if isinstance(market, Pool))
    return (Player(Twin("twin", accounts[0], lender, pools, 100_000, CALM), {"WETH": 100_000}),)


@dataclass(frozen=True, slots=True)
class Lived:
    """A run: what it counted, and who was liquidated."""

    steps: list[Step]
    debts: Debts
    liquidated: list[Address]
    account: Address
    twin: Address


def lived(folder: Path, health: str, script: str = "") -> Lived:
    """A run of the mandate with this health limit through the crash, and what else happens."""
    steps: list[Step] = []
    debts = Debts()
    mandate_file = folder / "mandate.toml"
    mandate_file.write_text(MANDATE.format(health=health), encoding="utf-8")
    file = prices(folder / "prices.csv")
    scenario = folder / "scenario.toml"
    scenario.write_text(script, encoding="utf-8")
    setting = Setting(
        seed=1,
        blocks=CALM + CRASH + AFTER,
        prices=file,
        symbols="WETH=ETH,WBTC=BTC",
        scenario=scenario,
        capital={"WETH": 100_000},
        rivals=rivals,
    )

    async def live() -> tuple[tuple[Act, ...], Address, Address]:
        mandate, _ = read_mandate(mandate_file)
        async with staged(mandate, setting) as stage:

            def watch(step: Step) -> None:
                steps.append(step)
                debts.add(stage.bot, step)

            with Journal.create(folder / "journal.sqlite") as journal:
                await run(stage.bot, stage.world, journal, Memory(), watch)
            twin = next(p.agent.account for p in stage.host.players if p.agent.name == "twin")
            return stage.host.conductor.acts, stage.bot.account, twin

    acts, account, twin = asyncio.run(live())
    done = [act.order.action for act in acts if act.ok]
    owners = [action.owner for action in done if isinstance(action, Liquidate)]
    return Lived(steps, debts, owners, account, twin)


@pytest.fixture(scope="module")
def protected(tmp_path_factory: pytest.TempPathFactory) -> Lived:
    """A run whose debts are repaid from a health factor of 1.1 on."""
    return lived(tmp_path_factory.mktemp("crash"), '"1.1"')


def test_crash__book_with_the_planner__never_liquidated_and_its_twin_is(
    protected: Lived, record_property: Callable[[str, object], None]
) -> None:
    check(protected, "crash", record_property)


@pytest.mark.parametrize(
    "what, script",
    [("gas at twenty times", DEAR_GAS), ("prices posted once an hour", LATE_ORACLE)],
)
def test_crash__things_get_worse__never_liquidated_and_its_twin_is(
    what: str, script: str, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    check(lived(tmp_path, '"1.1"', script), f"crash, {what}", record_property)


def check(run: Lived, what: str, record_property: Callable[[str, object], None]) -> None:
    """The twin was liquidated, the book never, and repairs cost less than that would have."""
    assert run.twin in run.liquidated
    assert run.account not in run.liquidated
    debts = run.debts
    assert debts.liquidated == 0
    assert debts.least_health is not None
    assert debts.least_health > "1.05"
    assert 0 < debts.unwind_cost < debts.penalty_avoided
    cost, penalty = (float(each) / 10**6 for each in (debts.unwind_cost, debts.penalty_avoided))
    told = f"{what}: least health {debts.least_health}, repairs {cost:,.0f} dollars, {penalty:,.0f}"
    record_property("told", f"{told} of penalties avoided")


def test_crash__every_breach_of_health__repaired_in_the_block_that_sees_it(
    protected: Lived,
) -> None:
    outcomes = [step.outcome for step in protected.steps if step.outcome is not None]
    broken = [
        outcome
        for outcome in outcomes
        if outcome.judgement is not None
        and any(is_health(breach.limit) for breach in outcome.judgement.breaches)
    ]
    assert len(broken) > 5
    assert all(outcome.approved is not None for outcome in broken)
    settled = [each for step in protected.steps for each in step.settled]
    assert not [each for each in settled if isinstance(each, Failed)]


def test_crash__the_planner_off__the_same_book_is_liquidated_and_counted(tmp_path: Path) -> None:
    run = lived(tmp_path, '"1"')
    assert run.account in run.liquidated
    assert run.debts.liquidated == run.liquidated.count(run.account)
    told = [step.outcome.attribution for step in run.steps if step.outcome is not None]
    lost = sum(each.liquidations for each in told if each is not None)
    taken = [each.external for each in told if each is not None]
    assert lost < 0
    assert not any(taken), "what liquidators take is a loss, and no capital taken out"
