"""A journal in which everything is written once, as each version of the schema writes it.

`python -m tests.golden` writes the file of today's schema anew. Once a version that writes a schema
is released its file stays for ever: another form of a record is another schema.
"""

from __future__ import annotations

import gzip
import json
from fractions import Fraction
from pathlib import Path

from tests.unit.journal.builders import ACCOUNT, NOW, OTHER, OURS, USDC, VAULT, WETH, flow
from tests.unit.journal.test_blobs import READING
from trimtab.core.actions import ALL, Swap, Withdraw
from trimtab.core.bounds import Bounds, LeastBalance, LeastHealth
from trimtab.core.errors import JournalError, RpcError
from trimtab.core.market import Head, MarketId, wallet
from trimtab.core.orders import Halt, ReduceOnly, Resume, Unwind
from trimtab.core.plan import Approved, Breach, Measure, Plan, PlanCost, Refused
from trimtab.core.quantise import Timestamp
from trimtab.core.settlement import Dropped, Failed, Intent, Landed, Mismatch
from trimtab.core.strategy import Hold, Leg, Target
from trimtab.journal import records
from trimtab.journal.blobs import encode_reading, name_of
from trimtab.journal.pnl import Attribution
from trimtab.journal.reconcile import Reconciliation
from trimtab.journal.records import SCHEMA
from trimtab.journal.store import Journal

FOLDER = Path(__file__).parent
DIGESTS = FOLDER / "digests.json"
BLOCK = READING.head.number
SEEN = READING
MEMORY = b'{"what":"is remembered"}'
PLAN = Plan(
    chain=1,
    account=ACCOUNT,
    block=BLOCK,
    bounds=Bounds(
        Timestamp(NOW + 60), (LeastBalance(USDC, ACCOUNT, 7),), (LeastHealth(OTHER, ACCOUNT, 9),)
    ),
    actions=(
        Withdraw(ACCOUNT, VAULT.id, USDC, ALL, ACCOUNT),
        Swap(ACCOUNT, MarketId("pool"), USDC, WETH, 10**9, 1, Timestamp(NOW + 60), ACCOUNT),
    ),
    calls=(),
    expected=((wallet(USDC), -5), (wallet(WETH), 3)),
    cost=PlanCost(210_000, Fraction(1, 3), Fraction(2), Fraction(0)),
    gain=Fraction(22, 7),
    lowers_risk=False,
    why="off the wished weights",
)
OPEN = Intent(PLAN.hash, 1, ACCOUNT, 3, BLOCK, (OURS, "0xcd"), (b"\x02\xff", b""), 9, 8, 7)
CLOSED = tuple(Intent(plan, 1, ACCOUNT, 2, BLOCK, ("0xef",), (b"\x02",), 9, 8, 7) for plan in "abc")
SETTLED = (
    Landed("a", "0xef", BLOCK, 21_000, 10**9),
    Failed("b", "0xef", BLOCK, 21_000, 10**9, "Too little received"),
    Dropped("c", "its time was over", 21_000, 10**9),
)
MISMATCH = Mismatch("d", "3 units more than the model", (VAULT.id,))
GONE, STANDS = Head(1, BLOCK, "0xabc", Timestamp(1000)), Head(1, BLOCK - 1, "0xabb", Timestamp(988))
ORDERS = (
    Halt("a storm"),
    Unwind(USDC.address, "enough"),
    Resume("calm again"),
    ReduceOnly((VAULT.id,), "other code"),
)
ATTRIBUTION = Attribution(
    equity_before=Fraction(100, 7),
    equity_now=Fraction(112, 7),
    price=Fraction(20, 7),
    interest=Fraction(1, 7),
    liquidity=Fraction(0),
    external=Fraction(-2, 7),
    fees=Fraction(3, 7),
    slippage=Fraction(5, 7),
    rounding=Fraction(-1, 7),
    gas=Fraction(10**30, 3),
)


def path_of(schema: int) -> Path:
    """Where the journal of a schema lies, compressed."""
    return FOLDER / f"journal-{schema}.sqlite.gz"


def unpacked(schema: int, folder: Path) -> Path:
    """The journal of a schema, to be read."""
    path = folder / f"journal-{schema}.sqlite"
    path.write_bytes(gzip.decompress(path_of(schema).read_bytes()))
    return path


def write(path: Path) -> None:
    """A journal with a record of every kind."""
    place = wallet(USDC)
    moved = Reconciliation((flow(place, -5),), {place: 1}, {place: 9}, {})
    reading = encode_reading(SEEN, 3)
    judged = (
        Approved(PLAN, (Measure("turnover", Fraction(1, 3), Fraction(1, 2)),)),
        Refused("turnover", Fraction(3), Fraction(2), "too much"),
        None,
    )
    ticks = tuple(
        records.tick(
            BLOCK,
            view={"equity": "16/1", "book": {place.key: "9"}},
            decisions={"mix": Hold("inside the band"), "yield": Target(Leg(place, 0.1), edge=0.05)},
            plan=PLAN if verdict else None,
            verdict=verdict,
            breaches=(Breach("cap", Fraction(2), Fraction(1)),),
            why="because \u2026",
        )
        for verdict in judged
    )
    checkpoint = records.checkpoint(
        BLOCK, mandate_hash="00", code_version="0.1.0", memory=name_of(MEMORY)
    )
    with Journal.create(path) as journal:
        journal.append(
            records.start(
                mandate_hash="00", mandate="[mandate]", account=ACCOUNT, code_version="1", seed=7
            )
        )
        journal.append(
            reading.record,
            *(records.intent(intent) for intent in CLOSED),
            *(records.settled(BLOCK, settlement) for settlement in SETTLED),
            records.mismatch(BLOCK, MISMATCH),
            records.flows(BLOCK, moved, ATTRIBUTION),
            records.flows(BLOCK, moved, None),
            *ticks,
            blobs=reading.blobs,
        )
        journal.append(records.intent(OPEN))
        journal.append(records.skip(BLOCK, RpcError("no answer", "transport")))
        journal.append(records.unwound(STANDS, GONE), records.unwound(None, GONE))
        journal.append(*(records.order(order) for order in ORDERS))
        journal.append(checkpoint, blobs={name_of(MEMORY): MEMORY})
        journal.append(records.halt(None, JournalError("the disk is full")))
        journal.append(records.end(None, {"blocks": "1"}))


def digests() -> dict[int, str]:
    """By schema the digest that its journal has for ever."""
    known: dict[str, str] = json.loads(DIGESTS.read_text())
    return {int(schema): digest for schema, digest in known.items()}


def renew(folder: Path) -> None:
    """Write the file of today's schema anew, by way of a folder that may be written."""
    made = folder / "journal.sqlite"
    write(made)
    path_of(SCHEMA).write_bytes(gzip.compress(made.read_bytes(), mtime=0))
    with Journal.read(made) as journal:
        known = digests() | {SCHEMA: journal.digest()}
    DIGESTS.write_text(json.dumps(known, indent=2) + "\n")
