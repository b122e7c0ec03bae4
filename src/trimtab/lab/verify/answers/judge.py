"""Answers that a chain gave, asked of the models from the states that lie beside them.

A document of answers has a block and entries: `ADDRESS|FUNCTION|ARGUMENT|…|AMOUNT` with the value
that came back. An argument `blkNUMBER` names another block.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from trimtab.core.errors import DataError
from trimtab.lab.verify.answers import states
from trimtab.lab.verify.answers.pools import Pool, RangesPool, UnansweredError
from trimtab.lab.verify.answers.states import Key, key_of
from trimtab.lab.verify.files import Document, Json, field_of, integer, mapping, unsigned
from trimtab.lab.verify.history.states import tick_at
from trimtab.lab.verify.tally import Unknown, Verdict, compared

NO_STATE = "no state of the pool at that block"

_LONGEST_KEY = 1_000


def is_answers(value: Json) -> bool:
    """Whether a JSON value is a document of answers."""
    return isinstance(value, Mapping) and {"block_number", "entries"} <= value.keys()


def answers(document: Document, pools: Callable[[], Mapping[Key, Pool]]) -> Iterator[Verdict]:
    """The verdict on each answer of a document, from these pools."""
    what = str(document.path)
    value = mapping(document.value, what)
    block = value["block_number"]
    known = pools()
    for asked, entry in mapping(field_of(value, "entries", what), what).items():
        recorded = unsigned(
            field_of(mapping(entry, what), "value", what), 256, f"{what}: {asked[:200]}"
        )
        yield _verdict(asked, recorded, block, known)


def described(document: Document) -> Iterator[Verdict]:
    """The verdict on a described pool's own liquidity and tick, where all its ticks are told.

    Other states are there for the answers from them, and are no case.
    """
    for (address, block), pool in states.pools(document):
        if isinstance(pool, RangesPool):
            below = [t for t in pool.state.ticks.items() if t[0] <= pool.state.tick]
            yield compared(
                f"{address} at block {block}",
                "price and liquidity",
                {"tick": pool.state.tick, "liquidity": pool.state.liquidity},
                {
                    "tick": tick_at(pool.state),
                    "liquidity": sum(tick.liquidity_net for _, tick in below),
                },
            )


def _verdict(asked: str, recorded: int, block: Json, known: Mapping[Key, Pool]) -> Verdict:
    if asked.count("|") < 2 or len(asked) > _LONGEST_KEY:
        raise DataError(f"{asked[:200]!r} is no question ADDRESS|FUNCTION|…|AMOUNT")
    address, function, *arguments = asked.split("|")
    blocks = [each[3:] for each in arguments if re.fullmatch(r"blk[0-9]{1,18}", each)]
    *named, amount = [each for each in arguments if not each.startswith("blk")] or [""]
    pool = known.get(key_of(address, blocks[0] if blocks else block, asked[:200]))
    if pool is None:
        return Unknown(NO_STATE)
    try:
        modelled = pool.answer(function, named, integer(amount, f"{asked[:200]}: amount", 0))
    except UnansweredError as error:
        return Unknown(str(error))
    return compared(asked, function, {"answer": recorded}, {"answer": modelled})
