"""What each command does. The command line itself is in `main`."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import orjson
import typer

from trimtab import __version__
from trimtab.app.attached import observed, place_of
from trimtab.app.check import checked, in_words
from trimtab.app.explain import explain, explanation
from trimtab.app.local import Setting
from trimtab.app.output import fresh_path, say_json
from trimtab.app.rehearse import Result, rehearse
from trimtab.app.report import write_report
from trimtab.app.resolve import mandate_hash, read_mandate
from trimtab.app.view import LiveView
from trimtab.app.world import live
from trimtab.core.canonical import plain
from trimtab.core.errors import ConfigError, JournalError
from trimtab.core.plan import Refused
from trimtab.core.reading import Observation
from trimtab.engine.bot import Bot
from trimtab.engine.memory import Memory
from trimtab.engine.recording import seen, written
from trimtab.engine.tick import Outcome, tick
from trimtab.journal import records
from trimtab.journal.store import Journal
from trimtab.lab.world.artifacts import world_directory
from trimtab.mandate import Mandate

BUILD = Path("build")
DEMO_CAPITAL = {"USDC": 500_000, "WETH": 300_000, "WBTC": 200_000}
"""Whole dollars that the demo begins with: away from its mix, so that it has to trade into it."""
SETUP_SECONDS = "TRIMTAB_SETUP_SECONDS"


def rehearse_command(path: Path, setting: Setting, journal: Path | None, *, as_json: bool) -> None:
    """Run a mandate in the local world; the last line is the result."""
    result = _rehearsed(path, setting, journal or fresh_path(BUILD, "rehearse", ".sqlite"), as_json)
    if as_json:
        say_json(result.as_json())
    else:
        _say_result(result)


def demo_command(setting: Setting, *, as_json: bool) -> None:
    """The example mandate, a live view, a report, and one line of JSON."""
    folder = BUILD / "demo"
    mandate = world_directory().parent / "examples" / "mandate.toml"
    setting = replace(setting, capital=DEMO_CAPITAL)
    result = _rehearsed(mandate, setting, fresh_path(folder, "demo", ".sqlite"), as_json)
    page = result.journal.with_suffix(".html")
    with Journal.read(result.journal) as journal:
        write_report(journal, page, "trimtab demo")
    set_up = os.environ.get(SETUP_SECONDS)
    set_up_words = f"set-up {set_up} s, " if set_up is not None else ""
    typer.echo(f"{set_up_words}run {result.seconds:.0f} s", err=as_json)
    typer.echo(f"report: {page}", err=as_json)
    say_json({**result.as_json(), "report": str(page)})


def plan_command(path: Path, world: Path | None, *, as_json: bool) -> None:
    """One tick at the newest block; exit code 1 where a limit refuses the plan."""
    mandate, text = read_mandate(path)
    place = place_of(mandate, world)

    async def once() -> bool:
        async with observed(mandate, place) as (bot, observation):
            outcome = tick(bot, observation, (), Memory())
            judgement = outcome.judgement
            assert judgement is not None, "a first tick has no plan on its way"
            refused = isinstance(judgement.verdict, Refused)
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


def explain_command(block: int, path: Path, *, as_json: bool) -> None:
    """One block in words."""
    with Journal.read(path) as journal:
        if as_json:
            say_json(explanation(journal, block))
        else:
            typer.echo(explain(journal, block))


def report_command(path: Path, out: Path, *, as_json: bool) -> None:
    """The page of a run."""
    with Journal.read(path) as journal:
        write_report(journal, out, f"trimtab: {path.stem}")
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
            mandate=text,
            account=bot.account,
            code_version=__version__,
            seed=None,
        )
        journal.append(start, *entry.records, blobs=entry.blobs)
        return explain(journal, outcome.states.head.number)


def _rehearsed(path: Path, setting: Setting, journal: Path, as_json: bool) -> Result:
    mandate, text = read_mandate(path)
    try:
        journal.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise JournalError(
            f"the folder {journal.parent} cannot be made ({error.strerror}): name a journal in "
            "another"
        ) from None
    with LiveView(setting.blocks, quiet=as_json) as view:
        return asyncio.run(rehearse(mandate, text, setting, journal, view.update))


def _say_result(result: Result) -> None:
    told = result.as_json()
    counts = ("blocks", "decisions", "plans_executed", "refused", "breaches", "skipped")
    typer.echo(", ".join(f"{told[name]} {name.replace('_', ' ')}" for name in counts))
    typer.echo(
        f"equity {told['equity_start']} -> {told['equity_end']} base units of {result.numeraire}; "
        f"conservation error {told['conservation_error']}"
    )
    typer.echo(f"digest {result.digest}\njournal {result.journal}")
