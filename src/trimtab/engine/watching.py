"""A world that looks and never acts: a run that is not armed, on any address."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence

from trimtab.chain.node import Node
from trimtab.chain.reader import Reader
from trimtab.chain.submission import outcome
from trimtab.core.errors import PlanError
from trimtab.core.market import Head
from trimtab.core.plan import Approved
from trimtab.core.reading import Observation
from trimtab.core.settlement import Intent, Mismatch, Settlement
from trimtab.core.states import States
from trimtab.core.token import Address
from trimtab.engine.sight import Look, Pull, Sight, unseen

Propose = Callable[[Approved, Observation], Awaitable[str]]
"""Hands an approved plan to people, and says in words what came of it."""


class Watching:
    """A real chain without a key: see `trimtab.engine.run.World`.

    An approved plan is handed to `propose` and never sent. What an armed run before it left on
    its way is settled, but neither sent again nor cancelled.
    """

    def __init__(
        self,
        rpc: Node,
        reader: Reader,
        depth: int,
        pull: Pull,
        propose: Propose,
        look: Look = unseen,
    ) -> None:
        self._rpc = rpc
        self._depth = depth
        self._propose = propose
        self._sight = Sight(rpc, reader, pull, look)

    async def next(self, known: States | None) -> Observation | None:
        """The next block's states, pinned to its hash."""
        return await self._sight.next(known)

    async def standing(self, heads: Sequence[Head]) -> Head | None:
        """The newest of the heads that is still part of the chain."""
        return await self._sight.standing(heads)

    async def settle(self, intent: Intent, observation: Observation) -> Settlement | None:
        """What became of an intent by its receipt and the signer's nonce at the block."""
        return await outcome(self._rpc, intent, observation.states.head, self._depth)

    async def check_writer(self, observation: Observation, spent: Mapping[Address, int]) -> None:
        """Whoever has the key may use it: this run has none."""

    async def prepare(self, approved: Approved, observation: Observation) -> Intent | Mismatch:
        """Raise PlanError, with what came of the proposal: nothing is sent."""
        raise PlanError(await self._propose(approved, observation))

    async def renew(self, intent: Intent, observation: Observation, *, is_late: bool) -> Intent:
        """The intent as it is."""
        return intent

    async def send(self, intent: Intent) -> None:
        """Nothing is sent."""
