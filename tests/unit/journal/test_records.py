"""Records: what is economic in them, and what can be read back."""

from dataclasses import replace
from fractions import Fraction

import pytest

from tests.unit.journal.builders import ACCOUNT, NOW, OURS, USDC, WETH, flow
from trimtab.core.bounds import Bounds
from trimtab.core.canonical import Plain
from trimtab.core.errors import DataError, InvariantViolation, JournalError
from trimtab.core.market import wallet
from trimtab.core.plan import Approved, Breach, Measure, Plan, PlanCost, Refused
from trimtab.core.quantise import Timestamp
from trimtab.core.settlement import Dropped, Failed, Intent, Landed, Mismatch, Settlement
from trimtab.core.strategy import Hold
from trimtab.journal import records, values
from trimtab.journal.pnl import Attribution
from trimtab.journal.reconcile import Reconciliation
from trimtab.journal.records import Record, upcast

INTENT = Intent("ab", 1, ACCOUNT, 3, 77, (OURS, "0xcd"), (b"\x02\xff", b""), 9, 8, 7)
PLAN = Plan(
    chain=1,
    account=ACCOUNT,
    block=7,
    bounds=Bounds(Timestamp(NOW + 60)),
    actions=(),
    calls=(),
    expected=((wallet(USDC), -5),),
    cost=PlanCost(1, Fraction(1, 3), Fraction(0), Fraction(0)),
    gain=Fraction(2),
    lowers_risk=False,
    why="test",
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


def part(value: Plain, *path: str) -> Plain:
    for key in path:
        assert isinstance(value, dict)
        value = value[key]
    return value


def test_intent_of__intent_record__the_intent() -> None:
    record = records.intent(INTENT)
    assert values.intent_of(record) == INTENT
    assert (record.kind, record.block, record.economic) == ("intent", 77, None)


@pytest.mark.parametrize(
    "settlement",
    [
        Landed("ab", OURS, 5, 21_000, 10**12),
        Failed("ab", OURS, 5, 21_000, 7, "12"),
        Dropped("ab", "late"),
    ],
)
def test_settlement_of__settled_record__the_settlement(
    settlement: Landed | Failed | Dropped,
) -> None:
    record = records.settled(9, settlement)
    assert values.settlement_of(record) == settlement
    assert (record.kind, record.block) == ("settled", 9)


def test_settlement_of__mismatch_record__the_mismatch() -> None:
    found = Mismatch("ab", "7 instead of 8", ("pool:1:0x01",))
    assert values.settlement_of(records.mismatch(9, found)) == found


@pytest.mark.parametrize(
    "one, other",
    [
        (Landed("ab", OURS, 5, 21_000, 7), Landed("ab", "0x99", 5, 22_000, 8)),
        (Failed("ab", OURS, 5, 1, 7, "x"), Failed("ab", "0x99", 5, 2, 8, "y")),
        (Dropped("ab", "late"), Dropped("ab", "a sibling landed")),
    ],
)
def test_settled__gas_hash_and_words__not_economic(one: Settlement, other: Settlement) -> None:
    assert not isinstance(one, Mismatch)
    assert not isinstance(other, Mismatch)
    assert records.settled(9, one).economic == records.settled(9, other).economic


def test_flows__attribution__read_back_whole() -> None:
    place = wallet(USDC)
    found = Reconciliation((flow(place, -5),), {place: 1}, {place: 9}, {place: -2})
    record = records.flows(3, found, ATTRIBUTION)
    assert values.attribution_of(record) == ATTRIBUTION
    assert part(record.economic, "error") == "2"
    assert part(record.economic, "accruals") == {place.key: "1"}
    assert part(record.detail, "transactions") == [OURS]


def test_flows__gas_and_hashes__not_economic() -> None:
    written = str(records.flows(3, Reconciliation((), {}, {}, {}), ATTRIBUTION).economic)
    assert "gas" not in written
    assert OURS not in written


@pytest.mark.parametrize(
    "wrong",
    [
        replace(ATTRIBUTION, price=ATTRIBUTION.price + 1),
        replace(ATTRIBUTION, unexplained=(flow(wallet(WETH), -1),)),
    ],
)
def test_flows__attribution_that_does_not_add_up__never_written(wrong: Attribution) -> None:
    with pytest.raises(InvariantViolation, match="INV-1"):
        records.flows(3, Reconciliation((), {}, {}, {}), wrong)


def test_attribution_of__first_reading__none() -> None:
    record = records.flows(3, Reconciliation((), {}, {}, {}), None)
    assert values.attribution_of(record) is None


def ticked(verdict: Approved | Refused | None) -> Record:
    return records.tick(
        4,
        view={"equity": "1"},
        decisions={"mix": Hold("inside the band")},
        plan=PLAN if verdict else None,
        verdict=verdict,
        breaches=(Breach("cap", Fraction(2), Fraction(1)),),
        why="because",
    )


def test_tick__approved__plan_once_with_its_hash_and_measures() -> None:
    measure = Measure("turnover", Fraction(1, 3), Fraction(1, 2))
    record = ticked(Approved(PLAN, (measure,)))
    assert part(record.economic, "plan_hash") == PLAN.hash
    assert part(record.economic, "verdict", "type") == "Approved"
    assert str(record.economic).count("'why': 'test'") == 1


def test_tick__refused__says_which_limit() -> None:
    record = ticked(Refused("turnover", Fraction(3), Fraction(2), "too much"))
    assert part(record.economic, "verdict", "limit") == "turnover"
    assert part(record.economic, "decisions", "mix", "why") == "inside the band"


def test_tick__nothing_planned__missing_is_none() -> None:
    economic = ticked(None).economic
    assert [part(economic, key) for key in ("plan", "plan_hash", "verdict")] == [None] * 3


def test_start__everything__is_detail() -> None:
    record = records.start(
        mandate_hash="00", mandate="text", account=ACCOUNT, code_version="1", seed=7
    )
    assert (record.block, record.economic) == (None, None)
    assert part(record.detail, "seed") == "7"


def test_halt__error__its_class_is_economic_its_words_are_not() -> None:
    record = records.halt(5, InvariantViolation("INV-1 conservation", "5 instead of 4"))
    assert record.economic == {"error": "InvariantViolation"}
    assert record.detail == {"why": "INV-1 conservation: 5 instead of 4"}


def test_skip_and_end__nothing_economic() -> None:
    assert records.skip(None, DataError("late")).economic is None
    assert records.end(6, {"seconds": "1"}).economic is None


@pytest.mark.parametrize("read", [values.intent_of, values.settlement_of, values.attribution_of])
@pytest.mark.parametrize(
    "detail", [None, "text", {}, {"type": "Landed"}, {"raws": ["0xzz"]}, {"raws": None}]
)
def test_values__record_holds_something_else__in_words(read: object, detail: Plain) -> None:
    assert callable(read)
    with pytest.raises(JournalError, match="record of block 5 holds something else"):
        read(Record("end", 5, detail, detail))


# ----------------------------------------------------------------------------------- upcasts


def test_upcast__older_record__step_by_step() -> None:
    steps = {
        1: lambda old: Record(old.kind, old.block, "two", old.detail),
        2: lambda old: Record(old.kind, old.block, [old.economic], "three"),
    }
    assert upcast(Record("end", 1, "one", None), 1, steps, 3) == Record("end", 1, ["two"], "three")
    assert upcast(Record("end", 1, "two", None), 2, steps, 3) == Record("end", 1, ["two"], "three")


@pytest.mark.parametrize("schema", [0, 2])
def test_upcast__unknown_schema__says_which(schema: int) -> None:
    with pytest.raises(JournalError, match=f"has schema {schema}, this version reads 1 to 1"):
        upcast(Record("end", 1, None, None), schema)


def test_upcast__current_schema__unchanged() -> None:
    record = Record("end", 1, None, None)
    assert upcast(record, records.SCHEMA) is record
