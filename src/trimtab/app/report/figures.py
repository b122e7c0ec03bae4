"""The figures of a report, computed from the journal; exact, in base units of the numeraire."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from trimtab.app.found import worth
from trimtab.app.history import Block, History
from trimtab.app.recorded import Approved, Measure, Refused, Seen, Start, Target
from trimtab.app.words import Lexicon
from trimtab.core.errors import ConfigError, JournalError
from trimtab.core.settlement import Dropped, Failed, Landed, Mismatch
from trimtab.journal.pnl import Ledger
from trimtab.mandate import parse_mandate
from trimtab.mandate.parse import share

CONSTANT_MIX = "trimtab.strategies:ConstantMix"

Wish = Mapping[str, Fraction]
"""Wished shares of a strategy's equity by the token's address."""


@dataclass(frozen=True, slots=True)
class Point:
    """A block in the charts.

    `managed` is the equity without what others brought, after the gas that the signer paid;
    `hold` what the first book would be worth. `weights` are by place, `targets` by token, none
    until every strategy that owns a part of the book has one.
    """

    number: int
    timestamp: int
    equity: Fraction
    managed: Fraction
    hold: Fraction
    weights: Mapping[str, Fraction]
    targets: Mapping[str, Fraction]
    prices: Mapping[str, Fraction]


@dataclass(frozen=True, slots=True)
class Episode:
    """A limit that was broken for some blocks in a row; `until` is none where it still is."""

    limit: str
    since: int
    until: int | None
    worst: Measure


@dataclass(frozen=True, slots=True)
class Counts:
    """How often what happened."""

    decisions: int
    approved: int
    landed: int
    failed: int
    dropped: int
    mismatched: int
    refused: int
    skipped: int


@dataclass(frozen=True, slots=True)
class Figures:
    """A run in figures."""

    history: History
    lexicon: Lexicon
    points: tuple[Point, ...]
    ledger: Ledger
    episodes: tuple[Episode, ...]
    counts: Counts

    @property
    def first(self) -> Block:
        """The first block that was decided on."""
        return self.history.blocks[0]

    @property
    def last(self) -> Block:
        """The last block that was decided on."""
        return self.history.blocks[-1]

    @property
    def against_hold(self) -> Fraction:
        """The profit after all costs beyond what holding the first book would have made."""
        return self.points[-1].managed - self.points[-1].hold

    @property
    def conservation_error(self) -> int:
        """The sum over blocks and places of what the chain's own balances differ by."""
        return sum(block.flows.error for block in self.history.blocks)

    def share(self, worth: Fraction) -> Fraction | None:
        """A worth as a part of the first equity; none where there was none."""
        start = self.ledger.equity_start
        return worth / start if start else None


def figures(history: History) -> Figures:
    """The figures of a history.

    Raises ConfigError for a journal without blocks, JournalError where a price or a change is
    missing, and InvariantViolation where the parts of a change do not sum to it.
    """
    if not history.blocks:
        raise ConfigError("the journal has no block yet: let it run first")
    ledgers = tuple(_ledgers(history.blocks))
    return Figures(
        history=history,
        lexicon=_lexicon(history.blocks),
        points=tuple(_points(history, ledgers)),
        ledger=ledgers[-1],
        episodes=tuple(_episodes(history.blocks)),
        counts=_counts(history),
    )


def _lexicon(blocks: Iterable[Block]) -> Lexicon:
    """All names that any block recorded."""
    views = [block.tick.view for block in blocks]
    tokens = {address: token for seen in views for address, token in seen.tokens.items()}
    names = {market: name for seen in views for market, name in seen.names.items()}
    return Lexicon(views[-1].numeraire, tokens, names)


def _ledgers(blocks: tuple[Block, ...]) -> Iterator[Ledger]:
    """The sums so far at every block; each step is checked to be exact."""
    equity = blocks[0].tick.view.equity
    ledger = Ledger(equity, equity)
    for block in blocks:
        if block.attribution is not None and block is not blocks[0]:
            ledger = ledger.add(block.attribution)
        elif block is not blocks[0]:
            raise JournalError(
                f"block {block.number} does not tell what changed since the block before: "
                "it begins another run, and profit is told of one"
            )
        yield ledger


def _by_token(shares: Iterable[tuple[str, Fraction]]) -> dict[str, Fraction]:
    wish: dict[str, Fraction] = {}
    for token, part in shares:
        wish[token] = wish.get(token, Fraction(0)) + part
    return wish


def _points(history: History, ledgers: tuple[Ledger, ...]) -> Iterator[Point]:
    first = history.blocks[0].tick.view
    held, wished = first.book, mixes(history.start, first)
    for block, ledger in zip(history.blocks, ledgers, strict=True):
        seen = block.tick.view
        wished |= {
            name: _by_token((leg.place.token.address, leg.share) for leg in decision.legs)
            for name, decision in block.tick.decisions.items()
            if isinstance(decision, Target) and name in seen.claims
        }
        yield Point(
            number=block.number,
            timestamp=seen.timestamp,
            equity=seen.equity,
            managed=ledger.equity_start + ledger.profit,
            hold=sum((worth(seen, key, raw) for key, raw in held.items()), Fraction(0)),
            weights=_weights(seen),
            targets=_targets(seen, wished),
            prices={token: quote.price for token, quote in seen.prices.items()},
        )


def _weights(seen: Seen) -> dict[str, Fraction]:
    if not seen.equity:
        return dict.fromkeys(seen.book, Fraction(0))
    return {key: worth(seen, key, raw) / seen.equity for key, raw in seen.book.items()}


def mixes(start: Start, seen: Seen) -> dict[str, Wish]:
    """The weights of the mandate's constant mixes, which are their targets before they trade."""
    try:
        entries = parse_mandate(start.mandate, "the mandate in the journal").strategies
    except ConfigError:
        return {}  # a mandate of another version: the targets that were decided are left
    addresses = {token.symbol: address for address, token in seen.tokens.items()}
    found: dict[str, Wish] = {}
    for entry in entries:
        weights = entry.parameters.get("weights")
        if entry.use == CONSTANT_MIX and isinstance(weights, dict):
            found[entry.name] = {addresses[name]: share(each) for name, each in weights.items()}
    return found


def _targets(seen: Seen, wished: Mapping[str, Wish]) -> dict[str, Fraction]:
    """The wished weights by token over the whole book; what they leave is the numeraire's.

    Empty until every strategy that owns a part of the book has had a target.
    """
    owned = {name: _claim(seen, name) for name in seen.claims}
    if not seen.equity or any(name not in wished for name, value in owned.items() if value):
        return {}
    targets: dict[str, Fraction] = {seen.numeraire: Fraction(0)}
    for name, wish in wished.items():
        part = owned.get(name, Fraction(0)) / seen.equity
        for token, weight in wish.items():
            targets[token] = targets.get(token, Fraction(0)) + part * weight
        targets[seen.numeraire] += part * (1 - sum(wish.values(), Fraction(0)))
    return targets


def _claim(seen: Seen, name: str) -> Fraction:
    return sum((worth(seen, key, raw) for key, raw in seen.claims[name].items()), Fraction(0))


def _episodes(blocks: tuple[Block, ...]) -> Iterator[Episode]:
    """Every broken limit with the blocks in a row over which it was."""
    running: dict[str, Episode] = {}
    for block in blocks:
        broken = {breach.limit: breach for breach in block.tick.breaches}
        for limit in [limit for limit in running if limit not in broken]:
            ended = running.pop(limit)
            yield Episode(limit, ended.since, block.number, ended.worst)
        for limit, breach in broken.items():
            was = running.get(limit, Episode(limit, block.number, None, breach))
            worst = max(was.worst, breach, key=lambda each: each.measured)
            running[limit] = Episode(limit, was.since, None, worst)
    yield from running.values()


def _counts(history: History) -> Counts:
    verdicts = [block.tick.verdict for block in history.blocks]
    ends = [*history.settlements.values()]
    troubles = sum(block.trouble is not None for block in history.blocks)
    return Counts(
        decisions=sum(bool(block.tick.decisions) for block in history.blocks),
        approved=sum(isinstance(verdict, Approved) for verdict in verdicts),
        landed=sum(isinstance(each, Landed) for each in ends),
        failed=sum(isinstance(each, Failed) for each in ends),
        dropped=sum(isinstance(each, Dropped) for each in ends),
        mismatched=sum(isinstance(each, Mismatch) for each in ends),
        refused=sum(isinstance(verdict, Refused) for verdict in verdicts),
        skipped=len(history.skips) + troubles,
    )
