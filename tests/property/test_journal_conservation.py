"""Conservation on the real bytecode: whatever we and others do, logs, interest and audits agree.

Actions are those of the adapter law. Consecutive ones of the account make one transaction, as a
batch does; between two readings anything may happen.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.laws import PORTS
from tests.laws.law import Draw, read_states, waits
from tests.laws.machines import fund
from tests.support import evm
from trimtab.core.abi import UINT256_MAX, Log, words
from trimtab.core.actions import Action, Approve, Borrow, Repay, Supply, Transfer
from trimtab.core.adapter import accrue, adapter_of, apply, encode, holdings
from trimtab.core.flows import held_everywhere
from trimtab.core.market import Accounts, Market, Place, State, token_market, tracked
from trimtab.core.prices import Prices, Quote
from trimtab.core.quantise import Timestamp
from trimtab.core.states import Applied, States
from trimtab.core.token import Address
from trimtab.journal.pnl import Ledger, Moment, attribute
from trimtab.journal.reconcile import reconcile
from trimtab.lab.world import EXCHANGE_WORLD, local_world
from trimtab.mandate.adapters import ADAPTERS
from trimtab.mandate.book import read_book
from trimtab.protocols.aave_v3 import LendingPool
from trimtab.routing import fee_rate, is_exchange

pytestmark = pytest.mark.chain

EXCHANGES = tuple(port for port in PORTS if port.world == EXCHANGE_WORLD)
"""Those whose markets are all here; lenders' interest is drawn with gifts and waits."""

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
            each.place: words(
                self.machine.static(each.read.to, each.read.data), each.word + 1, each.place.key
            )[-1]
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


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with local_world(EXCHANGE_WORLD) as world:
        owners = world.deployment.agents[:3]
        fund(world, owners)
        markets = tuple(read_book(world.deployment.to_json(), "the local world").markets.values())
        machine = evm.load(world.rpc)
        accounts = tracked(owners, markets)
        states = read_states(machine, ADAPTERS, markets, accounts)
        for action in preparations(states, accounts):
            (call,) = encode(ADAPTERS, states, (action,))
            succeeded, _, _ = machine.call(action.actor, call.to, call.data)
            assert succeeded, action
        yield Stage(machine, accounts, read_states(machine, ADAPTERS, markets, accounts))


def preparations(states: States, accounts: Accounts) -> Iterator[Action]:
    """Everybody allows everything, lends a fifth of what they have and borrows a hundredth."""
    (pool,) = (market for market in states.markets.values() if isinstance(market, LendingPool))
    for owner in accounts.owners:
        for held in holdings(ADAPTERS, states, owner):
            token, raw = held.place.token, held.raw
            for spender in accounts.spenders:
                yield Approve(owner, token_market(token), token, spender, UINT256_MAX)
            if token in {reserve.token for reserve in pool.reserves}:
                yield Supply(owner, pool.id, token, raw // 5, owner)
                yield Borrow(owner, pool.id, token, raw // 100, owner)


def drawn(draw: Draw, states: States, stage: Stage) -> Action:
    """An action of the law, or one time in four a gift of another owner to the account."""
    if draw(st.integers(0, 3)):
        port = draw(st.sampled_from(EXCHANGES))
        action: Action = port.actions(draw, states, stage.accounts.owners)
        return action
    giver = draw(st.sampled_from(stage.accounts.owners[1:]))
    pool = next(market for market in stage.markets if isinstance(market, LendingPool))
    token = draw(st.sampled_from(pool.reserves)).token
    raw = draw(st.integers(2, 10**6))
    if draw(st.booleans()):
        return Transfer(giver, token_market(token), token, stage.account, raw)
    if draw(st.booleans()):
        return Supply(giver, pool.id, token, raw, stage.account)
    return Repay(giver, pool.id, token, raw, stage.account)


@dataclass(slots=True)
class Run:
    """What happened since the last reading: the states as modelled, logs, our transactions."""

    states: States
    logs: list[Log] = field(default_factory=list)
    ours: dict[str, tuple[Action, ...]] = field(default_factory=dict)
    open: str | None = None

    def act(self, draw: Draw, stage: Stage) -> Action | None:
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


def check_run(draw: Draw, stage: Stage, done: Counter[str]) -> None:
    """Some intervals between readings, each reconciled and told in parts, to the last unit."""
    before, moment = stage.states, stage.moment(draw, stage.states)
    first = reconcile(
        ADAPTERS, None, before, (), stage.account, lambda _: False, stage.audit(before)
    )
    assert first.error == 0
    ledger = Ledger(moment.equity, moment.equity)
    fees = {pool.id: fee_rate(before, pool) for pool in stage.markets if is_exchange(pool)}
    run = Run(before)
    for _ in range(5):
        for _ in range(draw(st.integers(3, 10))):
            if draw(st.integers(0, 2)) == 0:
                run.wait(stage, draw(waits(400 * 24 * 3600)))
            done[type(run.act(draw, stage)).__name__] += 1
        now = read_states(stage.machine, ADAPTERS, stage.markets, stage.accounts, run.states)
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


def test_reconcile__any_sequence__nothing_is_left_unexplained(stage: Stage) -> None:
    done: Counter[str] = Counter()
    start = stage.machine.time

    @settings(max_examples=40)
    @given(st.data())
    def conserved(data: st.DataObject) -> None:
        snapshot = stage.machine.snapshot()
        try:
            check_run(data.draw, stage, done)
        finally:
            stage.machine.revert(snapshot)
            stage.machine.set_time(start)

    conserved()
    print(f"conservation: {dict(done)}, error 0")
    assert min(done["flows of ours"], done["flows of others"], done["accruals"]) > 100
