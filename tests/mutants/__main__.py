"""`python -m tests.mutants`: every change of the models has to be noticed by a check."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar, cast

from tests.mutants import equivalents, stages, suite
from tests.mutants.mutate import Mutant, mutants, picked
from tests.mutants.processes import Answered, Died, each
from tests.mutants.stages import Drawn
from tests.mutants.touched import MODELS
from tests.mutants.trial import Checks, Killer, killer
from trimtab.core.kernel.cache import MARK

T = TypeVar("T")

SEQUENCES, SEQUENCES_FOR_SAMPLE = 30, 3
"""How many sequences of the law are drawn on each stage."""
SHOWN_EACH = 100
EXIT_WRONG, EXIT_BROKEN = 1, 2
COLUMNS = ("mutants", "law", "tests", "no end", "equivalent", "survivors")
NO_END = Killer(False, "a check that does not end")
CRASH = Killer(False, "a check that crashes")


class Broken(Exception):
    """The checks themselves do not work, so that they show nothing."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What killed a mutant, or nothing."""

    mutant: Mutant
    killer: Killer | None


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 0 if every mutant that is not listed as equivalent is killed, and no other."""
    options = _options(arguments)
    started = time.monotonic()
    found = all_mutants()
    listed = equivalents.read()
    try:
        verdicts = _verdicts(_chosen(found, listed, options), listed, options)
    except Broken as error:
        print(f"mutants: {error}", file=sys.stderr)
        return EXIT_BROKEN
    wrong = equivalents.mistakes(listed, found) + _mistakes(verdicts, listed)
    if options.all:
        for verdict in verdicts:
            print(verdict.killer.name if verdict.killer else "-", verdict.mutant.name, sep="\t")
    _print_table(verdicts, listed)
    print(*wrong, sep="\n", end="\n" if wrong else "")
    equal = sum(verdict.mutant.name in listed for verdict in verdicts)
    killed = sum(verdict.killer is not None for verdict in verdicts)
    print(
        f"killed {killed} of {len(verdicts) - equal} mutants in "
        f"{time.monotonic() - started:.0f} s, besides {equal} that are proven equivalent"
    )
    return EXIT_WRONG if wrong else 0


def all_mutants() -> list[Mutant]:
    """Every mutant of every module of the models, by file and line.

    Modules of kernels are left out: they are no models, and have a law of their own.
    """
    return [
        mutant
        for path in sorted(MODELS.rglob("*.py"))
        if MARK not in path.read_bytes()
        for mutant in mutants(path.relative_to(MODELS).as_posix(), path.read_text(encoding="utf-8"))
    ]


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("--only", default="", metavar="TEXT", help="mutants whose name has it")
    parser.add_argument("--sample", type=int, default=0, metavar="N", help="N mutants of those")
    parser.add_argument("--seed", type=int, default=0, help="which sample")
    parser.add_argument("--all", action="store_true", help="say of each mutant what killed it")
    parser.add_argument("--jobs", type=int, default=2, help="processes at once")
    parser.add_argument("--sequences", type=int, default=0, help="of the law, on each stage")
    return parser.parse_args(arguments)


# ------------------------------------------------------------------------------------ running


def _chosen(
    found: Sequence[Mutant], listed: Mapping[str, str], options: argparse.Namespace
) -> Sequence[Mutant]:
    named = [mutant for mutant in found if options.only in mutant.name]
    if options.sample:
        unlisted = (mutant for mutant in named if mutant.name not in listed)
        return picked(unlisted, options.sample, options.seed)
    return named


def _verdicts(
    chosen: Sequence[Mutant], listed: Mapping[str, str], options: argparse.Namespace
) -> list[Verdict]:
    """What kills each mutant. Raises Broken where a check fails without any.

    Of all mutants, every test is run first, which also tells what it runs. Of a sample, only the
    tests that killed are run at the end.
    """
    count = options.sequences or (SEQUENCES_FOR_SAMPLE if options.sample else SEQUENCES)
    protocols = {mutant.protocol for mutant in chosen}
    worlds = [stage for stage in stages.stages() if any(map(stage.concerns, protocols))]
    suite.load()
    jobs: list[Callable[[], object]] = [partial(stages.draw, stage, count) for stage in worlds]
    if not options.sample:
        jobs.insert(0, suite.passing)
    answers = [_answer(answer) for _, answer in sorted(each(jobs, options.jobs), key=_number)]
    known = cast(suite.Suite, {} if options.sample else answers.pop(0))
    drawn = cast(list[Sequence[Drawn]], answers)
    by_name = {stage.name: drawn for stage, drawn in zip(worlds, drawn, strict=True)}
    verdicts = _tried(chosen, Checks(worlds, by_name, known, listed), options.jobs)
    if options.sample and (tests := _tests_that_killed(verdicts)):
        for _, answer in each([partial(suite.passing, tests)], 1):
            _answer(answer)
    return verdicts


def _tried(chosen: Sequence[Mutant], checks: Checks, at_once: int) -> list[Verdict]:
    """What kills each mutant, in their order; how far it is goes to the error stream."""
    started, killers = time.monotonic(), dict[int, Killer | None]()
    jobs = (partial(killer, mutant, checks) for mutant in chosen)
    for number, answer in each(jobs, at_once):
        killers[number] = _killer(answer)
        if len(killers) % SHOWN_EACH == 0:
            seconds = time.monotonic() - started
            print(f"{len(killers)} of {len(chosen)} mutants, {seconds:.0f} s", file=sys.stderr)
    return [Verdict(mutant, killers[number]) for number, mutant in enumerate(chosen)]


def _tests_that_killed(verdicts: Sequence[Verdict]) -> set[str]:
    """Their identifiers, without parameters, whose names a mutant may have changed."""
    killers = [verdict.killer for verdict in verdicts if verdict.killer]
    return {killer.name.partition("[")[0] for killer in killers if "::" in killer.name}


def _number(numbered: tuple[int, object]) -> int:
    return numbered[0]


def _killer(answer: Answered[Killer | None] | Died) -> Killer | None:
    """What a trial says killed its mutant, or that the mutant ended the trial itself."""
    if isinstance(answer, Died) and answer.ran_on:
        return NO_END
    if isinstance(answer, Died) and answer.crashed:
        return CRASH
    return _answer(answer)


def _answer(answer: Answered[T] | Died) -> T:
    if isinstance(answer, Died):
        raise Broken(f"a process ended with status {answer.status}: see its words above")
    return answer.value


# ---------------------------------------------------------------------------------- reporting


def _mistakes(verdicts: Sequence[Verdict], listed: Mapping[str, str]) -> list[str]:
    """Mutants that survive and are not listed, and those that are listed and die."""
    survivors = [
        f"survives: {verdict.mutant.name} (line {verdict.mutant.line})"
        for verdict in verdicts
        if verdict.killer is None and verdict.mutant.name not in listed
    ]
    killed = [
        f"listed as equivalent, but killed by {verdict.killer.name}: {verdict.mutant.name}"
        for verdict in verdicts
        if verdict.killer is not None and verdict.mutant.name in listed
    ]
    return survivors + killed


def _print_table(verdicts: Sequence[Verdict], listed: Mapping[str, str]) -> None:
    """By file: mutants, how many the law kills, how many tests kill, how many are equivalent."""
    rows: dict[str, Counter[str]] = {}
    for verdict in verdicts:
        row = rows.setdefault(verdict.mutant.path, Counter())
        row.update(("mutants", _column(verdict, listed)))
    print(f"{'':30}", *(f"{column:>10}" for column in COLUMNS))
    for name, row in [*rows.items(), ("all", sum(rows.values(), Counter[str]()))]:
        print(f"{name:30}", *(f"{row[column]:>10}" for column in COLUMNS))


def _column(verdict: Verdict, listed: Mapping[str, str]) -> str:
    if verdict.killer is None:
        return "equivalent" if verdict.mutant.name in listed else "survivors"
    if verdict.killer == NO_END:
        return "no end"
    return "law" if verdict.killer.is_law else "tests"


if __name__ == "__main__":
    sys.exit(main())
