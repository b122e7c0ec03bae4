"""What a pool that follows others' logs by a kernel leaves to the model, and what it refuses."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce

import pytest

from tests.unit.protocols.aave_v3.reserves import (
    NOW,
    OWNER,
    POOL,
    RAY,
    RESERVE,
    TOKEN,
    account,
    lending_state,
    reserve_state,
)
from trimtab.core.abi import UINT256_MAX, Log, topic, word
from trimtab.core.adapter import followed
from trimtab.core.errors import DataError, MissingRead
from trimtab.core.quantise import Bps, Ray
from trimtab.core.token import Address
from trimtab.protocols.aave_v3 import AaveV3Adapter, LendingState
from trimtab.protocols.aave_v3.events import observe
from trimtab.protocols.aave_v3.maths import FollowedReserves, observe_all, rows_of
from trimtab.protocols.shared.reverts import RevertError

OTHER = account("f")
STATE = lending_state(
    replace(
        reserve_state(index=RAY + 7, supplied=10**12, owed=10**11, settings=1_000 << 64),
        liquidity_rate=Ray(RAY // 30),
        variable_borrow_rate=Ray(RAY // 20),
    )
)
RATES = topic("ReserveDataUpdated(address,uint256,uint256,uint256,uint256,uint256)")
MINT = topic("Mint(address,address,uint256,uint256,uint256)")
BURN = topic("Burn(address,address,uint256,uint256,uint256)")
FLASH_LOAN = topic("FlashLoan(address,address,address,uint256,uint8,uint256,uint16)")
ISOLATED = topic("IsolationModeTotalDebtUpdated(address,uint256)")
TO_TREASURY = topic("MintedToTreasury(address,uint256)")


def told(address: Address, topics: tuple[bytes, ...], *words: int, after: int = 12) -> Log:
    return Log(address, topics, b"".join(map(word, words)), 1, NOW + after, "0x", 0)


def minted(owner: Address, raw: int, after: int = 12) -> Log:
    topics = (MINT, word(OTHER), word(owner))
    return told(RESERVE.variable_debt_token, topics, raw, 0, RAY + 7, after=after)


def rates(*numbers: int, after: int = 12) -> Log:
    return told(POOL.address, (RATES, word(TOKEN.address)), *numbers, after=after)


TRUE_RATES = rates(RAY // 40, 3, RAY // 25, RAY + 9, RAY + 11)
EACH_KIND = (
    minted(OTHER, 10**9),
    TRUE_RATES,
    told(RESERVE.a_token, (MINT, word(OTHER), word(OTHER)), 10**6, 10**7, RAY + 9),
    told(RESERVE.a_token, (BURN, word(OTHER), word(OTHER)), 10**6, 10**3, RAY + 9),
    told(RESERVE.variable_debt_token, (BURN, word(OTHER), word(OTHER)), 10, 1, RAY, after=99),
    told(POOL.address, (ISOLATED, word(TOKEN.address)), 77),
    told(POOL.address, (FLASH_LOAN, word(OTHER), word(TOKEN.address), word(0)), 1, 2, 0, 10**9),
    told(POOL.address, (topic("Paused(address)"), word(OTHER)), 1),
)


def test_followed__every_kind_of_log__each_prefix_as_the_model() -> None:
    start = replace(STATE, premium_to_protocol=Bps(4_000))
    pool, state = FollowedReserves(start), start
    for log in (*EACH_KIND, told(POOL.address, (TO_TREASURY, word(TOKEN.address)), 5)):
        state = observe(state, log)
        assert pool.advance(rows_of(start, [log])) == 1
        assert pool.state == state
    assert state.reserve(TOKEN).accrued_to_treasury == 0
    assert state.reserve(TOKEN).isolated_debt == 77


def test_followed__log_that_names_a_tracked_account__left_to_the_model() -> None:
    pool = FollowedReserves(STATE)
    logs = [minted(OTHER, 5), minted(OWNER, 5), minted(OTHER, 5)]
    assert pool.advance(rows_of(STATE, logs)) == 1
    assert pool.state == observe(STATE, logs[0])


@pytest.mark.parametrize(
    "log",
    [
        minted(OTHER, UINT256_MAX),
        minted(OTHER, 5, after=-1),
        minted(OTHER, 5, after=2**32),
        told(RESERVE.a_token, (BURN, word(OTHER), word(OTHER)), 10**13, 0, RAY),
        told(RESERVE.a_token, (MINT, word(OTHER), word(OTHER)), 1, 0, 0),
        told(RESERVE.a_token, (MINT, word(OTHER), word(OTHER)), 1, 0),
        told(POOL.address, (RATES,), 1, 2, 3, 4, 5),
        Log(POOL.address, (), b"", 1, NOW, "0x", 0),
    ],
    ids=["huge", "past", "late", "more than all", "no index", "cut off", "no asset", "anonymous"],
)
def test_followed__log_beyond_what_a_pool_stores__reserve_left_alone(log: Log) -> None:
    pool = FollowedReserves(STATE)
    assert pool.advance(rows_of(STATE, [log])) == 0
    assert pool.state == STATE


def test_followed__rates_that_no_pool_stores__told_and_then_the_models() -> None:
    logs = [rates(2**200, 0, 0, RAY, RAY), rates(0, 0, 0, RAY, RAY, after=24)]
    pool = FollowedReserves(STATE)
    assert pool.advance(rows_of(STATE, logs)) == 1
    assert pool.state == observe(STATE, logs[0])
    with pytest.raises(RevertError):
        observe_all(STATE, logs)


def test_followed__number_below_zero__refused() -> None:
    burnt = told(RESERVE.a_token, (BURN, word(OTHER), word(OTHER)), 10**13, 0, RAY)
    with pytest.raises(DataError, match="read its state anew"):
        FollowedReserves(observe(STATE, burnt))


def test_observe_all__logs_of_ours_and_a_lie_among_many__as_one_by_one() -> None:
    steady = [rates(RAY // 40, 3, RAY // 25, RAY + at, RAY + at, after=at) for at in range(40)]
    lie = told(RESERVE.a_token, (BURN, word(OTHER), word(OTHER)), 10**13, 0, RAY)
    later = [minted(OTHER, 5, after=at) for at in range(40, 80)]
    logs = [*steady, minted(OWNER, 1_000, after=40), *later, lie, *later]
    assert observe_all(STATE, logs) == reduce(observe, logs, STATE)
    assert observe_all(STATE, []) == STATE


class Unasked(AaveV3Adapter):
    """An adapter that must not be asked log by log."""

    def observe(self, state: LendingState, log: Log) -> LendingState:
        raise AssertionError(log)


@pytest.fixture
def long_run(monkeypatch: pytest.MonkeyPatch) -> int:
    """From how many logs on a run is long, here few."""
    monkeypatch.setattr("trimtab.core.adapter.LONG_RUN", 20)
    return 20


def test_long_run__of_the_adapter__by_the_kernel_alone(long_run: int) -> None:
    logs = [minted(OTHER, 10**6, after=at) for at in range(long_run)]
    expected = reduce(observe, logs, STATE)
    assert followed(Unasked(), POOL, STATE, logs) == expected
    assert followed(AaveV3Adapter(), POOL, STATE, logs[1:]) == reduce(observe, logs[1:], STATE)
    with pytest.raises(AssertionError):
        followed(Unasked(), POOL, STATE, logs[1:])


def test_long_run__log_that_makes_no_sense__named(long_run: int) -> None:
    nonsense = replace(minted(OTHER, 5, after=99), data=b"", index=7)
    logs = [*(minted(OTHER, 10**6, after=at) for at in range(long_run)), nonsense]
    with pytest.raises(MissingRead, match="log 7 of block 1, by the pool, makes no sense"):
        followed(AaveV3Adapter(), POOL, STATE, logs)
