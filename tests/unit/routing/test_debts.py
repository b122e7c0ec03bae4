"""Plans that borrow, buy and lend, or the way back, executed on the bytecode."""

from fractions import Fraction

from tests.support.desk import Desk
from trimtab.core.actions import ALL, Borrow, Repay, Supply
from trimtab.core.market import Place
from trimtab.core.quantise import Wad
from trimtab.protocols.aave_v3 import health_factor
from trimtab.routing import Purpose, draft
from trimtab.routing.lenders import HEADROOM, borrowable

DOLLAR, ETHER = 10**6, 10**18
LIMIT = Wad(12 * 10**17)
GROWTH = Purpose(Fraction(10**12), Fraction(10**12), lowers_risk=False, why="lever up")


def places(desk: Desk) -> tuple[Place, Place, Place]:
    """Ether lent, dollars owed, and dollars in the wallet."""
    usdc = desk.token("USDC")
    lent = desk.place("aave_v3:WETH")
    return lent, Place(lent.market, usdc, "debt"), desk.place("USDC")


def test_draft__debt_wished__borrows_buys_and_lends_in_rounds(desk: Desk) -> None:
    lent, owed, home = places(desk)
    desk.give("WETH", 10 * ETHER)
    states = desk.ahead()
    wishes = {lent: 30 * ETHER, owed: -40_000 * DOLLAR, home: 0, desk.place("WETH"): 0}
    found = draft(desk.terms(health=LIMIT), states, wishes, GROWTH)
    assert found is not None
    after = desk.execute(found.plan)
    held = desk.held(after)
    assert sum(isinstance(action, Borrow) for action in found.plan.actions) > 2
    assert held[owed] < -25_000 * DOLLAR
    assert held[lent] > 22 * ETHER
    health = health_factor(after, desk.lender, desk.account)
    assert health is not None
    assert health >= LIMIT
    assert desk.changes(desk.ahead(), after) == () or found.plan.expected


def test_draft__several_rounds__all_of_them_within_the_turnover(desk: Desk) -> None:
    lent, owed, home = places(desk)
    desk.give("WETH", 10 * ETHER)
    wishes = {lent: 30 * ETHER, owed: -40_000 * DOLLAR, home: 0, desk.place("WETH"): 0}
    budget = Fraction(20_000 * DOLLAR)
    terms = desk.terms(health=LIMIT, budget=budget)
    found = draft(terms, desk.ahead(), wishes, GROWTH)
    assert found is not None
    assert sum(isinstance(action, Borrow) for action in found.plan.actions) > 1
    sold = sum(terms.value(t.action.token_in, t.action.amount_in) for t in found.trades)
    assert 0.99 * budget < sold <= budget


def test_draft__debt_no_longer_wished__is_repaid_whole_out_of_what_was_lent(desk: Desk) -> None:
    lent, owed, home = places(desk)
    desk.lend("WETH", 30 * ETHER)
    desk.act(Borrow(desk.account, desk.lender.id, owed.token, 20_000 * DOLLAR, desk.account))
    desk.spend("USDC", 20_000 * DOLLAR)
    wishes = {lent: 0, owed: 0, home: 39_000 * DOLLAR, desk.place("WETH"): 0}
    terms = desk.terms(health=LIMIT)
    found = draft(terms, desk.ahead(), wishes, GROWTH)
    assert found is not None
    after = desk.execute(found.plan)
    held = desk.held(after)
    assert owed not in held
    assert held.get(lent, 0) == 0
    assert [a.amount for a in found.plan.actions if isinstance(a, Repay)][-1] is ALL
    assert held[home] > 38_000 * DOLLAR


def test_draft__turnover_spent_on_the_way_out__nothing_withdrawn_that_is_not_sold(
    desk: Desk,
) -> None:
    lent, owed, home = places(desk)
    desk.lend("WETH", 10 * ETHER)
    desk.act(Borrow(desk.account, desk.lender.id, owed.token, 12_000 * DOLLAR, desk.account))
    desk.spend("USDC", 12_000 * DOLLAR)
    wishes = {lent: 0, owed: 0, home: 7_000 * DOLLAR, desk.place("WETH"): 0}
    terms = desk.terms(health=LIMIT, budget=Fraction(5_000 * DOLLAR))
    found = draft(terms, desk.ahead(), wishes, GROWTH)
    assert found is not None
    after = desk.execute(found.plan)
    held = desk.held(after)
    assert held.get(desk.place("WETH"), 0) == 0
    assert held[owed] > -12_000 * DOLLAR + 4_500 * DOLLAR
    health = health_factor(after, desk.lender, desk.account)
    assert health is not None
    assert health >= LIMIT


def test_draft__part_of_a_debt_wished__repays_the_rest(desk: Desk) -> None:
    lent, owed, home = places(desk)
    desk.lend("WETH", 30 * ETHER)
    desk.act(Borrow(desk.account, desk.lender.id, owed.token, 20_000 * DOLLAR, desk.account))
    have = desk.held(desk.ahead())
    wishes = {owed: -5_000 * DOLLAR, home: 5_000 * DOLLAR}
    found = draft(desk.terms(health=LIMIT), desk.ahead(), wishes, GROWTH)
    assert found is not None
    assert {type(action).__name__ for action in found.plan.actions} == {"Approve", "Repay"}
    held = desk.held(desk.execute(found.plan))
    assert held[owed] == -5_000 * DOLLAR
    assert held[lent] >= have[lent]


def test_draft__debt_at_its_wish__no_move(desk: Desk) -> None:
    lent, owed, home = places(desk)
    desk.lend("WETH", 30 * ETHER)
    desk.act(Borrow(desk.account, desk.lender.id, owed.token, 20_000 * DOLLAR, desk.account))
    held = desk.held(desk.ahead())
    wishes = {lent: held[lent], owed: held[owed], home: held[home]}
    assert draft(desk.terms(health=LIMIT), desk.ahead(), wishes, GROWTH) is None


def test_borrowable__limit_of_health__a_unit_more_would_be_below(desk: Desk) -> None:
    desk.lend("WETH", 10 * ETHER)
    terms, states, usdc = desk.terms(health=LIMIT), desk.ahead(), desk.token("USDC")
    most = borrowable(terms, states, desk.lender, usdc, 10**6 * DOLLAR)
    goal = Fraction(LIMIT) * (1 + HEADROOM)
    for raw, is_within in ((most, True), (most + 2, False)):
        borrow = Borrow(desk.account, desk.lender.id, usdc, raw, desk.account)
        with_debt = desk.imagined_after(states, borrow)
        health = health_factor(with_debt, desk.lender, desk.account)
        assert health is not None
        assert (health >= goal) is is_within


def test_borrowable__wish_within__all_of_it(desk: Desk) -> None:
    desk.lend("WETH", 10 * ETHER)
    terms, states, usdc = desk.terms(health=LIMIT), desk.ahead(), desk.token("USDC")
    assert borrowable(terms, states, desk.lender, usdc, 100 * DOLLAR) == 100 * DOLLAR
    assert borrowable(terms, states, desk.lender, usdc, 0) == 0


def test_draft__supplies_within_a_loop__are_covered_by_the_worst_fills(desk: Desk) -> None:
    lent, owed, home = places(desk)
    desk.give("WETH", 10 * ETHER)
    wishes = {lent: 30 * ETHER, owed: -40_000 * DOLLAR, home: 0, desk.place("WETH"): 0}
    found = draft(desk.terms(health=LIMIT), desk.ahead(), wishes, GROWTH)
    assert found is not None
    supplied = sum(a.amount for a in found.plan.actions if isinstance(a, Supply))
    bought = sum(trade.action.min_out for trade in found.trades)
    assert supplied <= 10 * ETHER + bought
