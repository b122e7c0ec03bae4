"""The contracts as a foundry project in a folder of its own, and the programs that examine it.

forge comes with the world; halmos and slither have an environment of their own, which
`make contracts` sets up. They are run as programs and never imported.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from trimtab.lab.world import contracts_directory, package, world_directory
from trimtab.lab.world.compile import RUNS, SOLC, node_binary

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ROOT / ".venv-contracts" / "bin"
REQUIRED = "TRIMTAB_CONTRACT_TOOLS"
"""Where this is `required`, a program that is not installed fails its tests and skips none."""

FUZZ_RUNS = 1_000
MUTANT_RUNS = 100
MUTANTS_AT_ONCE = 13
"""How many copies of a contract and its tests the compiler has memory for."""

LOOPS = 16
"""How often halmos goes round a loop. It tells where that is too little, and then nothing holds."""

_SECONDS = 300
_FORGE = "@foundry-rs/forge-linux-amd64/bin/forge"
_SETTINGS = """
[profile.default]
src = "contracts"
test = "contracts/test"
libs = []
solc = "{solc}"
offline = true
ast = true
remappings = ["@openzeppelin/={modules}/@openzeppelin/"]
allow_paths = ["{modules}"]
fs_permissions = [{{ access = "read", path = "{modules}" }}]
optimizer = true
optimizer_runs = {runs}
bytecode_hash = "none"

[lint]
lint_on_build = false

[fuzz]
runs = {fuzz_runs}
seed = "0x1"
"""


@dataclass(frozen=True, slots=True)
class Project:
    """A copy of one of the contracts and its tests, in which sources may be changed."""

    folder: Path
    contract: str

    @property
    def sources(self) -> Path:
        return self.folder / "contracts"

    def change(self, old: str, new: str, file: str = "") -> None:
        """Replace the first occurrence of a text that must be there, in the contract or a file."""
        path = self.folder / (file or f"contracts/{self.contract}.sol")
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{file} has no {old!r}"
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    def run(self, program: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        """What a program says about the project."""
        tools = (package(_FORGE).parent, TOOLS)
        path = os.pathsep.join([*map(str, tools), os.environ.get("PATH", os.defpath)])
        return subprocess.run(
            [str(program), *arguments],
            cwd=self.folder,
            env=os.environ
            | {
                "PATH": path,
                "NO_COLOR": "1",
                "NODE_MODULES": str(world_directory() / "node_modules"),
            },
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )

    def forge_tests(self) -> dict[str, dict[str, Any]]:
        """Every test of every suite: `suite:test` with forge's own report of it."""
        done = self.run(package(_FORGE), "test", "--json")
        start = done.stdout.find("{")
        assert start >= 0, f"forge test failed: {done.stdout[-800:]}{done.stderr[-800:]}"
        suites = json.loads(done.stdout[start:])
        return {
            f"{suite}:{name.partition('(')[0]}": test
            for suite, found in suites.items()
            for name, test in found["test_results"].items()
        }

    def killed(self, mutants: Mapping[str, tuple[str, str]]) -> set[str]:
        """The mutants, each a text of the contract and what replaces it, that fail a test."""
        original = self.folder / "original"
        shutil.copytree(self.sources, original)
        (original / "test" / f"{self.contract}Proof.t.sol").unlink()
        self.change("optimizer = true", "optimizer = false", "foundry.toml")  # most of the time
        self.change(f"runs = {FUZZ_RUNS}", f"runs = {MUTANT_RUNS}", "foundry.toml")
        killed = set()
        for some in batches(mutants, MUTANTS_AT_ONCE):
            for number, name in enumerate(some):
                shutil.copytree(original, self.sources / f"mutant{number}")
                changed = f"contracts/mutant{number}/{self.contract}.sol"
                self.change(*mutants[name], file=changed)
            tests = self.forge_tests().items()
            failed = {name.split("/")[1] for name, test in tests if test["status"] != "Success"}
            killed |= {name for number, name in enumerate(some) if f"mutant{number}" in failed}
            for number in range(len(some)):
                shutil.rmtree(self.sources / f"mutant{number}")
        return killed

    def functions(self, source: str, prefix: str) -> list[str]:
        """The functions of a test's source whose names begin so, in order."""
        text = (self.sources / "test" / f"{source}.t.sol").read_text(encoding="utf-8")
        return sorted(re.findall(rf"function ({prefix}\w*)\(", text))

    def format_differences(self) -> str:
        return self.run(package(_FORGE), "fmt", "--check", "contracts").stdout

    def proofs(self, prefix: str = "check_") -> dict[str, Mapping[str, Any]]:
        """halmos' own report of every function whose name begins so."""
        done = self.run(
            tool("halmos"), "--contract", f"{self.contract}Proof", "--function", prefix,
            *("--loop", str(LOOPS), "--no-status", "--json-output", "halmos.json"),
        )  # fmt: skip
        report = self.folder / "halmos.json"
        assert report.exists(), f"halmos failed: {done.stdout[-800:]}{done.stderr[-800:]}"
        suites = json.loads(report.read_text(encoding="utf-8"))["test_results"]
        report.unlink()
        return {test["name"].partition("(")[0]: test for tests in suites.values() for test in tests}

    def slither_findings(self) -> list[str]:
        """The detectors that slither's findings in the contracts themselves are of, in order."""
        report = self.folder / "slither.json"
        done = self.run(
            tool("slither"), ".", "--json", report.name, "--filter-paths", "node_modules"
        )
        assert report.exists(), f"slither failed: {done.stdout[-800:]}{done.stderr[-800:]}"
        told = json.loads(report.read_text(encoding="utf-8"))
        report.unlink()
        assert told["success"] is True, told["error"]
        return sorted(found["check"] for found in told["results"].get("detectors", []))


def project(folder: Path, contract: str) -> Project:
    """One of the contracts with its tests, copied into an empty folder, with forge's settings."""
    sources = contracts_directory()
    others = [f"{path.stem}*.sol" for path in sources.glob("*.sol") if path.stem != contract]
    shutil.copytree(sources, folder / "contracts", ignore=shutil.ignore_patterns(*others))
    solc = folder / "solc"
    solc.write_text(
        f'#!/bin/sh\nSOLC_MODULE="{package(SOLC)}" SOLC_VERSION="{_solc_version()}" '
        f'exec "{node_binary()}" "{Path(__file__).with_name("solc.js")}" "$@"\n',
        encoding="utf-8",
    )
    solc.chmod(0o755)
    settings = _SETTINGS.format(
        solc=solc, runs=RUNS, fuzz_runs=FUZZ_RUNS, modules=world_directory() / "node_modules"
    )
    (folder / "foundry.toml").write_text(settings, encoding="utf-8")
    return Project(folder, contract)


def batches(names: Iterable[str], size: int) -> Iterator[list[str]]:
    """The names in lists of this size, and the last of what is left."""
    waiting = iter(names)
    while some := list(islice(waiting, size)):
        yield some


def tool(name: str) -> Path:
    """A program of the contract tools. Without it the test is skipped, unless it is required."""
    program = TOOLS / name
    if not program.exists():
        reason = f"{name} is not installed: run `make contracts`"
        if os.environ.get(REQUIRED) == "required":
            pytest.fail(reason)
        pytest.skip(reason)
    return program


@cache
def _solc_version() -> str:
    script = "process.stdout.write(require(process.argv[1]).version())"
    command = [str(node_binary()), "-e", script, str(package(SOLC))]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=True)
    return done.stdout
