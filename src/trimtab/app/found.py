"""One block of a journal with all that an explanation of it needs."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from trimtab.app.history import Block, block_of, history, settlement, starts_of
from trimtab.app.keys import token_of
from trimtab.app.recorded import Seen, Start
from trimtab.app.words import Lexicon
from trimtab.core.errors import ConfigError, JournalError
from trimtab.core.market import MarketId, Place
from trimtab.core.plan import Measure
from trimtab.core.settlement import Settlement
from trimtab.core.token import Address, Token
from trimtab.engine.bot import ids
from trimtab.journal.store import Journal
from trimtab.mandate import Limits, Scene, parse_mandate


@dataclass(frozen=True, slots=True)
class Found:
    """A block, the start that it ran under, and what later records tell of its plan.

    `limits` are the state limits of the mandate as they stood, or words on why they cannot be
    told.
    """

    block: Block
    start: Start
    limits: tuple[Measure, ...] | str
    outcome: Settlement | None

    @property
    def seen(self) -> Seen:
        """What the tick saw."""
        return self.block.tick.view

    @property
    def lexicon(self) -> Lexicon:
        """How the block's tokens and markets are called."""
        return Lexicon.of(self.seen)


def found(journal: Journal, number: int) -> Found:
    """What the journal has on a block. Raises ConfigError for a block that is not in it."""
    block = block_of(journal, number)
    start = _start(journal, number)
    plan_hash = block.tick.plan_hash
    outcome = None if plan_hash is None else settlement(journal, plan_hash)
    return Found(block, start, _limits(start, block.tick.view), outcome)


def worth(seen: Seen, key: str, raw: int) -> Fraction:
    """What base units in a place are worth, in base units of the numeraire.

    Raises JournalError where the tick recorded no price.
    """
    token = token_of(key)
    if token not in seen.prices:
        raise JournalError(f"no price of {token} is recorded, which the book holds: it is damaged")
    return raw * seen.prices[token].price


def _start(journal: Journal, number: int) -> Start:
    """The start before a block: the only mandate there is, or by the order of all records."""
    starts = starts_of(journal)
    is_one = len({start.mandate for start in starts}) == 1
    return starts[-1] if is_one else history(journal).start_before(number)


def _limits(start: Start, seen: Seen) -> tuple[Measure, ...] | str:
    try:
        entries = parse_mandate(start.mandate, "the mandate in the journal").limits
    except ConfigError as error:
        return f"this version cannot read them: {error}"
    places = {key: _place(key, seen) for key in seen.book}
    scene = Scene(
        values={place: worth(seen, key, seen.book[key]) for key, place in places.items()},
        names={place: ids(place, seen.names[place.market]) for place in places.values()},
        wallets=frozenset(place for key, place in places.items() if key.startswith("erc20:")),
        age=seen.age,
    )
    limits = Limits(caps=dict(sorted(entries.cap.items())), minimum_idle=entries.minimum_idle)
    return limits.of_state(scene)


def _place(key: str, seen: Seen) -> Place:
    market, address, side = key.split("/")
    named, chain = seen.tokens[address], int(market.split(":")[1])
    return Place(
        MarketId(market), Token(chain, Address(address), named.decimals, named.symbol), side
    )
