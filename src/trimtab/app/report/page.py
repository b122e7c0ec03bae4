"""The page: what it says first, and in which order the rest comes."""

from __future__ import annotations

from fractions import Fraction
from importlib.resources import files

from trimtab.app.history import History
from trimtab.app.numbers import count, moment, percent, short, signed, span
from trimtab.app.report.charts import (
    IDLE_OPACITY,
    colours,
    layers_of,
    prices_chart,
    weights_chart,
    worth_chart,
)
from trimtab.app.report.decisions import rows
from trimtab.app.report.drawing import variable
from trimtab.app.report.events import (
    breach_table,
    decision_table,
    refusal_table,
    settlement_table,
    trouble_table,
)
from trimtab.app.report.figures import Figures, Point, figures
from trimtab.app.report.markup import Content, Html, join, tag, typeset
from trimtab.app.report.tables import book_table, costs_table, flow_table, strategy_table
from trimtab.app.report.waterfall import waterfall_chart

_COSTS = (
    "Fills are measured against the oracle of the block in which they landed, so a price that "
    "moved since the plan was made shows as slippage. The model is of the plans that landed, and "
    "its gas is an upper bound."
)


def page(history: History, digest: str, title: str) -> str:
    """The whole page. Raises as `trimtab.app.report.write_report` does."""
    run = figures(history)
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", title),
        tag("style", Html(_style())),
    )
    sections = (
        _worth(run),
        _weights(run),
        _profit(run),
        _breaches(run),
        _outcomes(run),
        _decisions(run),
        _provenance(run, digest),
    )
    body = tag("body", _header(run, title), tag("main", _cards(run), *sections))
    return f"<!doctype html>\n{tag('html', head, body, lang='en')}\n"


def _style() -> str:
    return files("trimtab.app.report").joinpath("report.css").read_text(encoding="utf-8")


# -------------------------------------------------------------------------------------- header


def _header(run: Figures, title: str) -> Html:
    first, last = run.points[0], run.points[-1]
    when = f"{moment(first.timestamp)} to {moment(last.timestamp)}"
    blocks = f"{count(len(run.points), 'block')}, {first.number:,} to {last.number:,}"
    length = span(last.timestamp - first.timestamp)
    return tag(
        "header",
        tag("h1", title),
        tag("p", f"{when} · {length} · {blocks}", class_="when"),
        tag("p", typeset(_summary(run)), class_="lead"),
    )


def _summary(run: Figures) -> str:
    """The run in three sentences."""
    words, ledger, counts = run.lexicon, run.ledger, run.counts
    beyond, error = run.against_hold, run.conservation_error
    more = "more" if beyond >= 0 else "less"
    agreed = (
        f"differ from the journal by {count(error, 'base unit')}"
        if error
        else "agreed with the journal to the unit at every block"
    )
    return (
        f"The book went from {words.worth(ledger.equity_start)} to {words.worth(ledger.equity)}. "
        f"After all costs it earned {words.gained(ledger.profit)}, {words.worth(abs(beyond))} "
        f"{more} than its first book would have, held and left alone. "
        f"Of {count(counts.approved, 'approved plan')} {counts.landed:,} landed; limits refused "
        f"{counts.refused or 'none'}. The chain's own balances {agreed}."
    )


def _cards(run: Figures) -> Html:
    words, ledger = run.lexicon, run.ledger
    change = _part(run, ledger.equity - ledger.equity_start)
    if ledger.external:
        change += f", with {words.gained(ledger.external)} brought by others"
    costs = ledger.fees + ledger.slippage + ledger.rounding + ledger.gas
    error = f"{run.conservation_error:,}"
    cards = (
        ("Equity at the start", words.worth(ledger.equity_start), _when(run.points[0])),
        ("Equity at the end", words.worth(ledger.equity), change),
        ("Profit after costs", words.gained(ledger.profit), _part(run, ledger.profit)),
        ("Against holding", words.gained(run.against_hold), _part(run, run.against_hold)),
        ("Costs paid", words.worth(costs), "fees, slippage, rounding and gas"),
        ("Conservation error", error, "base units over all blocks and places (INV-1)"),
    )
    return tag("div", *(_card(*card) for card in cards), class_="cards")


def _card(name: str, figure: str, note: str) -> Html:
    return tag(
        "div",
        tag("p", name, class_="name"),
        tag("p", typeset(figure), class_="figure"),
        tag("p", typeset(note), class_="note"),
        class_="card",
    )


def _when(point: Point) -> str:
    return f"block {point.number:,}, {moment(point.timestamp)}"


def _part(run: Figures, worth: Fraction) -> str:
    share = run.share(worth)
    return "" if share is None else f"{signed(percent(share))} of the first equity"


# ------------------------------------------------------------------------------------ sections


def _section(title: str, lead: str, *contents: Content) -> Html:
    return tag("section", tag("h2", title), tag("p", lead), *contents)


def _figure(chart: Html, *legend: Html) -> Html:
    keys = tag("figcaption", *legend) if legend else Html()
    return tag("figure", tag("div", chart, class_="scroll"), keys)


def _key(colour: str, name: str, shape: str = "", opacity: float = 1.0) -> Html:
    style = f"--key: var(--{variable(colour)}); opacity: {opacity:g}"
    swatch = tag("i", class_=f"swatch {shape}".strip(), style=style)
    return tag("span", swatch, name, class_="key")


def _worth(run: Figures) -> Html:
    lead = (
        "The line of this book leaves out what others brought, and bears the gas that its signer "
        "paid. The broad line is the first book, held and valued at later prices. Triangles mark "
        "the blocks in which a plan landed."
    )
    if len(run.points) < 2:
        return _section("Worth", "One block is no course: there is nothing to draw yet.")
    prices = prices_chart(run)
    words = run.lexicon
    keys = [
        _key(colour, words.symbol(token), "line")
        for token, colour in colours(words).items()
        if token != words.numeraire
    ]
    drawn = () if prices is None else (_figure(prices, *keys),)
    return _section("Worth", lead, _figure(worth_chart(run)), *drawn)


def _weights(run: Figures) -> Html:
    tables = (tag("h3", "The book"), book_table(run), tag("h3", "Whose it is"), strategy_table(run))
    if len(run.points) < 2:
        return _section("The book", "As it lies.", *tables)
    lead = "What the equity consists of, and where it lies."
    keys = [
        _key(
            colours(run.lexicon)[layer.token],
            f"{run.lexicon.symbol(layer.token)} {layer.kind}",
            opacity=IDLE_OPACITY if layer.kind == "idle" else 1.0,
        )
        for layer in layers_of(run)
    ]
    if any(point.targets for point in run.points):
        lead += " Dashed: where the targets would put the borders between tokens."
    return _section("Weights", lead, _figure(weights_chart(run), *keys), *tables)


def _profit(run: Figures) -> Html:
    lead = (
        "Each part is computed from its own records, none is a remainder, and they sum exactly to "
        "the profit. Interest and flows count at the prices of the block in which they came."
    )
    flows = flow_table(run)
    brought = () if flows is None else (tag("h3", "Brought or taken by others"), flows)
    return _section(
        "Where the profit came from",
        lead,
        _figure(waterfall_chart(run)),
        tag("h3", "Costs"),
        tag("p", _COSTS, class_="aside"),
        costs_table(run),
        *brought,
    )


def _breaches(run: Figures) -> Html:
    if not run.episodes and not run.counts.refused:
        return _section("Limits", "The market broke no limit, and no plan was refused.")
    parts: list[Html] = []
    if run.episodes:
        parts += [tag("h3", "Broken by the market"), breach_table(run)]
    if run.counts.refused:
        parts += [tag("h3", "Refused plans"), refusal_table(run)]
    lead = (
        "A limit that the market broke is repaired by the next plan that can; a plan that would "
        "break one is refused."
    )
    return _section("Limits", lead, *parts)


def _outcomes(run: Figures) -> Html:
    table, troubles = settlement_table(run), trouble_table(run)
    parts = [] if table is None else [table]
    if troubles is not None:
        parts += [tag("h3", "Skipped and halted"), troubles]
    lead = "What became of every plan that was made ready to be sent."
    return _section("Settlement", lead if table else "No plan was made ready to be sent.", *parts)


def _decisions(run: Figures) -> Html:
    lead = (
        "Every block that was decided on. Blocks in a row that differ only in their figures are "
        "one row, told in the words of the last."
    )
    found = rows(run.history, run.lexicon)
    return _section("Decisions", lead, decision_table(found, run.lexicon))


def _provenance(run: Figures, digest: str) -> Html:
    start = run.history.start
    entries = (
        ("Digest", digest),
        ("Mandate hash", start.mandate_hash),
        ("Account", start.account),
        ("Seed", "none" if start.seed is None else str(start.seed)),
        ("Version", start.code_version),
        ("Started", count(len(run.history.starts), "time")),
    )
    terms = [join(tag("dt", name), tag("dd", tag("code", value))) for name, value in entries]
    mandate = tag(
        "details",
        tag("summary", f"The mandate ({short(start.mandate_hash)})"),
        tag("pre", start.mandate),
    )
    lead = "Equal digests mean equal decisions, plans, verdicts and books."
    return _section("Provenance", lead, tag("dl", *terms), mandate)
