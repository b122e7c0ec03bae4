from pathlib import Path

import pytest

from tests.support.story import MANDATE, SEED, Story
from tests.unit.app.blanks import blank, start
from trimtab.app.history import History, block_of, history, settlement, starts_of
from trimtab.app.recorded import Approved, Hold, Refused, Target
from trimtab.core.canonical import Plain
from trimtab.core.errors import ConfigError, JournalError
from trimtab.core.settlement import Dropped, Failed, Landed, Mismatch
from trimtab.journal import records
from trimtab.journal.records import Record
from trimtab.journal.store import Journal

pytestmark = pytest.mark.chain


def test_history__story__everything_that_can_happen_is_in_it(told: History) -> None:
    verdicts = {type(block.tick.verdict) for block in told.blocks}
    decisions = {type(d) for block in told.blocks for d in block.tick.decisions.values()}
    assert verdicts == {type(None), Approved, Refused}
    assert decisions == {Hold, Target}
    assert {type(each) for each in told.settlements.values()} == {Landed, Failed, Dropped, Mismatch}
    assert any(block.tick.breaches for block in told.blocks)
    assert any(not flow.is_ours for block in told.blocks for flow in block.flows.flows)
    assert len(told.skips) == 1


def test_history__story__equals_what_the_loop_saw(told: History, story: Story) -> None:
    outcomes = [step.outcome for step in story.steps if step.outcome]
    assert [block.number for block in told.blocks] == [o.states.head.number for o in outcomes]
    assert [block.tick.view.equity for block in told.blocks] == [o.equity for o in outcomes]
    assert [block.attribution for block in told.blocks] == [o.attribution for o in outcomes]
    assert [block.tick.why for block in told.blocks] == [o.why for o in outcomes]
    plans = [o.judgement.plan for o in outcomes if o.judgement]
    hashes = [None if plan is None else plan.hash for plan in plans]
    assert [block.tick.plan_hash for block in told.blocks] == hashes


def test_start__story__mandate_and_seed(told: History, journal: Journal) -> None:
    assert (told.start.mandate, told.start.seed) == (MANDATE, SEED)
    assert starts_of(journal) == (told.start,)


def test_block_of__every_block__as_in_the_history(told: History, journal: Journal) -> None:
    settled = [b for b in told.blocks if b.settled]
    assert block_of(journal, settled[0].number) == settled[0]
    assert all(block_of(journal, block.number) == block for block in told.blocks[::7])


@pytest.mark.parametrize(
    "number, expected", [(0, "45 blocks from 3 to 48"), (10, "the nearest is 9"), (10**9, "to 48")]
)
def test_block_of__not_there__range_in_words(number: int, expected: str, journal: Journal) -> None:
    with pytest.raises(ConfigError, match=expected):
        block_of(journal, number)


def test_settlement__plan_of_a_later_record__found(told: History, journal: Journal) -> None:
    for plan_hash, expected in told.settlements.items():
        assert settlement(journal, plan_hash) == expected
    assert settlement(journal, "no plan") is None


def test_start_before__restarted_with_another_mandate__the_one_it_ran_under(
    tmp_path: Path,
) -> None:
    with Journal.create(tmp_path / "journal.sqlite") as journal:
        for mandate, block in (("first", 5), ("second", 9)):
            journal.append(start(mandate), *blank(block))
        told = history(journal)
    assert [told.start_before(number).mandate for number in (5, 9)] == ["first", "second"]
    assert told.start.mandate == "second"


def test_history__no_start__said(tmp_path: Path) -> None:
    with Journal.create(tmp_path / "journal.sqlite") as journal:
        with pytest.raises(JournalError, match="how it was started"):
            _ = history(journal).start
        with pytest.raises(ConfigError, match="no block yet"):
            block_of(journal, 1)


@pytest.mark.parametrize(
    "economic", [None, {"view": {}}, {"view": {"equity": "one half"}}, [1], "words"]
)
def test_history__tick_of_something_else__journal_error(economic: Plain, tmp_path: Path) -> None:
    flows, _ = blank(3)
    with Journal.create(tmp_path / "journal.sqlite") as journal:
        journal.append(flows, Record("tick", 3, economic, None))
        with pytest.raises(JournalError, match="tick record of block 3"):
            history(journal)


def test_history__tick_without_flows__journal_error(tmp_path: Path) -> None:
    with Journal.create(tmp_path / "journal.sqlite") as journal:
        journal.append(blank(3)[1])
        with pytest.raises(JournalError, match="no flows before it"):
            history(journal)


def test_history__intent_of_no_block__journal_error(told: History, tmp_path: Path) -> None:
    sent = next(block.intent for block in told.blocks if block.intent)
    with Journal.create(tmp_path / "journal.sqlite") as journal:
        journal.append(records.intent(sent))
        with pytest.raises(JournalError, match="belongs to no block"):
            history(journal)


def test_history__trouble_in_sending_and_a_halt__kept(tmp_path: Path) -> None:
    with Journal.create(tmp_path / "journal.sqlite") as journal:
        journal.append(start("mandate"), *blank(3), records.skip(3, JournalError("refused")))
        journal.append(
            records.skip(4, JournalError("unread")), records.halt(None, JournalError("x"))
        )
        told = history(journal)
    assert told.blocks[0].trouble == "refused"
    assert [(each.after, each.why) for each in told.skips] == [(3, "unread")]
    assert [(each.after, each.why) for each in told.halts] == [(3, "x")]
