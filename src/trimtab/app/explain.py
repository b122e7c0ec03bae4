"""A block in words that its owner understands, from the journal alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction

from trimtab.app.explanation import plain_of
from trimtab.app.found import Found, found, worth
from trimtab.app.keys import IN_POOL, SIMPLE, kind_of, token_of
from trimtab.app.numbers import count, moment, number, percent, quantity, short, signed, span
from trimtab.app.recorded import Approved, Hold, Plan, Refused, Target
from trimtab.app.recorded_actions import Approve
from trimtab.app.words import GWEI, Limit
from trimtab.core.canonical import Plain
from trimtab.core.market import POSITION
from trimtab.core.settlement import Dropped, Failed, Landed, Mismatch, Settlement
from trimtab.journal.pnl import Attribution
from trimtab.journal.store import Journal

Lines = list[str]
Rows = Iterable[tuple[str, ...]]


def explain(journal: Journal, block: int) -> str:
    """What was seen at a block, decided and why, and what came of it.

    Raises ConfigError, with the range there is, for a block that is not in the journal, and
    JournalError where the journal cannot be read.
    """
    what = found(journal, block)
    sections = (
        ("What it saw", _seen(what)),
        ("What happened since the block before", _since(what)),
        ("What each strategy decided", _decisions(what)),
        ("Limits that the market broke", _breaches(what)),
        ("The plan", _plan(what)),
        ("The verdict", _verdict(what)),
        ("What came of it", _outcome(what)),
    )
    title = f"Block {block:,} · {moment(what.seen.timestamp)}"
    told = [f"{name}\n" + "\n".join(f"  {line}" for line in lines) for name, lines in sections]
    return "\n\n".join((title, *told))


def explanation(journal: Journal, block: int) -> Plain:
    """The same as data: amounts as exact decimals in whole tokens, shares as fractions of 1.

    Raises as `explain` does.
    """
    return plain_of(found(journal, block))


# --------------------------------------------------------------------------------------- seen


def _seen(what: Found) -> Lines:
    seen = what.seen
    behind = f", read {span(seen.age)} behind the newest block" if seen.age else ""
    limits = what.limits
    return [
        f"equity {what.lexicon.worth(seen.equity)}{behind}",
        "prices",
        *_table("<><", _prices(what)),
        "book",
        *_table("<>>>", _book(what)),
        "claims of the strategies",
        *_table("<>><", _claims(what)),
        "limits on the book" + (f": {limits}" if isinstance(limits, str) else ""),
        *([] if isinstance(limits, str) else _measures(what, limits)),
    ]


def _prices(what: Found) -> Rows:
    for token, quote in what.seen.prices.items():
        whole = quote.price * 10 ** what.seen.tokens[token].decimals
        age = f"{quote.source}, oldest answer {span(quote.age)} ago"
        yield what.lexicon.symbol(token), what.lexicon.worth(whole), age


def _book(what: Found) -> Rows:
    for key, raw in what.seen.book.items():
        value, words = worth(what.seen, key, raw), what.lexicon
        share = _share(value, what.seen.equity)
        yield words.place(key), words.held(key, raw), words.worth(value), share


def _claims(what: Found) -> Rows:
    seen = what.seen
    for name, places in seen.claims.items():
        total = sum((worth(seen, key, raw) for key, raw in places.items()), Fraction(0))
        tokens: dict[str, int] = {}
        for key, raw in places.items():
            tokens[token_of(key)] = tokens.get(token_of(key), 0) + raw
        holds = ", ".join(what.lexicon.amount(each, raw) for each, raw in tokens.items() if raw)
        yield name, what.lexicon.worth(total), _share(total, seen.equity), holds or "nothing"


# -------------------------------------------------------------------------------------- since


def _since(what: Found) -> Lines:
    block, attribution = what.block, what.block.attribution
    if attribution is None:
        return ["nothing to tell: this is the first block of the run"]
    lines = [_settled(each, what) for each in block.settled]
    for is_ours, whose in ((True, "our own transaction"), (False, "others")):
        flows = [flow for flow in block.flows.flows if flow.is_ours is is_ours]
        if flows:
            lines.append(f"moved by {whose}")
            lines += _moved(what, ((flow.place, flow.raw) for flow in flows))
    for kind, told in _ACCRUED.items():
        accruals = {p: raw for p, raw in block.flows.accruals.items() if kind_of(p) == kind}
        if accruals:
            lines.append(told)
            lines += _moved(what, accruals.items())
    if not lines:
        lines.append("nothing moved but prices")
    return [*lines, *_change(attribution, what), _conserved(block.flows.error)]


_ACCRUED = {
    SIMPLE: "interest",
    IN_POOL: "in pools, by swaps",
    POSITION: "positions, by prices and funding",
}


def _change(attribution: Attribution, what: Found) -> Lines:
    gained = what.lexicon.gained
    named = (
        ("prices", attribution.price),
        ("interest", attribution.interest),
        ("liquidity", attribution.liquidity),
        ("positions", attribution.positions),
        ("liquidations", attribution.liquidations),
        ("brought or taken by others", attribution.external),
        ("pool fees", -attribution.fees),
        ("slippage", -attribution.slippage),
        ("rounding", -attribution.rounding),
    )
    parts = ", ".join(f"{name} {gained(worth)}" for name, worth in named if worth)
    lines = [f"equity changed by {gained(attribution.change)}" + (f": {parts}" if parts else "")]
    if attribution.gas:
        lines.append(f"gas, paid by the signer: {what.lexicon.worth(attribution.gas)}")
    return lines


def _conserved(error: int) -> str:
    if not error:
        return "conservation: the chain's own balances agree to the unit"
    return f"conservation: the chain's own balances differ by {count(error, 'base unit')}"


def _moved(what: Found, changes: Iterable[tuple[str, int]]) -> Lines:
    words = what.lexicon
    return _table("<>", ((words.place(key), signed(words.held(key, raw))) for key, raw in changes))


def _settled(settlement: Settlement, what: Found) -> str:
    """What became of a plan."""
    match settlement:
        case Landed():
            return f"the plan's transaction landed in {_mined(settlement)}"
        case Failed():
            reason = what.lexicon.named(settlement.reason)
            return f"the plan's transaction reverted in {_mined(settlement)}: {reason}"
        case Dropped():
            return f"the plan was dropped: {settlement.why}"
        case Mismatch():
            markets = ", ".join(map(what.lexicon.market, settlement.quarantined))
            aside = f"; no longer traded: {markets}" if markets else ""
            found = what.lexicon.named(settlement.what)
            return f"the chain's simulation differs from the model: {found}{aside}"


def _mined(settlement: Landed | Failed) -> str:
    price = quantity(Fraction(settlement.gas_price, GWEI), 9)
    return (
        f"block {settlement.block:,} ({short(settlement.transaction)}, "
        f"{settlement.gas_used:,} gas at {price} gwei)"
    )


# ------------------------------------------------------------------------------------ decided


def _decisions(what: Found) -> Lines:
    decisions = what.block.tick.decisions
    if not decisions:
        return [f"nothing was asked of them: {what.block.tick.why}"]
    lines = []
    for name, decision in decisions.items():
        match decision:
            case Hold():
                lines.append(f"{name}: hold; {decision.why}")
            case Target():
                edge = percent(decision.edge, 3)
                lines.append(f"{name}: target, worth {edge} a year; {decision.why}")
                legs = ((what.lexicon.leg(leg), percent(leg.weight)) for leg in decision.legs)
                lines += _table("<>", legs)
    return lines


def _breaches(what: Found) -> Lines:
    return _measures(what, what.block.tick.breaches) or ["none"]


def _plan(what: Found) -> Lines:
    plan, words = what.block.tick.plan, what.lexicon
    if plan is None:
        return [f"none: {what.block.tick.why}"]
    steps = [each for each in plan.actions if not isinstance(each, Approve)]
    lines = [f"{place}. {words.action(step)}" for place, step in enumerate(steps, 1)]
    leaves = len(plan.actions) - len(steps)
    if leaves:
        lines.append(f"with {count(leaves, 'allowance')}, each of the exact sum that is spent")
    lines += _table(
        "<><",
        (
            ("gas", words.worth(plan.cost.gas), f"{plan.cost.gas_units:,} units"),
            ("pool fees", words.worth(plan.cost.fees), ""),
            ("slippage", words.worth(plan.cost.slippage), "against the oracle, beyond the fees"),
            ("cost", words.worth(plan.cost.total), "in all, by the model"),
            ("worth", words.worth(plan.gain), f"within the horizon{_repair(plan)}"),
        ),
    )
    if bounds := words.bounds(plan.bounds):
        lines.append(f"void unless it leaves at least {', '.join(bounds)}")
    left = span(max(plan.bounds.deadline - what.seen.timestamp, 0))
    return [*lines, f"void after {moment(plan.bounds.deadline)}, {left} after this block"]


def _repair(plan: Plan) -> str:
    return "; it lowers risk, so it need not pay for itself" if plan.lowers_risk else ""


def _verdict(what: Found) -> Lines:
    match what.block.tick.verdict:
        case None:
            return ["none: there was no plan to judge"]
        case Refused() as refused:
            return [f"refused: {refused.why}", *_measures(what, (refused,))]
        case Approved() as approved:
            return ["approved; after the plan", *_measures(what, approved.measures)]


def _measures(what: Found, measures: Sequence[Limit]) -> Lines:
    """Limits with what was measured and allowed, those that are broken marked."""
    rows = []
    for each in measures:
        name, measured, allowed = what.lexicon.limit(each)
        broken = "" if each.measured <= each.allowed else "OVER"
        rows.append((name, measured, f"at most {allowed}", broken))
    return _table("<><<", rows)


def _outcome(what: Found) -> Lines:
    block, lines = what.block, []
    if block.intent is not None:
        hashes = ", ".join(map(short, block.intent.hashes))
        lines.append(f"sent under nonce {number(block.intent.nonce)}: {hashes}")
    if block.trouble is not None:
        lines.append(f"trouble: {block.trouble}")
    if what.outcome is not None:
        lines.append(_settled(what.outcome, what))
    elif block.intent is not None:
        lines.append("not settled in this journal: it may still land")
    return lines or ["nothing was sent"]


# ------------------------------------------------------------------------------------- layout


def _share(part: Fraction, whole: Fraction) -> str:
    return percent(part / whole) if whole else "-"


def _table(columns: str, rows: Rows) -> Lines:
    """Rows in columns, each to its left (`<`) or right (`>`)."""
    kept = list(rows)
    widths = [max(map(len, column)) for column in zip(*kept, strict=True)]
    return [
        "  "
        + "   ".join(
            f"{cell:{side}{width}}" for cell, side, width in zip(row, columns, widths, strict=True)
        ).rstrip()
        for row in kept
    ]
