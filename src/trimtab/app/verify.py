"""`verify`: what the models say of recorded chain answers, a line for each file."""

from __future__ import annotations

from pathlib import Path

import typer

from trimtab.app.output import EXIT_JOURNAL, say_json
from trimtab.lab.verify import Judged, Mismatch, Tally, printable, verify

_WIDTHS = (44, 20, 8, 8, 8, 10)


def verify_command(path: Path, *, as_json: bool) -> None:
    """A table, the first mismatches, and the count of all as one line of JSON.

    Raises typer.Exit with 4 where there is a mismatch.
    """
    total = Tally()
    typer.echo(_line("file", "format", "cases", "exact", "unknown", "mismatches"), err=as_json)
    for judged in verify(path):
        typer.echo(printable(_row(path, judged)), err=as_json)
        total.add(judged.tally)
    for line in _told(total):
        typer.echo(printable(line), err=as_json)
    say_json(total.as_json())
    if total.mismatches:
        raise typer.Exit(EXIT_JOURNAL)


def _row(path: Path, judged: Judged) -> str:
    name = judged.path.name if judged.path == path else str(judged.path.relative_to(path))
    tally = judged.tally
    counts = (tally.cases, tally.exact.total(), tally.unknown.total(), tally.mismatches)
    return _line(name, judged.format, *(f"{count:,}" for count in counts))


def _line(*cells: str) -> str:
    """Cells under each other: words left, counts right; a long name loses its head."""
    words = [
        (cell if len(cell) <= width else "…" + cell[1 - width :]).ljust(width)
        for cell, width in zip(cells[:2], _WIDTHS[:2], strict=True)
    ]
    counts = [cell.rjust(width) for cell, width in zip(cells[2:], _WIDTHS[2:], strict=True)]
    return "  ".join([*words, *counts]).rstrip()


def _told(total: Tally) -> list[str]:
    """Which kinds were exact, why others are unknown, and both values of the first mismatches."""
    lines = [""]
    for title, counts in (("exact", total.exact), ("unknown", total.unknown)):
        lines += [f"{title:8}{count:>9,}  {of}" for of, count in counts.most_common()]
    for each in total.first:
        lines += ["", f"mismatch: {each.what}", *_both(each)]
    if total.mismatches > len(total.first):
        lines += ["", f"and {total.mismatches - len(total.first):,} more mismatches"]
    return lines


def _both(mismatch: Mismatch) -> list[str]:
    return [
        f"  {name}: recorded {recorded}, modelled {mismatch.modelled.get(name, 'nothing')}"
        for name, recorded in mismatch.recorded.items()
    ]
