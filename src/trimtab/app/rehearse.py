"""`rehearse`: the manager in the local world, block after block, and what it came to."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import ceil, floor

from trimtab import __version__
from trimtab.app.debts import Debts
from trimtab.app.local import Hosting, Setting, staged
from trimtab.chain.redacted import redacted_text
from trimtab.core.canonical import plain
from trimtab.core.flows import summed
from trimtab.core.plan import Refused
from trimtab.core.settlement import Failed, Landed, Mismatch
from trimtab.engine.bot import Bot
from trimtab.engine.memory import Memory
from trimtab.engine.run import Step, World, run
from trimtab.journal import records
from trimtab.journal.pnl import Ledger
from trimtab.journal.store import Journal
from trimtab.journal.tables import Location
from trimtab.mandate import Mandate

Watch = Callable[[Bot, Step], None]


@dataclass(slots=True)
class Tally:
    """What is counted while the loop turns."""

    counts: Counter[str] = field(default_factory=Counter)
    landed: set[str] = field(default_factory=set)
    error: int = 0
    equity_start: Fraction | None = None
    equity_end: Fraction = Fraction(0)
    debts: Debts = field(default_factory=Debts)

    def add(self, bot: Bot, step: Step) -> None:
        """Count one turn."""
        self.debts.add(bot, step)
        self.counts["skipped"] += step.skipped is not None
        self.counts["mismatches"] += isinstance(step.sent, Mismatch)
        self.landed |= {each.plan_hash for each in step.settled if isinstance(each, Landed)}
        self.counts["plans_executed"] = len(self.landed)  # a reorg may let one land twice
        self.counts["plans_failed"] += sum(isinstance(each, Failed) for each in step.settled)
        outcome = step.outcome
        if outcome is None:
            return
        self.counts["blocks"] += 1
        self.error += outcome.reconciliation.error
        flows = summed(outcome.reconciliation.flows)
        self.counts["external_flows"] += sum(not flow.is_ours for flow in flows)
        self.equity_end = outcome.equity
        if self.equity_start is None:
            self.equity_start = outcome.equity
        if outcome.judgement is not None:
            self.counts["decisions"] += 1
            self.counts["refused"] += isinstance(outcome.judgement.verdict, Refused)
            self.counts["breaches"] += len(outcome.judgement.breaches)


@dataclass(frozen=True, slots=True)
class Result:
    """What a rehearsal came to."""

    tally: Tally
    memory: Memory
    numeraire: str
    digest: str
    journal: Location
    seconds: float

    def as_json(self) -> dict[str, object]:
        """The result's one line: counts are numbers, money and errors integers as strings."""
        counts = self.tally.counts
        ledger, debts = self.memory.ledger, self.tally.debts
        return {
            "blocks": counts["blocks"],
            "decisions": counts["decisions"],
            "plans_executed": counts["plans_executed"],
            "plans_failed": counts["plans_failed"],
            "refused": counts["refused"],
            "breaches": counts["breaches"],
            "mismatches": counts["mismatches"],
            "skipped": counts["skipped"],
            "external_flows": counts["external_flows"],
            "equity_start": str(int(self.tally.equity_start or 0)),
            "equity_end": str(int(self.tally.equity_end)),
            "numeraire": self.numeraire,
            "conservation_error": str(self.tally.error),
            "profit": None if ledger is None else in_base_units(ledger),
            "liquidated": debts.liquidated,
            "unwind_cost": str(ceil(debts.unwind_cost)),
            "penalty_avoided": str(int(debts.penalty_avoided)),
            "min_health": debts.least_health,
            "digest": self.digest,
            "journal": str(self.journal),
            "seconds": round(self.seconds, 2),
        }


def in_base_units(ledger: Ledger) -> dict[str, str]:
    """Where the change of equity came from, in whole base units of the numeraire, as text.

    Each sum is cut where the running total crosses a unit, so that price + interest + liquidity
    + positions + liquidations + external - fees - slippage - rounding is the change of the
    equities shown, to the unit. The signer pays the gas from outside the book; `profit` is after
    it and without what others brought.
    """
    total, shown = ledger.equity_start, {}
    for name, sign in _COMPONENTS:
        before = floor(total)
        total += sign * getattr(ledger, name)
        shown[name] = sign * (floor(total) - before)
    gas = ceil(ledger.gas)
    earned = sum(sign * shown[name] for name, sign in _COMPONENTS if name != "external")
    return {name: str(raw) for name, raw in {**shown, "gas": gas, "profit": earned - gas}.items()}


_COMPONENTS = (
    ("price", 1),
    ("interest", 1),
    ("liquidity", 1),
    ("positions", 1),
    ("liquidations", 1),
    ("external", 1),
    ("fees", -1),
    ("slippage", -1),
    ("rounding", -1),
)


async def rehearse(
    mandate: Mandate,
    text: str,
    setting: Setting,
    path: Location,
    watch: Watch,
    hosting: Hosting | None = None,
) -> Result:
    """Run the mandate for `setting.blocks` blocks and write the journal to `path`.

    Raises whatever makes the loop halt; the journal then says why.
    """
    started = time.perf_counter()
    async with staged(mandate, setting, hosting) as stage:
        result = await lived(stage.bot, stage.world, text, setting.seed, path, watch)
    return replace(result, seconds=time.perf_counter() - started)


async def lived(
    bot: Bot, world: World, text: str, seed: int | None, path: Location, watch: Watch
) -> Result:
    """Turn until the world ends, with a new journal, and count.

    `text` is the mandate's, for the journal. Raises whatever makes the loop halt.
    """
    started, tally = time.perf_counter(), Tally()
    with Journal.create(path) as journal:
        journal.append(
            records.start(
                mandate_hash=bot.mandate_hash,
                mandate=redacted_text(text),
                account=bot.account,
                code_version=__version__,
                seed=seed,
            )
        )

        def watched(step: Step) -> None:
            tally.add(bot, step)
            watch(bot, step)

        memory = await run(bot, world, journal, Memory(), watched)
        journal.append(records.end(None, {"blocks": plain(tally.counts["blocks"])}))
        digest = journal.digest()
    seconds = time.perf_counter() - started
    return Result(tally, memory, bot.numeraire.symbol, digest, path, seconds)
