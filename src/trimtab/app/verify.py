"""`verify`: what the models say of recorded chain answers, a line for each file."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import typer

from trimtab.app.output import EXIT_JOURNAL, say_json
from trimtab.chain.secret import RpcUrl
from trimtab.core.errors import ConfigError
from trimtab.core.token import Address, address
from trimtab.lab.verify import (
    Judged,
    Mismatch,
    Tally,
    check_new,
    live,
    node_at,
    printable,
    record,
    verify,
)
from trimtab.lab.world import local_world

_WIDTHS = (44, 21, 8, 8, 8, 8, 10)


@dataclass(frozen=True, slots=True)
class Source:
    """Where a recording is made: at a node, or in a local world that lives by its seed."""

    rpc: str | None
    pool: str | None
    first: int
    seed: int


def source_of(
    *, record: bool, rpc: str | None, pool: str | None, first: int, seed: int
) -> Source | None:
    """Where to record, none where nothing is to be recorded. Raises ConfigError for half of it."""
    if not record and (rpc is not None or pool is not None or first):
        raise ConfigError("--rpc, --pool and --from say what to record: say --record too")
    if (rpc is None) != (pool is None):
        raise ConfigError("a pool of a chain is recorded by --rpc env:NAME and --pool ADDRESS both")
    return Source(rpc, pool, first, seed) if record else None


def verify_command(path: Path, source: Source | None, *, as_json: bool) -> None:
    """A table, the first mismatches, and the count of all as one line of JSON.

    With a source the recording is made first. Raises typer.Exit with 4 where there is a mismatch.
    """
    if source is not None:
        count = asyncio.run(_recorded(path, source))
        typer.echo(f"{count:,} events of a pool are in {path}", err=as_json)
    total = Tally()
    typer.echo(
        _line("file", "format", "cases", "exact", "within", "unknown", "mismatches"), err=as_json
    )
    for judged in verify(path):
        typer.echo(printable(_row(path, judged)), err=as_json)
        total.add(judged.tally)
    for line in _told(total):
        typer.echo(printable(line), err=as_json)
    say_json(total.as_json())
    if total.mismatches:
        raise typer.Exit(EXIT_JOURNAL)


async def _recorded(folder: Path, source: Source) -> int:
    """How many events of the pool were written into the folder."""
    check_new(folder)
    if source.rpc is not None and source.pool is not None:
        url, pool = RpcUrl.load(source.rpc), address(source.pool)
        return await _from_node(url, pool, source.first, folder)
    with local_world() as world:
        pool = live(world, source.seed)
        return await _from_node(RpcUrl(world.node.url), pool, source.first, folder)


async def _from_node(url: RpcUrl, pool: Address, first: int, folder: Path) -> int:
    node = await node_at(url)
    try:
        return await record(node, pool, first, folder, partial(typer.echo, err=True))
    finally:
        await node.close()


def _row(path: Path, judged: Judged) -> str:
    name = judged.path.name if judged.path == path else str(judged.path.relative_to(path))
    tally = judged.tally
    exact, unknown = tally.exact.total(), tally.unknown.total()
    counts = (tally.cases, exact, tally.near, unknown, tally.mismatches)
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
    """Which kinds were exact or near, why others are unknown, and both sides of mismatches."""
    lines = [""]
    lines += [f"{'exact':8}{count:>9,}  {of}" for of, count in total.exact.most_common()]
    for of, near in total.within.items():
        lines += [f"{'within':8}{near.count:>9,}  {of}"]
        told = {name: value for name, value in near.as_json().items() if name != "cases"}
        lines += [f"{'':19}{', '.join(f'{name} {value}' for name, value in told.items())}"] * bool(
            told
        )
    lines += [f"{'unknown':8}{count:>9,}  {of}" for of, count in total.unknown.most_common()]
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
