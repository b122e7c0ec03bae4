"""What a plan must leave behind, action by action, and the health of who owes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import pytest

from tests.support.desk import NO_GAIN, Desk
from trimtab.core.actions import (
    ALL,
    Action,
    Approve,
    Borrow,
    Repay,
    Supply,
    Swap,
    Transfer,
    Withdraw,
)
from trimtab.core.adapter import accrue
from trimtab.core.bounds import (
    BalanceTooLow,
    Bounds,
    HealthTooLow,
    Late,
    LeastBalance,
    LeastHealth,
    Unanswered,
)
from trimtab.core.errors import Infeasible, MissingRead
from trimtab.core.market import token_market
from trimtab.core.quantise import Timestamp, Wad
from trimtab.core.states import States
from trimtab.mandate.adapters import ADAPTERS
from trimtab.protocols.aave_v3 import health_factor
from trimtab.protocols.chainlink import Feed
from trimtab.routing import draft
from trimtab.routing.bounds import WAD, broken, least_balances, least_healths

DOLLAR, ETHER = 10**6, 10**18
FOREVER = Timestamp(2**40)


def least(desk: Desk, states: States, *actions: Action) -> dict[str, int]:
    bounds = least_balances(states, desk.account, actions)
    assert {bound.account for bound in bounds} <= {desk.account}
    return {bound.token.symbol: bound.least for bound in bounds}


def swap(desk: Desk, sold: str, bought: str, amount: int, min_out: int) -> Swap:
    account, pool = desk.account, desk.pool("WETH/USDC/500")
    tokens = desk.token(sold), desk.token(bought)
    return Swap(account, pool.id, *tokens, amount, min_out, FOREVER, account)


def lending(desk: Desk, kind: type[Supply | Withdraw | Repay], symbol: str, amount: int) -> Action:
    account, token = desk.account, desk.token(symbol)
    return kind(account, desk.lender.id, token, amount, account)


def withdraw_all(desk: Desk, symbol: str) -> Withdraw:
    account = desk.account
    return Withdraw(account, desk.lender.id, desk.token(symbol), ALL, account)


# ------------------------------------------------------------------------------- balances


def test_least_balances__swap__sold_whole_and_bought_at_its_worst(desk: Desk) -> None:
    states = desk.imagined({"WETH": 5 * ETHER, "USDC": 7}, {})
    found = least(desk, states, swap(desk, "WETH", "USDC", 2 * ETHER, 3_900 * DOLLAR))
    assert found == {"WETH": 3 * ETHER, "USDC": 7 + 3_900 * DOLLAR}


def test_least_balances__supply_withdraw_borrow_and_repay__as_they_say(desk: Desk) -> None:
    states = desk.imagined({"WETH": 5, "USDC": 100, "WBTC": 50}, {"WETH": 1_000})
    actions = (
        lending(desk, Withdraw, "WETH", 30),
        lending(desk, Supply, "USDC", 60),
        Borrow(desk.account, desk.lender.id, desk.token("WBTC"), 8, desk.account),
        lending(desk, Repay, "WBTC", 3),
    )
    assert least(desk, states, *actions) == {"WETH": 35, "USDC": 40, "WBTC": 55}


def test_least_balances__everything_withdrawn__its_worth_at_the_block_read(desk: Desk) -> None:
    states = desk.imagined({"WETH": 5}, {"WETH": 10**9 * ETHER})
    at_block = accrue(ADAPTERS, states, states.timestamp)
    then, now = (desk.held(each)[desk.place("aave_v3:WETH")] for each in (at_block, states))
    assert then < now
    assert least(desk, states, withdraw_all(desk, "WETH")) == {"WETH": 5 + then}
    later = accrue(ADAPTERS, states, Timestamp(states.timestamp + 10**7))
    assert least(desk, later, withdraw_all(desk, "WETH")) == {"WETH": 5 + then}


def test_least_balances__sent_away_or_to_another__gone(desk: Desk) -> None:
    states = desk.imagined({"WETH": 9, "USDC": 9}, {"WETH": 100})
    weth = desk.token("WETH")
    actions: Sequence[Action] = (
        Transfer(desk.account, token_market(weth), weth, desk.other, 2),
        Withdraw(desk.account, desk.lender.id, weth, 50, desk.other),
        replace(swap(desk, "USDC", "WETH", 4, 3), recipient=desk.other),
    )
    assert least(desk, states, *actions) == {"WETH": 7, "USDC": 5}


def test_least_balances__allowance__no_bound(desk: Desk) -> None:
    weth = desk.token("WETH")
    approve = Approve(desk.account, token_market(weth), weth, desk.lender.address, 5)
    assert least(desk, desk.imagined({"WETH": 9}, {}), approve) == {}


def test_least_balances__nothing_sure_to_be_left__no_bound(desk: Desk) -> None:
    states = desk.imagined({"WETH": 9, "USDC": 9}, {})
    assert least(desk, states, lending(desk, Supply, "WETH", 9)) == {}
    repaid = Repay(desk.account, desk.lender.id, desk.token("USDC"), ALL, desk.account)
    both = lending(desk, Withdraw, "USDC", 5), repaid, lending(desk, Supply, "WETH", 8)
    assert least(desk, states, *both) == {"WETH": 1}


def test_least_balances__tokens__in_the_order_of_their_addresses(desk: Desk) -> None:
    states = desk.imagined({"WETH": 9, "USDC": 9, "WBTC": 9}, {})
    actions = [lending(desk, Supply, symbol, 1) for symbol in ("WETH", "USDC", "WBTC")]
    found = least_balances(states, desk.account, actions)
    assert list(found) == sorted(found, key=lambda bound: bound.token.address)
    assert least_balances(states, desk.account, actions[::-1]) == found


def test_draft__plan__bounded_by_what_it_must_leave(desk: Desk) -> None:
    states = desk.imagined({"WETH": 10 * ETHER, "USDC": 5 * DOLLAR}, {})
    wishes = {desk.place("WETH"): 4 * ETHER, desk.place("USDC"): 12_000 * DOLLAR}
    found = draft(desk.terms(), states, wishes, NO_GAIN)
    assert found is not None
    (trade,) = found.trades
    assert found.plan.bounds == Bounds(
        desk.terms().deadline,
        least_balances(states, desk.account, found.plan.actions),
    )
    assert least(desk, states, *found.plan.actions) == {
        "WETH": 10 * ETHER - trade.action.amount_in,
        "USDC": 5 * DOLLAR + trade.action.min_out,
    }


def test_draft__everything_lent_is_sold__sells_what_an_earlier_landing_brings(desk: Desk) -> None:
    states = desk.imagined({}, {"WETH": 100 * ETHER})
    at_block = accrue(ADAPTERS, states, states.timestamp)
    wishes = {desk.place("aave_v3:WETH"): 0, desk.place("USDC"): 10**6 * DOLLAR}
    found = draft(desk.terms(), states, {**wishes, desk.place("WETH"): 0}, NO_GAIN)
    assert found is not None
    sold = sum(trade.action.amount_in for trade in found.trades)
    assert sold < desk.held(states)[desk.place("aave_v3:WETH")]
    assert sold == desk.held(at_block)[desk.place("aave_v3:WETH")]


# --------------------------------------------------------------------------------- health


def owing(desk: Desk) -> States:
    """Ten ether as collateral, 10,000 dollars owed, at the next moment; on the contracts."""
    desk.lend("WETH", 10 * ETHER)
    desk.act(
        Borrow(desk.account, desk.lender.id, desk.token("USDC"), 10_000 * DOLLAR, desk.account)
    )
    return desk.ahead()


def test_least_healths__nothing_owed__no_bound(desk: Desk) -> None:
    states = desk.imagined({}, {"WETH": ETHER})
    assert least_healths(states, states, desk.account, WAD) == ()


def test_least_healths__owing__the_limit_or_where_it_was(desk: Desk) -> None:
    states = owing(desk)
    was = health_factor(states, desk.lender, desk.account)
    assert was is not None
    assert Fraction(16, 10) < Fraction(was, WAD) < Fraction(17, 10)
    limits = (WAD, Wad(was), Wad(2 * WAD))
    for limit, allowed in zip(limits, (WAD, was, was), strict=True):
        bound = LeastHealth(desk.lender.address, desk.account, allowed)
        assert least_healths(states, states, desk.account, limit) == (bound,)


def test_draft__borrower_withdraws_collateral__bounded_on_the_chain(desk: Desk) -> None:
    states = owing(desk)
    wishes = {desk.place("aave_v3:WETH"): 8 * ETHER}
    found = draft(desk.terms(health=Wad(13 * WAD // 10)), states, wishes, NO_GAIN)
    assert found is not None
    bound = LeastHealth(desk.lender.address, desk.account, 13 * WAD // 10)
    assert found.plan.bounds.healths == (bound,)
    after = desk.execute(found.plan)
    measured = health_factor(after, desk.lender, desk.account)
    assert measured is not None
    tighter = replace(found.plan.bounds, healths=(replace(bound, least=measured + 1),))
    expected = HealthTooLow(desk.lender.address, desk.account, measured, measured + 1)
    assert desk.broken(tighter) == expected
    assert broken(tighter, after, after.timestamp) == expected


def test_draft__borrower_wishes_below_the_limit__as_much_as_keeps_it(desk: Desk) -> None:
    states, lent, limit = owing(desk), desk.place("aave_v3:WETH"), Wad(14 * WAD // 10)
    found = draft(desk.terms(health=limit), states, {lent: 8 * ETHER}, NO_GAIN)
    assert found is not None
    health = health_factor(found.after, desk.lender, desk.account)
    assert health is not None
    assert limit <= health < limit * 103 // 100
    assert desk.held(found.after)[lent] > 8 * ETHER


def test_least_healths__plan_leaves_less__infeasible(desk: Desk) -> None:
    states, limit = owing(desk), Wad(14 * WAD // 10)
    lent = desk.place("aave_v3:WETH")
    taken = Withdraw(desk.account, lent.market, lent.token, 2 * ETHER, desk.account)
    after = desk.imagined_after(states, taken)
    with pytest.raises(Infeasible, match=r"would leave a health factor of 13[0-9]{17} / 10"):
        least_healths(states, after, desk.account, limit)


def test_attack_price_falls_before_it_lands__health_bound_breaks_as_modelled(desk: Desk) -> None:
    states = owing(desk)
    wishes = {desk.place("aave_v3:WETH"): 8 * ETHER}
    found = draft(desk.terms(health=Wad(13 * WAD // 10)), states, wishes, NO_GAIN)
    assert found is not None
    desk.reprice("WETH", Fraction(9, 10))
    desk.machine.set_time(desk.next_moment)
    for call in found.plan.calls:
        desk.do(desk.account, call)
    broken_now = desk.broken(found.plan.bounds)
    assert isinstance(broken_now, HealthTooLow)
    after = desk.states()
    assert broken(found.plan.bounds, after, after.timestamp) == broken_now


# -------------------------------------------------------------------------- the judgement


def test_broken__late_balance_and_account__told(desk: Desk) -> None:
    states = desk.imagined({"WETH": 9}, {})
    weth = desk.token("WETH")
    bounds = Bounds(Timestamp(50), (LeastBalance(weth, desk.account, 9),))
    assert broken(bounds, states, Timestamp(50)) is None
    assert broken(bounds, states, Timestamp(51)) == Late(51, 50)
    more = replace(bounds, balances=(LeastBalance(weth, desk.account, 10),))
    assert broken(more, states, Timestamp(50)) == BalanceTooLow(weth.address, desk.account, 9, 10)
    stranger = replace(bounds, balances=(LeastBalance(weth, desk.pools[0].router, 0),))
    with pytest.raises(MissingRead, match="is not tracked"):
        broken(stranger, states, Timestamp(50))


def test_broken__pool_that_is_none__unanswered_as_on_the_chain(desk: Desk) -> None:
    token = desk.token("WETH").address
    bounds = Bounds(FOREVER, (), (LeastHealth(token, desk.account, 0),))
    expected = Unanswered(token, desk.account)
    assert broken(bounds, desk.states(), Timestamp(50)) == expected
    assert desk.broken(bounds) == expected


def test_broken__feed_without_a_price__unanswered_as_on_the_chain(desk: Desk) -> None:
    owing(desk)
    desk.reprice("WETH", Fraction(0))
    bounds = Bounds(FOREVER, (), (LeastHealth(desk.lender.address, desk.account, 0),))
    expected = desk.broken(bounds)
    states = desk.states()
    assert broken(bounds, states, states.timestamp) == expected
    assert isinstance(desk.book.market("chainlink:WETH"), Feed)
