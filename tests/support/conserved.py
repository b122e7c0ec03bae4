"""Whatever happens between two readings, told in parts that sum to the change, to the unit.

Consecutive actions of the account make one transaction, as a batch does; between two readings
anything may happen.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.laws.law import Draw, read_states, waits
from tests.laws.machines import fund
from tests.support import evm
from trimtab.core.abi import Log
from trimtab.core.actions import Action
from trimtab.core.adapter import accrue, adapter_of, apply, encode
from trimtab.core.errors import MissingRead
from trimtab.core.flows import held_everywhere
from trimtab.core.market import Accounts, Market, MarketId, Place, State, tracked
from trimtab.core.prices import Prices, Quote
from trimtab.core.quantise import Timestamp
from trimtab.core.states import Applied, States
from trimtab.core.token import Address
from trimtab.journal.pnl import Ledger, Moment, attribute
from trimtab.journal.reconcile import reconcile
from trimtab.lab.world import WorldSpec, local_world
from trimtab.mandate.adapters import ADAPTERS
from trimtab.mandate.book import AddressBook, read_book
from trimtab.protocols.perpetual import Perpetual
from trimtab.risk import turn_fee
from trimtab.routing import fee_rate, is_exchange

rates = st.fractions(Fraction(1, 10**6), Fraction(10**6), max_denominator=10**9)


@dataclass(frozen=True, slots=True)
class Stage:
    """A deployed world in process, with funded owners; the first is the account."""

    machine: evm.Evm
    accounts: Accounts
    states: States

    @property
    def account(self) -> Address:
        return self.accounts.owners[0]

    @property
    def markets(self) -> tuple[Market[State], ...]:
        return tuple(self.states.markets.values())

    def audit(self, states: States) -> dict[Place, int]:
        """What the contracts themselves say that the account has and owes."""
        asked = [
            each
            for market in self.markets
            for each in adapter_of(ADAPTERS, market).audits(market, states[market], self.account)
        ]
        return {
            each.place: each.value(self.machine.static(each.read.to, each.read.data))
            for each in asked
        }

    def moment(self, draw: Draw, states: States) -> Moment:
        """The book at prices that nobody would expect."""
        tokens = sorted(
            {place.token for place in self.audit(states)}, key=lambda token: token.address
        )
        quotes = {token: Quote(draw(rates), "drawn", states.timestamp) for token in tokens}
        held = held_everywhere(ADAPTERS, states, self.account)
        book = {place: holding.raw for place, holding in held.items()}
        return Moment(book, Prices(tokens[0], states.timestamp, quotes))

    def fees(self, states: States) -> dict[MarketId, Fraction]:
        """What trading costs in every pool, and of every perpetual."""
        fees = {pool.id: fee_rate(states, pool) for pool in self.markets if is_exchange(pool)}
        perpetuals = (market for market in self.markets if isinstance(market, Perpetual))
        return fees | {each.id: turn_fee(states, each, self.account) for each in perpetuals}


Drawn = Callable[[Draw, States, Stage], Action]
"""Draws an action of somebody."""

Preparations = Callable[[States, Accounts], Iterator[Action]]
"""What everybody does first."""

Chosen = Callable[[AddressBook], tuple[Market[State], ...]]
"""The markets of a world that are read."""


@contextmanager
def staged(spec: WorldSpec, chosen: Chosen, preparations: Preparations) -> Iterator[Stage]:
    """A world in process whose owners are funded and prepared."""
    with local_world(spec) as world:
        owners = world.deployment.agents[:3]
        fund(world, owners)
        markets = chosen(read_book(world.deployment.to_json(), "the local world"))
        machine = evm.load(world.rpc)
        accounts = tracked(owners, markets)
        states = read_states(machine, ADAPTERS, markets, accounts)
        for action in preparations(states, accounts):
            (call,) = encode(ADAPTERS, states, (action,))
            succeeded, _, _ = machine.call(action.actor, call.to, call.data)
            assert succeeded, action
        yield Stage(machine, accounts, read_states(machine, ADAPTERS, markets, accounts))


@dataclass(slots=True)
class Run:
    """What happened since the last reading: the states as modelled, logs, our transactions."""

    states: States
    logs: list[Log] = field(default_factory=list)
    ours: dict[str, tuple[Action, ...]] = field(default_factory=dict)
    open: str | None = None

    def act(self, draw: Draw, stage: Stage, drawn: Drawn) -> Action | None:
        """Draw an action and do it, if it goes through; what was done."""
        action = drawn(draw, self.states, stage)
        outcome = apply(ADAPTERS, self.states, action)
        if not isinstance(outcome, Applied):
            return None
        (call,) = encode(ADAPTERS, self.states, (action,))
        succeeded, _, logs = stage.machine.call(action.actor, call.to, call.data)
        assert succeeded
        self.states = self.states.fold(outcome)
        if action.actor == stage.account:
            logs = self._batched(action, logs)
        else:
            self.open = None
        self.logs += logs
        return action

    def _batched(self, action: Action, logs: tuple[Log, ...]) -> tuple[Log, ...]:
        """The logs as those of the transaction that the account is making."""
        self.open = self.open or f"ours {len(self.ours)}"
        self.ours[self.open] = (*self.ours.get(self.open, ()), action)
        return tuple(replace(log, transaction=self.open) for log in logs)

    def wait(self, stage: Stage, seconds: int) -> None:
        """Begin another block."""
        moment = Timestamp(stage.machine.time + seconds)
        stage.machine.set_time(moment)
        heads = {self.states.clock: replace(self.states.head, timestamp=moment)}
        self.states = replace(accrue(ADAPTERS, self.states, moment), heads=heads)
        self.open = None


def check_run(draw: Draw, stage: Stage, done: Counter[str], drawn: Drawn) -> None:
    """Some intervals between readings, each reconciled and told in parts, to the last unit."""
    before, moment = stage.states, stage.moment(draw, stage.states)
    first = reconcile(
        ADAPTERS, None, before, (), stage.account, lambda _: False, stage.audit(before)
    )
    assert first.error == 0
    ledger = Ledger(moment.equity, moment.equity)
    run = Run(before)
    for _ in range(5):
        for _ in range(draw(st.integers(3, 10))):
            if draw(st.integers(0, 2)) == 0:
                run.wait(stage, draw(waits(400 * 24 * 3600)))
            done[type(run.act(draw, stage, drawn)).__name__] += 1
        now = read_states(stage.machine, ADAPTERS, stage.markets, stage.accounts, run.states)
        try:
            held_everywhere(ADAPTERS, now, stage.account)
            fees = stage.fees(now)
        except MissingRead:
            done["unvalued"] += 1  # such a block is skipped
            return
        found = reconcile(
            ADAPTERS, before, now, run.logs, stage.account, run.ours.__contains__, stage.audit(now)
        )
        assert found.differences == {}
        later = stage.moment(draw, now)
        told = attribute(moment, later, found, run.ours, (), fees, Fraction(0))
        ledger = ledger.add(told)
        done["flows of ours"] += sum(flow.is_ours for flow in found.flows)
        done["flows of others"] += sum(not flow.is_ours for flow in found.flows)
        done["accruals"] += len(found.accruals)
        before, moment, run = now, later, Run(now)


def check(stage: Stage, drawn: Drawn, examples: int) -> Counter[str]:
    """So many drawn runs, each reconciled and told; what was done in all of them."""
    done: Counter[str] = Counter()
    start = stage.machine.time

    @settings(max_examples=examples)
    @given(st.data())
    def conserved(data: st.DataObject) -> None:
        snapshot = stage.machine.snapshot()
        try:
            check_run(data.draw, stage, done, drawn)
        finally:
            stage.machine.revert(snapshot)
            stage.machine.set_time(start)

    conserved()
    return done
