import json
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path

import pytest

from tests.support.story import Story
from tests.unit.app.blanks import blank, start
from trimtab.app.explain import explain, explanation
from trimtab.app.explanation import decimal
from trimtab.app.history import Block, History
from trimtab.app.numbers import percent
from trimtab.app.recorded import Approved, Refused
from trimtab.core.errors import ConfigError
from trimtab.core.settlement import Dropped, Failed, Landed, Mismatch
from trimtab.engine.tick import Outcome
from trimtab.journal.store import Journal

pytestmark = pytest.mark.chain

HEADINGS = (
    "What it saw",
    "What happened since the block before",
    "What each strategy decided",
    "Limits that the market broke",
    "The plan",
    "The verdict",
    "What came of it",
)


def test_explain__every_block__all_its_parts(told: History, journal: Journal) -> None:
    for block in told.blocks:
        words = explain(journal, block.number)
        assert words.startswith(f"Block {block.number} · ")
        assert [line for line in words.splitlines() if line in HEADINGS] == list(HEADINGS)
        assert all(decision.why in words for decision in block.tick.decisions.values())


def test_explain__first_block__nothing_before_it(told: History, journal: Journal) -> None:
    words = explain(journal, told.blocks[0].number)
    assert "this is the first block of the run" in words
    assert "equity 300,000.00 USDC" in words
    assert "WETH in the account       60.00 WETH   120,000.00 USDC   40.00%" in words


def test_explain__breach__named_with_measured_and_allowed(told: History, journal: Journal) -> None:
    block = next(block for block in told.blocks if block.tick.breaches)
    breach = block.tick.breaches[0]
    told_of = [
        line.split()
        for line in explain(journal, block.number).splitlines()
        if line.endswith("OVER")
    ]
    expected = [*breach.limit.split(), percent(breach.measured), "at", "most"]
    assert [*expected, percent(breach.allowed), "OVER"] in told_of


def test_explain__refused__limit_and_nothing_sent(told: History, journal: Journal) -> None:
    block = next(b for b in told.blocks if isinstance(b.tick.verdict, Refused))
    words = explain(journal, block.number)
    assert "refused: max equity" in words
    assert words.endswith("What came of it\n  nothing was sent")


def test_explain__approved__cost_and_every_measure(told: History, journal: Journal) -> None:
    block = next(b for b in told.blocks if isinstance(b.tick.verdict, Approved))
    assert block.tick.plan is not None
    assert isinstance(block.tick.verdict, Approved)
    words = explain(journal, block.number)
    assert f"{block.tick.plan.cost.gas_units:,} units" in words
    verdict = words.split("The verdict\n")[1].split("\n\n")[0]
    assert len(verdict.splitlines()) == 1 + len(block.tick.verdict.measures)


@pytest.mark.parametrize(
    "kind, expected",
    [
        (Landed, "the plan's transaction landed in block"),
        (Failed, "Too little received"),
        (Dropped, "the plan was dropped: its deadline passed"),
        (Mismatch, "the chain's simulation differs from the model"),
    ],
)
def test_explain__each_settlement__what_became_of_the_plan(
    kind: type, expected: str, told: History, journal: Journal
) -> None:
    block = next(b for b in told.blocks if isinstance(became(told, b), kind))
    assert expected in explain(journal, block.number).split("What came of it")[1]


def test_explain__external_flows__whose_they_are(told: History, journal: Journal) -> None:
    block = next(b for b in told.blocks if any(not f.is_ours for f in b.flows.flows))
    words = explain(journal, block.number)
    assert "moved by others" in words
    assert "+0.000001 USDC" in words
    assert "brought or taken by others +100.00 USDC" in words


def test_explain__not_in_the_journal__the_range(journal: Journal) -> None:
    with pytest.raises(ConfigError, match="blocks from 3 to"):
        explain(journal, 1)
    with pytest.raises(ConfigError, match="blocks from 3 to"):
        explanation(journal, 1)


def test_explain__mandate_of_another_version__the_rest_is_told(tmp_path: Path) -> None:
    with Journal.create(tmp_path / "journal.sqlite") as journal:
        journal.append(start("what = 'is this'"), *blank(3))
        words = explain(journal, 3)
    assert "limits on the book: this version cannot read them: the mandate in the journal" in words
    assert "nothing was asked of them: nothing" in words


def test_explanation__every_block__exact_and_serialisable(journal: Journal, story: Story) -> None:
    for outcome in (step.outcome for step in story.steps if step.outcome):
        data = explanation(journal, outcome.states.head.number)
        assert isinstance(data, dict)
        assert json.loads(json.dumps(data)) == data
        assert data["timestamp"] == str(outcome.states.timestamp)
        assert amounts(data) == {
            place.key: Fraction(raw, place.token.unit) for place, raw in outcome.book.items()
        }
        assert outcome_of(outcome) == (data["plan"] is not None)


@pytest.mark.parametrize(
    "value, expected",
    [
        (Fraction(1_234_567), "1234567"),
        (Fraction(-1, 8), "-0.125"),
        (Fraction(1, 3), "0.333333333333333333"),
        (Fraction(0), "0"),
    ],
)
def test_decimal__any_value__plain_digits(value: Fraction, expected: str) -> None:
    assert decimal(value) == expected


def amounts(data: Mapping[str, object]) -> dict[object, Fraction]:
    """The amounts of the book by place."""
    seen = data["seen"]
    assert isinstance(seen, dict)
    return {entry["place"]: Fraction(entry["amount"]) for entry in seen["book"]}


def outcome_of(outcome: Outcome) -> bool:
    """Whether there was a plan."""
    return outcome.judgement is not None and outcome.judgement.plan is not None


def became(told: History, block: Block) -> object:
    """What became of a block's plan."""
    return told.settlements.get(block.tick.plan_hash or "")
