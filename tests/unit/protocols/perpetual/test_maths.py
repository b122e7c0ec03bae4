"""What a market that follows others' logs by a kernel leaves to the model, and what it refuses."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce

import pytest

from tests.unit.protocols.perpetual.markets import (
    ALICE,
    BASE,
    FLAT,
    FUND,
    HOUSE,
    NOW,
    STATE,
    TICK,
    WAD,
    account,
)
from trimtab.core.abi import UINT256_MAX, Log, topic, word
from trimtab.core.errors import DataError
from trimtab.protocols.perpetual import PerpetualAdapter, PerpetualState
from trimtab.protocols.perpetual.logs import observed
from trimtab.protocols.perpetual.maths import FollowedMarket, observe_all, rows_of
from trimtab.protocols.perpetual.model.arithmetic import price_x96, wad_of_x96
from trimtab.protocols.shared.ticks import sqrt_price_at_tick

OTHER = account("b")
FUNDING = topic("FundingUpdated(address,uint256,uint256)")
SWAP = topic("Swap(address,address,int256,int256,uint160,uint128,int24)")
POSITION = topic("PositionChanged(address,address,int256,int256,uint256,int256,int256,uint256)")
PAID = topic("FundingPaymentSettled(address,address,int256)")
BAD_DEBT = topic("BadDebtSettled(address,uint256)")
DAY = 86_400


def told(topics: tuple[bytes, ...], *words: int, after: int = 12) -> Log:
    return Log(HOUSE, topics, b"".join(map(word, words)), 1, NOW + after, "0x", 0)


def funding(mean: int, index: int = 2_000 * WAD, after: int = 12) -> Log:
    return told((FUNDING, word(BASE)), mean, index, after=after)


def swap(tick: int, after: int = 12) -> Log:
    root = sqrt_price_at_tick(tick) + 1
    return told((SWAP, word(OTHER), word(HOUSE)), 5, -7, root, 10**20, tick, after=after)


def price(tick: int) -> int:
    return wad_of_x96(price_x96(sqrt_price_at_tick(tick)))


MEAN = price(TICK + 10)


@pytest.mark.parametrize(
    "log",
    [
        funding(MEAN),
        funding(MEAN + 1),
        funding(2 * MEAN),
        funding(MEAN, 4_000 * WAD, after=DAY),
        funding(1 << 20),
        swap(-TICK),
        told((PAID, word(OTHER), word(BASE)), -5),
        told((topic("Paused(address)"),), 1),
        Log(HOUSE, (), b"", 1, NOW, "0x", 0),
    ],
    ids=["tick", "none", "bound", "below", "tiny", "swap", "paid", "unknown", "anonymous"],
)
def test_followed__log_of_another__as_the_model(log: Log) -> None:
    followed = FollowedMarket(STATE)
    assert followed.advance(rows_of(STATE, [log])) == 1
    assert followed.state == observed(STATE, log)


def test_followed__young_market__the_pools_own_price_if_it_is_the_mean() -> None:
    young = replace(STATE, first_traded=NOW, sqrt_price_x96=sqrt_price_at_tick(TICK) + 10**20)
    spot = wad_of_x96(price_x96(young.sqrt_price_x96))
    for log in (funding(spot, after=9), funding(spot, after=10)):
        followed = FollowedMarket(young)
        followed.advance(rows_of(young, [log]))
        assert followed.state == observed(young, log)


def test_followed__market_never_settled__clock_started_and_nothing_grown() -> None:
    fresh = replace(STATE, first_traded=0, settled_at=0)
    logs = [swap(TICK + 3, after=1), funding(0, 0, after=2)]
    followed = FollowedMarket(fresh)
    assert followed.advance(rows_of(fresh, logs)) == 2
    assert followed.state == reduce(observed, logs, fresh)
    assert (followed.state.first_traded, followed.state.settled_at) == (NOW + 1, NOW + 2)


@pytest.mark.parametrize(
    "state, log",
    [
        (STATE, told((PAID, word(ALICE), word(BASE)), -5)),
        (STATE, told((BAD_DEBT, word(OTHER)), 7)),
        (STATE, funding((1 << 20) - 1)),
        (STATE, funding(1 << 160)),
        (STATE, funding(MEAN, 1 << 160)),
        (STATE, funding(MEAN, after=-7_200)),
        (STATE, funding(MEAN, after=2**32)),
        (STATE, told((FUNDING, word(BASE)), MEAN)),
        (STATE, told((SWAP, word(OTHER), word(HOUSE)), 5, -7, 1, 1, 1 << 63)),
        (replace(STATE, growth=2**255 - 1), funding(MEAN, 1_900 * WAD)),
        (replace(STATE, growth=-(2**255)), funding(MEAN, 3_900 * WAD)),
    ],
)
def test_followed__log_that_is_the_models__market_left_alone(
    state: PerpetualState, log: Log
) -> None:
    followed = FollowedMarket(state)
    assert followed.advance(rows_of(state, [log])) == 0
    assert followed.state == state


@pytest.mark.parametrize(
    "changes", [{"growth": 2**255}, {"tick": 2**63}, {"sqrt_price_x96": -1}, {"settled_at": 2**63}]
)
def test_followed__state_of_no_market__refused(changes: dict[str, int]) -> None:
    with pytest.raises(DataError, match="read it anew"):
        FollowedMarket(replace(STATE, **changes))  # type: ignore[arg-type] # one number each


def test_observe_all__own_logs_and_hostile_ones_among_many__as_one_by_one() -> None:
    steady = [funding(price(TICK + at), after=12 * at) for at in range(1, 40)]
    own = told((POSITION, word(ALICE), word(BASE)), 10, -20, 1, 5, -3, 9, after=480)
    lie = told((SWAP, word(OTHER), word(HOUSE)), 5, -7, 1, 1, UINT256_MAX >> 1, after=500)
    later = [swap(TICK + at, after=500 + at) for at in range(40)]
    logs = [*steady, own, *later, told((BAD_DEBT, word(OTHER)), 7), lie, *later]
    found = observe_all(STATE, logs)
    assert found == reduce(observed, logs, STATE)
    assert found.account(ALICE).growth == found.growth != 0
    assert found.account(FUND).margin == STATE.account(FUND).margin - 7


def test_observe_all__of_the_adapter__market_and_index_as_log_by_log() -> None:
    told = [funding(price(TICK + at), after=12 * at) for at in range(1, 20)]
    adapter = PerpetualAdapter()
    for state in (STATE, FLAT):
        assert adapter.observe_all(state, told) == reduce(adapter.observe, told, state)
