"""The tables of what happened: broken limits, refusals, settlements, decisions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from trimtab.app.history import Block
from trimtab.app.numbers import count, moment, money, short
from trimtab.app.recorded import Refused
from trimtab.app.report.decisions import Row, fate
from trimtab.app.report.figures import Figures
from trimtab.app.report.markup import Content, Html, join, tag
from trimtab.app.report.tables import table
from trimtab.app.words import GWEI, Lexicon
from trimtab.core.settlement import Dropped, Failed, Landed, Mismatch, Settlement


def breach_table(run: Figures) -> Html:
    """Every limit that the market broke, from when to when."""
    rows = []
    for episode in run.episodes:
        name, worst, allowed = run.lexicon.limit(episode.worst)
        until = "still" if episode.until is None else f"{episode.until:,}"
        rows.append((name, f"{episode.since:,}", until, worst, allowed))
    return table(("Limit", ">From block", ">Kept again at", ">Worst", ">Allowed"), rows)


@dataclass(frozen=True, slots=True)
class _Refusals:
    """Blocks in a row whose plans the same limit refused."""

    limit: str
    blocks: tuple[int, ...]
    last: Refused


def refusal_table(run: Figures) -> Html:
    """Every refusal; blocks in a row with the same limit are one row."""
    runs: list[_Refusals] = []
    previous: str | None = None
    for block in run.history.blocks:
        verdict = block.tick.verdict
        if isinstance(verdict, Refused):
            if verdict.limit == previous:
                runs[-1] = _Refusals(verdict.limit, (*runs[-1].blocks, block.number), verdict)
            else:
                runs.append(_Refusals(verdict.limit, (block.number,), verdict))
        previous = verdict.limit if isinstance(verdict, Refused) else None
    rows = []
    for each in runs:
        name, measured, allowed = run.lexicon.limit(each.last)
        where = _blocks(each.blocks[0], each.blocks[-1], len(each.blocks))
        rows.append((where, name, measured, allowed))
    return table(("Block", "Limit", ">Measured", ">Allowed"), rows)


def settlement_table(run: Figures) -> Html | None:
    """What became of every plan that was prepared; none where there was none."""
    told = {each.plan_hash: block for block in run.history.blocks for each in block.settled}
    settlements = run.history.settlements
    rows = []
    for block in run.history.blocks:
        plan_hash = block.tick.plan_hash
        if plan_hash is None or (block.intent is None and block.mismatch is None):
            continue
        settlement = settlements.get(plan_hash)
        words, tone = fate(settlement, block.trouble)
        rows.append(
            (
                f"{block.number:,}",
                tag("span", words, class_=f"tone {tone}"),
                *_gas(settlement, told.get(plan_hash), run.lexicon),
                _detail(settlement, run.lexicon),
            )
        )
    columns = (
        "Plan of",
        "What became of it",
        ">Gas",
        ">Gwei",
        ">Cost of gas",
        "Transaction, or why",
    )
    return table(columns, rows) if rows else None


def _gas(
    settlement: Settlement | None, known_at: Block | None, words: Lexicon
) -> tuple[str, str, str]:
    """Units, price and worth of a mined transaction's gas."""
    if not isinstance(settlement, Landed | Failed):
        return "", "", ""
    price = money(Fraction(settlement.gas_price, GWEI))
    attribution = known_at.attribution if known_at and len(known_at.settled) == 1 else None
    cost = "" if attribution is None else words.worth(attribution.gas)
    return f"{settlement.gas_used:,}", price, cost


def _detail(settlement: Settlement | None, words: Lexicon) -> Content:
    match settlement:
        case Landed():
            return _hash(settlement.transaction)
        case Failed():
            return join(_hash(settlement.transaction), f" {words.named(settlement.reason)}")
        case Dropped():
            return settlement.why
        case Mismatch():
            return words.named(settlement.what)
        case None:
            return ""


def _hash(transaction: str) -> Html:
    return tag("code", short(transaction), title=transaction)


def trouble_table(run: Figures) -> Html | None:
    """What was skipped, what could not be sent, and why the loop halted; none where all went."""
    rows = [
        *(("skipped a block", each.after, each.why) for each in run.history.skips),
        *(
            ("not sent", block.number, block.trouble)
            for block in run.history.blocks
            if block.trouble
        ),
        *(("halted", each.after, each.why) for each in run.history.halts),
    ]
    told = [
        (what, "before the first" if after is None else f"{after:,}", why)
        for what, after, why in rows
    ]
    return table(("What", ">After block", "Why"), told) if told else None


def decision_table(rows: Sequence[Row], lexicon: Lexicon) -> Html:
    """Every decision."""
    body = [
        (
            join(_blocks(row.first, row.last, row.many), _when(row)),
            join(*(tag("div", each) for each in row.what)),
            _why(row),
            tag("span", row.verdict, class_=f"tone {row.tone}") if row.verdict else "",
            "" if row.cost is None else lexicon.worth(row.cost),
        )
        for row in rows
    ]
    return table(("Block", "What", "Why", "Verdict", ">Modelled cost"), body, kind="decisions")


def _why(row: Row) -> Html:
    own = (tag("div", row.why, class_="own"),) if row.why else ()
    return join(*own, *(tag("div", reason) for reason in row.reasons))


def _blocks(first: int, last: int, many: int) -> Html:
    if first == last:
        return Html(f"{first:,}")
    return join(f"{first:,}\N{EN DASH}{last:,}", tag("div", count(many, "block"), class_="note"))


def _when(row: Row) -> Html:
    """The time of a row without seconds and zone, which the page states once."""
    began, ended = moment(row.began)[:16], moment(row.ended)[:16]
    if began == ended:
        return tag("div", tag("time", began), class_="note")
    until = ended[11:] if began[:10] == ended[:10] else ended
    return tag("div", tag("time", began), tag("br"), "to ", tag("time", until), class_="note")
