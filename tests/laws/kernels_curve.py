"""Drawn quotes of stable pools: in balance, out of it, and of balances that no coin has."""

from __future__ import annotations

import random
from collections.abc import Iterator

from tests.laws.kernel_cases import Case
from trimtab.core.abi import UINT256_MAX
from trimtab.core.quantise import Timestamp
from trimtab.core.token import Address
from trimtab.protocols.curve import StableState
from trimtab.protocols.curve.market import Version
from trimtab.protocols.curve.maths import direction, quotes
from trimtab.protocols.curve.model.amounts import exchanged
from trimtab.protocols.shared.limbs import packed, unpacked
from trimtab.protocols.shared.shares import Shares

QUOTES = frozenset({"trimtab.protocols.curve.maths.exchange_batch"})
AT_ONCE = 20
NOW = Timestamp(1_700_000_000)
FEES = (0, 4_000_000, 10**8, 5 * 10**9, 10**10 - 1, 10**10, 10**11)
BOUNDS = (0, 1, 2, 2**127, 2**128, 2**255, UINT256_MAX)


def drawn_pool(dice: random.Random) -> StableState:
    """In balance, out of it, or of balances that no coin has."""
    count = dice.choice([2, 3, 4, 4, 4, 8])
    decimals = [dice.choice([0, 6, 8, 18, 18]) for _ in range(count)]
    version: Version = dice.choice(["factory", "factory", "legacy"])
    a = dice.choice([1, 10, 200, 10**4, 10**6]) * (100 if version == "factory" else 1)
    kind = dice.randrange(5)
    return StableState(
        timestamp=NOW,
        coins=(Address("0x" + "3" * 40),) * count,
        rates=tuple(10 ** (36 - each) for each in decimals),
        balances=tuple(drawn_balance(dice, kind, each) for each in decimals),
        fee=dice.choice(FEES),
        admin_fee=dice.choice([0, 5 * 10**9, 10**10]),
        initial_a=a,
        future_a=a,
        initial_a_time=0,
        future_a_time=0,
        shares=Shares(1, {}, {}),
        version=version,
    )


def drawn_balance(dice: random.Random, kind: int, decimals: int) -> int:
    """Base units, near a million whole ones or of any size."""
    if kind < 3:
        return int(10 ** (6 + decimals) * 10 ** dice.uniform(-1, 1))
    if kind == 3:
        return int(10 ** dice.uniform(0, decimals + 8))
    return dice.choice([dice.choice(BOUNDS), int(2 ** dice.uniform(0, 256))])


def drawn_amount(dice: random.Random, state: StableState) -> int:
    """Base units: a bound, any number, or up to three times a balance."""
    kind = dice.randrange(4)
    if kind == 0:
        return dice.choice(BOUNDS)
    if kind == 1:
        return int(2 ** dice.uniform(0, 255))
    balance = dice.choice(state.balances)
    return min(balance * dice.randrange(1, 3_000_000) // 10**6, UINT256_MAX)


def modelled(state: StableState, at: Timestamp, i: int, j: int, raw: int) -> tuple[int, bool]:
    """What the model gives, and whether the contract goes through with it."""
    try:
        return exchanged(state, at, i, j, raw).amount_out, True
    except ArithmeticError:
        return 0, False


def compared(dice: random.Random, count: int) -> Iterator[Case]:
    """Some amounts at a time, of one pool and two of its coins."""
    while count > 0:
        state = drawn_pool(dice)
        i, j = dice.sample(range(len(state.coins)), 2)
        raws = [drawn_amount(dice, state) for _ in range(min(AT_ONCE, count))]
        given, goes = quotes(direction(state, NOW, i, j), packed(raws))
        for raw, found, is_done in zip(raws, unpacked(given), goes, strict=True):
            expected = modelled(state, NOW, i, j, raw)
            yield Case((state, i, j, raw), expected, (found, bool(is_done)))
        count -= len(raws)
