"""forge, halmos and slither on PlanCheck, and on PlanCheck with one thing wrong."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.contracts.project import Project, project

CODE = "if (asked.code.length == 0) revert Unanswered(asked, account);"
LATE = "if (block.timestamp > deadline) revert Late(block.timestamp, deadline);"
MUTANTS = {
    "a second too early": ("block.timestamp > deadline", "block.timestamp >= deadline"),
    "no deadline": (LATE, ""),
    "one unit too much": ("balance < bound.least", "balance <= bound.least"),
    "one unit too little": ("balance < bound.least", "balance + 1 < bound.least"),
    "health at its bound": ("health < bound.least", "health <= bound.least"),
    "first balance left out": ("i = 0; i < balances.length", "i = 1; i < balances.length"),
    "last health left out": ("i < healths.length", "i + 1 < healths.length"),
    "first balance again": ("balances[i];", "balances[0];"),
    "no code": (CODE, ""),
    "short answer": ("!answered || answer.length < size", "!answered"),
    "reverted answer": ("!answered || answer.length < size", "answer.length < size"),
    "another word": ("(,,,,, healthFactor)", "(,,,, healthFactor,)"),
    "pool that answers five words": ("question, 192", "question, 160"),
}


@pytest.fixture
def copy(tmp_path: Path) -> Project:
    return project(tmp_path, "PlanCheck")


def test_forge__unit_and_fuzz__every_test_passes(
    copy: Project, record_property: Callable[[str, object], None]
) -> None:
    tests = copy.forge_tests()
    ran = sorted(name.rpartition(":")[2] for name in tests)
    assert ran == copy.functions("PlanCheck", "test")
    assert {
        name: test["reason"] for name, test in tests.items() if test["status"] != "Success"
    } == {}
    fuzzed = [test["kind"]["Fuzz"]["runs"] for test in tests.values() if "Fuzz" in test["kind"]]
    told = f"PlanCheck by forge: {len(tests)} tests, {sum(fuzzed):,} fuzzed calls"
    record_property("told", told)
    assert min(fuzzed) == 1_000


def test_forge__each_thing_wrong__some_test_fails(copy: Project) -> None:
    assert copy.killed(MUTANTS) == set(MUTANTS)


def test_forge__sources__formatted(copy: Project) -> None:
    assert copy.format_differences() == ""


def test_halmos__up_to_three_bounds_of_a_kind__passes_exactly_what_keeps_them(
    copy: Project, record_property: Callable[[str, object], None]
) -> None:
    proofs = copy.proofs()
    assert sorted(proofs) == copy.functions("PlanCheckProof", "check_")
    assert {name: proof["exitcode"] for name, proof in proofs.items()} == dict.fromkeys(proofs, 0)
    assert {proof["num_bounded_loops"] for proof in proofs.values()} == {0}
    paths = [proof["num_paths"][0] for proof in proofs.values()]
    record_property("told", f"PlanCheck by halmos: {len(proofs)} proofs, {sum(paths)} paths")
    assert min(paths) > 50


def test_halmos__token_without_code_believed__counterexample(copy: Project) -> None:
    copy.change(CODE, "")
    (proof,) = copy.proofs("check_balances_").values()
    assert (proof["exitcode"], proof["num_models"] > 0) == (1, True)


def test_slither__contract__nothing_found(copy: Project) -> None:
    assert copy.slither_findings() == []


def test_slither__leave_taken_away__what_was_judged_is_found(copy: Project) -> None:
    copy.change("// slither-disable-next-line timestamp", "")
    copy.change("// slither-disable-next-line low-level-calls,calls-loop", "")
    assert copy.slither_findings() == ["calls-loop", "low-level-calls", "timestamp"]
