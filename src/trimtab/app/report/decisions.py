"""Every decision as a row; blocks in a row that differ only in their figures are one row."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal

from trimtab.app.history import Block, History
from trimtab.app.recorded import Approved, Refused, Target, Tick
from trimtab.app.recorded_actions import Approve
from trimtab.app.words import Lexicon
from trimtab.core.settlement import Dropped, Failed, Landed, Mismatch, Settlement

Tone = Literal["good", "bad", "warn", "calm"]
_FIGURE = re.compile(r"[+-]?\d[\d,.]*")
_ENDS = re.compile(r"(;\s*)+(?=\)|$)")
_EMPTY = re.compile(r"\(\s*\)")


@dataclass(frozen=True, slots=True)
class Row:
    """One decision, or `many` alike from block `first` to block `last`.

    `reasons` are the strategies' own, `why` what the engine adds to them. `cost` is what the
    plan costs by the model, in base units of the numeraire.
    """

    first: int
    last: int
    many: int
    began: int
    ended: int
    what: tuple[str, ...]
    why: str
    reasons: tuple[str, ...]
    verdict: str
    tone: Tone
    cost: Fraction | None


def rows(history: History, lexicon: Lexicon) -> tuple[Row, ...]:
    """The decisions of a history in order."""
    symbols = {token.symbol for token in lexicon.tokens.values()}
    settlements = history.settlements
    merged: list[Row] = []
    last_key: object = None
    for block in history.blocks:
        row, key = _row(block, lexicon, settlements), _key(block, symbols)
        if merged and key is not None and key == last_key:
            was = merged[-1]
            merged[-1] = replace(row, first=was.first, began=was.began, many=was.many + 1)
        else:
            merged.append(row)
        last_key = key
    return tuple(merged)


def _key(block: Block, symbols: set[str]) -> object:
    """What blocks that are alike share: their words without figures. None where a plan was made."""
    tick = block.tick
    if tick.plan is not None:
        return None
    words = _FIGURE.sub("#", tick.why)
    for symbol in sorted(symbols, key=len, reverse=True):
        words = words.replace(symbol, "$")
    broken = tuple(breach.limit for breach in tick.breaches)
    return words, tuple(sorted(tick.decisions)), broken


def _row(block: Block, lexicon: Lexicon, settlements: dict[str, Settlement]) -> Row:
    tick, at = block.tick, block.tick.view.timestamp
    verdict, tone = _verdict(block, lexicon, settlements)
    return Row(
        first=block.number,
        last=block.number,
        many=1,
        began=at,
        ended=at,
        what=tuple(_what(block, lexicon)),
        why=_own_words(tick),
        reasons=_reasons(tick),
        verdict=verdict,
        tone=tone,
        cost=None if tick.plan is None else tick.plan.cost.total,
    )


def _reasons(tick: Tick) -> tuple[str, ...]:
    return tuple(f"{name}: {decision.why}" for name, decision in tick.decisions.items())


def _own_words(tick: Tick) -> str:
    """What the engine says beyond the strategies' reasons, which it repeats."""
    words = tick.why
    for reason in _reasons(tick):
        words = words.replace(reason, "")
    return _EMPTY.sub("", _ENDS.sub("", words)).strip()


def _what(block: Block, lexicon: Lexicon) -> Iterator[str]:
    """The plan's moves; without a plan, whether anybody wanted one."""
    tick = block.tick
    if tick.plan is not None:
        yield from (lexicon.action(a) for a in tick.plan.actions if not isinstance(a, Approve))
    elif not tick.decisions:
        yield "wait"
    elif any(isinstance(decision, Target) for decision in tick.decisions.values()):
        yield "stay, though a move was wished for"
    else:
        yield "hold"


def _verdict(
    block: Block, lexicon: Lexicon, settlements: dict[str, Settlement]
) -> tuple[str, Tone]:
    tick = block.tick
    match tick.verdict:
        case None:
            return ("over a limit", "warn") if tick.breaches else ("", "calm")
        case Refused() as refused:
            name, measured, allowed = lexicon.limit(refused)
            return f"refused: {name} {measured}, at most {allowed}", "bad"
        case Approved():
            settlement = settlements.get(tick.plan_hash or "")
            repair = "repair " if tick.breaches else ""
            words, tone = fate(settlement, block.trouble)
            return f"{repair}approved, {words}", tone


def fate(settlement: Settlement | None, trouble: str | None) -> tuple[str, Tone]:
    """What became of an approved plan, in a few words."""
    match settlement:
        case Landed():
            return f"landed in {settlement.block:,}", "good"
        case Failed():
            return f"reverted in {settlement.block:,}", "bad"
        case Dropped():
            return "dropped", "warn"
        case Mismatch():
            return "not sent: simulation differs", "bad"
        case None if trouble is not None:
            return "not settled: trouble in sending", "warn"
        case None:
            return "not settled yet", "warn"
