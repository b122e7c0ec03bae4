"""What a world on a real chain sees: its blocks, pinned, and which of them still stand."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from trimtab.chain.blocks import block, block_by_number, head
from trimtab.chain.node import Node
from trimtab.chain.reader import Reader
from trimtab.core.errors import StaleState
from trimtab.core.market import Head
from trimtab.core.reading import Observation
from trimtab.core.states import States

Pull = Callable[[], Awaitable[Head | None]]
"""The next block to decide on, none at the end: a conductor mines it, a live world waits for it."""


Look = Callable[[Head], Awaitable[None]]
"""Looks at every block before it is decided on; it raises DataError for one that it cannot see."""


async def unseen(_: Head) -> None:
    """Nobody looks."""


class Sight:
    """The blocks that `pull` gives, read by the reader from the node that it reads from."""

    def __init__(self, rpc: Node, reader: Reader, pull: Pull, look: Look = unseen) -> None:
        self._rpc = rpc
        self._reader = reader
        self._pull = pull
        self._look = look
        self._again: Head | None = None

    async def next(self, known: States | None) -> Observation | None:
        """The next block's states, pinned to its hash; none at the end."""
        at, self._again = self._again or await self._pull(), None
        if at is None:
            return None
        await self._look(at)
        observation = await self._reader.observe(known, at)
        newest = await head(self._rpc, "latest")
        return replace(observation, age=max(newest.timestamp - at.timestamp, 0))

    async def standing(self, heads: Sequence[Head]) -> Head | None:
        """The newest of the heads that is still part of the chain; the newest block comes again.

        Raises StaleState for a node that is behind.
        """
        kept, newest = await standing(self._rpc, heads)
        if kept != heads[-1]:
            self._again = newest
        return kept


async def standing(rpc: Node, heads: Sequence[Head]) -> tuple[Head | None, Head]:
    """The newest of the heads that the node's own chain has, none if it has none; its newest block.

    Raises StaleState where the newest block is below them and contradicts none: the node is
    merely behind.
    """
    newest = await head(rpc, "latest")
    asked = [each for each in heads if each.number <= newest.number]
    replies = await rpc.batch([block_by_number(h.number) for h in asked])
    found = [block(reply, newest.chain) for reply in replies]
    kept = [h for h, b in zip(asked, found, strict=True) if b is not None and b.head == h]
    if len(kept) == len(asked) < len(heads):
        raise StaleState(
            f"the node's newest block is {newest.number}, and {heads[-1].number} was read "
            "before: it is behind; name more nodes, or wait"
        )
    return (kept[-1] if kept else None), newest
