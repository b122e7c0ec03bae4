"""What a market that follows others' logs by a kernel leaves to the model, and what it refuses."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce

import pytest

from tests.laws.kernels_morpho_logs import (
    COLLATERAL,
    FEE,
    INTEREST,
    LIQUIDATE,
    RATE,
    REPAY,
    SUPPLY,
    TAKEN,
    WITHDRAW,
    made,
)
from tests.unit.protocols.morpho.isolated import (
    ACTOR,
    ADAPTIVE,
    CONTRACT,
    FRIEND,
    MILLION,
    NOW,
    OTHER,
    RATES,
    all_states,
    lending_state,
)
from trimtab.core.abi import UINT256_MAX, Log, topic, word
from trimtab.core.errors import DataError
from trimtab.core.quantise import Timestamp
from trimtab.protocols.morpho import LendingState, MorphoAdapter
from trimtab.protocols.morpho.events import observe, observe_contract
from trimtab.protocols.morpho.maths import FollowedMarket, observe_all, rows_of

STATE = replace(lending_state(), fee_recipient=OTHER, last_update=Timestamp(NOW - 12))
CURVED = replace(lending_state(market=ADAPTIVE), fee_recipient=OTHER)


@pytest.mark.parametrize(
    "state, log",
    [
        (STATE, made(STATE, INTEREST, (), 1, 1_000, 77)),
        (STATE, made(STATE, REPAY, (OTHER, OTHER), MILLION, 5)),
        (STATE, made(STATE, COLLATERAL, (OTHER, OTHER), 5)),
        (STATE, made(STATE, TAKEN, (OTHER, OTHER), 1, 5)),
        (STATE, made(STATE, LIQUIDATE, (OTHER, OTHER), MILLION, 5, 9, 3, 4)),
        (STATE, made(STATE, FEE, (), 7)),
        (CURVED, made(CURVED, RATE, (), 1, 99)),
        (CURVED, made(STATE, SUPPLY, (OTHER, OTHER), 1, 1)),
        (STATE, replace(made(STATE, FEE, (), 7), topics=())),
    ],
    ids=[
        "interest",
        "repaid",
        "given",
        "taken",
        "liquidated",
        "fee",
        "rate",
        "another",
        "anonymous",
    ],
)
def test_followed__log_of_another__as_the_model(state: LendingState, log: Log) -> None:
    followed = FollowedMarket(state)
    assert followed.advance(rows_of(state, [log])) == 1
    assert followed.state == observe(state, log)


@pytest.mark.parametrize(
    "log",
    [
        made(STATE, SUPPLY, (OTHER, ACTOR), 1, 1),
        made(STATE, SUPPLY, (OTHER, OTHER), UINT256_MAX, 1),
        made(STATE, SUPPLY, (OTHER, OTHER), 1),
        made(STATE, WITHDRAW, (OTHER, OTHER), 1, 10**30, 1),
        made(STATE, REPAY, (OTHER, OTHER), 1, 10**30),
        made(STATE, INTEREST, (), 1, UINT256_MAX, 0),
        made(STATE, LIQUIDATE, (OTHER, OTHER), 1, 1, 1, 10**30, 1),
        replace(made(STATE, RATE, (), 1, 99), address=RATES),
    ],
    ids=["ours", "huge", "cut-off", "withdrawn", "repaid", "earned", "lost", "kept"],
)
def test_followed__log_that_is_the_models__market_left_alone(log: Log) -> None:
    followed = FollowedMarket(STATE)
    assert followed.advance(rows_of(STATE, [log])) == 0
    assert followed.state == STATE


@pytest.mark.parametrize("total", [-1, 2**256])
def test_followed__total_of_no_market__refused(total: int) -> None:
    with pytest.raises(DataError, match="read it anew"):
        FollowedMarket(replace(STATE, total_supply_assets=total))


def test_observe_all__fees_that_become_ours_midway__as_one_by_one() -> None:
    interest = made(STATE, INTEREST, (), 1, 1_000, 77)
    setter = replace(interest, topics=(topic("SetFeeRecipient(address)"), word(FRIEND)), data=b"")
    logs = [*[interest] * 20, setter, *[interest] * 20]
    assert observe_all(STATE, logs) == reduce(observe, logs, STATE)
    assert observe_all(STATE, logs).position(FRIEND).supply_shares == 20 * 77


def test_observe_all__of_the_adapter__market_and_contract_as_log_by_log() -> None:
    allowed = "SetAuthorization(address,address,address,bool)"
    named = word(OTHER), word(ACTOR), word(FRIEND)
    log = replace(made(STATE, FEE, (), 1), topics=(topic(allowed), *named))
    told, adapter, states = [log, made(STATE, FEE, (), 7)], MorphoAdapter(), all_states(STATE)
    assert adapter.observe_all(STATE, told) == observe(STATE, told[1])
    contract = states[CONTRACT]
    assert adapter.observe_all(contract, told) == observe_contract(contract, log) != contract
