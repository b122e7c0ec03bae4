"""The compiled quotes against the model: every case, what reverts included."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np

from tests.laws.kernels_curve import compared, modelled
from tests.unit.protocols.curve.stable_pools import NOW, stable_state
from trimtab.protocols.curve.maths import direction, quotes
from trimtab.protocols.shared.limbs import packed, unpacked

CASES = 2_000


def test_quotes__drawn_pools_and_amounts__the_model() -> None:
    gone = 0
    for case in compared(random.Random(5), CASES):
        assert case.actual == case.expected, case.asked
        gone += case.expected != (0, False)
    assert CASES // 3 < gone < CASES * 9 // 10


def test_quotes__on_a_ramp__by_the_moment() -> None:
    ramp = replace(stable_state(), future_a=200_000, initial_a_time=NOW - 10)
    ramp = replace(ramp, future_a_time=NOW + 1000)
    given, flags = quotes(direction(ramp, NOW, 0, 3), packed([10**11]))
    assert (unpacked(given), flags.tolist()) == ([modelled(ramp, NOW, 0, 3, 10**11)[0]], [True])


def test_quotes__no_invariant__nothing_goes() -> None:
    empty = stable_state(0, 0, 0, 0, supply=0)
    given, flags = quotes(direction(empty, NOW, 0, 1), packed([0, 1, 10**6]))
    assert not flags.any()
    assert np.array_equal(given, np.zeros_like(given))
