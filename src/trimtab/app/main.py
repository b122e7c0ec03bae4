"""The command line. Commands import what they need when they run, so that help is fast."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from trimtab.app.arguments import (
    AsJson,
    Blocks,
    FirstBlock,
    JournalOut,
    JournalPath,
    MandatePath,
    NodeToRecord,
    PoolToRecord,
    Recorded,
    Seed,
    Why,
    WorldFile,
)
from trimtab.app.output import told

app = typer.Typer(
    name="trimtab",
    help="A portfolio manager for public blockchains: exact models, one loop, one journal.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
)


@app.command()
def check(mandate: MandatePath, world: WorldFile = None, as_json: AsJson = False) -> None:
    """Print the resolved mandate, its hash, and the worst that a stolen key can do under it."""
    from trimtab.app.commands import check_command

    with told(as_json=as_json):
        check_command(mandate, world, as_json=as_json)


@app.command()
def rehearse(
    context: typer.Context,
    mandate: MandatePath,
    blocks: Blocks = 300,
    seed: Seed = 7,
    prices: Annotated[
        Path | None, typer.Option(help="CSV or parquet: time_utc, symbol, close.")
    ] = None,
    symbols: Annotated[
        str | None, typer.Option(help="Which symbol is which token: WETH=ETHUSDT,WBTC=BTCUSDT.")
    ] = None,
    scenario: Annotated[
        Path | None, typer.Option(help="TOML: what others do, block by block.")
    ] = None,
    record: Annotated[
        Path | None, typer.Option(help="A new folder: what others do is recorded there.")
    ] = None,
    recording: Recorded = None,
    journal: JournalOut = None,
    as_json: AsJson = False,
) -> None:
    """Run the mandate in a local world of the real contracts."""
    from trimtab.app.commands import rehearse_again_command, rehearse_command
    from trimtab.app.local import Setting

    setting = Setting(seed, blocks, prices, symbols, scenario)
    with told(as_json=as_json):
        if recording is None:
            rehearse_command(mandate, setting, journal, record, as_json=as_json)
        else:
            most = blocks if "blocks" in _given(context) else None
            refused = _given(context) & {"seed", "prices", "symbols", "scenario", "record"}
            rehearse_again_command(mandate, recording, most, journal, refused, as_json=as_json)


@app.command()
def backtest(
    mandate: MandatePath,
    recording: Annotated[Path, typer.Option(help="A folder of `rehearse --record`.")],
    blocks: Annotated[
        int | None, typer.Option(help="Blocks to live through; all without it.", min=1)
    ] = None,
    journal: JournalOut = None,
    as_json: AsJson = False,
) -> None:
    """Run the mandate over a recording by the models alone: fast, and equal to the rehearsal."""
    from trimtab.app.commands import backtest_command

    with told(as_json=as_json):
        backtest_command(mandate, recording, blocks, journal, as_json=as_json)


@app.command()
def demo(blocks: Blocks = 300, seed: Seed = 3, as_json: AsJson = False) -> None:
    """The main job from start to end: a local world, the example mandate, a report."""
    from trimtab.app.commands import demo_command
    from trimtab.app.local import Setting

    with told(as_json=as_json):
        demo_command(Setting(seed, blocks), as_json=as_json)


@app.command()
def world(
    out: Annotated[Path, typer.Option(help="Where to write the world's address book.")],
    seed: Seed = 7,
    interval: Annotated[
        float, typer.Option(help="Seconds from one block to the next.", min=0.05)
    ] = 1.0,
    block_seconds: Annotated[
        int, typer.Option(help="Seconds of market life in a block.", min=1)
    ] = 3600,
    blocks: Annotated[
        int, typer.Option(help="Stop after so many blocks; 0 goes on for ever.", min=0)
    ] = 0,
    as_json: AsJson = False,
) -> None:
    """A free-running local world with a market on it, for `plan` and for your own tools."""
    from trimtab.app.commands import world_command
    from trimtab.app.local import Setting

    setting = Setting(seed, blocks)
    with told(as_json=as_json):
        world_command(out, setting, block_seconds, interval, endless=not blocks, as_json=as_json)


@app.command()
def plan(
    mandate: MandatePath,
    world: WorldFile = None,
    safe_batch: Annotated[
        Path | None, typer.Option(help="Write an approved plan as an unsigned Safe batch.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """One tick on a live chain: what would be done now. Sends nothing."""
    from trimtab.app.commands import plan_command

    with told(as_json=as_json):
        plan_command(mandate, world, safe_batch, as_json=as_json)


@app.command()
def paper(
    mandate: MandatePath,
    world: WorldFile = None,
    blocks: Annotated[
        int, typer.Option(help="Stop after so many blocks; 0 goes on for ever.", min=0)
    ] = 0,
    journal: JournalOut = None,
    as_json: AsJson = False,
) -> None:
    """Run the mandate over live blocks by the models, with an account on paper. Needs no key."""
    from trimtab.app.commands import paper_command

    with told(as_json=as_json):
        paper_command(mandate, world, blocks, journal, as_json=as_json)


@app.command()
def run(
    mandate: MandatePath,
    world: WorldFile = None,
    arm: Annotated[
        bool, typer.Option("--arm", help="Send what is approved; without it nothing is.")
    ] = False,
    propose: Annotated[
        Path | None,
        typer.Option(help="Not armed: write plans as unsigned Safe batches into this folder."),
    ] = None,
    blocks: Annotated[
        int, typer.Option(help="Stop after so many blocks; 0 goes on for ever.", min=0)
    ] = 0,
    journal: Annotated[
        str | None, typer.Option(help="The run's journal: gone on with if it is there.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Run the mandate on a live chain. It starts disarmed: --arm lets it send."""
    from trimtab.app.live_commands import run_command
    from trimtab.app.running import Going

    with told(as_json=as_json):
        going = Going(blocks, arm, propose)
        run_command(mandate, world, going, journal, as_json=as_json)


@app.command()
def halt(journal: JournalPath, why: Why = "by hand", as_json: AsJson = False) -> None:
    """Let a run take no new risk; it still repairs broken limits, and settles what it sent."""
    from trimtab.app.live_commands import order_command

    with told(as_json=as_json):
        order_command("halt", why, None, journal, as_json=as_json)


@app.command()
def resume(journal: JournalPath, why: Why = "by hand", as_json: AsJson = False) -> None:
    """Close the breakers of a run, and end its unwinding."""
    from trimtab.app.live_commands import order_command

    with told(as_json=as_json):
        order_command("resume", why, None, journal, as_json=as_json)


@app.command()
def unwind(
    journal: JournalPath,
    to: Annotated[
        str | None, typer.Option(help="The token to end up with; by default the numeraire.")
    ] = None,
    why: Why = "by hand",
    as_json: AsJson = False,
) -> None:
    """Let a run bring the whole book into the account as one token, within its limits."""
    from trimtab.app.live_commands import order_command

    with told(as_json=as_json):
        order_command("unwind", why, to, journal, as_json=as_json)


@app.command()
def support(as_json: AsJson = False) -> None:
    """Which protocols and actions are supported, and the code that the law was proven on."""
    from trimtab.app.commands import support_command

    with told(as_json=as_json):
        support_command(as_json=as_json)


@app.command()
def verify(
    path: Annotated[
        Path,
        typer.Argument(help="A recording: a file, or a folder of them.", metavar="PATH"),
    ],
    record: Annotated[
        bool,
        typer.Option("--record", help="Make the recording first: PATH is a new folder."),
    ] = False,
    rpc: NodeToRecord = None,
    pool: PoolToRecord = None,
    first: FirstBlock = 0,
    seed: Seed = 7,
    as_json: AsJson = False,
) -> None:
    """Replay what a chain has said through the models. Ends with 4 where one says otherwise."""
    from trimtab.app.verify import source_of, verify_command

    with told(as_json=as_json):
        source = source_of(record=record, rpc=rpc, pool=pool, first=first, seed=seed)
        verify_command(path, source, as_json=as_json)


@app.command()
def explain(
    block: Annotated[int, typer.Argument(help="The block to explain.", min=0)],
    journal: JournalPath,
    as_json: AsJson = False,
) -> None:
    """What was seen at a block, decided and why, from the journal alone."""
    from trimtab.app.commands import explain_command

    with told(as_json=as_json):
        explain_command(block, journal, as_json=as_json)


@app.command()
def report(
    journal: JournalPath,
    out: Annotated[Path, typer.Option(help="Where to write the page.")] = Path("report.html"),
    as_json: AsJson = False,
) -> None:
    """One self-contained HTML page of a run: equity, weights, costs, every decision."""
    from trimtab.app.commands import report_command

    with told(as_json=as_json):
        report_command(journal, out, as_json=as_json)


def _given(context: typer.Context) -> set[str]:
    """The options that the user named."""
    return {
        name
        for name in context.params
        if (source := context.get_parameter_source(name)) and source.name != "DEFAULT"
    }


def main() -> None:
    """Run the command line."""
    app()
