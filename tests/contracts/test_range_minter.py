"""forge, halmos and slither on RangeMinter, and on RangeMinter with one thing wrong."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.contracts.project import Project, project

LATE = "if (block.timestamp > deadline) revert Late(block.timestamp, deadline);"
BILLED = "if (msg.sender != pool || pool == address(0)) revert NotAPool(msg.sender);"
CONSENT = "answer.length >= 32 && abi.decode(answer, (uint256)) == 1"
MUTANTS = {
    "a second too early": ("block.timestamp > deadline", "block.timestamp >= deadline"),
    "no deadline": (LATE, ""),
    "no pool": ("if (pool == address(0)) revert NoPool();", ""),
    "tokens exchanged": ("token0 < token1 ?", "token0 != token1 ?"),
    "one unit too little": ("if (liquidity < least)", "if (liquidity + 1 < least)"),
    "one unit too much": ("if (liquidity < least)", "if (liquidity <= least)"),
    "another owner": (".mint(msg.sender, range.lower", ".mint(address(this), range.lower"),
    "owner is who began": (".mint(msg.sender, range.lower", ".mint(tx.origin, range.lower"),
    "payer is who began": ("Payment(msg.sender, range.token0", "Payment(tx.origin, range.token0"),
    "anyone bills": (BILLED, ""),
    "zero bills": ("msg.sender != pool || pool == address(0)", "msg.sender != pool"),
    "token0 without a bound": ("if (owed0 > payment.most0)", "if (false)"),
    "token1 without a bound": ("if (owed1 > payment.most1)", "if (false)"),
    "token0 at its bound": ("owed0 > payment.most0", "owed0 >= payment.most0"),
    "token1 at its bound": ("owed1 > payment.most1", "owed1 >= payment.most1"),
    "bounds exchanged": ("range.fee, most0, most1)", "range.fee, most1, most0)"),
    "token0 not paid": ("_pay(payment.token0, payment.payer, owed0);", ""),
    "token1 not paid": ("_pay(payment.token1, payment.payer, owed1);", ""),
    "nothing is transferred": ("if (owed == 0) return;", ""),
    "payer is paid": ("(payer, msg.sender, owed)", "(msg.sender, payer, owed)"),
    "reverted payment": ("!paid || !_isConsent", "!_isConsent"),
    "answer not read": ("!paid || !_isConsent(token, answer)", "!paid"),
    "silence is none": ("return token.code.length > 0;", "return false;"),
    "short answer": ("answer.length >= 32", "answer.length >= 31"),
    "longer answer": ("answer.length >= 32", "answer.length == 32"),
    "any word is true": (CONSENT, "answer.length >= 32 && abi.decode(answer, (uint256)) != 0"),
    "roots in the order told": ("one < other ? (one, other)", "true ? (one, other)"),
    "price at the lower end": ("price <= lower", "price < lower"),
    "price at the upper end": ("price >= upper", "price > upper"),
    "greater of both": ("of0 < of1 ? of0 : of1", "of0 < of1 ? of1 : of0"),
    "token0 from the lower end": ("_liquidityOf0(price, upper,", "_liquidityOf0(lower, upper,"),
    "token1 to the upper end": ("_liquidityOf1(lower, price,", "_liquidityOf1(lower, upper,"),
    "product rounded up": ("Math.mulDiv(lower, upper, ONE)", "Math.mulDiv(lower, upper, ONE) + 1"),
    "beyond 256 bits": ("high >= denominator", "high > denominator"),
    "128 bits cut off": ("if (ratio > type(uint128).max) revert Overflow();", ""),
    "128 bits not filled": ("ratio > type(uint128).max", "ratio >= type(uint128).max"),
    "rounded up": ("return uint128(ratio);", "return uint128(ratio + 1);"),
}


@pytest.fixture
def copy(tmp_path: Path) -> Project:
    return project(tmp_path, "RangeMinter")


def test_forge__unit_and_fuzz_on_the_real_pool__every_test_passes(
    copy: Project, record_property: Callable[[str, object], None]
) -> None:
    tests = copy.forge_tests()
    ran = sorted(name.rpartition(":")[2] for name in tests)
    assert ran == copy.functions("RangeMinter", "test")
    assert {
        name: test["reason"] for name, test in tests.items() if test["status"] != "Success"
    } == {}
    fuzzed = [test["kind"]["Fuzz"]["runs"] for test in tests.values() if "Fuzz" in test["kind"]]
    told = f"RangeMinter by forge: {len(tests)} tests, {sum(fuzzed):,} fuzzed calls"
    record_property("told", told)
    assert min(fuzzed) == 1_000


def test_forge__each_thing_wrong__some_test_fails(copy: Project) -> None:
    assert copy.killed(MUTANTS) == set(MUTANTS)


def test_halmos__any_caller_bill_and_bounds__only_the_caller_pays_and_only_the_pool_is_paid(
    copy: Project, record_property: Callable[[str, object], None]
) -> None:
    proofs = copy.proofs()
    assert sorted(proofs) == copy.functions("RangeMinterProof", "check_")
    assert {name: proof["exitcode"] for name, proof in proofs.items()} == dict.fromkeys(proofs, 0)
    assert {proof["num_bounded_loops"] for proof in proofs.values()} == {0}
    paths = [proof["num_paths"][0] for proof in proofs.values()]
    record_property("told", f"RangeMinter by halmos: {len(proofs)} proofs, {sum(paths)} paths")
    assert min(paths) > 50


@pytest.mark.parametrize(
    "old, new",
    [
        pytest.param(BILLED, "", id="anyone bills"),
        pytest.param("(payer, msg.sender, owed)", "(payer, tx.origin, owed)", id="thief is paid"),
        pytest.param("if (owed1 > payment.most1)", "if (false)", id="no bound"),
    ],
)
def test_halmos__one_thing_wrong__counterexample(copy: Project, old: str, new: str) -> None:
    copy.change(old, new)
    (proof,) = copy.proofs("check_bill_").values()
    assert (proof["exitcode"], proof["num_models"] > 0) == (1, True)


def test_slither__contract__nothing_found(copy: Project) -> None:
    assert copy.slither_findings() == []


def test_slither__leave_taken_away__what_was_judged_is_found(copy: Project) -> None:
    judged = ("missing-zero-check", "timestamp", "low-level-calls", *2 * ("unused-return",))
    for each in judged:
        copy.change(f"// slither-disable-next-line {each}\n", "\n")
    assert copy.slither_findings() == sorted(judged)
