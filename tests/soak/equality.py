"""`python -m tests.soak equality`: long recordings, modelled and real, two mandates, strangers.

Each line is one mandate over one recording. Rows go to build/soak-equality.json.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import chain
from pathlib import Path

import msgspec

from tests.support.command import ROOT
from tests.support.taped import unwatched
from trimtab.app.local import Setting
from trimtab.app.recordings import backtest, recorded, rehosted
from trimtab.app.rehearse import Result, rehearse
from trimtab.app.resolve import read_mandate
from trimtab.lab.recording import read_recording

FIRST = ROOT / "examples" / "mandate.toml"
SECOND = ROOT / "examples" / "volatility_target.toml"
STRANGERS = ROOT / "examples" / "scenarios" / "strangers.toml"


class Compared(msgspec.Struct, frozen=True):
    """A mandate over a recording: both digests, how long each took, and what was done."""

    mandate: str
    scenario: str
    blocks: int
    plans: int
    failed: int
    modelled: str
    real: str
    seconds: float
    peer_seconds: float

    @property
    def is_equal(self) -> bool:
        """Whether the models were the chain."""
        return self.modelled == self.real


def compared(seed: int, blocks: int, scenario: Path | None) -> list[Compared]:
    """One recording, made by the first mandate, and both mandates over it."""
    with tempfile.TemporaryDirectory() as folder:
        return list(_compared(Path(folder), seed, blocks, scenario))


def _compared(folder: Path, seed: int, blocks: int, scenario: Path | None) -> Iterator[Compared]:
    first, text = read_mandate(FIRST)
    setting, tape = Setting(seed, blocks, scenario=scenario), folder / "recording"
    hosting = partial(recorded, tape, setting, first.chain.block_seconds)
    lived = rehearse(first, text, setting, folder / "lived.sqlite", unwatched, hosting)
    real = {FIRST: asyncio.run(lived)}
    recording = read_recording(tape)
    second, text = read_mandate(SECOND)
    again = partial(rehosted, recording)
    setting = Setting(seed, blocks)
    lived = rehearse(second, text, setting, folder / "again.sqlite", unwatched, again)
    real[SECOND] = asyncio.run(lived)
    for path, result in real.items():
        mandate, text = read_mandate(path)
        journal = folder / f"{path.stem}.sqlite"
        modelled = backtest(mandate, text, recording, blocks, journal, unwatched)
        yield _row(path, scenario, blocks, asyncio.run(modelled), result)


def _row(
    mandate: Path, scenario: Path | None, blocks: int, modelled: Result, real: Result
) -> Compared:
    counts = real.tally.counts
    return Compared(
        mandate=mandate.stem,
        scenario="none" if scenario is None else scenario.stem,
        blocks=blocks,
        plans=counts["plans_executed"],
        failed=counts["plans_failed"],
        modelled=modelled.digest,
        real=real.digest,
        seconds=modelled.seconds,
        peer_seconds=real.seconds,
    )


def main(arguments: Sequence[str]) -> None:
    """Run, print and write; exit code 1 if any digest differs."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak equality", description=__doc__)
    parser.add_argument("--blocks", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=7)
    chosen = parser.parse_args(arguments)
    with ProcessPoolExecutor(2) as pool:
        asked = ([chosen.seed] * 2, [chosen.blocks] * 2, (None, STRANGERS))
        found = list(chain.from_iterable(pool.map(compared, *asked)))
    for each in found:
        print(
            f"{each.mandate}, scenario {each.scenario}: {each.blocks} blocks, {each.plans} plans "
            f"landed, {each.failed} failed, modelled in {each.seconds:.1f} s, real in "
            f"{each.peer_seconds:.1f} s: "
            + ("equal" if each.is_equal else f"{each.modelled} is not {each.real}")
        )
    (ROOT / "build").mkdir(exist_ok=True)
    rows = [_written(each) for each in found]
    (ROOT / "build" / "soak-equality.json").write_bytes(msgspec.json.encode(rows))
    if not all(each.is_equal for each in found):
        raise SystemExit("what is modelled is not what is real")


def _written(each: Compared) -> dict[str, object]:
    """A row as every long run writes it: the models' time beside the contracts'."""
    return {
        "name": f"{each.blocks} blocks, {each.mandate}, scenario {each.scenario}",
        "ours": each.seconds,
        "peer": each.peer_seconds,
        "ratio": each.peer_seconds / each.seconds,
        "goal": None,
        "unit": "s",
        "runs": 1,
        "equal": each.is_equal,
    }
