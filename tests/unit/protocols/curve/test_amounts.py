"""Numbers to the unit: what a chain answered, and what the law found on the bytecode."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.protocols.curve.stable_pools import NOW, stable_state
from trimtab.core.quantise import Timestamp
from trimtab.protocols.curve.model.amounts import (
    Deposit,
    amplification,
    calc_token_amount,
    calc_withdraw_one_coin,
    deposited,
    exchanged,
    get_dy,
    get_virtual_price,
    invariant,
)

# 3pool (DAI, USDC, USDT) on Ethereum at block 24407242.
OLDEST = replace(
    stable_state(),
    coins=stable_state().coins[:3],
    rates=(10**18, 10**30, 10**30),
    balances=(27137121100372139339642768, 27662471158553, 108298644409129),
    fee=1_500_000,
    admin_fee=10**10,
    initial_a=5_000,
    future_a=4_000,
    shares=replace(stable_state().shares, supply=156839057351449476746953842),
    version="legacy",
)
# A pool with A of 200 and a fee of nine tenths, after its first deposit on the bytecode.
GREEDY = stable_state(
    *(10**12, 3 * 10**12, 10**24 + 7, 2 * 10**24), fee=9 * 10**9, supply=6995113989111641214442481
)


@pytest.mark.parametrize(
    "i, j, sold, expected",
    [
        (0, 1, 1356856055018607064645632, 1356612150763),
        (1, 0, 276624711585, 276575288137028249456802),
        (2, 0, 27074661102282, 26351597648166837047328741),
        (2, 1, 5414932220456, 5409181392559),
    ],
)
def test_get_dy__oldest_pool__as_its_chain_answered(
    i: int, j: int, sold: int, expected: int
) -> None:
    assert get_dy(OLDEST, NOW, i, j, sold) == expected


def test_liquidity__oldest_pool__as_its_chain_answered() -> None:
    assert get_virtual_price(OLDEST, NOW) == 1039823717075901888
    added = (271371211003721406218240, 0, 0)
    assert calc_token_amount(OLDEST, NOW, added, is_deposit=True) == 261084866672328246353275
    given = calc_withdraw_one_coin(OLDEST, NOW, 271371211003721406218240, 0)
    assert given == 282033525105097189825641


@pytest.mark.parametrize("sold", [1, 10**9, 123_456_789_012])
def test_get_dy__factory_pool__what_an_exchange_pays(sold: int) -> None:
    state = stable_state(10**12, 3 * 10**12, 10**24, 2 * 10**24)
    for i, j in ((0, 1), (0, 2), (1, 3)):
        assert get_dy(state, NOW, i, j, sold) == exchanged(state, NOW, i, j, sold).amount_out


@pytest.mark.parametrize(
    "start, end, expected",
    [(20_000, 20_010, [20_000, 20_003, 20_006, 20_010]), (11, 1, [11, 8, 5, 1])],
)
def test_amplification__on_a_ramp__rounded_towards_its_start(
    start: int, end: int, expected: list[int]
) -> None:
    times = [Timestamp(NOW + second) for second in range(4)]
    ramp = replace(stable_state(), initial_a=start, future_a=end, initial_a_time=NOW)
    ramp = replace(ramp, future_a_time=times[-1])
    assert [amplification(ramp, at) for at in times] == expected


def test_amplification__ramp_stopped_in_this_second__where_it_stood() -> None:
    stopped = replace(stable_state(), initial_a_time=NOW, future_a_time=NOW)
    assert amplification(stopped, NOW) == 20_000


def test_deposited__first__every_share_by_the_invariant() -> None:
    empty = stable_state(0, 0, 0, 0, supply=0)
    raws = (10**12, 10**12, 10**24, 10**24)
    assert deposited(empty, NOW, raws, 0) == Deposit(4 * 10**24, raws)


def test_deposited__second__less_a_fee_for_what_is_out_of_balance() -> None:
    before = invariant(GREEDY, GREEDY.balances, NOW)
    raws = (0, 77_886_501_366, 17_805_813_224_272_986_358_994, 0)
    found = deposited(GREEDY, NOW, raws, before)
    assert found.minted == 70890036669682247865774
    assert found.balances == (
        *(997952708591, 3072345400390),
        *(1017182232650262970113664, 1995905417180738136582977),
    )


def test_calc_token_amount__both_ways__as_the_bytecode_answers() -> None:
    raws = (10**9, 0, 7 * 10**22, 1)
    assert calc_token_amount(GREEDY, NOW, raws, is_deposit=False) == 71396272212441467984647
    assert calc_token_amount(GREEDY, NOW, raws, is_deposit=True) == 71331367727873604781408
