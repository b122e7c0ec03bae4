"""A plan as an unsigned batch: the form that people load, and what it must end with."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.support.story import Story
from trimtab.app.safe_batch import newest_batch, safe_batch, write_safe_batch
from trimtab.chain.plan_check import PLAN_CHECK, check_call
from trimtab.core.errors import ConfigError
from trimtab.core.plan import Plan
from trimtab.core.quantise import Timestamp

AT = Timestamp(1_700_000_123)


@pytest.fixture
def plan(story: Story) -> Plan:
    judged = (step.outcome.judgement for step in story.steps if step.outcome)
    return next(each.plan for each in judged if each and each.plan)


def written(plan: Plan, path: Path) -> dict[str, Any]:
    write_safe_batch(plan, PLAN_CHECK, AT, path)
    found: dict[str, Any] = json.loads(path.read_bytes())
    return found


def test_batch__form_of_the_transaction_builder(plan: Plan, tmp_path: Path) -> None:
    found = written(plan, tmp_path / "new" / "folder" / "plan.json")
    assert set(found) == {"version", "chainId", "createdAt", "meta", "transactions", "trimtab"}
    assert (found["version"], found["chainId"]) == ("1.0", str(plan.chain))
    assert found["createdAt"] == 1_700_000_123_000, "milliseconds"
    assert found["meta"]["createdFromSafeAddress"] == plan.account
    assert str(plan.deadline) in found["meta"]["description"]
    for each in found["transactions"]:
        assert set(each) == {"to", "value", "data", "contractMethod", "contractInputsValues"}
        assert isinstance(each["value"], str)
        bytes.fromhex(each["data"].removeprefix("0x"))


def test_batch__calls__those_of_the_plan_and_last_the_check_of_its_bounds(plan: Plan) -> None:
    transactions: Any = safe_batch(plan, PLAN_CHECK, AT)["transactions"]
    calls = (*plan.calls, check_call(PLAN_CHECK, plan.bounds))
    assert [(each["to"], each["value"], each["data"]) for each in transactions] == [
        (call.to, str(call.value), "0x" + call.data.hex()) for call in calls
    ]
    assert transactions[-1]["to"] == PLAN_CHECK


def test_batch__ours__plan_expectation_bounds_and_a_hash_of_the_calls(plan: Plan) -> None:
    found: Any = json.loads(orjson.dumps(safe_batch(plan, PLAN_CHECK, AT)))
    ours = found["trimtab"]
    assert ours["plan"] == plan.hash
    assert ours["expected"] == {str(place): str(change) for place, change in plan.expected}
    assert int(ours["bounds"]["deadline"]) == plan.deadline
    canonical = json.dumps(found["transactions"], sort_keys=True, separators=(",", ":"))
    assert ours["calls"] == hashlib.sha256(canonical.encode()).hexdigest()
    found["transactions"][0]["value"] = "1"
    edited = json.dumps(found["transactions"], sort_keys=True, separators=(",", ":"))
    assert ours["calls"] != hashlib.sha256(edited.encode()).hexdigest()


def test_batch__cannot_be_written__words(plan: Plan, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(ConfigError, match="cannot be written"):
        write_safe_batch(plan, PLAN_CHECK, AT, tmp_path / "file" / "plan.json")


def test_newest_batch__of_several__the_one_that_is_valid_the_longest(
    plan: Plan, tmp_path: Path
) -> None:
    later = replace(plan, bounds=replace(plan.bounds, deadline=Timestamp(plan.deadline + 9)))
    written(later, tmp_path / "1.json")
    written(plan, tmp_path / "2.json")
    assert newest_batch(tmp_path, plan) == (tmp_path / "1.json", plan.deadline + 9)


def test_newest_batch__of_others_or_none_at_all__none(plan: Plan, tmp_path: Path) -> None:
    assert newest_batch(tmp_path / "missing", plan) is None
    other = replace(plan, account=PLAN_CHECK)
    written(other, tmp_path / "other.json")
    (tmp_path / "notes.json").write_text('{"notes": 1}')
    (tmp_path / "broken.json").write_text("{")
    assert newest_batch(tmp_path, plan) is None
    elsewhere = replace(plan, chain=1)
    assert newest_batch(tmp_path, replace(other, chain=1)) is None
    assert newest_batch(tmp_path, elsewhere) is None
