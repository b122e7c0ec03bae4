"""What each command does. The command line itself is in `main`."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson
import typer

from trimtab import __version__
from trimtab.app import support
from trimtab.app.attached import observed, place_of
from trimtab.app.check import checked, in_words
from trimtab.app.explain import explain, explanation
from trimtab.app.journals import BUILD, location, name_of, new_location
from trimtab.app.local import Setting
from trimtab.app.output import fresh_path, say_json
from trimtab.app.paper import paper
from trimtab.app.recordings import backtest, check_fits, length, recorded, rehosted
from trimtab.app.rehearse import Result, Watch, rehearse
from trimtab.app.report import write_report
from trimtab.app.resolve import mandate_hash, read_mandate
from trimtab.app.safe_batch import write_safe_batch
from trimtab.app.view import LiveView
from trimtab.app.world import live
from trimtab.chain.redacted import redacted_text
from trimtab.core.canonical import plain
from trimtab.core.errors import ConfigError
from trimtab.core.plan import Approved, Refused
from trimtab.core.reading import Observation
from trimtab.engine.bot import Bot
from trimtab.engine.memory import Memory
from trimtab.engine.recording import seen, written
from trimtab.engine.tick import Outcome, tick
from trimtab.journal import records
from trimtab.journal.store import Journal
from trimtab.journal.tables import Location
from trimtab.lab.recording import read_recording
from trimtab.lab.world.artifacts import world_directory
from trimtab.mandate import Mandate

DEMO_CAPITAL = {"USDC": 500_000, "WETH": 300_000, "WBTC": 200_000}
"""Whole dollars that the demo begins with: away from its mix, so that it has to trade into it."""
SETUP_SECONDS = "TRIMTAB_SETUP_SECONDS"

Run = Callable[[Location, Watch], Coroutine[Any, Any, Result]]
"""A run that writes this journal and shows every turn."""


def rehearse_command(
    path: Path, setting: Setting, journal: str | None, record: Path | None, *, as_json: bool
) -> None:
    """Run a mandate in the local world; the last line is the result."""
    mandate, text = read_mandate(path)
    seconds = mandate.chain.block_seconds
    hosting = None if record is None else partial(recorded, record, setting, seconds)
    where = new_location(journal, "rehearse")
    result = _watched(
        setting.blocks, where, as_json, partial(rehearse, mandate, text, setting, hosting=hosting)
    )
    _say(result, as_json=as_json)


def rehearse_again_command(
    path: Path,
    folder: Path,
    blocks: int | None,
    journal: str | None,
    refused: set[str],
    *,
    as_json: bool,
) -> None:
    """Run a mandate among recorded others on the real contracts; the last line is the result."""
    if refused:
        options = ", ".join(f"--{name}" for name in sorted(refused))
        raise ConfigError(f"{options}: a recording says that already; leave it out")
    mandate, text = read_mandate(path)
    recording = read_recording(folder)
    check_fits(mandate, recording)
    setting = Setting(recording.set_up.seed, length(recording, blocks))
    where = new_location(journal, "rehearse")
    again = partial(rehearse, mandate, text, setting, hosting=partial(rehosted, recording))
    _say(_watched(setting.blocks, where, as_json, again), as_json=as_json)


def backtest_command(
    path: Path, folder: Path, blocks: int | None, journal: str | None, *, as_json: bool
) -> None:
    """Run a mandate over a recording by the models; the last line is the result."""
    mandate, text = read_mandate(path)
    recording = read_recording(folder)
    most = length(recording, blocks)
    where = new_location(journal, "backtest")
    modelled = partial(backtest, mandate, text, recording, most)
    _say(_watched(most, where, as_json, modelled), as_json=as_json)


def paper_command(
    path: Path, world: Path | None, blocks: int, journal: str | None, *, as_json: bool
) -> None:
    """Run a mandate on paper over live blocks; the last line is the result."""
    mandate, text = read_mandate(path)
    place = place_of(mandate, world)
    where = new_location(journal, "paper")
    on_paper = partial(paper, mandate, text, place, blocks)
    _say(_watched(blocks, where, as_json, on_paper), as_json=as_json)


def demo_command(setting: Setting, *, as_json: bool) -> None:
    """The example mandate, a live view, a report, and one line of JSON."""
    folder = BUILD / "demo"
    mandate = world_directory().parent / "examples" / "mandate.toml"
    setting = replace(setting, capital=DEMO_CAPITAL)
    run = partial(rehearse, *read_mandate(mandate), setting)
    path = fresh_path(folder, "demo", ".sqlite")
    result = _watched(setting.blocks, path, as_json, run)
    page = path.with_suffix(".html")
    with Journal.read(path) as journal:
        write_report(journal, page, "trimtab demo")
    set_up = os.environ.get(SETUP_SECONDS)
    set_up_words = f"set-up {set_up} s, " if set_up is not None else ""
    typer.echo(f"{set_up_words}run {result.seconds:.0f} s", err=as_json)
    typer.echo(f"report: {page}", err=as_json)
    say_json({**result.as_json(), "report": str(page)})


def plan_command(path: Path, world: Path | None, safe_batch: Path | None, *, as_json: bool) -> None:
    """One tick at the newest block; exit code 1 where a limit refuses the plan.

    An approved plan is written to `safe_batch`, where that is named.
    """
    mandate, text = read_mandate(path)
    place = place_of(mandate, world)

    async def once() -> bool:
        async with observed(mandate, place) as (bot, observation):
            outcome = tick(bot, observation, (), Memory())
            judgement = outcome.judgement
            assert judgement is not None, "a first tick has no plan on its way"
            refused = isinstance(judgement.verdict, Refused)
            if safe_batch is not None and isinstance(judgement.verdict, Approved):
                plan, at = judgement.verdict.plan, outcome.states.timestamp
                write_safe_batch(plan, place.book.plan_check, at, safe_batch)
            verdict = "hold" if judgement.plan is None else "refused" if refused else "approved"
            if as_json:
                say_json(
                    {
                        "block": outcome.states.head.number,
                        "verdict": verdict,
                        "why": judgement.why,
                        "plan": plain(judgement.plan),
                        "breaches": plain(judgement.breaches),
                        "view": seen(bot, observation, outcome),
                    }
                )
            else:
                typer.echo(_in_words(bot, mandate, text, observation, outcome))
            return refused

    if asyncio.run(once()):
        raise typer.Exit(1)


def check_command(path: Path, world: Path | None, *, as_json: bool) -> None:
    """The mandate as it is understood, its hash, and what a stolen key could do."""
    mandate, _ = read_mandate(path)
    found = checked(mandate, world)
    if as_json:
        say_json(found)
    else:
        typer.echo(in_words(found))


def support_command(*, as_json: bool) -> None:
    """What the committed table says."""
    if as_json:
        say_json(support.support())
    else:
        typer.echo(support.in_words())


def explain_command(block: int, named: str, *, as_json: bool) -> None:
    """One block in words."""
    with Journal.read(location(named)) as journal:
        if as_json:
            say_json(explanation(journal, block))
        else:
            typer.echo(explain(journal, block))


def report_command(named: str, out: Path, *, as_json: bool) -> None:
    """The page of a run."""
    where = location(named)
    with Journal.read(where) as journal:
        write_report(journal, out, f"trimtab: {name_of(where)}")
    if as_json:
        say_json({"report": str(out)})
    else:
        typer.echo(f"report: {out}")


def world_command(
    out: Path,
    setting: Setting,
    block_seconds: int,
    interval: float,
    *,
    endless: bool,
    as_json: bool,
) -> None:
    """A local world that lives by itself until it is interrupted."""

    def ready(content: dict[str, object], url: str) -> None:
        try:
            out.write_bytes(orjson.dumps(content, option=orjson.OPT_INDENT_2))
        except OSError as error:
            raise ConfigError(
                f"the address book {out} cannot be written ({error.strerror}): name a file in a "
                "folder that exists and can be written"
            ) from None
        if as_json:
            say_json({"rpc": url, "book": str(out)})
        else:
            typer.echo(f"the local world runs at {url}; its address book is {out}; Ctrl-C ends it")

    try:
        asyncio.run(live(setting, block_seconds, interval, ready, endless=endless))
    except KeyboardInterrupt:
        typer.echo("the local world has ended", err=as_json)


def _in_words(
    bot: Bot, mandate: Mandate, text: str, observation: Observation, outcome: Outcome
) -> str:
    """One tick explained, from a journal that is made for it and thrown away."""
    with TemporaryDirectory() as folder, Journal.create(Path(folder) / "plan.sqlite") as journal:
        entry = written(bot, observation, (), outcome)
        start = records.start(
            mandate_hash=mandate_hash(mandate),
            mandate=redacted_text(text),
            account=bot.account,
            code_version=__version__,
            seed=None,
        )
        journal.append(start, *entry.records, blobs=entry.blobs)
        return explain(journal, outcome.states.head.number)


def _watched(blocks: int, journal: Location, as_json: bool, run: Run) -> Result:
    """What a run comes to, shown while it lasts."""
    with LiveView(blocks, quiet=as_json) as view:
        return asyncio.run(run(journal, view.update))


def _say(result: Result, *, as_json: bool) -> None:
    if as_json:
        say_json(result.as_json())
    else:
        _say_result(result)


def _say_result(result: Result) -> None:
    told = result.as_json()
    counts = ("blocks", "decisions", "plans_executed", "refused", "breaches", "skipped")
    typer.echo(", ".join(f"{told[name]} {name.replace('_', ' ')}" for name in counts))
    typer.echo(
        f"equity {told['equity_start']} -> {told['equity_end']} base units of {result.numeraire}; "
        f"conservation error {told['conservation_error']}"
    )
    typer.echo(f"digest {result.digest}\njournal {result.journal}")
