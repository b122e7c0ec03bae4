"""The world that the law is held on, in process and on its node."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.laws.law import CASES_PER_CASE_ON_A_NODE, Port, Tally, read_states, run_sequence
from tests.laws.machines import Node, fund
from tests.support import evm
from trimtab.core.adapter import narrow
from trimtab.core.market import Accounts, tracked
from trimtab.core.states import States
from trimtab.lab.world import LocalWorld, WorldSpec, local_world
from trimtab.mandate.adapters import ADAPTERS
from trimtab.mandate.book import read_book

STEPS, STEPS_ON_A_NODE = 50, 10


@dataclass(frozen=True, slots=True)
class Stage:
    """A deployed world with funded owners, before any case."""

    world: LocalWorld
    accounts: Accounts
    states: States
    machine: evm.Evm

    def concerned(self, port: Port) -> tuple[States, Accounts]:
        """What a port's actions can touch, and who is tracked for these markets alone.

        Whom else the world's other markets need tracked would only be read again and again,
        unless nobody at all may take anything, as with plain tokens alone.
        """
        states = port.concerned(self.states)
        markets = tuple(states.markets.values())
        accounts = tracked(self.accounts.owners, markets)
        if not accounts.spenders:
            return states, self.accounts
        return narrow(ADAPTERS, states, markets, accounts), accounts

    def in_process(self, port: Port, cases: int) -> Tally:
        """Drawn sequences of at least so many cases, each of them undone."""
        tally, machine, moment = Tally(), self.machine, self.machine.time
        beginning, accounts = self.concerned(port)

        @settings(max_examples=-(-cases // STEPS))
        @given(st.data())
        def law(data: st.DataObject) -> None:
            before = machine.snapshot()
            try:
                run_sequence(data.draw, machine, ADAPTERS, beginning, accounts, port, tally, STEPS)
            finally:
                machine.revert(before)
                machine.set_time(moment)

        law()
        return tally

    def on_a_node(self, port: Port, cases: int) -> Tally:
        """One case for every hundred of so many, on the node."""
        tally = Tally()
        beginning, accounts = self.concerned(port)

        @settings(max_examples=-(-cases // CASES_PER_CASE_ON_A_NODE // STEPS_ON_A_NODE))
        @given(st.data())
        def law(data: st.DataObject) -> None:
            with Node(self.world.rpc) as node:
                run_sequence(
                    *(data.draw, node, ADAPTERS, beginning, accounts, port, tally),
                    STEPS_ON_A_NODE,
                )

        law()
        return tally


@contextmanager
def opened(spec: WorldSpec) -> Iterator[Stage]:
    """A world, its markets read once, and its state in process."""
    with local_world(spec) as world:
        owners = world.deployment.agents[:3]
        fund(world, owners)
        book = read_book(world.deployment.to_json(), "the local world")
        markets = tuple(book.markets.values())
        machine = evm.load(world.rpc)
        accounts = tracked(owners, markets)
        yield Stage(world, accounts, read_states(machine, ADAPTERS, markets, accounts), machine)


@contextmanager
def opened_as_needed() -> Iterator[Callable[[WorldSpec], Stage]]:
    """What opens a world when it is first asked for; all are closed at the end."""
    with ExitStack() as stack:
        stages: list[tuple[WorldSpec, Stage]] = []

        def stage(spec: WorldSpec) -> Stage:
            for known, found in stages:
                if known == spec:
                    return found
            stages.append((spec, stack.enter_context(opened(spec))))
            return stages[-1][1]

        yield stage


def told(port: Port, tally: Tally, where: str) -> str:
    """The count, and what the cases reached."""
    reached = ", ".join(f"{count} {what}" for what, count in tally.reached.most_common(12))
    return f"law {port.name} {where}: {tally.cases} cases, 0 mismatches; {reached}"
