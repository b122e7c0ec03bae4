"""The modelled world: a recording lived through again, by the models alone.

What others did is recorded, and so are each block's moment and base fee; everything else is
computed by `accrue` and `apply`: what their actions do now, what our plans do, and every state
after that. Our plan is in the next block, where its tip puts it: the fees that it offers reach
that block's base fee by construction.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from trimtab.chain.fees import bound_of_plans, fees
from trimtab.core.abi import Call
from trimtab.core.adapter import Adapters, accrue, adapter_of, apply, narrow, walk
from trimtab.core.errors import ConfigError
from trimtab.core.flows import held_everywhere
from trimtab.core.market import (
    Accounts,
    Head,
    Market,
    MarketId,
    Place,
    State,
    token_market,
)
from trimtab.core.plan import Approved, Plan
from trimtab.core.quantise import Timestamp
from trimtab.core.reading import Observation, Reading
from trimtab.core.settlement import Failed, Intent, Landed
from trimtab.core.states import Applied, Done, Reverted, States
from trimtab.core.token import Address
from trimtab.engine.bot import Bot, Execution
from trimtab.engine.recorded import RecordedBlock, RecordedOrder
from trimtab.engine.worlds import GAS_HEADROOM
from trimtab.routing.bounds import broken

_LAST = 10**9
"""The rank of whoever signs for themselves: after everybody else of the same tip."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A plan on its way, and what it offers."""

    plan: Plan
    intent: Intent

    @property
    def transaction(self) -> str:
        """What its one transaction is called: there are no bytes to hash."""
        return self.intent.hashes[0]


class Modelled:
    """A recorded past that our plans change: see `trimtab.engine.run.World`.

    `start` are the states before the first of the blocks, with everybody who acts tracked.
    Decides on every `cadence`-th block, and the last. Raises ConfigError for a call that is no
    action, since no model says what it does.
    """

    def __init__(
        self, bot: Bot, start: States, blocks: Sequence[RecordedBlock], cadence: int = 1
    ) -> None:
        _check_modelled(blocks)
        self._bot = bot
        self._states = start
        self._blocks = iter(blocks)
        self._cadence = cadence
        self._narrowed = Narrowed.of(bot)
        self._waiting: Sent | None = None
        self._ended: dict[str, Landed | Failed] = {}
        self._sent = 0
        self._unseen: tuple[Done, ...] = ()

    async def next(self, known: States | None) -> Observation | None:
        """The states after the next block to decide on; none when the recording is over."""
        lived = tuple(islice(self._blocks, self._cadence))
        if not lived:
            return None
        if known is not None and known.head == self._states.head:
            self._unseen = ()  # else the newest block could not be judged, and still counts
        self._unseen += tuple(done for block in lived for done in self._live(block))
        base_fee = lived[-1].base_fee
        return self._narrowed.observation(self._states, self._unseen, base_fee, full=known is None)

    async def standing(self, heads: Sequence[Head]) -> Head:
        """The newest head: what was modelled stays."""
        return heads[-1]

    async def settle(self, intent: Intent, observation: Observation) -> Landed | Failed | None:
        """What became of the intent, once it is as deep as the mandate asks."""
        ended = self._ended.get(intent.plan_hash)
        deepest = self._states.head.number - self._bot.execution.finality_depth
        return ended if ended is not None and ended.block <= deepest else None

    async def check_writer(self, observation: Observation, spent: Mapping[Address, int]) -> None:
        """Nothing: nobody else has the key."""

    async def prepare(self, approved: Approved, observation: Observation) -> Intent:
        """The plan as an intent without bytes; the model agrees with itself.

        Raises Infeasible where the gas would cost more than the mandate allows.
        """
        head, plan = observation.states.head, approved.plan
        intent = intent_of(
            plan, head, self._bot.execution, observation.reading.base_fee, self._sent
        )
        self._sent += 1
        self._waiting = Sent(plan, intent)
        return intent

    async def renew(self, intent: Intent, observation: Observation, *, is_late: bool) -> Intent:
        """The intent as it is: it landed in the block after it was sent."""
        return intent

    async def send(self, intent: Intent) -> None:
        """Nothing: what was prepared is in the next block."""

    # ------------------------------------------------------------------------------- blocks

    def _live(self, block: RecordedBlock) -> Iterator[Done]:
        """Everything that the block's transactions did, in order."""
        self._states = at_block(self._bot.adapters, self._states, block.timestamp)
        number = self._states.head.number
        sent, self._waiting = self._waiting, None
        for index, each in enumerate(in_order(block, sent)):
            if isinstance(each, Sent):
                yield from self._execute(each, block)
            else:
                yield from self._act(each, f"block {number}, other {index}")

    def _act(self, order: RecordedOrder, transaction: str) -> Iterator[Done]:
        """What another's action does now: nothing where it reverts."""
        assert not isinstance(order.action, Call), "calls were refused at the start"
        outcome = apply(self._bot.adapters, self._states, order.action)
        if isinstance(outcome, Applied):
            self._states = self._states.fold(outcome)
            yield Done(transaction, self._states.timestamp, outcome)

    def _execute(self, sent: Sent, block: RecordedBlock) -> Iterator[Done]:
        """What our plan does: all of it or nothing."""
        self._states, ended, done = executed(self._bot.adapters, self._states, sent, block.base_fee)
        self._ended[sent.intent.plan_hash] = ended
        yield from done


@dataclass(frozen=True, slots=True)
class Narrowed:
    """A bot's part of states that hold more: what a reader for its account alone would see."""

    adapters: Adapters
    markets: tuple[Market[State], ...]
    account: Address
    accounts: Accounts

    @classmethod
    def of(cls, bot: Bot) -> Narrowed:
        """What the bot sees."""
        return cls(bot.adapters, bot.markets, bot.account, bot.accounts)

    def observation(
        self, states: States, done: Iterable[Done], base_fee: int, *, full: bool
    ) -> Observation:
        """The bot's part of the states and of what was done, with an audit by the whole."""
        seen = narrow(self.adapters, states, self.markets, self.accounts)
        audit = self._audit(states)
        reading = Reading(states.head, full, {}, (), audit, base_fee)
        return Observation(seen, reading, done=tuple(map(self._narrowed, done)))

    def _narrowed(self, done: Done) -> Done:
        ids = {market.id: market for market in self.markets}
        changed: dict[MarketId, State] = {
            market_id: adapter_of(self.adapters, ids[market_id]).narrow(state, self.accounts)
            for market_id, state in done.applied.changed.items()
            if market_id in ids
        }
        movements = tuple(m for m in done.applied.movements if token_market(m.token) in ids)
        return replace(done, applied=Applied(changed, movements))

    def _audit(self, states: States) -> dict[Place, int]:
        """What a reader's audit would say of every place; a debt as a positive number."""
        held = held_everywhere(self.adapters, states, self.account)
        audited = {place: each.audited for place, each in held.items()}
        return {
            each.place: audited.get(each.place, 0) * (-1 if each.place.is_debt else 1)
            for market in self.markets
            for each in adapter_of(self.adapters, market).audits(
                market, states.state(market.id), self.account
            )
        }


# ----------------------------------------------------------------------------------- blocks


def at_block(adapters: Adapters, states: States, at: Timestamp) -> States:
    """The states at the next block, before any transaction of it."""
    earlier = states.head
    name = hashlib.sha256(f"{earlier.hash} {at}".encode()).hexdigest()
    head = Head(earlier.chain, earlier.number + 1, f"0x{name}", at)
    return replace(accrue(adapters, states, at), heads={**states.heads, states.clock: head})


def in_order(block: RecordedBlock, sent: Sent | None) -> Iterator[RecordedOrder | Sent]:
    """The block's transactions, ours where a producer who goes by tips puts it.

    Others keep their order, whatever we do: ours stands before the first that pays less.
    """
    for order in block.orders:
        if sent is not None and (-sent.intent.tip, _LAST) < (-order.tip, order.rank):
            yield sent
            sent = None
        yield order
    if sent is not None:
        yield sent


def executed(
    adapters: Adapters, states: States, sent: Sent, base_fee: int
) -> tuple[States, Landed | Failed, tuple[Done, ...]]:
    """The states after a plan, what became of it, and what each of its actions did.

    An action that reverts, or a bound that does not hold at the end, leaves nothing done. Gas is
    the model's: a receipt's is not known.
    """
    plan, head = sent.plan, states.head
    cost = (plan.cost.gas_units, base_fee + sent.intent.tip)
    outcome = walk(adapters, states, plan.actions)
    if isinstance(outcome, Reverted):
        ended = Failed(plan.hash, sent.transaction, head.number, *cost, outcome.reason)
        return states, ended, ()
    after, applied = outcome
    bound = broken(plan.bounds, after, head.timestamp)
    if bound is not None:
        return states, Failed(plan.hash, sent.transaction, head.number, *cost, bound.words), ()
    done = tuple(Done(sent.transaction, head.timestamp, each) for each in applied)
    return after, Landed(plan.hash, sent.transaction, head.number, *cost), done


def intent_of(plan: Plan, head: Head, execution: Execution, base_fee: int, nonce: int) -> Intent:
    """The intent that a chain's submitter would make, without any bytes.

    Raises Infeasible where the gas would cost more than the mandate allows.
    """
    offered = fees(base_fee, execution.priority_fee, bound_of_plans(execution.max_fee))
    return Intent(
        plan_hash=plan.hash,
        chain=head.chain,
        signer=plan.account,
        nonce=nonce,
        block=head.number,
        hashes=(f"0x{plan.hash}",),
        raws=(),
        gas=GAS_HEADROOM * plan.cost.gas_units,
        most_fee=offered.most,
        tip=offered.tip,
    )


def _check_modelled(blocks: Sequence[RecordedBlock]) -> None:
    for number, block in enumerate(blocks, 1):
        for order in block.orders:
            if isinstance(order.action, Call):
                raise ConfigError(
                    f"in block {number} of the recording {order.sender} calls {order.action.to} "
                    "with data of its own, and no model says what that does: live through the "
                    "recording on the real contracts, with `trimtab rehearse MANDATE --recording`"
                )
