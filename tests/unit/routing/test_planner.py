from dataclasses import replace
from fractions import Fraction

import pytest

from tests.support.desk import NO_GAIN, Desk
from trimtab.core.actions import ALL, Approve, Supply, Swap, Withdraw
from trimtab.core.errors import Infeasible, NoRoute
from trimtab.core.market import Place
from trimtab.core.quantise import Timestamp
from trimtab.protocols.aave_v3 import LendingPool
from trimtab.protocols.shared.aave.configuration import ReserveConfiguration
from trimtab.routing import Draft, Purpose, draft
from trimtab.routing.gas import gas_units

DOLLAR, ETHER = 10**6, 10**18


def plan_for(
    desk: Desk,
    wishes: dict[str, int],
    *,
    lying: dict[str, int] | None = None,
    lent: dict[str, int] | None = None,
    **terms: object,
) -> Draft | None:
    """The plan from a book to wishes."""
    places: dict[Place, int] = {desk.place(name): raw for name, raw in wishes.items()}
    return draft(desk.terms(**terms), desk.imagined(lying or {}, lent or {}), places, NO_GAIN)


def kinds(found: Draft | None) -> list[str]:
    assert found is not None
    return [type(action).__name__ for action in found.plan.actions]


def test_draft__book_as_wished__no_plan(desk: Desk) -> None:
    assert plan_for(desk, {"USDC": 100 * DOLLAR}, lying={"USDC": 100 * DOLLAR}) is None


def test_draft__place_without_a_wish__stays(desk: Desk) -> None:
    assert plan_for(desk, {"USDC": 0}, lent={"WETH": ETHER}) is None


def test_draft__lend_what_idles__approve_and_supply(desk: Desk) -> None:
    found = plan_for(desk, {"WETH": 0, "aave_v3:WETH": ETHER}, lying={"WETH": ETHER})
    assert kinds(found) == ["Approve", "Supply"]


def test_draft__lent_to_another_token__withdraws_all_swaps_and_supplies(desk: Desk) -> None:
    wishes = {"aave_v3:WETH": 0, "aave_v3:USDC": 2_000 * DOLLAR}
    found = plan_for(desk, wishes, lent={"WETH": ETHER})
    assert kinds(found) == ["Approve", "Approve", "Withdraw", "Swap", "Supply"]


def test_draft__lender_left__withdraws_all(desk: Desk) -> None:
    found = plan_for(desk, {"aave_v3:WETH": 0, "WETH": ETHER}, lent={"WETH": ETHER})
    assert found is not None
    (action,) = found.plan.actions
    assert isinstance(action, Withdraw)
    assert action.amount is ALL


def test_draft__part_of_what_is_lent__withdraws_the_amount(desk: Desk) -> None:
    found = plan_for(desk, {"aave_v3:WETH": ETHER}, lent={"WETH": 3 * ETHER})
    assert found is not None
    (action,) = found.plan.actions
    held = desk.held(desk.imagined({}, {"WETH": 3 * ETHER}))[desk.place("aave_v3:WETH")]
    assert isinstance(action, Withdraw)
    assert action.amount == held - ETHER


def test_draft__lender_cannot_pay__withdraws_what_it_can(desk: Desk) -> None:
    desk.lend("WETH", 100 * ETHER)
    desk.drain("WETH", left=7 * ETHER)
    found = draft(desk.terms(), desk.ahead(), {desk.place("aave_v3:WETH"): 0}, NO_GAIN)
    assert found is not None
    (action,) = found.plan.actions
    assert isinstance(action, Withdraw)
    assert action.amount == 7 * ETHER


def test_draft__lender_can_pay_but_dust__stays(desk: Desk) -> None:
    desk.lend("WETH", 100 * ETHER)
    desk.drain("WETH", left=10)
    wishes = {desk.place("aave_v3:WETH"): 0}
    assert draft(desk.terms(), desk.ahead(), wishes, NO_GAIN) is None


def test_draft__supply_after_a_swap__no_more_than_its_bound(desk: Desk) -> None:
    wishes = {"USDC": 0, "aave_v3:WETH": ETHER}
    found = plan_for(desk, wishes, lying={"USDC": 2_000 * DOLLAR})
    assert found is not None
    (swap,) = [action for action in found.plan.actions if isinstance(action, Swap)]
    (supply,) = [action for action in found.plan.actions if isinstance(action, Supply)]
    assert supply.amount == swap.min_out < found.trades[0].part.amount_out


def test_draft__supply__leaves_the_wallet_its_wish(desk: Desk) -> None:
    wishes = {"WETH": ETHER, "aave_v3:WETH": 5 * ETHER}
    found = plan_for(desk, wishes, lying={"WETH": 3 * ETHER})
    assert found is not None
    assert desk.held(found.after)[desk.place("WETH")] == ETHER


def test_draft__swap_and_supply_of_one_token__one_approval_for_each_spender(desk: Desk) -> None:
    wishes = {"WETH": 0, "aave_v3:WETH": ETHER, "USDC": 2_000 * DOLLAR}
    found = plan_for(desk, wishes, lying={"WETH": 2 * ETHER})
    assert found is not None
    approved = {
        action.spender: action.amount
        for action in found.plan.actions
        if isinstance(action, Approve)
    }
    assert approved == {desk.lender.address: ETHER, desk.pools[0].router: ETHER}


def test_draft__sale_too_large__the_rest_stays_where_it_lies(desk: Desk) -> None:
    lent = 50_000 * ETHER
    wishes = {"aave_v3:WETH": 0, "USDC": 100_000_000 * DOLLAR}
    found = plan_for(desk, wishes, lent={"WETH": lent}, slippage=Fraction(2, 100))
    assert found is not None
    (withdraw,) = [action for action in found.plan.actions if isinstance(action, Withdraw)]
    (swap,) = [action for action in found.plan.actions if isinstance(action, Swap)]
    assert isinstance(withdraw.amount, int)
    assert 0 <= withdraw.amount - swap.amount_in < ETHER // 1000 < swap.amount_in < lent


def test_draft__one_pool_too_thin__the_other_sale_is_whole(desk: Desk) -> None:
    lying, thin = {"USDC": 40_000_000 * DOLLAR}, 30_000_000 * DOLLAR
    wishes = {"USDC": 0, "WBTC": 750 * 10**8, "WETH": 10 * ETHER}
    found = plan_for(desk, wishes, lying=lying, slippage=Fraction(2, 100))
    assert found is not None
    sold = {trade.action.token_out.symbol: trade.action.amount_in for trade in found.trades}
    assert sold["WBTC"] < thin
    assert sold["WETH"] == 20_000 * DOLLAR


def test_draft__first_leg_too_thin__the_second_spends_nothing_of_the_wallets_own(
    desk: Desk,
) -> None:
    pools = (desk.pool("WBTC/USDC/3000"), desk.pool("WETH/USDC/500"))
    lying = {"WBTC": 10**8, "USDC": 40_000 * DOLLAR}
    wishes = {"WBTC": 0, "USDC": 40_000 * DOLLAR, "WETH": 20 * ETHER}
    strict = Fraction(2, 1000)
    found = plan_for(
        desk, wishes, lying=lying, pools=pools, slippage=strict, fill_tolerance=strict / 2
    )
    assert found is None


def test_draft__numeraire_only_on_the_way__goes_through_it(desk: Desk) -> None:
    pools = (desk.pool("WBTC/USDC/3000"), desk.pool("WETH/USDC/500"))
    wishes = {"WBTC": 0, "WETH": 20 * ETHER}
    assert kinds(plan_for(desk, wishes, lying={"WBTC": 10**8}, pools=pools)) == [
        *("Approve", "Approve", "Swap", "Swap")
    ]


def test_draft__gain__of_trading_in_part_of_placing_in_full(desk: Desk) -> None:
    purpose = Purpose(Fraction(100), Fraction(7), lowers_risk=False, why="a test")
    states = desk.imagined({"WETH": 10 * ETHER}, {})
    wishes = {desk.place("WETH"): 0, desk.place("USDC"): 20_000 * DOLLAR}
    terms = desk.terms(budget=Fraction(5_000 * DOLLAR))
    found = draft(terms, states, wishes, purpose)
    assert found is not None
    assert found.plan.gain == 7 + 100 * Fraction(1, 4)


def test_draft__cost__gas_fees_and_slippage_sum_to_what_is_lost(desk: Desk) -> None:
    found = plan_for(desk, {"WETH": 0, "USDC": 40_000 * DOLLAR}, lying={"WETH": 20 * ETHER})
    assert found is not None
    cost, prices = found.plan.cost, desk.prices(desk.start)
    lost = -sum(raw * prices.price(place.token) for place, raw in found.plan.expected)
    assert cost.gas_units == gas_units(found.plan.actions, found.plan.bounds)
    assert (cost.gas, cost.fees + cost.slippage) == (cost.gas_units * desk.costs().gas, lost)


def test_draft__terms_and_purpose__carried_by_the_plan(desk: Desk) -> None:
    found = plan_for(desk, {"WETH": 0, "aave_v3:WETH": ETHER}, lying={"WETH": ETHER})
    assert found is not None
    plan = found.plan
    assert (plan.account, plan.chain, plan.why) == (desk.account, desk.book.chain, "a test")
    assert plan.deadline == Timestamp(desk.machine.time + 3600)


def test_draft__no_pool_of_the_pair__says_so(desk: Desk) -> None:
    wishes = {"WETH": 0, "USDC": 2_000 * DOLLAR}
    with pytest.raises(NoRoute, match="no pool of WETH and USDC is in use"):
        plan_for(desk, wishes, lying={"WETH": ETHER}, pools=(desk.pool("WBTC/WETH/500"),))


def frozen(desk: Desk, lender: LendingPool) -> ReserveConfiguration:
    word = desk.start[lender].reserve(desk.token("WETH")).configuration.word
    return ReserveConfiguration(word | 1 << 57)


def test_draft__reserve_takes_no_supply__says_what_the_chain_refuses(desk: Desk) -> None:
    states, lender = desk.imagined({"WETH": ETHER}, {}), desk.lender
    reserve = states[lender].reserve(desk.token("WETH"))
    shut = states[lender].with_reserve(replace(reserve, configuration=frozen(desk, lender)))
    states = states.with_states({lender.id: shut})
    wishes = {desk.place("WETH"): 0, desk.place("aave_v3:WETH"): ETHER}
    with pytest.raises(Infeasible, match=r"refuses the supply of 1 WETH to aave_v3 with '28'"):
        draft(desk.terms(), states, wishes, NO_GAIN)
