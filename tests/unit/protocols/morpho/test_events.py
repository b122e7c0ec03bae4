"""Logs of the contract, as the law's cases do not draw them: by hand, and of others."""

from dataclasses import replace

import pytest

from tests.unit.protocols.morpho.isolated import (
    ACTOR,
    ADAPTIVE,
    AT,
    CONTRACT,
    CURVE,
    FEED,
    FRIEND,
    MARKET,
    MILLION,
    NOW,
    OTHER,
    PRICE,
    all_states,
    lending_state,
)
from trimtab.core.abi import Log, topic, word
from trimtab.core.adapter import observed
from trimtab.core.errors import MissingRead
from trimtab.core.quantise import Timestamp, Wad
from trimtab.core.token import Address
from trimtab.protocols.morpho import LendingMarket, LendingState, MorphoAdapter, OracleState

ADAPTER = MorphoAdapter()
LATER = NOW + 12


def log(
    signature: str,
    indexed: tuple[str, ...],
    *data: int,
    market: LendingMarket | None = MARKET,
    by: Address = AT,
) -> Log:
    """A log; those of a market name it first."""
    first = () if market is None else (bytes.fromhex(market.market_id[2:]),)
    topics = (topic(signature), *first, *(word(each) for each in indexed))
    return Log(by, topics, b"".join(word(each) for each in data), 1, LATER, "0x", 0)


def after(state: LendingState, *logs: Log) -> LendingState:
    for each in logs:
        found = observed(ADAPTER, state.market, state, each)
        assert isinstance(found, LendingState)
        state = found
    return state


FEE = "SetFee(bytes32,uint256)"
INTEREST = "AccrueInterest(bytes32,uint256,uint256,uint256)"
RATE = "BorrowRateUpdate(bytes32,uint256,uint256)"


def test_fee__set_by_the_owner__followed() -> None:
    assert after(lending_state(), log(FEE, (), 7)) == replace(
        lending_state(), fee=Wad(7), last_update=Timestamp(LATER)
    )


def test_fee_recipient__set_by_the_owner__gets_the_next_shares() -> None:
    told = after(
        lending_state(),
        log("SetFeeRecipient(address)", (FRIEND,), market=None),
        log(INTEREST, (), 1, 1_000, 77),
    )
    assert told.fee_recipient == FRIEND
    assert told.position(FRIEND).supply_shares == 77
    assert told.total_supply_assets == MILLION + 1_000
    assert told.total_borrow_assets == MILLION // 2 + 1_000


def test_rate_at_target__told_by_the_rate_model() -> None:
    state = lending_state(market=ADAPTIVE)
    told = after(state, log(RATE, (), 1, 99, market=ADAPTIVE, by=CURVE))
    assert told == replace(state, rate_at_target=99)
    assert ADAPTER.emitters(ADAPTIVE) == (AT, CURVE)
    assert ADAPTER.emitters(MARKET) == (AT,)
    assert ADAPTER.emitters(FEED) == (FEED.address,)


@pytest.mark.parametrize(
    "passed",
    [
        log(FEE, (), 7, market=ADAPTIVE),
        log(RATE, (), 1, 99, by=CURVE),
        log("CreateMarket(bytes32)", ()),
        log("FlashLoan(address,address,uint256)", (ACTOR, OTHER), 5, market=None),
        Log(AT, (), b"", 1, LATER, "0x", 0),
    ],
)
def test_log__of_another_market_or_unknown__passed_over(passed: Log) -> None:
    state = lending_state()
    assert after(state, passed) == state
    assert ADAPTER.observe(OracleState(NOW, PRICE), passed) == OracleState(NOW, PRICE)


def test_log__of_accounts_that_nobody_tracks__totals_alone() -> None:
    state = lending_state()
    told = after(
        state,
        log("Supply(bytes32,address,address,uint256,uint256)", (ACTOR, OTHER), 5, 6),
        log("SupplyCollateral(bytes32,address,address,uint256)", (ACTOR, OTHER), 7),
        log("Repay(bytes32,address,address,uint256,uint256)", (ACTOR, OTHER), 3, 4),
    )
    assert told.positions == state.positions
    assert told.total_supply_assets == MILLION + 5
    assert told.total_borrow_shares == state.total_borrow_shares - 4


def test_liquidation__with_bad_debt__off_debt_and_supply() -> None:
    signature = "Liquidate(bytes32,address,address,uint256,uint256,uint256,uint256,uint256)"
    told = after(
        lending_state(),
        log(signature, (ACTOR, FRIEND), 4 * 10**8, 4 * 10**14, 10**18, 6 * 10**8, 6 * 10**14),
    )
    assert told.position(FRIEND).collateral == told.position(FRIEND).borrow_shares == 0
    assert told.total_borrow_assets == MILLION // 2 - 10**9
    assert told.total_supply_assets == MILLION - 6 * 10**8


def test_authorisation__by_anybody_s_signature__followed() -> None:
    state = all_states(lending_state())[CONTRACT]
    signature = "SetAuthorization(address,address,address,bool)"
    given = log(signature, (OTHER, ACTOR, FRIEND), 1, market=None)
    told = ADAPTER.observe(state, given)
    assert told == state.with_authorisation(ACTOR, FRIEND, True)
    unseen = log(signature, (OTHER, OTHER, FRIEND), 1, market=None)
    assert ADAPTER.observe(state, unseen) == state
    assert ADAPTER.observe(state, log(FEE, (), 7)) == state


@pytest.mark.parametrize(
    "torn",
    [
        replace(log(INTEREST, (), 1, 2, 3), data=bytes(64)),
        replace(log(FEE, (), 7), data=b""),
        log("Supply(bytes32,address,address,uint256,uint256)", (ACTOR,), 5, 6),
        log("Supply(bytes32,address,address,uint256,uint256)", (ACTOR, ACTOR), 5),
    ],
)
def test_log__that_makes_no_sense__missing(torn: Log) -> None:
    with pytest.raises(MissingRead, match="makes no sense"):
        after(lending_state(), torn)
