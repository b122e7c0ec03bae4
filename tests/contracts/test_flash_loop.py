"""forge, halmos and slither on FlashLoop, and on FlashLoop with one thing wrong."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.contracts.project import Project, project

LATE = "if (block.timestamp > deadline) revert Late(block.timestamp, deadline);"
BUSY = "if (_awaited() != IDLE) revert Busy();"
INITIATOR = "if (initiator != address(this)) revert NotAwaited(msg.sender);"
AWAITED = "if (_awaited() != _seal(msg.sig, msg.sender, data)) revert NotAwaited(msg.sender);"
SEAL = "keccak256(abi.encode(called, caller, data))"
UNLENT = "_order(turn.loop.debt, abi.encodeCall(HeldToken.approve, (lender, 0)));"
UNSUPPLIED = "_order(loop.collateral, abi.encodeCall(HeldToken.approve, (loop.pool, 0)));"
UNREPAID = "_order(loop.debt, abi.encodeCall(HeldToken.approve, (loop.pool, 0)));"
PREMIUM = "uint256 owed = turn.loan + premium;"
SPENT = "if (spent != turn.loan) revert Stopped(spent, turn.loan);"
RECEIVED = "if (received != bought) revert Stopped(received, bought);"
DEBTOR = "VARIABLE, 0, turn.account"
PAYER = "(turn.account, address(this), owed"
UNLIMITED = "zeroForOne ? 4295128740 : 1461446703485210103287273052203988822378723970341"
CONSENT = "answer.length >= 32 && abi.decode(answer, (uint256)) == 1"
MUTANTS = {
    "a second too early": ("block.timestamp > deadline", "block.timestamp >= deadline"),
    "no deadline": (LATE, ""),
    "calls within calls": (BUSY, ""),
    "no pool": ("if (pool == address(0)) revert NoPool();", ""),
    "lender that does nothing": ("if (_awaited() != DONE) revert NotLent();", ""),
    "who began enters": ("Turn(msg.sender, true", "Turn(tx.origin, true"),
    "who began leaves": ("Turn(msg.sender, false", "Turn(tx.origin, false"),
    "entering leaves": ("Turn(msg.sender, true", "Turn(msg.sender, false"),
    "leaving enters": ("Turn(msg.sender, false", "Turn(msg.sender, true"),
    "anyone began it": (INITIATOR, ""),
    "anyone calls back": (AWAITED, ""),
    "any caller calls back": (SEAL, "keccak256(abi.encode(called, data))"),
    "any data come back": (SEAL, "keccak256(abi.encode(called, caller))"),
    "any function is called back": (SEAL, "keccak256(abi.encode(caller, data))"),
    "awaited for ever": ("_await(AT_WORK);", ""),
    "awaited again": ("_await(AT_WORK);", "_await(IDLE);"),
    "never done": ("_await(DONE);", ""),
    "done too early": ("_await(DONE);", "_await(IDLE);"),
    "busy for ever": ("        _await(IDLE);\n", ""),
    "another referral": ("turn.loan, data, 0);", "turn.loan, data, 1);"),
    "loan without its premium": (PREMIUM, "uint256 owed = turn.loan; premium;"),
    "lender not allowed": ("approve, (msg.sender, owed)", "approve, (msg.sender, 0)"),
    "allowed to the lender": (UNLENT, ""),
    "allowed to the pool for collateral": (UNSUPPLIED, ""),
    "allowed to the pool for debt": (UNREPAID, ""),
    "rest of the debt token kept": ("_give(turn.loop.debt, turn.account);", ""),
    "rest of the collateral kept": ("_give(turn.loop.collateral, turn.account);", ""),
    "rest of the shares kept": ("        _give(loop.shares, turn.account);\n", ""),
    "one unit kept": ("if (left > 0)", "if (left > 1)"),
    "nothing is given": ("if (left > 0)", ""),
    "rest is given to who began": (
        "HeldToken.transfer, (account, left)", "HeldToken.transfer, (tx.origin, left)"
    ),
    "entered in part": (SPENT, ""),
    "left in part": (RECEIVED, ""),
    "one unit too little": ("received < turn.bound", "received + 1 < turn.bound"),
    "least refused": ("received < turn.bound", "received <= turn.bound"),
    "one unit too much": ("owed > turn.bound", "owed > turn.bound + 1"),
    "most refused": ("owed > turn.bound", "owed >= turn.bound"),
    "supplied for itself": ("received, turn.account, 0", "received, address(this), 0"),
    "less is supplied": ("loop.collateral, received,", "loop.collateral, received - 1,"),
    "supplied with a referral": ("received, turn.account, 0", "received, turn.account, 1"),
    "borrowed for itself": (DEBTOR, "VARIABLE, 0, address(this)"),
    "borrowed with a referral": (DEBTOR, "VARIABLE, 1, turn.account"),
    "another rate": ("VARIABLE = 2", "VARIABLE = 1"),
    "repaid for another": ("turn.loan, VARIABLE, turn.account", "turn.loan, VARIABLE, msg.sender"),
    "one unit not repaid": (".repay(loop.debt, turn.loan,", ".repay(loop.debt, turn.loan - 1,"),
    "the rest bought again": ("owed - (turn.loan - repaid)", "owed"),
    "premium not bought": ("owed - (turn.loan - repaid)", "repaid"),
    "loans cut off": ("SafeCast.toInt256(turn.loan)", "int256(turn.loan)"),
    "debts cut off": ("SafeCast.toInt256(bought)", "int256(bought)"),
    "spent instead of received": ("-SafeCast.toInt256(bought)", "SafeCast.toInt256(bought)"),
    "always the same way": ("turn.inward == (loop.debt", "true == (loop.debt"),
    "the other way": ("loop.debt < loop.collateral", "loop.debt > loop.collateral"),
    "received by another": (".swap(address(this),", ".swap(turn.account,"),
    "without a limit": ("turn.limit, data", f"{UNLIMITED}, data"),
    "always token0 is owed": ("amount0 > 0 ? amount0 : amount1", "amount0"),
    "always token1 is owed": ("amount0 > 0 ? amount0 : amount1", "amount1"),
    "no unit more": ("owed + 1)", "owed)"),
    "two units more": ("owed + 1)", "owed + 2)"),
    "another's shares": (PAYER, "(tx.origin, address(this), owed"),
    "withdrawn for itself": ("owed, msg.sender);", "owed, address(this));"),
    "more is withdrawn": ("(loop.collateral, owed,", "(loop.collateral, owed + 1,"),
    "refused order": ("!done || !_isConsent", "!_isConsent"),
    "answer not read": ("!done || !_isConsent(token, answer)", "!done"),
    "silence is none": ("return token.code.length > 0;", "return false;"),
    "silence of nobody": ("return token.code.length > 0;", "return true;"),
    "short answer": ("answer.length >= 32", "answer.length >= 31"),
    "longer answer": ("answer.length >= 32", "answer.length == 32"),
    "any word is true": (CONSENT, "answer.length >= 32 && abi.decode(answer, (uint256)) != 0"),
}  # fmt: skip


@pytest.fixture
def copy(tmp_path: Path) -> Project:
    return project(tmp_path, "FlashLoop")


def test_forge__unit_and_fuzz_on_the_real_exchange__every_test_passes(
    copy: Project, record_property: Callable[[str, object], None]
) -> None:
    tests = copy.forge_tests()
    ran = sorted(name.rpartition(":")[2] for name in tests)
    assert ran == copy.functions("FlashLoop", "test")
    assert {
        name: test["reason"] for name, test in tests.items() if test["status"] != "Success"
    } == {}
    fuzzed = [test["kind"]["Fuzz"]["runs"] for test in tests.values() if "Fuzz" in test["kind"]]
    told = f"FlashLoop by forge: {len(tests)} tests, {sum(fuzzed):,} fuzzed calls"
    record_property("told", told)
    assert min(fuzzed) == 1_000


@pytest.mark.parametrize("third", range(3))
def test_forge__each_thing_wrong__some_test_fails(copy: Project, third: int) -> None:
    some = dict(list(MUTANTS.items())[third::3])
    assert copy.killed(some) == set(some)


def test_halmos__any_caller_lender_and_exchange__only_for_the_caller_and_nothing_is_kept(
    copy: Project, record_property: Callable[[str, object], None]
) -> None:
    proofs = copy.proofs()
    assert sorted(proofs) == copy.functions("FlashLoopProof", "check_")
    assert {name: proof["exitcode"] for name, proof in proofs.items()} == dict.fromkeys(proofs, 0)
    assert {proof["num_bounded_loops"] for proof in proofs.values()} == {0}
    paths = [proof["num_paths"][0] for proof in proofs.values()]
    record_property("told", f"FlashLoop by halmos: {len(proofs)} proofs, {sum(paths)} paths")
    assert min(paths) > 10


@pytest.mark.parametrize(
    "proof, old, new",
    [
        pytest.param("check_exchange", AWAITED, "", id="anyone calls back"),
        pytest.param("check_enter", INITIATOR, "", id="anyone began it"),
        pytest.param("check_enter", UNSUPPLIED, "", id="allowed to the pool"),
        pytest.param("check_enter", DEBTOR, "VARIABLE, 0, tx.origin", id="debt"),
        pytest.param("check_leave", UNLENT, "", id="allowed to the lender"),
        pytest.param("check_leave", PAYER, "(tx.origin, address(this), owed", id="shares"),
        pytest.param("check_leave", "_give(turn.loop.debt, turn.account);", "", id="rest kept"),
    ],
)  # fmt: skip
def test_halmos__one_thing_wrong__counterexample(
    copy: Project, proof: str, old: str, new: str
) -> None:
    copy.change(old, new)
    (found,) = copy.proofs(proof).values()
    assert (found["exitcode"], found["num_models"] > 0) == (1, True)


def test_slither__contract__nothing_found(copy: Project) -> None:
    assert copy.slither_findings() == []


def test_slither__leave_taken_away__what_was_judged_is_found(copy: Project) -> None:
    judged = (
        "missing-zero-check", "timestamp", "low-level-calls", "unused-return",
        *2 * ("assembly", "incorrect-equality"),
    )  # fmt: skip
    for each in judged:
        copy.change(f"// slither-disable-next-line {each}\n", "\n")
    assert copy.slither_findings() == sorted(judged)
