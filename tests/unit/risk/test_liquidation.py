from fractions import Fraction

import pytest

from tests.unit.protocols.aave_v3.reserves import (
    NOW,
    OPEN,
    OWNER,
    POOL,
    RAY,
    RESERVE,
    reserve_state,
)
from trimtab.core.errors import PriceDisagreement
from trimtab.core.market import Head
from trimtab.core.states import States
from trimtab.protocols.aave_v3 import AccountState, LendingState, health_factor
from trimtab.protocols.chainlink import FeedState
from trimtab.risk import nearness

WAD = 10**18
THRESHOLD = 8_000
BORROWED_AND_COLLATERAL = 3


def states(supplied: int, owed: int, answer: int = 10**8) -> States:
    """The owner with a supply and a debt in one reserve, whose threshold is 80 %."""
    settings = OPEN | THRESHOLD << 16
    reserve = reserve_state(index=RAY, supplied=supplied, owed=owed, settings=settings)
    account = AccountState(
        BORROWED_AND_COLLATERAL, {RESERVE.token: supplied}, {RESERVE.token: owed}
    )
    lending = LendingState(NOW, {RESERVE.token: reserve}, {OWNER: account})
    feed = FeedState(NOW, answer, NOW, 1)
    head = Head(1, 1, "0x", NOW)
    return States(1, {1: head}, {POOL.id: POOL}, {POOL.id: lending, RESERVE.feed: feed})


@pytest.mark.parametrize(
    "supplied, owed, expected",
    [
        (100, 40, Fraction(1, 2)),
        (100, 80, Fraction(1)),
        (100, 0, Fraction(0)),
        (0, 0, Fraction(0)),
    ],
)
def test_nearness__collateral_and_debt__one_over_the_health_factor(
    supplied: int, owed: int, expected: Fraction
) -> None:
    assert nearness(states(supplied, owed), POOL, OWNER) == expected


@pytest.mark.parametrize("owed", [79, 81, 30, 7])
def test_nearness__rounded_by_the_pool__the_pool_s_own_integer(owed: int) -> None:
    there = states(100, owed)
    factor = health_factor(there, POOL, OWNER)
    assert factor is not None
    assert nearness(there, POOL, OWNER) == Fraction(WAD, factor)
    assert (nearness(there, POOL, OWNER) > 1) == (factor < WAD)


def test_nearness__debt_without_collateral__beyond_all_and_more_with_more() -> None:
    less, more = (nearness(states(0, owed), POOL, OWNER) for owed in (5, 6))
    assert WAD < less < more


def test_nearness__price_that_is_none__refused() -> None:
    with pytest.raises(PriceDisagreement, match="cannot value"):
        nearness(states(100, 40, answer=0), POOL, OWNER)
