"""The law of pairs with a protocol fee, and at their edges: the stage of the others has neither."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.laws.law import Tally, run_sequence
from tests.laws.pair_edges import ONE_SIDED, Stage, edges, turn_fee
from tests.laws.uniswap_v2 import PORT
from trimtab.mandate.adapters import ADAPTERS

pytestmark = pytest.mark.chain

CASES, STEPS = 600, 40
LAST_DAY = 2**32 - 86_400


@pytest.fixture(scope="module")
def stage() -> Stage:
    return edges()


@pytest.mark.parametrize("setting", ["on", "just on", "off again", "to the pair"])
def test_model__protocol_fee__equals_the_chain(
    setting: str, stage: Stage, record_property: Callable[[str, object], None]
) -> None:
    machine, tally = stage.machine, Tally()
    untouched = machine.snapshot()
    try:
        turn_fee(stage, setting)
        machine.set_time(LAST_DAY)
        _hold(stage, tally)
    finally:
        machine.revert(untouched)
    reached = ", ".join(f"{count} {what}" for what, count in tally.reached.most_common(12))
    words = f"law uniswap_v2, fee {setting}: {tally.cases} cases, 0 mismatches; {reached}"
    record_property("told", words)
    assert tally.cases >= CASES
    assert set(PORT.kinds) - set(tally.reached) == set()


def _hold(stage: Stage, tally: Tally) -> None:
    machine, moment = stage.machine, stage.machine.time
    states = stage.read(f"uniswap_v2:{ONE_SIDED}")

    @settings(max_examples=CASES // STEPS)
    @given(st.data())
    def law(data: st.DataObject) -> None:
        before = machine.snapshot()
        try:
            scene = (states, stage.accounts, PORT, tally, STEPS)
            run_sequence(data.draw, machine, ADAPTERS, *scene)
        finally:
            machine.revert(before)
            machine.set_time(moment)

    law()
