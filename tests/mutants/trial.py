"""One mutant, loaded in the place of its module, against the law and the models' own tests."""

from __future__ import annotations

import sys
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from types import CodeType

from tests.mutants import stages, suite
from tests.mutants.mutate import Mutant, mutated
from tests.mutants.processes import allow
from tests.mutants.stages import Drawn, Stage
from tests.mutants.suite import Suite
from tests.mutants.touched import MODELS, PACKAGE

SEQUENCE = 3.0
"""Processor time in seconds after which a sequence of the law is taken to go on for ever."""
FEW = 2
"""Sequences of each stage that come before the tests; most mutants break one of them."""
KEPT = ("trimtab.core", "trimtab.lab.world", "tests.support.evm", "tests.mutants")
"""Modules of ours that no model is part of: they are not loaded anew."""


@dataclass(frozen=True, slots=True)
class Checks:
    """What a mutant has to survive: sequences of the law by the stage's name, then tests.

    The proof of a listed mutant is only spot-checked: a few sequences, and the quick tests.
    """

    stages: Sequence[Stage]
    drawn: Mapping[str, Sequence[Drawn]]
    suite: Suite
    listed: Container[str]


@dataclass(frozen=True, slots=True)
class Killer:
    """The check that failed: a sequence of the law, or a test by its node identifier."""

    is_law: bool
    name: str


def killer(mutant: Mutant, checks: Checks) -> Killer | None:
    """The first check that fails under the mutant, or none. The process is not fit for more."""
    put_in_place(mutant)
    if found := _broken_law(mutant, checks, FEW):
        return found
    if failed := suite.first_failure(mutant, checks.suite, quickly=mutant.name in checks.listed):
        return Killer(False, failed)
    return None if mutant.name in checks.listed else _broken_law(mutant, checks, None)


def put_in_place(mutant: Mutant) -> None:
    """Load the mutant, from now on, where its module is asked for."""
    _forget_models()
    sys.meta_path.insert(0, _Instead(mutant))


def _broken_law(mutant: Mutant, checks: Checks, count: int | None) -> Killer | None:
    """The sequence of the law that the mutant breaks; those of its own protocol come first."""
    for stage in sorted(checks.stages, key=lambda stage: stage.protocol != mutant.protocol):
        if not stage.concerns(mutant.protocol):
            continue
        chosen = [
            (number, drawn)
            for number, drawn in enumerate(checks.drawn[stage.name], 1)
            if mutant.function is None or mutant.function in drawn.touched
        ]
        if chosen and (where := _first_broken(stage, chosen[:count])):
            return Killer(True, f"law {stage.name}, {where}")
    return None


def _first_broken(stage: Stage, sequences: Sequence[tuple[int, Drawn]]) -> str | None:
    where = "as first read"
    try:
        allow(SEQUENCE)
        scene = stages.read(stage)
        for number, drawn in sequences:
            where = f"sequence {number}"
            allow(SEQUENCE)
            stages.replay(scene, drawn)
    except Exception as error:  # noqa: BLE001 (whatever is raised shows the mutant)
        return f"{where}: {type(error).__name__}"
    return None


# ----------------------------------------------------------------------------------- loading


class _Mutated(SourceFileLoader):
    """Loads a mutant where its module is asked for."""

    def __init__(self, name: str, path: Path, mutant: Mutant) -> None:
        super().__init__(name, str(path))
        self._mutant = mutant

    def get_code(self, fullname: str) -> CodeType:
        """The mutant, compiled from the source and never from a cache."""
        source = Path(self.path).read_text(encoding="utf-8")
        return compile(mutated(self._mutant, source), self.path, "exec")


class _Instead:
    """Finds the mutant in the place of its module."""

    def __init__(self, mutant: Mutant) -> None:
        self._mutant = mutant
        self._name = f"{PACKAGE}.{mutant.path.removesuffix('.py').replace('/', '.')}"

    def find_spec(self, name: str, path: object, target: object = None) -> ModuleSpec | None:
        """Where to load that one module from."""
        if name != self._name:
            return None
        file = MODELS / self._mutant.path
        return spec_from_file_location(name, file, loader=_Mutated(name, file, self._mutant))


def _forget_models() -> None:
    """Unload what is built on the models, so that it is loaded again, on the mutant."""
    for name in list(sys.modules):
        is_ours = name.startswith(("trimtab.", "tests."))
        if is_ours and not any(f"{name}.".startswith((f"{kept}.",)) for kept in KEPT):
            del sys.modules[name]
