"""What a turn of the loop writes into the journal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from trimtab.core.canonical import Plain, digest, plain
from trimtab.core.reading import Observation
from trimtab.core.settlement import Mismatch, Settlement
from trimtab.engine.bot import Bot
from trimtab.engine.tick import Outcome
from trimtab.journal import records
from trimtab.journal.blobs import encode_reading
from trimtab.journal.records import Record


@dataclass(frozen=True, slots=True)
class Written:
    """The records of one turn, in order, and the blobs that they name."""

    records: tuple[Record, ...]
    blobs: Mapping[str, bytes]


def written(
    bot: Bot, observation: Observation, settlements: Iterable[Settlement], outcome: Outcome
) -> Written:
    """The reading, what was settled, what moved, and what was decided."""
    block = outcome.states.head.number
    reading = encode_reading(observation.reading, observation.age)
    judgement = outcome.judgement
    closed = tuple(
        records.mismatch(block, each)
        if isinstance(each, Mismatch)
        else records.settled(block, each)
        for each in settlements
    )
    ticked = records.tick(
        block,
        view=seen(bot, observation, outcome),
        decisions=dict(judgement.decisions) if judgement else {},
        plan=judgement.plan if judgement else None,
        verdict=judgement.verdict if judgement else None,
        breaches=judgement.breaches if judgement else (),
        why=outcome.why,
    )
    flows = records.flows(block, outcome.reconciliation, outcome.attribution)
    return Written((reading.record, *closed, flows, ticked), reading.blobs)


def seen(bot: Bot, observation: Observation, outcome: Outcome) -> Plain:
    """What the tick saw, for the digest, for explanations and for reports.

    Prices are numeraire base units per base unit of the token; `states` has a digest a market.
    `tokens` and `names` are for people: decimals, and what the markets of the book and of the plan
    are called.
    """
    judgement = outcome.judgement
    actions = judgement.plan.actions if judgement and judgement.plan else ()
    named = dict.fromkeys((*(p.market for p in outcome.book), *(a.market for a in actions)))
    book = {place.key: plain(raw) for place, raw in outcome.book.items()}
    prices: dict[str, Plain] = {
        token.address: {
            "price": plain(quote.price),
            "source": quote.source,
            "age": plain(outcome.prices.age(token)),
        }
        for token, quote in outcome.prices.quotes.items()
    }
    tokens: dict[str, Plain] = {
        token.address: {"symbol": token.symbol, "decimals": plain(token.decimals)}
        for token in outcome.prices.quotes
    }
    return {
        "timestamp": plain(outcome.states.timestamp),
        "age": plain(observation.age),
        "numeraire": bot.numeraire.address,
        "equity": plain(outcome.equity),
        "book": book,
        "places": {place.key: str(place) for place in outcome.book},
        "prices": prices,
        "claims": {
            name: {place.key: plain(raw) for place, raw in places.items()}
            for name, places in outcome.memory.claims.items()
        },
        "tokens": tokens,
        "breakers": dict(outcome.breakers),
        "names": {market: outcome.states.market(market).name for market in named},
        "states": {market: digest(state) for market, state in outcome.states.states.items()},
    }
