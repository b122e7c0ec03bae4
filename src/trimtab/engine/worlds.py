"""Worlds: where states come from and plans go to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from trimtab.chain.fees import Fees, bound_of_plans, fees, highest_base_fee, replacing
from trimtab.chain.node import Node
from trimtab.chain.reader import Reader
from trimtab.chain.submission import Submitter, outcome, send
from trimtab.core.errors import DataError, Infeasible, InvariantViolation, StaleState
from trimtab.core.market import Head
from trimtab.core.plan import Approved
from trimtab.core.quantise import Timestamp
from trimtab.core.reading import Observation
from trimtab.core.settlement import Intent, Mismatch, Settlement
from trimtab.core.states import States
from trimtab.core.token import Address
from trimtab.engine.bot import Bot
from trimtab.engine.sight import Look, Pull, Sight, unseen
from trimtab.risk import oracle_prices

GAS_HEADROOM = 2
"""The gas limit over the modelled gas: what is not used is not paid."""


class Chain:
    """A real EVM chain through JSON-RPC: the local world of contracts or a public one.

    Transactions are sent to the `relay`, by default to the node that is read from.
    """

    def __init__(
        self,
        reader: Reader,
        submitter: Submitter,
        bot: Bot,
        pull: Pull,
        relay: Node | None = None,
        look: Look = unseen,
    ) -> None:
        self._sight = Sight(submitter.rpc, reader, pull, look)
        self._submitter = submitter
        self._bot = bot
        self._execution = bot.execution
        self._relay = relay or submitter.rpc
        self._begun: int | None = None

    @property
    def signer(self) -> Address:
        """Who signs."""
        return self._submitter.signer.address

    async def next(self, known: States | None) -> Observation | None:
        """The next block's states, pinned to its hash."""
        return await self._sight.next(known)

    async def standing(self, heads: Sequence[Head]) -> Head | None:
        """The newest of the heads that is still part of the chain."""
        return await self._sight.standing(heads)

    async def settle(self, intent: Intent, observation: Observation) -> Settlement | None:
        """What became of an intent by its receipt and the signer's nonce at the block."""
        depth = self._execution.finality_depth
        return await outcome(self._submitter.rpc, intent, observation.states.head, depth)

    async def check_writer(self, observation: Observation, spent: Mapping[Address, int]) -> None:
        """Raise InvariantViolation if the key was used by another than this journal's loop.

        No intent is open now, so the signer's count of transactions is as the journal's last
        intent left it, or, before the first one, as it was when this life began. Raises
        StaleState where it is lower: the node is behind.
        """
        at, signer = observation.states.head, self._submitter.signer.address
        used = await self._submitter.nonce(at)
        expected = spent.get(signer, self._begun)
        if expected is None:
            expected = self._begun = used
        if used > expected:
            raise InvariantViolation(
                "INV-13 one writer per journal and account",
                f"{signer} has sent {used} transactions as of block {at.number}, expected "
                f"{expected}: who else has the key? If it was you, begin a new journal",
            )
        if used < expected:
            raise StaleState(
                f"{signer} has sent {used} transactions as of block {at.number} and had sent "
                f"{expected} before: wait for the node"
            )

    async def prepare(self, approved: Approved, observation: Observation) -> Intent | Mismatch:
        """The plan's signed transaction, once the chain's simulation agreed with the model.

        Raises Infeasible where the gas would cost more than the mandate allows.
        """
        execution = self._execution
        at = Timestamp(observation.states.timestamp + execution.block_seconds)
        bound = bound_of_plans(execution.max_fee)
        prices = oracle_prices(observation.states, self._bot.feeds, self._bot.numeraire)
        return await self._submitter.prepare(
            approved,
            observation.states,
            gas=GAS_HEADROOM * approved.plan.cost.gas_units,
            fees=fees(observation.reading.base_fee, execution.priority_fee, bound),
            at=at,
            wei_price=prices.price(self._bot.native),
        )

    async def renew(
        self, intent: Intent, observation: Observation, *, is_late: bool
    ) -> Intent | None:
        """The intent, cancelled once where it is late, and raised where its fees are too low.

        A cancellation is offered at the highest fee that the mandate allows, so that it replaces
        whatever was offered before. A plan's fees are raised once the next block's base fee is
        beyond them, as far as the mandate allows.
        """
        execution = self._execution
        if await self._submitter.nonce(observation.states.head) > intent.nonce:
            return None
        offered = Fees(intent.most_fee, intent.tip)
        if is_late and not intent.cancels:
            tip = max(2 * execution.priority_fee, offered.tip + offered.tip // 8) + 1
            offer = Fees(execution.max_fee, min(tip, execution.max_fee))
            at = observation.states.head
            return await self._submitter.cancelled(intent, offer, at)
        base_fee = observation.reading.base_fee
        if intent.cancels or highest_base_fee(base_fee, 1) + offered.tip <= offered.most:
            return intent
        bound = bound_of_plans(execution.max_fee)
        try:
            least = replacing(offered, bound)
            wanted = fees(base_fee, least.tip, bound)
        except Infeasible:
            return intent  # it waits for a lower base fee, or for its deadline
        return self._submitter.raised(intent, Fees(max(least.most, wanted.most), least.tip))

    async def send(self, intent: Intent) -> None:
        """Broadcast every transaction of the intent, the newest last: one of them is to land.

        Raises the last refusal where none is taken.
        """
        refusals: list[DataError] = []
        for raw in intent.raws:
            try:
                await send(self._relay, raw)
            except DataError as error:
                refusals.append(error)
        if len(refusals) == len(intent.raws):
            raise refusals[-1]
