"""What a tick remembers of the ticks before it: rebuilt by replaying the journal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction

from trimtab.allocation.books import Claims
from trimtab.core.actions import Action
from trimtab.core.errors import InvariantViolation, Reorg
from trimtab.core.market import Head, MarketId
from trimtab.core.orders import OPERATOR, Halt, Order, ReduceOnly, Resume, Unwind
from trimtab.core.plan import Plan
from trimtab.core.quantise import Timestamp
from trimtab.core.settlement import Intent, Mismatch, Settlement
from trimtab.core.states import States
from trimtab.core.strategy import AnySignal
from trimtab.core.token import Address
from trimtab.engine.window import Window
from trimtab.journal.pnl import Ledger, Moment

DAY = 24 * 3600

DEEPEST = 64
"""Ticks that a reorg can undo: a deeper one cannot be accounted for."""


@dataclass(frozen=True, slots=True)
class Pending:
    """An approved plan with what each strategy wanted of it and the value that it sells."""

    plan: Plan
    wants: Claims
    sold: Fraction


@dataclass(frozen=True, slots=True)
class Open:
    """An intent whose nonce is not known to be consumed for good, with the plan it carries."""

    intent: Intent
    pending: Pending

    @property
    def is_cancelled(self) -> bool:
        """Whether one of its transactions does nothing but free the nonce."""
        return self.intent.cancels


@dataclass(frozen=True, slots=True)
class Memory:
    """Everything that one tick hands to the next.

    `states` are the last that were decided on. `pending` is the newest approved plan until it
    has its transactions, `open` what is on its way, by nonce: one intent, or several only where
    a reorg brought back what was settled. `traded` holds the values sold and `offered` the wei
    that the gas of plans may cost at most, within the last 24 hours. The `quarantined`
    markets are left alone, the `reduce_only` ones may only be left. `breakers` are what stops
    new risk, with why, by name; while there is a token to unwind to, nothing else is wished for.
    `spent` is, by signer, the nonce after the last one that was used for an intent. `past` are the
    memories after earlier ticks, oldest first, for a reorg to go back to.
    """

    states: States | None = None
    moment: Moment | None = None
    claims: Claims = field(default_factory=dict)
    signals: Mapping[AnySignal, object] = field(default_factory=dict)
    pending: Pending | None = None
    open: tuple[Open, ...] = ()
    traded: Window = field(default_factory=Window)
    offered: Window = field(default_factory=Window)
    quarantined: frozenset[MarketId] = frozenset()
    reduce_only: frozenset[MarketId] = frozenset()
    breakers: Mapping[str, str] = field(default_factory=dict)
    unwinding: Address | None = None
    spent: Mapping[Address, int] = field(default_factory=dict)
    ledger: Ledger | None = None
    past: tuple[Memory, ...] = field(default=(), compare=False, repr=False)

    # queries

    @property
    def intents(self) -> tuple[Intent, ...]:
        """Every open intent, by nonce."""
        return tuple(each.intent for each in self.open)

    @property
    def plans(self) -> dict[str, Pending]:
        """Which plan each transaction carries that is not settled, by its hash."""
        return {hash_: each.pending for each in self.open for hash_ in each.intent.hashes}

    @property
    def actions_of(self) -> dict[str, tuple[Action, ...]]:
        """The actions of every transaction of ours, by its hash."""
        return {hash_: pending.plan.actions for hash_, pending in self.plans.items()}

    def is_ours(self, transaction: str) -> bool:
        """Whether a transaction is one that we signed."""
        return any(transaction in each.intent.hashes for each in self.open)

    def sold_since(self, moment: int) -> Fraction:
        """The value sold after a moment."""
        return self.traded.after(moment)

    def gas_since(self, moment: int) -> int:
        """The most wei that the gas of all plans sent after a moment may cost."""
        return int(self.offered.after(moment))

    @property
    def heads(self) -> tuple[Head, ...]:
        """The blocks that were decided on and can be gone back to, oldest first."""
        every = (*self.past, self)
        return tuple(each.states.head for each in every if each.states is not None)

    # transitions

    def kept(self) -> Memory:
        """The memory with itself among what can be gone back to."""
        return replace(self, past=(*self.past, replace(self, past=()))[-DEEPEST:])

    def unwound(self, head: Head | None) -> Memory:
        """The memory as it was after the block `head`, and every intent since then open again.

        Without a block it is as before the first. What was settled in blocks that are gone may
        not be settled now; what was sent since is still on its way. Raises Reorg for a block that
        is not remembered, or for the first once that is forgotten.
        """
        every = (*self.past, self)
        heads = [None if each.states is None else each.states.head for each in every]
        at = [number for number, each in enumerate(heads) if each == head]
        if not at:
            raise Reorg(
                f"none of the last {len(self.heads)} blocks that were decided on is part of the "
                "chain any more, and an older one is not remembered: check the node; if it is "
                "right, start a new journal"
            )
        found = every[at[-1]]
        known: dict[int, Open] = {}
        for each in every[at[-1] :]:
            known |= {one.intent.nonce: one for one in each.open}
        return replace(
            found,
            pending=None,
            open=tuple(known[nonce] for nonce in sorted(known)),
            offered=self.offered,
            quarantined=self.quarantined,
            reduce_only=self.reduce_only,
            breakers=self.breakers,
            unwinding=self.unwinding,
            spent=self.spent,
            past=self.past[: at[-1]],
        )

    def with_plan(self, pending: Pending | None) -> Memory:
        """The memory once a tick has approved a plan, or none."""
        return replace(self, pending=pending)

    def with_intent(self, intent: Intent) -> Memory:
        """The memory once an approved plan has its transactions.

        Raises InvariantViolation if another intent is open (INV-3) or no plan was approved.
        """
        if self.open:
            raise InvariantViolation(
                "INV-3 one open intent per account",
                f"nonce {self.open[0].intent.nonce} is open, and nonce {intent.nonce} would be "
                "another",
            )
        if self.pending is None or self.pending.plan.hash != intent.plan_hash:
            raise InvariantViolation(
                "INV-4 only Approved executes", f"no plan {intent.plan_hash} was approved"
            )
        return replace(
            self,
            pending=None,
            open=(Open(intent, self.pending),),
            offered=self._offered(intent.most_gas),
            spent={**self.spent, intent.signer: intent.nonce + 1},
        )

    def with_replacement(self, intent: Intent) -> Memory:
        """The memory once an open intent has one more transaction at its nonce.

        Only one of them can land, so that gas counts what this one may cost more than the last.
        Raises InvariantViolation if it is not open (INV-3).
        """
        earlier = [each.intent for each in self.open if each.intent.nonce == intent.nonce]
        if not earlier:
            raise InvariantViolation(
                "INV-3 one open intent per account", f"nonce {intent.nonce} is not the open one"
            )
        changed = (
            replace(each, intent=intent) if each.intent.nonce == intent.nonce else each
            for each in self.open
        )
        more = intent.most_gas - earlier[0].most_gas
        offered = self._offered(more) if more > 0 else self.offered
        return replace(self, open=tuple(changed), offered=offered)

    def _offered(self, wei: int) -> Window:
        """What gas may have cost of late, with one more sum now."""
        at = self.states.timestamp if self.states else Timestamp(0)
        return self.offered.added(at, Fraction(wei), at - DAY)

    def with_settlement(self, settlement: Settlement) -> Memory:
        """The memory once it is known what became of a plan."""
        left = tuple(e for e in self.open if e.intent.plan_hash != settlement.plan_hash)
        if isinstance(settlement, Mismatch):
            markets = frozenset(MarketId(market) for market in settlement.quarantined)
            quarantined = self.quarantined | markets
            return replace(self, open=left, pending=None, quarantined=quarantined)
        return replace(self, open=left)

    def with_trade(self, at: Timestamp, sold: Fraction) -> Memory:
        """The memory with one more trade."""
        return replace(self, traded=self.traded.added(at, sold, at - DAY))

    def with_breakers(self, opened: Mapping[str, str]) -> Memory:
        """The memory with more breakers open; one that is open already keeps its reason."""
        return replace(self, breakers={**opened, **self.breakers})

    def ordered(self, order: Order) -> Memory:
        """The memory once an order was given."""
        match order:
            case Halt():
                return replace(self.with_breakers({OPERATOR: order.why}), unwinding=None)
            case Resume():
                return replace(self, breakers={}, unwinding=None, quarantined=frozenset())
            case Unwind():
                return replace(self, unwinding=order.to)
            case ReduceOnly():
                return replace(self, reduce_only=frozenset(order.markets))
