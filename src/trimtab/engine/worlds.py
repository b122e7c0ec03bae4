"""Worlds: where states come from and plans go to."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

from trimtab.chain.blocks import head
from trimtab.chain.fees import Fees, fees
from trimtab.chain.reader import Reader
from trimtab.chain.submission import Submitter, outcome, send
from trimtab.core.market import Head
from trimtab.core.plan import Approved
from trimtab.core.quantise import Timestamp
from trimtab.core.reading import Observation
from trimtab.core.settlement import Intent, Mismatch, Settlement
from trimtab.core.states import States
from trimtab.engine.bot import Execution

GAS_HEADROOM = 2
"""The gas limit over the modelled gas: what is not used is not paid."""


class Chain:
    """A real EVM chain through JSON-RPC: the local world of contracts or a public one.

    `pull` gives the next block to decide on, or none at the end: a rehearsal's conductor mines
    it, a live world waits for it.
    """

    def __init__(
        self,
        reader: Reader,
        submitter: Submitter,
        execution: Execution,
        pull: Callable[[], Awaitable[Head | None]],
    ) -> None:
        self._reader = reader
        self._submitter = submitter
        self._execution = execution
        self._pull = pull

    async def next(self, known: States | None) -> Observation | None:
        """The next block's states, pinned to its hash."""
        at = await self._pull()
        if at is None:
            return None
        observation = await self._reader.observe(known, at)
        newest = await head(self._submitter.rpc, "latest")
        return replace(observation, age=max(newest.timestamp - at.timestamp, 0))

    async def settle(self, intent: Intent, observation: Observation) -> Settlement | None:
        """What became of an intent by its receipt and the signer's nonce at the block."""
        return await outcome(self._submitter.rpc, intent, observation.states.head)

    async def prepare(self, approved: Approved, observation: Observation) -> Intent | Mismatch:
        """The plan's signed transaction, once the chain's simulation agreed with the model.

        Raises Infeasible where the gas would cost more than the mandate allows.
        """
        execution = self._execution
        base_fee = observation.reading.base_fee
        at = Timestamp(observation.states.timestamp + execution.block_seconds)
        return await self._submitter.prepare(
            approved,
            observation.states,
            gas=GAS_HEADROOM * approved.plan.cost.gas_units,
            fees=fees(base_fee, execution.priority_fee, execution.max_fee),
            at=at,
        )

    async def cancel(self, intent: Intent, observation: Observation) -> Intent:
        """A transaction to the signer itself, at the highest fee that the mandate allows."""
        execution = self._execution
        offered = Fees(execution.max_fee, 2 * execution.priority_fee + 1)
        return self._submitter.cancel(intent, offered)

    async def send(self, intent: Intent) -> None:
        """Broadcast the newest transaction of the intent."""
        await send(self._submitter.rpc, intent.raws[-1])
