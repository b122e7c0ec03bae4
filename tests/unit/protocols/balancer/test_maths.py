"""The compiled quotes against the model: every case, what is refused included."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from tests.laws.kernels_balancer import compared
from tests.unit.protocols.balancer.weighted_pools import POOL, TOKENS, account, weighted_state
from trimtab.core.errors import NoRoute
from trimtab.core.token import Token
from trimtab.protocols.balancer.maths import quotes, quotes_exact_out
from trimtab.protocols.shared.limbs import packed

CASES = 1_200
A, B, C = TOKENS


def test_quotes__drawn_pools_and_amounts__the_model() -> None:
    gone = 0
    for case in compared(random.Random(5), CASES):
        assert case.actual == case.expected, case.asked
        gone += case.expected is not None
    assert CASES // 4 < gone < CASES * 3 // 4


def test_quotes__tokens_that_are_not_two_of_the_pools__no_route() -> None:
    other = Token(1, account("f"), 18, "X")
    for pair in ((A, other), (other, A), (A, A)):
        for ask in (quotes, quotes_exact_out):
            with pytest.raises(NoRoute):
                ask(weighted_state(), POOL, *pair, packed([1]))


def test_quotes__paused__nothing_goes() -> None:
    state = weighted_state()
    paused = replace(state, pool_pause=replace(state.pool_pause, is_paused=True))
    amounts = packed([1, 10**6])
    for ask in (quotes, quotes_exact_out):
        _, goes = ask(paused, POOL, A, C, amounts)
        assert not goes.any()
        _, goes = ask(state, POOL, A, C, amounts)
        assert goes.all()
