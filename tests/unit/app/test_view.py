import io
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from tests.support.story import Story
from trimtab.app.view import LiveView, bar, line, picture, sparkline
from trimtab.app.watched import LONGEST, Watched
from trimtab.core.plan import Refused
from trimtab.core.settlement import Dropped, Failed, Landed, Mismatch, Settlement

SHARES = st.fractions(0, 1)


def drawn(watched: Watched, width: int) -> list[str]:
    """The picture's lines on a terminal without colour."""
    file = io.StringIO()
    Console(file=file, width=width, color_system=None).print(picture(watched, 60, width))
    return file.getvalue().splitlines()


@pytest.fixture
def watched(story: Story) -> Watched:
    """What is shown after the whole story."""
    seen = Watched()
    for step in story.steps:
        seen = seen.after(story.bot, step)
    return seen


@pytest.mark.chain
def test_watched__story__counts_are_the_steps(watched: Watched, story: Story) -> None:
    outcomes = [step.outcome for step in story.steps if step.outcome]
    judged = [outcome.judgement for outcome in outcomes if outcome.judgement]
    settled = [type(each) for step in story.steps for each in step.settled]
    assert dict(watched.counts) == {
        "decisions": len(judged),
        "landed": settled.count(Landed),
        "reverted": settled.count(Failed),
        "dropped": settled.count(Dropped),
        "refused": sum(isinstance(judgement.verdict, Refused) for judgement in judged),
        "over a limit": sum(bool(judgement.breaches) for judgement in judged),
        "mismatched": sum(isinstance(step.sent, Mismatch) for step in story.steps),
        "skipped": sum(step.skipped is not None for step in story.steps),
    }
    assert all(watched.counts.values())


@pytest.mark.chain
def test_watched__story__shares_sum_to_the_equity(watched: Watched, story: Story) -> None:
    last = story.steps[-1].outcome
    assert last is not None
    assert watched.equity == last.equity
    assert sum(watched.weights.values()) == sum(watched.lies.values()) == 1
    assert abs(sum(watched.targets.values(), Fraction(-1))) < Fraction(1, 10**12)
    assert watched.change == last.equity / Fraction(300_000 * 10**6) - 1


@pytest.mark.chain
@pytest.mark.parametrize("width", [60, 80, 120])
def test_picture__any_width__fits_and_tells_all(width: int, watched: Watched) -> None:
    lines = drawn(watched, width)
    assert max(map(len, lines)) <= width
    whole = " ".join(" ".join(lines).split())
    for part in ("46 of 60", "WETH", "target", "lent at aave_v3", "refused 1", "skipped 1"):
        assert part in whole


@pytest.mark.chain
def test_picture__at_every_turn_of_the_story__fits(story: Story) -> None:
    seen = Watched()
    for step in story.steps:
        seen = seen.after(story.bot, step)
        assert max(map(len, drawn(seen, 60))) <= 60


@pytest.mark.chain
@pytest.mark.parametrize(
    "settled, expected",
    [
        (Landed("plan", "0x", 4, 1, 1), "landed"),
        (Failed("plan", "0x", 4, 1, 1, "why"), "failed"),
        (Dropped("plan", "late"), "dropped"),
    ],
)
def test_watched__settlement__said_of_the_plan_that_was_sent(
    settled: Settlement, expected: str, story: Story
) -> None:
    sent = Watched().after(story.bot, story.steps[0])
    assert sent.plan == "block 3: supply x2; on its way"
    seen = sent.after(story.bot, replace(story.steps[1], settled=(settled,), sent=None))
    assert seen.plan == f"block 3: supply x2; {expected}"


def test_picture__before_anything__says_so() -> None:
    assert "nothing yet" in "\n".join(drawn(Watched(), 60))


@pytest.mark.chain
def test_live_view__no_terminal__a_line_per_tenth(story: Story) -> None:
    progress, out = io.StringIO(), io.StringIO()
    total = len(story.steps)
    with LiveView(total, console=Console(file=out), progress=progress) as view:
        for step in story.steps:
            view.update(story.bot, step)
    lines = progress.getvalue().splitlines()
    assert len(lines) == 10
    assert lines[-1].startswith(f"{total} of {total} blocks (100%), equity ")
    assert out.getvalue() == ""


@pytest.mark.chain
@pytest.mark.parametrize("quiet", [False, True])
def test_live_view__terminal__picture_unless_quiet(quiet: bool, story: Story) -> None:
    progress, out = io.StringIO(), io.StringIO()
    console = Console(file=out, force_terminal=True, width=80)
    with LiveView(50, quiet=quiet, console=console, progress=progress) as view:
        for step in story.steps:
            view.update(story.bot, step)
    assert ("weights" in out.getvalue()) is not quiet
    assert bool(progress.getvalue()) is quiet


def test_line__nothing_read_yet__no_equity() -> None:
    assert line(Watched(turns=1), 4) == "1 of 4 blocks (25%), 0 plans landed"


def test_line__run_without_an_end__no_share_of_it() -> None:
    assert line(Watched(turns=1_234), 0) == "1,234 blocks, 0 plans landed"


@pytest.mark.chain
def test_live_view__run_without_an_end__a_line_a_block(story: Story) -> None:
    progress = io.StringIO()
    with LiveView(0, console=Console(file=io.StringIO()), progress=progress) as view:
        for step in story.steps:
            view.update(story.bot, step)
    assert len(progress.getvalue().splitlines()) == len(story.steps)


@pytest.mark.chain
def test_picture__run_without_an_end__counts_blocks(watched: Watched) -> None:
    console = Console(file=io.StringIO(), width=100, color_system=None, record=True)
    console.print(picture(watched, 0, 100))
    first = console.export_text().split("blocks", 1)[1].splitlines()[0]
    assert first.split()[0] == f"{watched.turns:,}"
    assert "%" not in first


@given(SHARES, st.integers(1, 200))
def test_bar__any_share__its_length_and_fill(share: Fraction, columns: int) -> None:
    drawn = bar(share, columns)
    assert len(drawn) == columns
    assert abs(drawn.count("█") - share * columns) <= 1


@given(SHARES, SHARES, st.integers(1, 200))
def test_bar__mark__one_and_where_it_belongs(share: Fraction, mark: Fraction, columns: int) -> None:
    drawn = bar(share, columns, mark)
    assert len(drawn) == columns
    assert drawn.index("│") == min(round(mark * columns), columns - 1)


@given(st.lists(st.fractions(), max_size=60), st.integers(1, 40))
def test_sparkline__any_course__fits_and_ends_with_the_newest(
    values: list[Fraction], columns: int
) -> None:
    told = sparkline(tuple(values), columns)
    assert len(told) == min(len(values), columns)
    if len(values) > 1 and values[-1] == max(values) != min(values[-columns:]):
        assert told[-1] == "█" or len(told) == 1


def test_sparkline__rise__levels_in_order() -> None:
    values = tuple(map(Fraction, range(8)))
    assert sparkline(values, 8) == "▁▂▃▄▅▆▇█"
    assert sparkline((Fraction(1), Fraction(1)), 8) == "▁▁"


@pytest.mark.chain
def test_watched__many_turns__course_stays_short(story: Story) -> None:
    seen, step = Watched(), story.steps[0]
    for _ in range(3 * LONGEST):
        seen = seen.after(story.bot, step)
    assert LONGEST // 2 <= len(seen.course) <= LONGEST
    assert seen.turns == 3 * LONGEST
