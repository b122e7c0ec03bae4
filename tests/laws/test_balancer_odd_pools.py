"""The law in weighted pools that the stage of the others has not: empty at first, with uneven
weights and the greatest fee, with and without the protocol's part of it.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from tests.laws.balancer import PORT
from tests.laws.law import Tally, live_until_reached, run_sequence
from tests.laws.weighted_edges import odd_scene, with_protocol_fee
from trimtab.mandate.adapters import ADAPTERS

pytestmark = pytest.mark.chain

CASES, STEPS = 1_200, 30
REACHED = (
    *("Swap", "SwapExactOut", "AddLiquidity", "RemoveLiquidity", "RemoveLiquidityOne"),
    *("Swap: BAL#304", "SwapExactOut: BAL#305", "RemoveLiquidityOne: BAL#306"),
    *("Swap: BAL#507", "SwapExactOut: BAL#507", "AddLiquidity: BAL#208"),
    *("RemoveLiquidity: BAL#434", "AddLiquidity: BAL#311"),
)


def test_model__odd_pools__equal_the_chain(
    record_property: Callable[[str, object], None],
) -> None:
    scene, tally = odd_scene(), Tally()
    machine, moment = scene.machine, scene.machine.time

    def live(number: int) -> None:
        @seed(number)
        @settings(max_examples=CASES // STEPS)
        @given(st.data())
        def law(data: st.DataObject) -> None:
            before = machine.snapshot()
            try:
                percentage = data.draw(st.sampled_from([None, 0, 25 * 10**16]))
                states = scene.states
                if percentage is not None:
                    states = with_protocol_fee(scene, percentage)
                accounts = scene.accounts
                run_sequence(data.draw, machine, ADAPTERS, states, accounts, PORT, tally, STEPS)
            finally:
                machine.revert(before)
                machine.set_time(moment)

        law()

    live_until_reached(live, tally, REACHED)
    reached = ", ".join(f"{count} {what}" for what, count in tally.reached.most_common())
    words = f"law balancer in odd pools: {tally.cases} cases, 0 mismatches; {reached}"
    record_property("told", words)
    assert tally.cases >= CASES
