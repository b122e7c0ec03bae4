"""The compiled quotes against the model: every case, what reverts included."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np

from tests.unit.protocols.curve.stable_pools import NOW, stable_state
from trimtab.core.abi import UINT256_MAX
from trimtab.protocols.curve import StableState
from trimtab.protocols.curve.market import Version
from trimtab.protocols.curve.maths import direction, quotes
from trimtab.protocols.curve.model.amounts import exchanged
from trimtab.protocols.shared.limbs import packed, unpacked
from trimtab.protocols.shared.shares import Shares

POOLS, AMOUNTS = 600, 20
FEES = (0, 4_000_000, 10**8, 5 * 10**9, 10**10 - 1, 10**10, 10**11)
BOUNDS = (0, 1, 2, 2**127, 2**128, 2**255, UINT256_MAX)


def drawn_pool(draw: random.Random) -> StableState:
    """In balance, out of it, or of balances that no coin has."""
    count = draw.choice([2, 3, 4, 4, 4, 8])
    decimals = [draw.choice([0, 6, 8, 18, 18]) for _ in range(count)]
    version: Version = draw.choice(["factory", "factory", "legacy"])
    a = draw.choice([1, 10, 200, 10**4, 10**6]) * (100 if version == "factory" else 1)
    kind = draw.randrange(5)
    return StableState(
        timestamp=NOW,
        coins=stable_state().coins[:1] * count,
        rates=tuple(10 ** (36 - each) for each in decimals),
        balances=tuple(drawn_balance(draw, kind, each) for each in decimals),
        fee=draw.choice(FEES),
        admin_fee=draw.choice([0, 5 * 10**9, 10**10]),
        initial_a=a,
        future_a=a,
        initial_a_time=0,
        future_a_time=0,
        shares=Shares(1, {}, {}),
        version=version,
    )


def drawn_balance(draw: random.Random, kind: int, decimals: int) -> int:
    if kind < 3:
        return int(10 ** (6 + decimals) * 10 ** draw.uniform(-1, 1))
    if kind == 3:
        return int(10 ** draw.uniform(0, decimals + 8))
    return draw.choice([draw.choice(BOUNDS), int(2 ** draw.uniform(0, 256))])


def drawn_amount(draw: random.Random, state: StableState) -> int:
    kind = draw.randrange(4)
    if kind == 0:
        return draw.choice(BOUNDS)
    if kind == 1:
        return int(2 ** draw.uniform(0, 255))
    balance = draw.choice(state.balances)
    return min(balance * draw.randrange(1, 3_000_000) // 10**6, UINT256_MAX)


def modelled(state: StableState, i: int, j: int, raw: int) -> tuple[int, bool]:
    try:
        return exchanged(state, NOW, i, j, raw).amount_out, True
    except ArithmeticError:
        return 0, False


def test_quotes__drawn_pools_and_amounts__the_model() -> None:
    draw, goes = random.Random(5), 0
    for _ in range(POOLS):
        state = drawn_pool(draw)
        i, j = draw.sample(range(len(state.coins)), 2)
        raws = [drawn_amount(draw, state) for _ in range(AMOUNTS)]
        given, flags = quotes(direction(state, NOW, i, j), packed(raws))
        expected = [modelled(state, i, j, raw) for raw in raws]
        assert list(zip(unpacked(given), map(bool, flags), strict=True)) == expected, (state, i, j)
        goes += int(flags.sum())
    assert POOLS * AMOUNTS // 3 < goes < POOLS * AMOUNTS * 9 // 10


def test_quotes__on_a_ramp__by_the_moment() -> None:
    ramp = replace(stable_state(), future_a=200_000, initial_a_time=NOW - 10)
    ramp = replace(ramp, future_a_time=NOW + 1000)
    given, flags = quotes(direction(ramp, NOW, 0, 3), packed([10**11]))
    assert (unpacked(given), flags.tolist()) == ([modelled(ramp, 0, 3, 10**11)[0]], [True])


def test_quotes__no_invariant__nothing_goes() -> None:
    empty = stable_state(0, 0, 0, 0, supply=0)
    given, flags = quotes(direction(empty, NOW, 0, 1), packed([0, 1, 10**6]))
    assert not flags.any()
    assert np.array_equal(given, np.zeros_like(given))
