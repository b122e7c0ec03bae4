"""A plan as an unsigned batch that people sign in the Safe's own application.

The form is that of the Safe Transaction Builder. What the plan should change is written beside it.
Source: safe-react-apps, tx-builder, `BatchFile`.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec
import orjson

from trimtab.chain.plan_check import check_call
from trimtab.core.canonical import plain
from trimtab.core.errors import ConfigError
from trimtab.core.plan import Plan
from trimtab.core.quantise import Timestamp
from trimtab.core.token import Address


def safe_batch(plan: Plan, plan_check: Address, at: Timestamp) -> dict[str, object]:
    """The batch file of a plan made at a moment, its check of bounds the last call.

    `expected` lists the change of what each place stores, `bounds` what the check demands.
    """
    calls = (*plan.calls, check_call(plan_check, plan.bounds))
    transactions = [
        {
            "to": call.to,
            "value": str(call.value),
            "data": "0x" + call.data.hex(),
            "contractMethod": None,
            "contractInputsValues": None,
        }
        for call in calls
    ]
    named = orjson.dumps(transactions, option=orjson.OPT_SORT_KEYS)
    return {
        "version": "1.0",
        "chainId": str(plan.chain),
        "createdAt": 1000 * int(at),
        "meta": {
            "name": f"trimtab, block {plan.block}",
            "description": f"{plan.why}; void after {plan.deadline} (Unix time)",
            "createdFromSafeAddress": plan.account,
            "createdFromOwnerAddress": "",
        },
        "transactions": transactions,
        "trimtab": {
            "plan": plan.hash,
            "calls": hashlib.sha256(named).hexdigest(),
            "expected": {str(place): str(change) for place, change in plan.expected},
            "bounds": plain(plan.bounds),
        },
    }


def write_safe_batch(plan: Plan, plan_check: Address, at: Timestamp, path: Path) -> None:
    """Write the batch file. Raises ConfigError where that fails."""
    content = orjson.dumps(safe_batch(plan, plan_check, at), option=orjson.OPT_INDENT_2)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(path.name + ".part")
        unfinished.write_bytes(content + b"\n")
        unfinished.rename(path)
    except OSError as error:
        raise ConfigError(f"the batch {path} cannot be written: {error.strerror}") from None


class _Bounds(msgspec.Struct):
    deadline: int


class _Ours(msgspec.Struct):
    bounds: _Bounds


class _Meta(msgspec.Struct):
    created_from_safe_address: str = msgspec.field(name="createdFromSafeAddress")


class _Batch(msgspec.Struct):
    chain: str = msgspec.field(name="chainId")
    meta: _Meta
    trimtab: _Ours


def newest_batch(folder: Path, plan: Plan) -> tuple[Path, int] | None:
    """The batch of the plan's account in a folder that is valid the longest, and until when.

    An earlier run may have written it. Files that are no batches of ours are left alone.
    """
    found: list[tuple[int, Path]] = []
    for path in sorted(folder.glob("*.json")):
        try:
            batch = msgspec.json.decode(path.read_bytes(), type=_Batch, strict=False)
        except (OSError, msgspec.DecodeError):
            continue
        is_ours = batch.meta.created_from_safe_address == plan.account
        if is_ours and batch.chain == str(plan.chain):
            found.append((batch.trimtab.bounds.deadline, path))
    if not found:
        return None
    deadline, path = max(found)
    return path, deadline
