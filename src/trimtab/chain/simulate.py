"""The exact transaction, run at the pinned block before anything is signed or sent."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from trimtab.chain.node import Node
from trimtab.chain.plan_check import broken_bound
from trimtab.chain.rpc import Json, NodeRefusal, Request
from trimtab.chain.signer import Transaction
from trimtab.chain.wire import WireLog, hexadecimal, pin, quantity
from trimtab.core.abi import Call, Log
from trimtab.core.actions import Approve
from trimtab.core.adapter import Adapters, accrue
from trimtab.core.errors import RpcError
from trimtab.core.flows import fold_events, held_everywhere, share_changes
from trimtab.core.market import Head, Place
from trimtab.core.plan import Plan
from trimtab.core.quantise import Timestamp
from trimtab.core.settlement import Mismatch
from trimtab.core.states import Reverted, States
from trimtab.core.token import Address

_NO_SUCH_METHOD = -32601


class _Failure(msgspec.Struct):
    message: str = ""
    data: str | None = None


class _Call(msgspec.Struct, rename="camel"):
    status: str
    return_data: str
    gas_used: str
    logs: list[WireLog] = []
    error: _Failure | None = None


class _Block(msgspec.Struct):
    number: str
    timestamp: str
    calls: list[_Call]


@dataclass(frozen=True, slots=True)
class Simulated:
    """What a transaction would do: `data` is what it returns, or reverts with."""

    ok: bool
    data: bytes
    logs: tuple[Log, ...]
    gas_used: int
    at: Timestamp


async def simulate(
    rpc: Node, transaction: Transaction, sender: Address, head: Head, at: Timestamp
) -> Simulated:
    """The transaction as the first of the block after `head`, at a stated time.

    Nonce, balance and fees are checked as they would be on the chain. Raises RpcError where the
    node refuses; it must offer eth_simulateV1.
    """
    fields = transaction.fields(sender)
    return (await _simulated(rpc, [fields], head, at, is_validated=True))[0]


async def first_failure(
    rpc: Node, account: Address, calls: Sequence[Call], head: Head, at: Timestamp
) -> str | None:
    """Which of the calls reverts, and why, when the account itself makes them in turn.

    A Safe reverts with GS013 whatever went wrong inside, so this tells what it was: of the check
    at the end, the bound that does not hold. None where each call goes through.
    """
    fields = [
        {
            "from": account,
            "to": call.to,
            "data": "0x" + call.data.hex(),
            "value": hex(call.value),
        }
        for call in calls
    ]
    done = await _simulated(rpc, fields, head, at, is_validated=False)
    for number, (call, outcome) in enumerate(zip(calls, done, strict=True), start=1):
        if not outcome.ok:
            bound = broken_bound(call, outcome.data)
            if bound is not None:
                return f"a bound of the plan does not hold: {bound.words}"
            reason = Reverted(outcome.data).reason
            return f"call {number} of {len(calls)}, to {call.to}, reverts: {reason}"
    return None


async def _simulated(
    rpc: Node,
    calls: Sequence[dict[str, str]],
    head: Head,
    at: Timestamp,
    *,
    is_validated: bool,
) -> list[Simulated]:
    overrides = {"number": hex(head.number + 1), "time": hex(at)}
    asked: dict[str, Json] = {
        "blockStateCalls": [{"blockOverrides": overrides, "calls": calls}],
        "validation": is_validated,
    }
    try:
        blocks = (await rpc.ask(Request("eth_simulateV1", (asked, pin(head))))).into(list[_Block])
    except NodeRefusal as refusal:
        if refusal.code != _NO_SUCH_METHOD:
            raise
        words = f"{refusal.words}; nothing can be simulated here: use a node that offers it"
        raise NodeRefusal(refusal.method, refusal.code, words, None) from None
    if len(blocks) != 1 or len(blocks[0].calls) != len(calls):
        raise RpcError("the node simulated other calls than it was asked to", "inconsistent")
    number = quantity(blocks[0].number, "block number")
    timestamp = quantity(blocks[0].timestamp, "timestamp")
    if (number, timestamp) != (head.number + 1, at):
        raise RpcError(
            f"the node simulated block {number} at {timestamp}, expected {head.number + 1} at {at}",
            "inconsistent",
        )
    return [_outcome(call, at) for call in blocks[0].calls]


def _outcome(call: _Call, at: Timestamp) -> Simulated:
    status = quantity(call.status, "status")
    if status not in (0, 1):
        raise RpcError(f"the node answered {status} as a status: expected 0 or 1", "inconsistent")
    told = call.error.data if call.error is not None and call.error.data else call.return_data
    return Simulated(
        ok=status == 1,
        data=hexadecimal(told if status == 0 else call.return_data, "returned data"),
        logs=tuple(wire.log(at) for wire in call.logs),
        gas_used=quantity(call.gas_used, "gas used"),
        at=at,
    )


# ------------------------------------------------------------------------------- comparison


def compare(
    adapters: Adapters, states: States, simulated: Simulated, account: Address, plan: Plan
) -> Mismatch | None:
    """None if the simulation changes the book exactly as the plan's model says.

    The simulated logs are folded into the states accrued to the simulated moment, and the
    change of what each place stores is compared with `plan.expected`, to the unit.
    """
    if not simulated.ok:
        reason = Reverted(simulated.data).reason
        traded = (a for a in plan.actions if not isinstance(a, Approve))
        markets = sorted({action.market for action in traded})
        return Mismatch(plan.hash, f"the chain reverts: {reason}", tuple(markets))
    before = accrue(adapters, states, simulated.at)
    after = fold_events(adapters, before, simulated.logs, account, lambda _: True).states
    found = dict(
        share_changes(
            held_everywhere(adapters, before, account), held_everywhere(adapters, after, account)
        )
    )
    expected = dict(plan.expected)
    places = sorted({*found, *expected})
    differing = [each for each in places if found.get(each, 0) != expected.get(each, 0)]
    if not differing:
        return None
    what = "; ".join(_difference(place, found, expected) for place in differing)
    return Mismatch(plan.hash, what, tuple(sorted({place.market for place in differing})))


def _difference(place: Place, found: dict[Place, int], expected: dict[Place, int]) -> str:
    return (
        f"{place} changes by {found.get(place, 0)} on the chain and by "
        f"{expected.get(place, 0)} in the model"
    )
