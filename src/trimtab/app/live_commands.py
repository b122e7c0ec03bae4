"""The commands of a live run: run, halt, resume, unwind, and a plan as an unsigned batch."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import typer

from trimtab.app.attached import place_of
from trimtab.app.journals import location
from trimtab.app.logs import Log
from trimtab.app.numbers import count
from trimtab.app.output import say_json
from trimtab.app.recorded import Tick, part_of
from trimtab.app.rehearse import Watch
from trimtab.app.resolve import read_mandate
from trimtab.app.running import Going, go
from trimtab.app.spool import Given, Spool
from trimtab.app.view import LiveView
from trimtab.core.errors import ConfigError
from trimtab.core.token import Address
from trimtab.journal.store import Journal
from trimtab.journal.tables import Location

RUN = "build/run.sqlite"
"""The journal of a run that names none: a run goes on with it."""
INTERRUPTED = 130
"""The exit code of a run that Ctrl-C ended: 128 and the number of the signal, as shells have it."""


def run_command(
    path: Path, world: Path | None, going: Going, journal: str | None, *, as_json: bool
) -> None:
    """Run a mandate on a live chain; the last line is the result."""
    mandate, text = read_mandate(path)
    place = place_of(mandate, world)
    where = location(journal or RUN)

    try:
        with _watching(going, mandate.chain.id, place.account, where, as_json=as_json) as shown:
            result = asyncio.run(go(mandate, text, place, going, where, *shown))
    except KeyboardInterrupt:
        words = f"stopped; `trimtab run` goes on with {where}"
        if as_json:
            say_json({"stopped": words, "journal": str(where)})
        typer.echo(words, err=True)
        raise typer.Exit(INTERRUPTED) from None
    if as_json:
        say_json(result.as_json())
        return
    counts = result.tally.counts
    let_go = "skipped" if going.is_armed else "skipped or not sent"
    typer.echo(
        f"{count(counts['blocks'], 'block')}, {count(counts['plans_executed'], 'plan')} executed, "
        f"{counts['skipped']} {let_go}; conservation error {result.tally.error}\n"
        f"journal {where}"
    )


@contextmanager
def _watching(
    going: Going, chain: int, account: Address, where: Location, *, as_json: bool
) -> Iterator[tuple[Watch, Callable[[str], None]]]:
    """Who watches a run, and who hears of it: a terminal, or lines for a machine."""
    if not sys.stderr.isatty():
        log = Log(str(where), chain, account)
        yield log.watch, log.tell
        return
    with LiveView(going.blocks, quiet=as_json) as view:
        yield view.update, view.tell


def order_command(order: str, why: str, to: str | None, journal: str, *, as_json: bool) -> None:
    """Give a running manager an order; it takes it at its next block."""
    where = location(journal)
    with Journal.read(where) as read:
        address = _token(read, to) if order == "unwind" else None
    path = Spool.beside(where).give(Given(order, why, address))
    if as_json:
        say_json({"order": order, "file": str(path)})
    else:
        typer.echo(f"{order}: the run that writes {where} takes it at its next block")


def _token(journal: Journal, symbol: str | None) -> str:
    """The address of a token of the run's book, by default of its numeraire.

    Raises ConfigError for one that it does not hold.
    """
    newest = journal.sequences("tick", 1)
    if not newest:
        raise ConfigError(f"{journal.where} has no block yet: let it run first")
    (record,) = journal.records(after=newest[0] - 1, until=newest[0])
    seen = part_of(record, record.economic, Tick).view
    if symbol is None:
        return seen.numeraire
    named = {token.symbol: address for address, token in seen.tokens.items()}
    if symbol not in named:
        known = ", ".join(sorted(named))
        raise ConfigError(f"the run has no token {symbol!r}; expected one of {known}")
    return named[symbol]
