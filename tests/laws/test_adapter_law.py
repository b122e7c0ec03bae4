"""The adapter law on every protocol: in process, and one case in a hundred on a node."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.laws import PORTS
from tests.laws.law import CASES as DEFAULT_CASES
from tests.laws.law import CASES_PER_CASE_ON_A_NODE, Port, Tally, read_states, run_sequence
from tests.laws.machines import Node, fund
from tests.support import evm
from trimtab.core.market import Accounts, tracked
from trimtab.core.states import States
from trimtab.lab.world import EXCHANGE_WORLD, LocalWorld, local_world
from trimtab.mandate.adapters import ADAPTERS
from trimtab.mandate.book import read_book

pytestmark = pytest.mark.chain

STEPS = 50
CASES = int(os.environ.get("TRIMTAB_LAW_CASES", DEFAULT_CASES))


@dataclass(frozen=True, slots=True)
class Stage:
    """A deployed world with funded owners, before any case."""

    world: LocalWorld
    accounts: Accounts
    states: States
    machine: evm.Evm


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    """The world, its markets read once, and its state in process."""
    with local_world(EXCHANGE_WORLD) as world:
        owners = world.deployment.agents[:3]
        fund(world, owners)
        book = read_book(world.deployment.to_json(), "the local world")
        markets = tuple(book.markets.values())
        machine = evm.load(world.rpc)
        accounts = tracked(owners, markets)
        yield Stage(world, accounts, read_states(machine, ADAPTERS, markets, accounts), machine)


@pytest.mark.parametrize("port", PORTS, ids=lambda port: port.name)
def test_model__any_sequence_in_process__equals_the_chain(
    port: Port, stage: Stage, record_property: Callable[[str, object], None]
) -> None:
    tally = Tally()
    machine, moment = stage.machine, stage.machine.time

    @settings(max_examples=-(-CASES // STEPS))
    @given(st.data())
    def law(data: st.DataObject) -> None:
        before = machine.snapshot()
        try:
            run_sequence(
                data.draw,
                machine,
                ADAPTERS,
                port.concerned(stage.states),
                stage.accounts,
                port,
                tally,
                STEPS,
            )
        finally:
            machine.revert(before)
            machine.set_time(moment)

    law()
    report(port, tally, "in process", record_property)
    assert tally.cases >= CASES
    assert set(port.kinds) - set(tally.reached) == set(), "what is never drawn is not supported"


@pytest.mark.parametrize("port", PORTS, ids=lambda port: port.name)
def test_model__any_sequence_on_a_node__equals_the_chain(
    port: Port, stage: Stage, record_property: Callable[[str, object], None]
) -> None:
    tally = Tally()
    steps = 10

    @settings(max_examples=-(-CASES // CASES_PER_CASE_ON_A_NODE // steps))
    @given(st.data())
    def law(data: st.DataObject) -> None:
        with Node(stage.world.rpc) as node:
            run_sequence(
                data.draw,
                node,
                ADAPTERS,
                port.concerned(stage.states),
                stage.accounts,
                port,
                tally,
                steps,
            )

    law()
    report(port, tally, "on a node", record_property)
    assert tally.cases >= CASES // CASES_PER_CASE_ON_A_NODE


def report(
    port: Port, tally: Tally, where: str, record_property: Callable[[str, object], None]
) -> None:
    """Print the count, and what the cases reached."""
    reached = ", ".join(f"{count} {what}" for what, count in tally.reached.most_common(12))
    words = f"law {port.name} {where}: {tally.cases} cases, 0 mismatches; {reached}"
    record_property("told", words)
