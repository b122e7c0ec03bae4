"""What a tick remembers of the ticks before it: rebuilt by replaying the journal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction

from trimtab.allocation.books import Claims
from trimtab.core.actions import Action
from trimtab.core.errors import InvariantViolation
from trimtab.core.market import MarketId
from trimtab.core.plan import Plan
from trimtab.core.quantise import Timestamp
from trimtab.core.settlement import Dropped, Failed, Intent, Landed, Mismatch, Settlement
from trimtab.core.states import States
from trimtab.core.strategy import AnySignal
from trimtab.journal.pnl import Ledger, Moment

DAY = 24 * 3600


@dataclass(frozen=True, slots=True)
class Pending:
    """An approved plan with what each strategy wanted of it and the value that it sells."""

    plan: Plan
    wants: Claims
    sold: Fraction


@dataclass(frozen=True, slots=True)
class Memory:
    """Everything that one tick hands to the next.

    `states` are the last that were decided on. `pending` is the newest approved plan until it
    is settled, `intent` its transactions. `plans` tells, by hash, which plan each transaction
    carries that is not settled. `traded` lists (moment, value sold) of the last 24 hours.
    """

    states: States | None = None
    moment: Moment | None = None
    claims: Claims = field(default_factory=dict)
    signals: Mapping[AnySignal, object] = field(default_factory=dict)
    pending: Pending | None = None
    intent: Intent | None = None
    plans: Mapping[str, Pending] = field(default_factory=dict)
    traded: tuple[tuple[Timestamp, Fraction], ...] = ()
    quarantined: frozenset[MarketId] = frozenset()
    ledger: Ledger | None = None

    # queries

    @property
    def actions_of(self) -> dict[str, tuple[Action, ...]]:
        """The actions of every transaction of ours, by its hash."""
        return {hash_: pending.plan.actions for hash_, pending in self.plans.items()}

    def is_ours(self, transaction: str) -> bool:
        """Whether a transaction is one that we signed."""
        return transaction in self.plans

    def sold_since(self, moment: int) -> Fraction:
        """The value sold after a moment."""
        return sum((sold for at, sold in self.traded if at > moment), Fraction(0))

    # transitions

    def with_plan(self, pending: Pending | None) -> Memory:
        """The memory once a tick has approved a plan, or none."""
        return replace(self, pending=pending)

    def with_intent(self, intent: Intent) -> Memory:
        """The memory once an approved plan has its transactions.

        Raises InvariantViolation if another intent is open (INV-3) or no plan was approved.
        """
        if self.intent is not None:
            raise InvariantViolation(
                "INV-3 one open intent per account",
                f"nonce {self.intent.nonce} is open, and nonce {intent.nonce} would be another",
            )
        if self.pending is None or self.pending.plan.hash != intent.plan_hash:
            raise InvariantViolation(
                "INV-4 only Approved executes", f"no plan {intent.plan_hash} was approved"
            )
        plans = {**self.plans, **dict.fromkeys(intent.hashes, self.pending)}
        return replace(self, intent=intent, plans=plans)

    def with_replacement(self, intent: Intent) -> Memory:
        """The memory once the open intent has one more transaction at its nonce.

        Raises InvariantViolation if it is not the open one (INV-3).
        """
        if self.intent is None or self.intent.nonce != intent.nonce or self.pending is None:
            raise InvariantViolation(
                "INV-3 one open intent per account", f"nonce {intent.nonce} is not the open one"
            )
        plans = {**self.plans, **dict.fromkeys(intent.hashes, self.pending)}
        return replace(self, intent=intent, plans=plans)

    def with_settlement(self, settlement: Settlement) -> Memory:
        """The memory once it is known what became of a plan."""
        match settlement:
            case Landed() | Failed() | Dropped():
                return replace(self, intent=None, pending=None, plans={})
            case Mismatch():
                markets = frozenset(MarketId(market) for market in settlement.quarantined)
                return replace(
                    self,
                    intent=None,
                    pending=None,
                    plans={},
                    quarantined=self.quarantined | markets,
                )

    def with_trade(self, at: Timestamp, sold: Fraction) -> Memory:
        """The memory with one more trade, those older than a day forgotten."""
        recent = tuple(entry for entry in self.traded if entry[0] > at - DAY)
        return replace(self, traded=(*recent, (at, sold)))
