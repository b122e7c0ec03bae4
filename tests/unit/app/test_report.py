import re
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest

from tests.support.story import MANDATE, Story
from tests.unit.app.blanks import blank, start
from trimtab.app.history import Block, History, history
from trimtab.app.recorded import Approved, Refused
from trimtab.app.report import write_report
from trimtab.app.report.charts import layers_of, weights_chart
from trimtab.app.report.decisions import rows
from trimtab.app.report.figures import Figures, figures
from trimtab.app.report.markup import VOID, Html, join, tag, typeset
from trimtab.app.report.waterfall import bars, without_prices
from trimtab.core.errors import ConfigError
from trimtab.journal.store import Journal

NETWORK = re.compile(r"https?:|//[a-z]|@import|url\((?!#)|<script|<link|<iframe|\bsrc=")
RAW_FLOAT = re.compile(r"\d\.\d{9,}")


class Outline(HTMLParser):
    """What a page is made of; an element that is left open or closed twice is an error."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.identities: list[str] = []
        self.references: set[str] = set()
        self.text = ""
        self.feed(page)

    def handle_starttag(self, name: str, attributes: list[tuple[str, str | None]]) -> None:
        self.seen.append(name)
        for key, value in attributes:
            if key == "id" and value is not None:
                self.identities.append(value)
            self.references |= set(
                re.findall(r"#([\w.-]+)", f"{key}#{value}" if key == "href" else "")
            )
        if name not in VOID:
            self.open.append(name)

    def handle_endtag(self, name: str) -> None:
        assert self.open.pop() == name

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text += data


@pytest.fixture(scope="session")
def page(story: Story, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The story's report."""
    path: Path = tmp_path_factory.mktemp("report") / "report.html"
    with Journal.read(story.path) as journal:
        write_report(journal, path, "A <story> & more")
    return path.read_text(encoding="utf-8")


@pytest.fixture
def run(told: History) -> Figures:
    """The story's figures."""
    return figures(told)


# ---------------------------------------------------------------------------------------- page


@pytest.mark.chain
def test_report__story__whole_and_well_formed(page: str) -> None:
    outline = Outline(page)
    assert outline.open == []
    assert outline.seen.count("svg") == 4
    assert len(set(outline.identities)) == len(outline.identities)


@pytest.mark.chain
def test_report__story__needs_no_network_and_no_script(page: str) -> None:
    assert NETWORK.findall(page.replace(MANDATE, "")) == []


@pytest.mark.chain
def test_report__story__no_raw_float_in_its_words(page: str) -> None:
    assert RAW_FLOAT.findall(Outline(page).text) == []


@pytest.mark.chain
def test_report__what_comes_from_outside__escaped(page: str) -> None:
    assert "A &lt;story&gt; &amp; more" in page
    assert "no &lt;b&gt;bold&lt;/b&gt; &amp; no harm" in page
    assert "<b>" not in page
    assert MANDATE in Outline(page).text


@pytest.mark.chain
def test_report__story__every_event_is_told(page: str, told: History, journal: Journal) -> None:
    text = Outline(page).text
    expected = {"Too little received", "its deadline passed", "the node did not answer within 10 s"}
    expected |= {"the chain moved 3 units more than the model", "max equity", journal.digest()}
    expected |= {told.start.mandate_hash, told.start.account, "cap protocol:aave_v3"}
    assert {each for each in expected if each not in text} == set()


@pytest.mark.chain
def test_report__twice__the_same_bytes(page: str, journal: Journal, tmp_path: Path) -> None:
    again = tmp_path / "again.html"
    write_report(journal, again, "A <story> & more")
    assert again.read_text(encoding="utf-8") == page


@pytest.mark.chain
def test_report__folder_that_is_not_there__said(journal: Journal, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be written"):
        write_report(journal, tmp_path / "nowhere" / "report.html", "A story")


def test_report__no_block__said(tmp_path: Path) -> None:
    with Journal.create(tmp_path / "journal.sqlite") as journal:
        journal.append(start(MANDATE))
        with pytest.raises(ConfigError, match="no block yet"):
            write_report(journal, tmp_path / "report.html", "Nothing")


def test_report__one_block_of_an_empty_account__a_page_without_charts(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    with Journal.create(tmp_path / "journal.sqlite") as journal:
        journal.append(start("of another version"), *blank(3))
        write_report(journal, path, "Nothing")
    outline = Outline(path.read_text(encoding="utf-8"))
    assert "One block is no course" in outline.text
    assert outline.seen.count("svg") == 1


def test_report__import__does_not_load_matplotlib() -> None:
    code = "import sys, trimtab.app.report; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# ------------------------------------------------------------------------------------- figures


@pytest.mark.chain
def test_figures__story__hold_is_the_first_book_at_later_prices(run: Figures) -> None:
    book = run.first.tick.view.book
    for block, point in zip(run.history.blocks, run.points, strict=True):
        prices = block.tick.view.prices
        assert point.hold == sum(raw * prices[key.split("/")[1]].price for key, raw in book.items())


@pytest.mark.chain
def test_figures__story__managed_is_the_book_less_what_others_brought_and_gas(
    run: Figures,
) -> None:
    external = gas = Fraction(0)
    for block, point in zip(run.history.blocks, run.points, strict=True):
        if block.attribution is not None:
            external += block.attribution.external
            gas += block.attribution.gas
        assert point.managed == block.tick.view.equity - external - gas
    assert min(external, gas) > 0


@pytest.mark.chain
def test_figures__story__weights_and_targets_sum_to_one(run: Figures) -> None:
    for point in run.points:
        assert sum(point.weights.values()) == 1
        assert abs(sum(point.targets.values(), Fraction(-1))) < Fraction(1, 10**12)


@pytest.mark.chain
def test_figures__story__episodes_are_the_breaches(run: Figures) -> None:
    broken = {
        (breach.limit, block.number)
        for block in run.history.blocks
        for breach in block.tick.breaches
    }
    told = {
        (episode.limit, block.number)
        for episode in run.episodes
        for block in run.history.blocks
        if episode.since <= block.number and (episode.until or 10**9) > block.number
    }
    assert told == broken != set()


@pytest.mark.chain
def test_figures__story__counts(run: Figures) -> None:
    verdicts = [block.tick.verdict for block in run.history.blocks]
    counts = run.counts
    assert counts.approved == sum(isinstance(verdict, Approved) for verdict in verdicts)
    assert counts.refused == sum(isinstance(verdict, Refused) for verdict in verdicts) > 0
    ends = counts.landed + counts.failed + counts.dropped + counts.mismatched
    sent = {block.intent.plan_hash for block in run.history.blocks if block.intent}
    assert ends + len(sent - run.history.settlements.keys()) == counts.approved
    assert (counts.decisions, counts.skipped) == (len(verdicts), 1)


@pytest.mark.chain
def test_bars__story__each_begins_where_the_last_ended_and_they_sum(run: Figures) -> None:
    steps = bars(run)
    at = Fraction(0)
    for step in steps:
        assert (step.ends == at) if step.is_sum else (step.begins == at)
        at = step.ends
    ledger = run.ledger
    assert next(step.worth for step in steps if step.is_sum) == ledger.profit
    assert at == ledger.equity - ledger.equity_start - ledger.gas
    *parts, total = without_prices(steps)
    assert total.worth == sum(part.worth for part in parts) == ledger.profit - ledger.price


@pytest.mark.chain
def test_charts__debt_in_the_book__owed_below_zero(told: History) -> None:
    run = figures(replace(told, blocks=tuple(map(with_debt, told.blocks))))
    owed = [layer for layer in layers_of(run) if layer.kind == "owed"]
    assert len(owed) == 1
    assert max(owed[0].shares) < 0
    ends = sum(layer.shares[-1] for layer in layers_of(run))
    assert f"owed {owed[0].shares[-1]:.0%}" in weights_chart(run)
    assert ends == pytest.approx(1 + owed[0].shares[-1])


def with_debt(block: Block) -> Block:
    """The block with a debt that its equity, as recorded, leaves out."""
    seen = block.tick.view
    book = {**seen.book, f"aave_v3:1:0x/{seen.numeraire}/debt": -(10**9)}
    view = msgspec.structs.replace(seen, book=book)
    return replace(block, tick=msgspec.structs.replace(block.tick, view=view))


# ----------------------------------------------------------------------------------- decisions


@pytest.mark.chain
def test_rows__story__every_block_once_and_in_order(run: Figures) -> None:
    made = rows(run.history, run.lexicon)
    assert sum(row.many for row in made) == len(run.points)
    numbers = [block.number for block in run.history.blocks]
    assert [row.first for row in made] == [
        numbers[sum(row.many for row in made[:place])] for place in range(len(made))
    ]
    assert max(row.many for row in made) > 5


@pytest.mark.chain
def test_rows__story__a_plan_is_never_merged(run: Figures) -> None:
    made = {row.first: row for row in rows(run.history, run.lexicon)}
    for block in run.history.blocks:
        if block.tick.plan is not None:
            row = made[block.number]
            assert (row.many, row.cost) == (1, block.tick.plan.cost.total)
            assert row.verdict


@pytest.mark.chain
def test_rows__story__the_engine_is_not_said_twice(run: Figures) -> None:
    for row in rows(run.history, run.lexicon):
        assert all(reason not in row.why for reason in row.reasons)
        assert not row.why.endswith((";", "(", " "))


# -------------------------------------------------------------------------------------- markup


def test_tag__content_and_attributes__escaped_unless_markup() -> None:
    made = tag("p", "a < b", tag("br"), Html("<i>c</i>"), class_='"x"', aria_label="&")
    assert made == '<p class="&quot;x&quot;" aria-label="&amp;">a &lt; b<br><i>c</i></p>'
    assert join("<", Html("<")) == "&lt;<"


@pytest.mark.parametrize(
    "words, expected",
    [
        ("-1.50 USDC", "\N{MINUS SIGN}1.50 USDC"),
        ("from -1 to +1", "from \N{MINUS SIGN}1 to +1"),
        ("2023-11-14", "2023-11-14"),
        ("uniswap-3", "uniswap-3"),
    ],
)
def test_typeset__negative_numbers_only__minus_sign(words: str, expected: str) -> None:
    assert typeset(words) == expected


def test_history__story_twice__figures_need_no_journal(told: History, journal: Journal) -> None:
    assert figures(told) == figures(history(journal))
