"""`paper`: the mandate over live heads, executed by the models. It needs no key."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from trimtab.app.attached import Place, reader_of
from trimtab.app.connection import following, reading
from trimtab.app.rehearse import Result, Watch, lived
from trimtab.app.resolve import resolve
from trimtab.chain.heads import Heads
from trimtab.core.errors import StaleState
from trimtab.core.market import Head
from trimtab.engine.paper import Paper
from trimtab.journal.tables import Location
from trimtab.mandate import Mandate
from trimtab.mandate.document import Chain

LONGEST_WAIT = 60.0
"""Seconds without a new block, at the least, before that is recorded and waited for again."""


def longest_wait(chain: Chain, place: Place) -> float:
    """Seconds within which a block to decide on is due: three times as long as one takes."""
    pace = chain.cadence * chain.block_seconds
    return LONGEST_WAIT if place.seed is not None else max(LONGEST_WAIT, 3.0 * pace)


async def paper(
    mandate: Mandate, text: str, place: Place, blocks: int, path: Location, watch: Watch
) -> Result:
    """Run the mandate on paper for so many blocks, 0 for ever, and write the journal to `path`.

    Raises ConfigError for a mandate that does not fit, and whatever makes the loop halt.
    """
    bot = resolve(mandate, place.book, place.account)
    rpc = reading(mandate.chain, place.addresses)
    try:
        await rpc.check_chain()
        async with following(mandate.chain, place.addresses, rpc) as heads:
            pull = pulled(heads, mandate.chain.cadence, blocks, longest_wait(mandate.chain, place))
            world = Paper(bot, rpc, reader_of(bot, place, rpc), pull)
            return await lived(bot, world, text, None, path, watch)
    finally:
        await rpc.close()


def pulled(
    heads: Heads, cadence: int, blocks: int, longest: float = LONGEST_WAIT
) -> Callable[[], Awaitable[Head | None]]:
    """What waits for the newest block, at least `cadence` after the last; none after `blocks`.

    It raises StaleState where none comes for `longest` seconds.
    """
    last: Head | None = None
    left = blocks or None

    async def pull() -> Head | None:
        nonlocal last, left
        if left == 0:
            return None
        try:
            async with asyncio.timeout(longest):
                newest = await heads.next()
                while last is not None and newest.number < last.number + cadence:
                    newest = await heads.next()
        except TimeoutError:
            raise StaleState(
                f"no block to decide on has come for {longest:g} s: is the chain, or the node, at "
                "a stand?"
            ) from None
        last, left = newest, None if left is None else left - 1
        return newest

    return pull
