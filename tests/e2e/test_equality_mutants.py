"""A model that is wrong in one place breaks the equality of what is modelled and what is real."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import orjson
import pytest

from tests.support.command import ROOT, trimtab

pytestmark = pytest.mark.e2e

MANDATE = ROOT / "examples" / "mandate.toml"
BLOCKS = "20"

MUTANTS = (
    (
        "aave_v3/model/rates.py:linear_interest:rounding:rate * seconds // SECONDS_PER_YEAR -> "
        "-(-(rate * seconds) // SECONDS_PER_YEAR)"
    ),
    "aave_v3/model/verbs.py:minted:rounding:ray_div(amount, index) -> amount * 10 ** 27 // index",
    "chainlink/model.py:updated:one-off:state.round_id + 1 -> state.round_id - 1",
    "erc20/model.py:refusal:boundary:movement.raw > allowed -> movement.raw >= allowed",
    (
        "uniswap_v3/model/step.py:amount1_delta_up:rounding:"
        "mul_div_up(liquidity, upper - lower, Q96) -> liquidity * (upper - lower) // Q96"
    ),
)
"""One of each protocol, of parts that every market touches."""


def modelled(mutant: str, recording: Path, journal: Path) -> str:
    """The digest of a backtest, by a mutant if one is named, or the error that halted it."""
    program = ["-m", "tests.mutants.modelled", mutant, str(MANDATE), str(recording), str(journal)]
    done = subprocess.run(
        [sys.executable, *program],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_backtest__model_changed_in_one_place__is_no_longer_the_rehearsal(tmp_path: Path) -> None:
    recording = tmp_path / "recording"
    options = ("--blocks", BLOCKS, "--seed", "7", "--record", str(recording))
    journal = str(tmp_path / "lived.sqlite")
    lived = trimtab("rehearse", str(MANDATE), *options, "--journal", journal, "--json")
    assert lived.code == 0, lived.error
    real = orjson.loads(lived.output.splitlines()[-1])["digest"]
    assert modelled("", recording, tmp_path / "unchanged.sqlite") == real
    for number, mutant in enumerate(MUTANTS):
        assert modelled(mutant, recording, tmp_path / f"{number}.sqlite") != real, mutant
