"""The adapter law on every protocol: in process, and one case in a hundred on a node."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest

from tests.laws import PORTS
from tests.laws.law import CASES as DEFAULT_CASES
from tests.laws.law import CASES_PER_CASE_ON_A_NODE, Port
from tests.laws.stages import Stage, opened_as_needed, told
from trimtab.lab.world import WorldSpec

pytestmark = pytest.mark.chain

CASES = int(os.environ.get("TRIMTAB_LAW_CASES", DEFAULT_CASES))

Say = Callable[[str, object], None]


@pytest.fixture(scope="module")
def stages() -> Iterator[Callable[[WorldSpec], Stage]]:
    with opened_as_needed() as stages:
        yield stages


@pytest.mark.parametrize("port", PORTS, ids=lambda port: port.name)
def test_model__any_sequence_in_process__equals_the_chain(
    port: Port, stages: Callable[[WorldSpec], Stage], record_property: Say
) -> None:
    cases = CASES // port.dearness
    tally = stages(port.world).in_process(port, cases)
    record_property("told", told(port, tally, "in process"))
    assert tally.cases >= cases
    assert set(port.kinds) - set(tally.reached) == set(), "what is never drawn is not supported"


@pytest.mark.parametrize("port", PORTS, ids=lambda port: port.name)
def test_model__any_sequence_on_a_node__equals_the_chain(
    port: Port, stages: Callable[[WorldSpec], Stage], record_property: Say
) -> None:
    tally = stages(port.world).on_a_node(port, CASES)
    record_property("told", told(port, tally, "on a node"))
    assert tally.cases >= CASES // CASES_PER_CASE_ON_A_NODE
