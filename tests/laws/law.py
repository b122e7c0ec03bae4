"""The adapter law (INV-5), once for all protocols, on the real bytecode.

A case is one action: applied by the model and sent to the contract, at the same moment, after
which the decoded chain must equal the folded states in every market, to the last unit, and so
must what the logs alone tell. What the contract reverts with must be the very bytes that the
model gives.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Any, Protocol

from hypothesis import strategies as st

from trimtab.core.abi import Answer, Log, Read, log_words, topic, topic_address
from trimtab.core.actions import Action
from trimtab.core.adapter import Adapters, Question, accrue, adapter_of, apply, encode
from trimtab.core.market import Accounts, Head, Market, MarketId, State, Ticks
from trimtab.core.quantise import Timestamp
from trimtab.core.states import Applied, Movement, Reverted, States
from trimtab.core.token import Address, Token
from trimtab.lab.world import EXCHANGE_WORLD, WorldSpec
from trimtab.protocols.erc20 import Erc20
from trimtab.protocols.uniswap_v3 import Pool

Draw = Callable[[st.SearchStrategy[Any]], Any]
Actions = Callable[[Draw, States, tuple[Address, ...]], Action]
"""Draws the next action from the states at its moment and the owners who may act."""

CASES = 3000
"""Cases per port and run of the suite, unless TRIMTAB_LAW_CASES says."""

CASES_PER_CASE_ON_A_NODE = 100

_TRANSFER = topic("Transfer(address,address,uint256)")


class Machine(Protocol):
    """An EVM that holds the world: in process, or a node."""

    time: int

    def static(self, to: Address, data: bytes) -> Answer:
        """What a read answers."""

    def slot(self, to: Address, number: int) -> Answer:
        """The word in a storage slot."""

    def call(self, sender: Address, to: Address, data: bytes) -> tuple[bool, bytes, Sequence[Log]]:
        """Run a transaction: whether it succeeded, what it returned, and its logs."""

    def set_time(self, timestamp: int) -> None:
        """The moment of the transactions that follow."""


@dataclass(frozen=True, slots=True)
class Port:
    """How a protocol joins the law: its name, and how its actions are drawn.

    `kinds` are the actions that are supported once the law holds: each is drawn and succeeds.
    `protocols` are those whose markets its actions can touch, all of which are compared, and
    `world` is where they are; `markets` names them where they are not all of the protocols'. A
    suite draws one of `dearness` cases of what is composed of others that have a law each.
    """

    name: str
    actions: Actions
    kinds: tuple[str, ...]
    longest_wait: int = 400 * 24 * 3600
    protocols: tuple[str, ...] = ("aave_v3", "chainlink", "erc20", "uniswap_v3")
    world: WorldSpec = EXCHANGE_WORLD
    markets: tuple[str, ...] = ()
    dearness: int = 1

    def concerned(self, states: States) -> States:
        """The states of the markets that its actions can touch."""
        markets = {
            i: m
            for i, m in states.markets.items()
            if m.protocol in self.protocols and (not self.markets or m.name in self.markets)
        }
        return replace(states, markets=markets, states={i: states.states[i] for i in markets})


@dataclass(slots=True)
class Tally:
    """What the cases reached: actions by kind, and reverts by reason."""

    cases: int = 0
    reached: Counter[str] = field(default_factory=Counter)

    def count(self, action: Action, outcome: Applied | Reverted) -> None:
        """Add one case."""
        self.cases += 1
        kind = type(action).__name__
        self.reached[kind if isinstance(outcome, Applied) else f"{kind}: {outcome.reason}"] += 1


def read_states(
    machine: Machine,
    adapters: Adapters,
    markets: Sequence[Market[State]],
    accounts: Accounts,
    known: States | None = None,
) -> States:
    """The states as the machine's contracts tell them now; hot reads only where known."""
    markets = tuple(markets)
    chain = markets[0].chain
    head = Head(chain, 0, "0x", Timestamp(machine.time))
    states = {}
    for market in markets:
        adapter = adapter_of(adapters, market)
        question = Question(market, accounts, head, known.states[market.id] if known else None)
        while asked := adapter.reads(question):
            answers = [answered(machine, read) for read in asked]
            state = adapter.decode(question, answers)
            question = replace(question, known=state, round=question.round + 1)
        assert question.known is not None
        states[market.id] = question.known
    return States(chain, {chain: head}, {market.id: market for market in markets}, states)


def answered(machine: Machine, read: Read) -> Answer:
    """What a machine answers to a read."""
    if read.is_slot:
        return machine.slot(read.to, int.from_bytes(read.data, "big"))
    return machine.static(read.to, read.data)


def check_case(
    machine: Machine, adapters: Adapters, states: States, accounts: Accounts, action: Action
) -> tuple[States, Applied | Reverted]:
    """Run one action on both sides and compare them; the states that both agree on."""
    outcome = apply(adapters, states, action)
    (call,) = encode(adapters, states, (action,))
    succeeded, returned, logs = machine.call(action.actor, call.to, call.data)
    if isinstance(outcome, Reverted):
        assert not succeeded, f"the model reverts with {outcome.reason}, the chain does not"
        assert returned == outcome.data, f"chain: {Reverted(returned).reason}"
        folded = states
    else:
        assert succeeded, f"the chain reverts with {Reverted(returned).reason}, the model does not"
        folded = states.fold(outcome)
        assert _moved(states, logs, accounts) == net_movements(outcome.movements, accounts.owners)
        for market_id, state in _told(adapters, states, logs).items():
            assert state == folded.states[market_id], f"what the logs of {market_id} tell"
    decoded = read_states(machine, adapters, tuple(states.markets.values()), accounts, known=folded)
    for market_id, state in folded.states.items():
        assert decoded.states[market_id] == state, market_id
    return folded, outcome


def run_sequence(
    draw: Draw,
    machine: Machine,
    adapters: Adapters,
    states: States,
    accounts: Accounts,
    port: Port,
    tally: Tally,
    steps: int,
) -> States:
    """The states after a drawn sequence of moments and actions, each of them checked.

    At its end everything is read anew.
    """
    for _ in range(steps):
        wait = draw(waits(port.longest_wait))
        moment = Timestamp(machine.time + wait)
        machine.set_time(moment)
        heads = {states.clock: replace(states.head, timestamp=moment)}
        halfway = accrue(adapters, states, Timestamp(moment - wait // 2))
        states = replace(accrue(adapters, states, moment), heads=heads)
        assert accrue(adapters, halfway, moment).states == states.states
        action = port.actions(draw, states, accounts.owners)
        states, outcome = check_case(machine, adapters, states, accounts, action)
        tally.count(action, outcome)
    cold = replace(accounts, ranges=opened_ranges(states))
    whole = read_states(machine, adapters, tuple(states.markets.values()), cold)
    assert whole.states == states.states
    return states


def opened_ranges(states: States) -> dict[MarketId, tuple[Ticks, ...]]:
    """The ranges in which anybody tracked has, or had, liquidity."""
    pools = [market for market in states.markets.values() if isinstance(market, Pool)]
    return {
        pool.id: tuple(sorted({(lower, upper) for _, lower, upper in states[pool].positions}))
        for pool in pools
    }


def live_until_reached(
    live: Callable[[int], None], tally: Tally, wanted: Sequence[str], rounds: int = 5
) -> None:
    """Live rounds of drawn sequences, each with its seed, until everything wanted was reached.

    What is rare may be missing from the few cases of one round by chance, but not from five.
    """
    missing = list(wanted)
    for number in range(rounds):
        live(number)
        missing = [what for what in wanted if not tally.reached[what]]
        if not missing:
            return
    raise AssertionError(f"in {tally.cases} cases these were not reached: {', '.join(missing)}")


def waits(longest: int) -> st.SearchStrategy[int]:
    """Seconds between two actions: none, a block, a day, or long."""
    return st.one_of(
        st.just(0), st.just(12), st.integers(1, 86_400), st.integers(1, max(longest, 1))
    )


def net_movements(
    movements: Iterable[Movement], accounts: Iterable[Address]
) -> dict[tuple[Address, Token], int]:
    """The sum of movements per account and token, zero sums left out."""
    watched = frozenset(accounts)
    net: dict[tuple[Address, Token], int] = {}
    for movement in movements:
        for account, signed in ((movement.source, -movement.raw), (movement.target, movement.raw)):
            if account in watched:
                key = (account, movement.token)
                net[key] = net.get(key, 0) + signed
    return {key: raw for key, raw in net.items() if raw}


def _told(adapters: Adapters, states: States, logs: Sequence[Log]) -> dict[MarketId, State]:
    """The states of the markets that logged anything, as their logs alone tell them.

    A contract that logs nothing cannot be followed: the mock feed is one.
    """
    told = {}
    for market_id, market in states.markets.items():
        adapter = adapter_of(adapters, market)
        emitters = adapter.emitters(market)
        if own := [log for log in logs if log.address in emitters]:
            told[market_id] = reduce(adapter.observe, own, states.states[market_id])
    return told


def _moved(
    states: States, logs: Sequence[Log], accounts: Accounts
) -> dict[tuple[Address, Token], int]:
    """The net token movements that the logs tell, for the tracked owners."""
    tokens = {m.address: m.token for m in states.markets.values() if isinstance(m, Erc20)}
    net: dict[tuple[Address, Token], int] = {}
    for log in logs:
        if log.address not in tokens or log.topics[:1] != (_TRANSFER,):
            continue
        (raw,) = log_words(log)
        for account, signed in ((topic_address(log, 1), -raw), (topic_address(log, 2), raw)):
            if account in accounts.owners:
                key = (account, tokens[log.address])
                net[key] = net.get(key, 0) + signed
    return {key: raw for key, raw in net.items() if raw}
