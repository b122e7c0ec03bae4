"""What a watcher of the loop keeps: a fold over its turns, with no look of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction

from trimtab.core.market import Place, wallet
from trimtab.core.plan import Refused
from trimtab.core.settlement import Dropped, Failed, Intent, Landed, Mismatch
from trimtab.core.strategy import Target
from trimtab.core.token import Token
from trimtab.engine.bot import Bot
from trimtab.engine.run import Step
from trimtab.engine.tick import Outcome
from trimtab.strategies import ConstantMix

COUNTED = ("decisions", "landed", "reverted", "dropped", "refused", "over a limit", "mismatched")

Wish = Mapping[Token, Fraction]
"""Wished shares of a strategy's equity by token."""

LONGEST = 480
"""Equities that are kept for the sparkline: more than any terminal has columns."""


@dataclass(frozen=True, slots=True)
class Watched:
    """All that is shown after some turns; worths are in base units of the numeraire.

    `first` is the first equity, `course` that of every so many blocks, so that it stays short.
    `weights` and `targets` are shares of the equity by token, `lies` by where it lies. There are
    no targets until every strategy that owns a part of the book has one. `plan` is the newest
    that was sent.
    """

    turns: int = 0
    numeraire: Token | None = None
    block: int | None = None
    timestamp: int | None = None
    first: Fraction | None = None
    equity: Fraction = Fraction(0)
    course: tuple[Fraction, ...] = ()
    every: int = 1
    weights: Mapping[Token, Fraction] = field(default_factory=dict)
    targets: Mapping[Token, Fraction] = field(default_factory=dict)
    lies: Mapping[str, Fraction] = field(default_factory=dict)
    wished: Mapping[str, Wish] = field(default_factory=dict)
    last: str = ""
    why: str = ""
    plan: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)
    error: int = 0

    @property
    def change(self) -> Fraction | None:
        """The change of the equity since the first block, as a share of it."""
        return self.equity / self.first - 1 if self.first else None

    def after(self, bot: Bot, step: Step) -> Watched:
        """What is shown after one more turn."""
        counts = Counter(self.counts)
        counts.update(_counted(step))
        turned = replace(self, turns=self.turns + 1, counts=dict(counts))
        outcome = step.outcome
        if outcome is None:
            back = step.unwound and f"a reorg took block {step.unwound.number} back"
            return replace(turned, last=back or "skipped a block", why=step.skipped or "")
        wished = _wished(bot, outcome, self.wished)
        return replace(
            _on_course(turned, outcome.equity),
            numeraire=bot.numeraire,
            block=outcome.states.head.number,
            timestamp=int(outcome.states.timestamp),
            first=outcome.equity if self.first is None else self.first,
            equity=outcome.equity,
            weights=_weights(outcome, bot),
            targets=_targets(outcome, bot, wished),
            lies=_lies(outcome),
            wished=wished,
            last=_last(step, outcome),
            why=step.skipped or outcome.why,
            plan=_plan(self.plan, step, outcome),
            error=self.error + outcome.reconciliation.error,
        )


def _on_course(watched: Watched, equity: Fraction) -> Watched:
    """With one more equity on the course; when that is full, every second is dropped."""
    if watched.turns % watched.every:
        return watched
    course, every = (*watched.course, equity), watched.every
    if len(course) > LONGEST:
        course, every = course[::2], 2 * every
    return replace(watched, course=course, every=every)


def _counted(step: Step) -> list[str]:
    """Which of the counts a turn adds to."""
    found = [] if step.skipped is None else ["skipped"]
    names = {Landed: "landed", Failed: "reverted", Dropped: "dropped"}
    found += [names[type(each)] for each in step.settled if type(each) in names]
    if isinstance(step.sent, Mismatch):
        found.append("mismatched")
    judgement = step.outcome.judgement if step.outcome else None
    if judgement is not None:
        found.append("decisions")
        found += ["refused"] * isinstance(judgement.verdict, Refused)
        found += ["over a limit"] * bool(judgement.breaches)
    return found


def _wished(bot: Bot, outcome: Outcome, wished: Mapping[str, Wish]) -> dict[str, Wish]:
    """What every owner wished last; a constant mix wishes its weights before it has traded."""
    mixes: dict[str, Wish] = {
        seat.name: {token: Fraction(weight) for token, weight in seat.strategy.weights.items()}
        for seat in bot.owners
        if isinstance(seat.strategy, ConstantMix)
    }
    owners = {seat.name for seat in bot.owners}
    decisions = outcome.judgement.decisions if outcome.judgement else ()
    newest: dict[str, Wish] = {
        name: _by_token((leg.place.token, Fraction(leg.share)) for leg in decision.legs)
        for name, decision in decisions
        if name in owners and isinstance(decision, Target)
    }
    return mixes | dict(wished) | newest


def _by_token(shares: Iterable[tuple[Token, Fraction]]) -> Wish:
    wish: dict[Token, Fraction] = {}
    for token, part in shares:
        wish[token] = wish.get(token, Fraction(0)) + part
    return wish


def _worth(outcome: Outcome, place: Place, raw: int) -> Fraction:
    return raw * outcome.prices.price(place.token)


def _weights(outcome: Outcome, bot: Bot) -> dict[Token, Fraction]:
    """Every token of the mandate with its share of the equity, debts deducted."""
    worths = dict.fromkeys(bot.feeds, Fraction(0))
    for place, raw in outcome.book.items():
        worths[place.token] = worths.get(place.token, Fraction(0)) + _worth(outcome, place, raw)
    return {token: _share(worth, outcome.equity) for token, worth in worths.items()}


def _lies(outcome: Outcome) -> dict[str, Fraction]:
    """The share of the equity in the account, at each lender, and owed."""
    shares: dict[str, Fraction] = {"in the account": Fraction(0)}
    for place, raw in outcome.book.items():
        protocol = place.market.split(":", 1)[0]
        where = f"{_how(place)} at {protocol}"
        name = "in the account" if place == wallet(place.token) else where
        share = _share(_worth(outcome, place, raw), outcome.equity)
        shares[name] = shares.get(name, Fraction(0)) + share
    return shares


def _how(place: Place) -> str:
    if place.is_position:
        return "gained by positions"
    return "owed" if place.is_debt else "lent" if place.is_simple else "pooled"


def _targets(outcome: Outcome, bot: Bot, wished: Mapping[str, Wish]) -> dict[Token, Fraction]:
    """The wishes over the whole book; what they leave is the numeraire's."""
    targets = {bot.numeraire: Fraction(0)}
    for name, places in outcome.memory.claims.items():
        claim = sum((_worth(outcome, place, raw) for place, raw in places.items()), Fraction(0))
        if not claim:
            continue
        if name not in wished:
            return {}
        part = _share(claim, outcome.equity)
        for token, weight in wished[name].items():
            targets[token] = targets.get(token, Fraction(0)) + part * weight
        targets[bot.numeraire] += part * (1 - sum(wished[name].values(), Fraction(0)))
    return targets


def _share(part: Fraction, whole: Fraction) -> Fraction:
    return part / whole if whole else Fraction(0)


def _last(step: Step, outcome: Outcome) -> str:
    """The last decision and what was done about it, in a few words."""
    judgement = outcome.judgement
    if judgement is None:
        return "waits for a plan that is on its way"
    match step.sent:
        case Intent():
            return "sent a plan"
        case Mismatch():
            return "sent nothing: the chain's simulation differs from the model"
        case None if step.skipped is not None:
            return "sent nothing"
        case None if isinstance(judgement.verdict, Refused):
            return f"refused: {judgement.verdict.limit}"
        case None if any(isinstance(decision, Target) for _, decision in judgement.decisions):
            return "stays, though a move was wished for"
        case None:
            return "holds"


def _plan(plan: str, step: Step, outcome: Outcome) -> str:
    """The newest plan that was sent, and what became of it."""
    if step.settled:
        plan = f"{plan.partition(';')[0]}; {type(step.settled[-1]).__name__.lower()}"
    if isinstance(step.sent, Intent):
        plan = f"block {outcome.states.head.number:,}: {_moves(outcome)}; on its way"
    return plan


def _moves(outcome: Outcome) -> str:
    plan = outcome.approved.plan if outcome.approved else None
    kinds = Counter(type(action).__name__.lower() for action in (plan.actions if plan else ()))
    del kinds["approve"]
    return ", ".join(f"{kind} x{many}" if many > 1 else kind for kind, many in kinds.items())
