"""Deleveraging: the least repayment that helps, out of what is there, executed on the bytecode."""

from fractions import Fraction

import pytest

from tests.support.desk import Desk
from trimtab.core.actions import Borrow, Repay, Swap, Withdraw
from trimtab.core.errors import Infeasible
from trimtab.core.quantise import Wad
from trimtab.core.states import States
from trimtab.protocols.aave_v3 import health_factor
from trimtab.routing import Draft, Purpose
from trimtab.routing.deleverage import deleverage
from trimtab.routing.recovery import MARGIN

DOLLAR, ETHER = 10**6, 10**18
LIMIT = Wad(115 * 10**16)
GOAL = Fraction(LIMIT) * (1 + MARGIN)
REPAIR = Purpose(Fraction(0), Fraction(0), lowers_risk=True, why="repair health")


def owing(desk: Desk, dollars: int, collateral: int = 10) -> None:
    """Ether lent, and dollars borrowed against it that are gone."""
    desk.lend("WETH", collateral * ETHER)
    usdc = desk.token("USDC")
    desk.act(Borrow(desk.account, desk.lender.id, usdc, dollars * DOLLAR, desk.account))
    desk.spend("USDC", dollars * DOLLAR)


def health(desk: Desk, states: States) -> int:
    found = health_factor(states, desk.lender, desk.account)
    assert found is not None, "nothing is owed"
    return found


def repaired(desk: Desk, **changes: object) -> Draft:
    states = desk.ahead()
    terms = desk.terms(health=LIMIT, prices=desk.prices(states), **changes)
    return deleverage(terms, states, desk.lender, REPAIR)


def kinds(found: Draft) -> list[str]:
    return [type(action).__name__ for action in found.plan.actions]


def test_deleverage__collateral_lost_a_tenth__sells_as_little_as_brings_it_back(desk: Desk) -> None:
    owing(desk, 14_000)
    desk.reprice("WETH", Fraction(9, 10))
    before = health(desk, desk.ahead())
    found = repaired(desk)
    after = health(desk, desk.execute(found.plan))
    assert before < LIMIT
    assert GOAL <= after < GOAL * Fraction(101, 100)
    assert after == health(desk, found.after)
    assert {"Withdraw", "Swap", "Repay"} <= set(kinds(found))


def test_deleverage__wallet_covers_it__nothing_is_withdrawn_or_sold(desk: Desk) -> None:
    owing(desk, 14_000)
    desk.give("USDC", 9_000 * DOLLAR)
    desk.reprice("WETH", Fraction(9, 10))
    found = repaired(desk)
    after = health(desk, desk.execute(found.plan))
    assert after >= GOAL
    assert set(kinds(found)) == {"Approve", "Repay"}
    (repay,) = (action for action in found.plan.actions if isinstance(action, Repay))
    assert isinstance(repay.amount, int)
    assert repay.amount < 9_000 * DOLLAR


def test_deleverage__other_tokens_in_the_wallet__are_sold_before_collateral(desk: Desk) -> None:
    owing(desk, 14_000)
    desk.give("WBTC", 10**8)
    desk.reprice("WETH", Fraction(9, 10))
    found = repaired(desk)
    after = health(desk, desk.execute(found.plan))
    assert after >= GOAL
    assert "Withdraw" not in kinds(found)
    assert {a.token_in.symbol for a in found.plan.actions if isinstance(a, Swap)} == {"WBTC"}


def test_deleverage__near_liquidation__goes_in_rounds(desk: Desk) -> None:
    owing(desk, 16_000)
    desk.reprice("WETH", Fraction(98, 100))
    before = health(desk, desk.ahead())
    found = repaired(desk)
    after = health(desk, desk.execute(found.plan))
    assert before < 102 * 10**16
    assert after > before
    assert sum(isinstance(action, Withdraw) for action in found.plan.actions) > 1


def test_deleverage__small_debt__may_be_repaid_whole(desk: Desk) -> None:
    owing(desk, 100, collateral=1)
    desk.give("USDC", 200 * DOLLAR)
    desk.reprice("WETH", Fraction(6, 100))
    found = repaired(desk)
    after = health_factor(desk.execute(found.plan), desk.lender, desk.account)
    assert after is None or after >= GOAL


def test_deleverage__beyond_liquidation_with_nothing_else__refused_in_words(desk: Desk) -> None:
    owing(desk, 16_000)
    desk.reprice("WETH", Fraction(9, 10))
    with pytest.raises(Infeasible, match="cannot be repaid in part"):
        repaired(desk)


def test_deleverage__beyond_liquidation_with_a_wallet__repays_what_it_can(desk: Desk) -> None:
    owing(desk, 16_000)
    desk.give("USDC", 1_000 * DOLLAR)
    desk.reprice("WETH", Fraction(9, 10))
    before = health(desk, desk.ahead())
    found = repaired(desk)
    after = health(desk, desk.execute(found.plan))
    assert after > before


def test_deleverage__no_price_within_the_slippage__refused_in_words(desk: Desk) -> None:
    owing(desk, 14_000)
    desk.reprice("WETH", Fraction(9, 10))
    with pytest.raises(Infeasible, match="cannot be repaid in part"):
        repaired(desk, pools=())


def test_deleverage__nothing_owed__refused_in_words(desk: Desk) -> None:
    desk.lend("WETH", ETHER)
    with pytest.raises(Infeasible, match="nothing is owed"):
        repaired(desk)


def test_deleverage__several_debts__the_largest_first(desk: Desk) -> None:
    owing(desk, 9_000)
    wbtc = desk.token("WBTC")
    desk.act(Borrow(desk.account, desk.lender.id, wbtc, 10**7, desk.account))
    desk.spend("WBTC", 10**7)
    desk.reprice("WETH", Fraction(85, 100))
    found = repaired(desk)
    after = health(desk, desk.execute(found.plan))
    assert after >= GOAL
    repaid = [a.token.symbol for a in found.plan.actions if isinstance(a, Repay)]
    assert repaid[0] == "USDC"
