"""The tables of a report: what there is, and what it cost."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction

from trimtab.app.found import worth
from trimtab.app.keys import token_of
from trimtab.app.numbers import percent, signed
from trimtab.app.recorded import Hold, Target
from trimtab.app.report.figures import Figures
from trimtab.app.report.markup import Content, Html, tag, typeset
from trimtab.core.settlement import Landed

Cells = Sequence[Content]


def table(columns: Sequence[str], rows: Iterable[Cells], foot: Cells = (), kind: str = "") -> Html:
    """Rows under their columns; a column whose name begins with `>` holds figures."""
    names = [name.removeprefix(">") for name in columns]
    kinds = ["number" if name.startswith(">") else "words" for name in columns]
    heads = (
        tag("th", name, class_=column, scope="col")
        for name, column in zip(names, kinds, strict=True)
    )
    parts = [tag("thead", tag("tr", *heads)), tag("tbody", *(_row(row, kinds) for row in rows))]
    if foot:
        parts.append(tag("tfoot", _row(foot, kinds)))
    return tag("div", tag("table", *parts, class_=kind or "plain"), class_="scroll")


def _row(cells: Cells, kinds: Sequence[str]) -> Html:
    return tag(
        "tr",
        *(
            tag("td", typeset(cell) if kind == "number" else cell, class_=kind)
            for cell, kind in zip(cells, kinds, strict=True)
        ),
    )


def book_table(run: Figures) -> Html:
    """What lies where, at the first block and at the last."""
    words, before, now = run.lexicon, run.first.tick.view, run.last.tick.view
    keys = dict.fromkeys((*now.book, *before.book))
    worths = {key: worth(now, key, now.book.get(key, 0)) for key in keys}
    rows = [
        (
            words.place(key),
            words.held(key, before.book[key]) if key in before.book else "",
            words.held(key, now.book[key]) if key in now.book else "",
            words.worth(worths[key]),
            _share(worths[key], now.equity),
        )
        for key in sorted(keys, key=lambda each: worths[each], reverse=True)
    ]
    foot = ("In all", words.worth(before.equity), "", words.worth(now.equity), "")
    columns = ("Place", ">At the start", ">At the end", ">Worth at the end", ">Share")
    return table(columns, rows, foot)


def strategy_table(run: Figures) -> Html:
    """What each strategy owns at the end, and how often it wanted what."""
    now = run.last.tick.view
    asked = [decision for block in run.history.blocks for decision in block.tick.decisions.items()]
    names = dict.fromkeys((*now.claims, *(name for name, _ in asked)))
    rows = []
    for name in names:
        claim = now.claims.get(name)
        owned = sum((worth(now, key, raw) for key, raw in (claim or {}).items()), Fraction(0))
        own = [decision for who, decision in asked if who == name]
        rows.append(
            (
                name,
                "places what idles" if claim is None else run.lexicon.worth(owned),
                "" if claim is None else _share(owned, now.equity),
                f"{sum(isinstance(each, Target) for each in own):,}",
                f"{sum(isinstance(each, Hold) for each in own):,}",
            )
        )
    return table(("Strategy", ">Owns at the end", ">Share", ">Targets", ">Holds"), rows)


def costs_table(run: Figures) -> Html:
    """What was paid, and what the model had said of the plans that landed."""
    ledger, words = run.ledger, run.lexicon
    settled = run.history.settlements
    plans = [
        block.tick.plan
        for block in run.history.blocks
        if block.tick.plan and isinstance(settled.get(block.tick.plan_hash or ""), Landed)
    ]
    modelled = {
        "Pool fees": sum((plan.cost.fees for plan in plans), Fraction(0)),
        "Slippage": sum((plan.cost.slippage for plan in plans), Fraction(0)),
        "Gas": sum((plan.cost.gas for plan in plans), Fraction(0)),
    }
    paid = {
        "Pool fees": ledger.fees,
        "Slippage": ledger.slippage,
        "Rounding": ledger.rounding,
        "Gas": ledger.gas,
    }
    rows = [
        (
            name,
            words.worth(cost),
            words.worth(modelled[name]) if name in modelled else "",
            _share(cost, ledger.equity_start, 3),
        )
        for name, cost in paid.items()
    ]
    total, model = sum(paid.values(), Fraction(0)), sum(modelled.values(), Fraction(0))
    part = _share(total, ledger.equity_start, 3)
    foot = ("In all", words.worth(total), words.worth(model), part)
    return table(("Cost", ">Paid", ">By the model", ">Of the first equity"), rows, foot)


def flow_table(run: Figures) -> Html | None:
    """What others brought or took, place by place; none where nobody did."""
    flows: dict[str, list[int]] = {}
    for block in run.history.blocks:
        for flow in block.flows.flows:
            if not flow.is_ours:
                flows.setdefault(flow.place, []).append(flow.raw)
    if not flows:
        return None
    words = run.lexicon
    rows = [
        (words.place(key), f"{len(raws):,}", signed(words.amount(token_of(key), sum(raws))))
        for key, raws in flows.items()
    ]
    foot = ("In all", f"{sum(map(len, flows.values())):,}", words.gained(run.ledger.external))
    return table(("Place", ">Flows", ">Amount"), rows, foot)


def _share(part: Fraction, whole: Fraction, places: int = 2) -> str:
    return percent(part / whole, places) if whole else ""
