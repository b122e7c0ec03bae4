"""Arguments and options that several commands have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

MandatePath = Annotated[Path, typer.Argument(help="The mandate, a TOML file.", metavar="MANDATE")]
AsJson = Annotated[bool, typer.Option("--json", help="End with one line of JSON.")]
Blocks = Annotated[int, typer.Option(help="Blocks to live through.", min=1)]
Seed = Annotated[int, typer.Option(help="One seed, one chain, one digest.", min=0)]
JournalPath = Annotated[
    str,
    typer.Option("--journal", help="The journal of a run: a file, or postgresql://…, env:NAME."),
]
JournalOut = Annotated[
    str | None,
    typer.Option(help="Where to write the journal: a new file, or postgresql://…, env:NAME."),
]
Recorded = Annotated[
    Path | None,
    typer.Option("--recording", help="A folder of --record: the recorded others act again."),
]
WorldFile = Annotated[
    Path | None, typer.Option("--world", help="The file that `trimtab world --out` wrote.")
]
Why = Annotated[str, typer.Option(help="The reason, for the journal.")]
NodeToRecord = Annotated[
    str | None,
    typer.Option("--rpc", help="Record at a node, env:NAME; without it in a local world."),
]
PoolToRecord = Annotated[
    str | None, typer.Option("--pool", help="Record this Uniswap V3 pool, by its address.")
]
FirstBlock = Annotated[
    int,
    typer.Option("--from", help="Record from this block: of the pool's birth or before.", min=0),
]
