"""Liquidation: debt is repaid for collateral at a discount, and what none is left for is lost.

Source: `liquidate` of Morpho.sol. When a position's last collateral goes, what it still owes is
taken off the supply at once: every lender of the market bears it by the price of the shares.
"""

from dataclasses import dataclass, replace

from trimtab.core.actions import All, Liquidate
from trimtab.core.quantise import Wad
from trimtab.core.states import Applied, States
from trimtab.core.token import Address
from trimtab.protocols.morpho.market import WAD, LendingMarket, LendingState
from trimtab.protocols.morpho.model.accrual import accrued
from trimtab.protocols.morpho.model.arithmetic import (
    ORACLE_PRICE_SCALE,
    mul_div_down,
    mul_div_up,
    subtracted,
    to_assets_down,
    to_assets_up,
    to_shares_up,
    w_div_down,
    w_div_up,
    w_mul_down,
)
from trimtab.protocols.morpho.model.health import is_covered
from trimtab.protocols.morpho.model.oracle import collateral_price
from trimtab.protocols.morpho.model.verbs import check_one_zero, repaid, sent, taken
from trimtab.protocols.shared.reverts import refuse

HEALTHY_POSITION = "position is healthy"
LIQUIDATION_CURSOR = 3 * WAD // 10
MAX_LIQUIDATION_INCENTIVE_FACTOR = 115 * WAD // 100


@dataclass(frozen=True, slots=True)
class Seizure:
    """Collateral that is taken, and the shares of the debt that are repaid for it."""

    collateral: int
    shares: int


def given(state: LendingState, action: Liquidate) -> Seizure:
    """The two amounts as the contract is given them, one of which has to be nothing.

    The action's `debt` is counted in shares of the market's debt, since that is what the contract
    takes; ALL is every share that the owner owes, by what is stored.
    """
    if isinstance(action.debt, All):
        return Seizure(action.seized, state.position(action.owner).borrow_shares)
    return Seizure(action.seized, action.debt)


def liquidate(states: States, market: LendingMarket, action: Liquidate) -> Applied:
    """Collateral goes to the actor, who repays a debt that is no longer covered."""
    state, owner = states[market], action.owner
    asked = given(state, action)
    check_one_zero(asked.collateral, asked.shares)
    state = accrued(state)
    price = collateral_price(states, market)
    if is_covered(state, owner, price):
        raise refuse(HEALTHY_POSITION)
    seizure = _whole(state, asked, price)
    totals = state.total_borrow_assets, state.total_borrow_shares
    assets = to_assets_up(seizure.shares, *totals)
    state = repaid(state, owner, assets, seizure.shares)
    position = state.position(owner)
    left = replace(position, collateral=subtracted(position.collateral, seizure.collateral))
    state = _without_bad_debt(state.with_position(owner, left), owner)
    movements = (
        sent(states, market, market.collateral, action.actor, seizure.collateral),
        taken(states, market, market.loan, action.actor, assets),
    )
    return Applied({market.id: state}, movements)


def liquidation_incentive_factor(lltv: Wad) -> Wad:
    """Collateral that a liquidator gets for a unit of debt, by worth: at most 1.15."""
    discount = w_mul_down(LIQUIDATION_CURSOR, WAD - lltv)
    return Wad(min(MAX_LIQUIDATION_INCENTIVE_FACTOR, w_div_down(WAD, WAD - discount)))


def _whole(state: LendingState, asked: Seizure, price: int) -> Seizure:
    """Both amounts, the one that was not given in favour of the market."""
    factor = liquidation_incentive_factor(state.market.lltv)
    totals = state.total_borrow_assets, state.total_borrow_shares
    if asked.collateral:
        quoted = mul_div_up(asked.collateral, price, ORACLE_PRICE_SCALE)
        return Seizure(asked.collateral, to_shares_up(w_div_up(quoted, factor), *totals))
    worth = w_mul_down(to_assets_down(asked.shares, *totals), factor)
    return Seizure(mul_div_down(worth, ORACLE_PRICE_SCALE, price), asked.shares)


def _without_bad_debt(state: LendingState, owner: Address) -> LendingState:
    """The market after it has written off what a position without collateral owes."""
    position = state.position(owner)
    if position.collateral:
        return state
    shares = position.borrow_shares
    owed = to_assets_up(shares, state.total_borrow_assets, state.total_borrow_shares)
    lost = min(state.total_borrow_assets, owed)
    return replace(
        state.with_position(owner, replace(position, borrow_shares=0)),
        total_borrow_assets=subtracted(state.total_borrow_assets, lost),
        total_supply_assets=subtracted(state.total_supply_assets, lost),
        total_borrow_shares=subtracted(state.total_borrow_shares, shares),
    )
