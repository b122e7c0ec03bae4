"""What a journal holds: records, each with an economic part and everything else.

`economic` is what two runs of one seed have in common and the digest covers: decisions, plans,
verdicts, changes and states of the book. `detail` is the rest: hashes, gas, wall time, paths,
code version. A part is the canonical form of `trimtab.core.canonical`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from trimtab.core.canonical import Plain, plain
from trimtab.core.errors import JournalError, TrimtabError
from trimtab.core.flows import summed
from trimtab.core.market import Head, Place
from trimtab.core.orders import Order
from trimtab.core.plan import Approved, Breach, Plan, Verdict
from trimtab.core.settlement import Dropped, Ended, Intent, Mismatch
from trimtab.core.strategy import Decision
from trimtab.core.token import Address
from trimtab.journal.pnl import Attribution
from trimtab.journal.reconcile import Reconciliation

SCHEMA = 1
"""The version of the records that this code writes."""

Kind = Literal[
    "start",
    "reading",
    "settled",
    "flows",
    "tick",
    "intent",
    "mismatch",
    "skip",
    "unwound",
    "order",
    "checkpoint",
    "halt",
    "end",
]


@dataclass(frozen=True, slots=True)
class Record:
    """One thing that happened, at a block where it belongs to one.

    `economic` is None where the record says nothing that a digest covers.
    """

    kind: Kind
    block: int | None
    economic: Plain
    detail: Plain


Upcast = Callable[[Record], Record]

UPCASTS: Mapping[int, Upcast] = MappingProxyType({})
"""By schema, what makes of a record of that schema one of the next; nothing is rewritten."""


def upcast(
    record: Record, schema: int, upcasts: Mapping[int, Upcast] = UPCASTS, current: int = SCHEMA
) -> Record:
    """The record as the `current` schema writes it.

    Raises JournalError for a schema that is newer than that.
    """
    if not 1 <= schema <= current:
        raise JournalError(
            f"a record has schema {schema}, this version reads 1 to {current}: "
            "use the version of trimtab that wrote the journal, or a newer one"
        )
    for version in range(schema, current):
        record = upcasts[version](record)
    return record


# ------------------------------------------------------------------------------ constructors


def start(
    *, mandate_hash: str, mandate: str, account: Address, code_version: str, seed: int | None
) -> Record:
    """A run begins, or goes on after a stop: nothing that a digest covers."""
    detail: Plain = {
        "mandate_hash": mandate_hash,
        "mandate": mandate,
        "account": account,
        "code_version": code_version,
        "seed": plain(seed),
    }
    return Record("start", None, None, detail)


def settled(block: int, settlement: Ended) -> Record:
    """What became of a plan, as known at a block."""
    economic: dict[str, Plain] = {
        "type": type(settlement).__name__,
        "plan_hash": settlement.plan_hash,
    }
    if not isinstance(settlement, Dropped):
        economic["block"] = plain(settlement.block)
    return Record("settled", block, economic, plain(settlement))


def mismatch(block: int, found: Mismatch) -> Record:
    """A plan that was not sent, since the chain's simulation differs from our model."""
    economic: Plain = {"plan_hash": found.plan_hash, "quarantined": plain(found.quarantined)}
    return Record("mismatch", block, economic, plain(found))


def flows(block: int, found: Reconciliation, attribution: Attribution | None) -> Record:
    """What moved since the reading before, its conservation error, and what the change was of.

    Flows are summed by transaction and place, so that logs and models write the same.
    Raises InvariantViolation for an attribution that does not add up: none such is written.
    """
    told, gas = _split(attribution)
    moved = summed(found.flows)
    economic: Plain = {
        "flows": [
            {
                "place": flow.place.key,
                "shares": plain(flow.shares),
                "raw": plain(flow.raw),
                "is_ours": flow.is_ours,
            }
            for flow in moved
        ],
        "accruals": _by_place(found.accruals),
        "expected": _by_place(found.expected),
        "differences": _by_place(found.differences),
        "error": plain(found.error),
        "attribution": told,
    }
    transactions: list[Plain] = [flow.transaction for flow in moved]
    return Record("flows", block, economic, {"transactions": transactions, "attribution": gas})


def tick(
    block: int,
    *,
    view: Plain,
    decisions: Mapping[str, Decision],
    plan: Plan | None,
    verdict: Verdict | None,
    breaches: tuple[Breach, ...],
    why: str,
    detail: Plain = None,
) -> Record:
    """What was seen, decided, planned and judged; decisions are by the strategy's name."""
    judged: object = verdict
    if isinstance(verdict, Approved):
        judged = {"type": "Approved", "measures": verdict.measures}  # the plan stands beside it
    economic: Plain = {
        "view": view,
        "decisions": plain(decisions),
        "plan": plain(plan),
        "plan_hash": None if plan is None else plan.hash,
        "verdict": plain(judged),
        "breaches": plain(breaches),
        "why": why,
    }
    return Record("tick", block, economic, detail)


def intent(found: Intent) -> Record:
    """A plan's raw transactions, before any of them is sent; again, where one is replaced.

    The tick has told the plan already, and how often it was sent is no part of a digest.
    """
    return Record("intent", found.block, None, plain(found))


def skip(block: int | None, error: TrimtabError) -> Record:
    """A block, or the sending of a plan, that the loop let go, and why.

    It says nothing that a digest covers: what a node failed at is chance, and the next tick shows
    what was not done.
    """
    return Record("skip", block, None, {"error": type(error).__name__, "why": str(error)})


def unwound(head: Head | None, gone: Head) -> Record:
    """A reorg: blocks after `head` up to `gone` are no part of the chain any more.

    Without a head there is none left of those that were decided on. What the records of those
    blocks tell did not happen; they stay as they are.
    """
    number = None if head is None else head.number
    economic: Plain = {"to": plain(number), "from": plain(gone.number)}
    return Record("unwound", number, economic, {"head": plain(head), "gone": plain(gone)})


def order(given: Order) -> Record:
    """What a person told the manager to do."""
    return Record("order", None, plain(given), None)


def checkpoint(block: int, *, mandate_hash: str, code_version: str, memory: str) -> Record:
    """What is remembered after a block's turn, in the blob `memory`; the digest has it already."""
    detail: Plain = {"mandate_hash": mandate_hash, "code_version": code_version, "memory": memory}
    return Record("checkpoint", block, None, detail)


def halt(block: int | None, error: TrimtabError) -> Record:
    """Why the loop stopped itself."""
    return Record("halt", block, {"error": type(error).__name__}, {"why": str(error)})


def end(block: int | None, detail: Plain) -> Record:
    """The run is over."""
    return Record("end", block, None, detail)


def _split(attribution: Attribution | None) -> tuple[Plain, Plain]:
    """An attribution's economic part, and its gas."""
    if attribution is None:
        return None, None
    attribution.check()
    parts = _mapping(plain(attribution))
    del parts["unexplained"]
    return parts, {"gas": parts.pop("gas")}


def _by_place(amounts: Mapping[Place, int]) -> Plain:
    return {place.key: plain(raw) for place, raw in amounts.items()}


def _mapping(part: Plain) -> dict[str, Plain]:
    if not isinstance(part, dict):
        raise ValueError(f"{part!r} is no mapping")  # noqa: TRY004 - bad data, not a bad call
    return part
