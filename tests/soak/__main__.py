"""`make soak`: the manager against plain policies, 100 seeds of 300 blocks, two at a time.

Every rival is an agent in the manager's own world, with an equal start, the same costs and the
same block producers. Values are what each book is worth at oracle prices at the last block, gas
taken off. Rows go to build/soak.json, the table to docs/reference/soak.md. With the name of one of
PARTS before its options, that part is run instead.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import msgspec

from tests.soak import equality, kernels, laws, survival
from tests.soak.rivals import RIVALS, STATIC, rivals
from tests.support.command import ROOT
from trimtab.app.local import Setting, Stage, staged
from trimtab.app.resolve import read_mandate
from trimtab.engine.memory import Memory
from trimtab.engine.run import Step, run
from trimtab.journal.store import Journal
from trimtab.lab.agents import book_value
from trimtab.risk import oracle_prices

MANDATE = ROOT / "examples" / "mandate.toml"

PARTS: dict[str, Callable[[Sequence[str]], None]] = {
    "equality": equality.main,
    "kernels": kernels.main,
    "laws": laws.main,
    "survival": survival.main,
}
"""Other long runs, by their names."""


class Row(msgspec.Struct, frozen=True):
    """One seed: how long it took, whether the books added up, and each one's return."""

    seed: int
    seconds: float
    conservation_error: str
    plans: int
    returns: dict[str, float]


@dataclass(slots=True)
class _Watch:
    error: int = 0
    plans: int = 0

    def __call__(self, step: Step) -> None:
        if step.outcome is not None:
            self.error += step.outcome.reconciliation.error
            self.plans += step.outcome.approved is not None


def one(seed: int, blocks: int) -> Row:
    """The returns of the manager and of every rival in one world."""
    os.nice(1)
    started = time.perf_counter()
    mandate, _ = read_mandate(MANDATE)
    watch = _Watch()

    async def lived() -> dict[str, float]:
        setting = Setting(seed, blocks, rivals=rivals)
        async with staged(mandate, setting) as stage:
            with (
                tempfile.TemporaryDirectory() as folder,
                Journal.create(Path(folder) / "journal.sqlite") as journal,
            ):
                memory = await run(stage.bot, stage.world, journal, Memory(), watch)
            return await _returns(stage, memory)

    returns = asyncio.run(lived())
    seconds = time.perf_counter() - started
    return Row(seed, seconds, str(watch.error), watch.plans, returns)


async def _returns(stage: Stage, memory: Memory) -> dict[str, float]:
    """Value at the end over value at the start, less one; gas off, at the same moments."""
    ledger, bot = memory.ledger, stage.bot
    assert ledger is not None, "at least one block was lived"
    states = await stage.host.conductor.states()
    prices = oracle_prices(states, bot.feeds, bot.numeraire)
    start = ledger.equity_start
    values: dict[str, Fraction] = {"manager": ledger.equity - ledger.gas}
    gas = _gas_of(stage, prices.price(bot.native))
    for player in stage.host.players:
        name = player.agent.name
        if name in RIVALS:
            spent = gas.get(name, Fraction(0))
            values[name] = book_value(states, player.agent.account, prices) - spent
    return {name: float(value / start - 1) for name, value in values.items()}


def _gas_of(stage: Stage, price: Fraction) -> dict[str, Fraction]:
    """What each agent's transactions cost, at their tips and the world's mean base fee."""
    level = stage.host.world.spec.node.base_fee
    spent: dict[str, Fraction] = {}
    for act in stage.host.conductor.acts:
        cost = act.gas_used * (level + act.order.tip) * price
        spent[act.actor] = spent.get(act.actor, Fraction(0)) + cost
    return spent


def main() -> None:
    """Run, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--blocks", type=int, default=300)
    parser.add_argument("--processes", type=int, default=2)
    chosen = parser.parse_args()
    started = time.perf_counter()
    with ProcessPoolExecutor(chosen.processes) as pool:
        count = chosen.seeds
        rows = list(pool.map(one, range(count), [chosen.blocks] * count))
    seconds = time.perf_counter() - started
    wrong = [row for row in rows if row.conservation_error != "0"]
    text = page(rows, chosen.blocks, seconds)
    (ROOT / "build").mkdir(exist_ok=True)
    (ROOT / "build" / "soak.json").write_bytes(msgspec.json.encode(_compared(rows, seconds)))
    (ROOT / "build" / "soak-seeds.json").write_bytes(msgspec.json.encode(rows))
    if count >= 100 and chosen.blocks >= 300:  # the full soak; smaller ones are for a look
        (ROOT / "docs" / "reference" / "soak.md").write_text(text)
    print(text)
    if wrong:
        raise SystemExit(f"conservation broke in seeds {[row.seed for row in wrong]}")


def _compared(rows: list[Row], seconds: float) -> list[dict[str, object]]:
    """Rows as every long run writes them: ours, a peer's or none, and the goal."""
    ours = statistics.fmean(row.returns["manager"] for row in rows)
    told: list[dict[str, object]] = [
        {
            "name": f"mean return against: {name}",
            "ours": 100 * ours,
            "peer": 100 * statistics.fmean(row.returns[name] for row in rows),
            "ratio": None,
            "goal": None,
            "unit": "% a run",
            "runs": len(rows),
        }
        for name in RIVALS
    ]
    length = {"name": "whole soak", "ours": seconds / 60, "peer": None, "ratio": None}
    return [*told, {**length, "goal": 40, "unit": "minutes", "runs": 1}]


def page(rows: list[Row], blocks: int, seconds: float) -> str:
    """The table, and what it does and does not show."""
    names = ["manager", *RIVALS]
    best = [max(row.returns[name] for name in STATIC) for row in rows]
    lines = [
        "# The manager against plain policies",
        "",
        (
            f"{len(rows)} seeds of {blocks} blocks, an hour each; written by `make soak` in "
            f"{seconds / 60:.0f} minutes. All begin with the same book in the same world; "
            "returns are of the book at oracle prices, gas taken off (the manager's by its "
            "receipts, the others' at the world's mean base fee), in per cent of the start."
        ),
        "",
        "| policy | mean | median | worst | best | st. dev. | manager better in |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    manager = [row.returns["manager"] for row in rows]
    lines += [_line(name, [row.returns[name] for row in rows], manager) for name in names]
    lines.append(_line("best static lender, chosen afterwards", best, manager))
    return "\n".join([*lines, "", *_words(rows, best), ""])


def _line(name: str, returns: list[float], manager: list[float]) -> str:
    ahead = sum(ours > theirs for ours, theirs in zip(manager, returns, strict=True))
    figures = (
        statistics.fmean(returns),
        statistics.median(returns),
        min(returns),
        max(returns),
        statistics.stdev(returns) if len(returns) > 1 else 0.0,
    )
    shown = " | ".join(f"{100 * figure:+.3f}" for figure in figures)
    better = "" if name == "manager" else f"{ahead} of {len(returns)}"
    return f"| {name} | {shown} | {better} |"


def _words(rows: list[Row], best: list[float]) -> list[str]:
    """What the figures say, computed from them."""

    def excess(name: str) -> tuple[float, float]:
        gaps = [row.returns["manager"] - row.returns[name] for row in rows]
        error = statistics.stdev(gaps) / len(gaps) ** 0.5 if len(gaps) > 1 else 0.0
        return 1e4 * statistics.fmean(gaps), 1e4 * error

    told = [
        f"- against {name}: {mean:+.1f} basis points a run, standard error {error:.1f}"
        for name in RIVALS
        for mean, error in [excess(name)]
    ]
    gap = 1e4 * statistics.fmean(r.returns["manager"] - b for r, b in zip(rows, best, strict=True))
    return [
        "The manager's mean excess over each policy in the same world:",
        "",
        *told,
        (
            f"- against the best static lender chosen afterwards: {gap:+.1f} basis points a run; "
            "nobody can choose it beforehand"
        ),
        "",
        (
            "Prices have no drift by construction, so what one policy earns over another beyond "
            "interest, fees and gas is luck of the path; a difference within two standard errors "
            "shows nothing. The manager is run for its limits and its interest, not for a forecast."
        ),
    ]


if __name__ == "__main__":
    part = PARTS.get(sys.argv[1]) if sys.argv[1:] else None
    if part is None:
        main()
    else:
        part(sys.argv[2:])
