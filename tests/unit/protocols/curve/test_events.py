"""What cannot be drawn in a law: logs that tell nonsense, or lack what comes before them."""

from dataclasses import replace

import pytest

from tests.unit.protocols.curve.stable_pools import (
    ACTOR,
    AT,
    COINS,
    NOW,
    POOL,
    SUPPLY,
    account,
    stable_state,
)
from trimtab.core.abi import Log, topic, word
from trimtab.core.adapter import observed
from trimtab.core.errors import MissingRead
from trimtab.core.token import ZERO_ADDRESS, Address
from trimtab.protocols.curve import CurveAdapter, quote, withdraw_one

ADAPTER = CurveAdapter()
STATE = stable_state()
TRANSFER = "Transfer(address,address,uint256)"
ONE = "RemoveLiquidityOne(address,uint256,uint256,uint256)"
EXCHANGE = "TokenExchange(address,int128,uint256,int128,uint256)"


def log(at: Address, event: str, indexed: tuple[Address, ...], *told: int) -> Log:
    topics = (topic(event), *map(word, indexed))
    return Log(at, topics, b"".join(map(word, told)), 7, NOW, "0x01", 0)


def test_observe__exchange__the_admins_part_computed() -> None:
    out = quote(STATE, POOL, COINS[0], COINS[2], 10**9).amount_out
    found = ADAPTER.observe(STATE, log(AT, EXCHANGE, (ACTOR,), 0, 10**9, 2, out))
    assert found.balances[0] == 10**12 + 10**9
    assert found.balances[2] < 10**24 - out


@pytest.mark.parametrize(
    "nonsense",
    [
        log(AT, EXCHANGE, (ACTOR,), 0, 10**9, 2, 10**21),
        log(AT, EXCHANGE, (ACTOR,), 0, 10**9, 4, 10**21),
        log(AT, EXCHANGE, (ACTOR,), 0, 10**9),
        log(AT, ONE, (ACTOR,), 10**20, 10**20, SUPPLY - 10**20),
        log(AT, "RampA(uint256,uint256,uint256,uint256)", (), 1),
        log(
            AT,
            "RemoveLiquidity(address,uint256[4],uint256[4],uint256)",
            (ACTOR,),
            *(2**255, 0, 0, 0, 0, 0, 0, 0, 1),
        ),
    ],
)
def test_observed__log_that_makes_no_sense__refused(nonsense: Log) -> None:
    with pytest.raises(MissingRead, match="makes no sense"):
        observed(ADAPTER, POOL, STATE, nonsense)


def test_observe__withdrawal_in_one_coin__the_coin_that_moved_last() -> None:
    burnt = 10**20
    expected = withdraw_one(STATE, POOL, COINS[3], burnt)
    logs = [
        log(AT, TRANSFER, (ACTOR, ZERO_ADDRESS), burnt),
        log(COINS[3].address, TRANSFER, (AT, ACTOR), expected),
        log(AT, ONE, (ACTOR,), burnt, expected, SUPPLY - burnt),
    ]
    found = STATE
    for each in logs:
        found = ADAPTER.observe(found, each)
    assert found.balances[:3] == STATE.balances[:3]
    assert found.balances[3] < STATE.balances[3] - expected
    assert found.shares.supply == SUPPLY - burnt
    assert found.shares.balance(ACTOR) == SUPPLY // 4 - burnt


def test_observe__coin_that_another_sent__does_not_tell() -> None:
    moved = ADAPTER.observe(STATE, log(COINS[3].address, TRANSFER, (account("a"), AT), 5))
    assert moved == STATE
    one = log(AT, ONE, (ACTOR,), 10**20, 10**20, SUPPLY)
    with pytest.raises(MissingRead, match="before which no coin left the pool"):
        observed(ADAPTER, POOL, moved, one)


def test_observe__other_events__passed_over() -> None:
    approval = "Approval(address,address,uint256)"
    assert ADAPTER.observe(STATE, log(COINS[0].address, approval, (ACTOR, AT), 9)) == STATE
    assert ADAPTER.observe(STATE, log(AT, "Unknown()", ())) == STATE
    assert ADAPTER.observe(STATE, replace(log(AT, "Unknown()", ()), topics=())) == STATE
    allowed = ADAPTER.observe(STATE, log(AT, approval, (ACTOR, AT), 9))
    assert allowed.shares.allowance(ACTOR, AT) == 9


def test_observe__ramp__each_number_in_its_place() -> None:
    begun = log(AT, "RampA(uint256,uint256,uint256,uint256)", (), 11, 22, 33, 44)
    ramp = ADAPTER.observe(STATE, begun)
    assert (ramp.initial_a, ramp.future_a) == (11, 22)
    assert (ramp.initial_a_time, ramp.future_a_time) == (33, 44)
    over = ADAPTER.observe(ramp, log(AT, "StopRampA(uint256,uint256)", (), 15, 40))
    assert (over.initial_a, over.future_a) == (15, 15)
    assert (over.initial_a_time, over.future_a_time) == (40, 40)


def test_observe__everything_withdrawn__nothing_and_not_less() -> None:
    event = "RemoveLiquidity(address,uint256[4],uint256[4],uint256)"
    gone = log(AT, event, (ACTOR,), *STATE.balances, 0, 0, 0, 0, 0)
    empty = ADAPTER.observe(STATE, gone)
    assert (empty.balances, empty.shares.supply) == ((0, 0, 0, 0), 0)
    more = log(AT, event, (ACTOR,), 1, 0, 0, 0, 0, 0, 0, 0, 0)
    with pytest.raises(MissingRead, match="makes no sense"):
        observed(ADAPTER, POOL, empty, more)
