"""forge, halmos and slither on StakingPool, and on StakingPool with one thing wrong."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.contracts.project import Project, project

OWNER = "if (claimed.owner != msg.sender) revert NotYours(number, msg.sender);"
ORACLE = "if (msg.sender != oracle) revert NotAllowed(msg.sender);"
OPERATOR = "if (msg.sender != operator) revert NotAllowed(msg.sender);"
WAITS = "if (number > finalised) revert NotSetAside(number);"
EARLY = "if (block.timestamp < earliest) revert TooSoon(block.timestamp, earliest);"
QUEUED = "if (upTo <= finalised || upTo > last) revert NotWaiting(upTo);"
BOUGHT = "Math.mulDiv(assets, supply, pooled)"
WORTH = "Math.mulDiv(shares, pooled, supply)"
HELD = "asset.balanceOf(address(this)) - setAside"
MOST = "change < 0 ? MOST_LOSS : MOST_REWARD"
LIQUID = "if (due > liquid) revert Illiquid(due, liquid);"
MUTANTS = {
    "shares rounded up": (BOUGHT, f"{BOUGHT} + 1"),
    "a share for each unit": ("supply == 0 ? assets :", "true ? assets :"),
    "no share": ("if (shares == 0) revert Nothing();", ""),
    "stake not pooled": ("pooled += assets;", ""),
    "shares to the caller's caller": ("_mint(msg.sender, shares);", "_mint(tx.origin, shares);"),
    "nothing taken": ("asset.safeTransferFrom(msg.sender, address(this), assets);", ""),
    "nothing burnt": ("_burn(msg.sender, shares);", ""),
    "worth rounded up": (f"{WORTH};", f"{WORTH} + 1;"),
    "rate after the burn": (f"{WORTH};", "Math.mulDiv(shares, pooled, totalSupply() + 1);"),
    "worth nothing": ("if (assets == 0) revert Nothing();", ""),
    "still pooled": ("pooled -= assets;", ""),
    "sum without the request": ("requests[last].until + assets;", "requests[last].until;"),
    "numbers from none": ("number = ++last;", "number = last++;"),
    "due again": ("queuedOf[msg.sender] += assets;", "queuedOf[msg.sender] = assets;"),
    "not listed": ("numbersOf[msg.sender].push(number);", ""),
    "anybody claims": (OWNER, ""),
    "claimed while it waits": (WAITS, ""),
    "last set aside not claimed": ("number > finalised", "number >= finalised"),
    "claimed twice": ("claimed.owner = address(0);", ""),
    "still set aside": ("setAside -= assets;", ""),
    "still due": ("queuedOf[msg.sender] -= assets;", ""),
    "nothing paid": ("asset.safeTransfer(msg.sender, assets);", ""),
    "anybody reports": (ORACLE, ""),
    "operator reports": ("msg.sender != oracle", "msg.sender != operator"),
    "reports at any time": (EARLY, ""),
    "a second too late": ("block.timestamp < earliest", "block.timestamp <= earliest"),
    "another hour": ("INTERVAL = 1 hours", "INTERVAL = 3601"),
    "another reward": ("MOST_REWARD = 10;", "MOST_REWARD = 11;"),
    "another loss": ("MOST_LOSS = 500;", "MOST_LOSS = 501;"),
    "bounds exchanged": (MOST, "change < 0 ? MOST_REWARD : MOST_LOSS"),
    "one unit too little": ("if (size > most)", "if (size >= most)"),
    "no bound": ("if (size > most) revert TooMuch(change, most);", ""),
    "losses are rewards": ("change < 0 ? pooled - size : pooled + size", "pooled + size"),
    "no moment": ("reportedAt = block.timestamp;", ""),
    "anybody sets aside": (OPERATOR, ""),
    "oracle sets aside": ("msg.sender != operator", "msg.sender != oracle"),
    "any number waits": (QUEUED, ""),
    "set aside again": ("upTo <= finalised ||", "upTo < finalised ||"),
    "beyond the last": ("|| upTo > last)", "|| upTo > last + 1)"),
    "last does not wait": ("|| upTo > last)", "|| upTo >= last)"),
    "all of the queue": ("- requests[finalised].until;", ";"),
    "no buffer": (LIQUID, ""),
    "buffer not used up": ("if (due > liquid)", "if (due >= liquid)"),
    "queue stands": ("finalised = upTo;", ""),
    "set aside anew": ("setAside += due;", "setAside = due;"),
    "what is set aside is liquid": (HELD, "asset.balanceOf(address(this))"),
    "decimals of its own": ("_decimals = asset_.decimals();", "_decimals = 18;"),
    "claimed ones listed": ("if (each.owner == address(0)) continue;", ""),
    "roles exchanged": ("operator = operator_;", "operator = oracle_;"),
}


@pytest.fixture
def copy(tmp_path: Path) -> Project:
    return project(tmp_path, "StakingPool")


def test_forge__unit_fuzz_and_invariants__every_test_passes(
    copy: Project, record_property: Callable[[str, object], None]
) -> None:
    tests = copy.forge_tests()
    ran = sorted(name.rpartition(":")[2] for name in tests)
    assert ran == sorted(
        (*copy.functions("StakingPool", "test"), *copy.functions("StakingPool", "invariant_"))
    )
    assert {
        name: test["reason"] for name, test in tests.items() if test["status"] != "Success"
    } == {}
    fuzzed = [test["kind"]["Fuzz"]["runs"] for test in tests.values() if "Fuzz" in test["kind"]]
    calls = [
        test["kind"]["Invariant"]["calls"] for test in tests.values() if "Invariant" in test["kind"]
    ]
    told = (
        f"StakingPool by forge: {len(tests)} tests, {sum(fuzzed):,} fuzzed calls, "
        f"{sum(calls):,} calls under invariants"
    )
    record_property("told", told)
    assert min(fuzzed) == 1_000
    assert min(calls) == 1_000


def test_forge__each_thing_wrong__some_test_fails(copy: Project) -> None:
    assert copy.killed(MUTANTS) == set(MUTANTS)


def test_forge__sources__formatted(copy: Project) -> None:
    assert copy.format_differences() == ""


def test_halmos__any_caller__only_owners_are_paid_and_roles_keep_their_bounds(
    copy: Project, record_property: Callable[[str, object], None]
) -> None:
    proofs = copy.proofs()
    assert sorted(proofs) == copy.functions("StakingPoolProof", "check_")
    assert {name: proof["exitcode"] for name, proof in proofs.items()} == dict.fromkeys(proofs, 0)
    assert {proof["num_bounded_loops"] for proof in proofs.values()} == {0}
    paths = [proof["num_paths"][0] for proof in proofs.values()]
    record_property("told", f"StakingPool by halmos: {len(proofs)} proofs, {sum(paths)} paths")


def test_halmos__anybody_claims__counterexample(copy: Project) -> None:
    copy.change(OWNER, "")
    (proof,) = copy.proofs("check_claim_").values()
    assert (proof["exitcode"], proof["num_models"] > 0) == (1, True)


def test_slither__contract__nothing_found(copy: Project) -> None:
    assert copy.slither_findings() == []
