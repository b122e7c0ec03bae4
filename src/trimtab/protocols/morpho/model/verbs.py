"""The verbs of lending, borrowing and collateral, step by step as the contract takes them.

Source: Morpho.sol. Each returns what changed or raises RevertError. Assumes that no position of
an account that is not tracked is so large that a supply for it overflows.
"""

from dataclasses import replace
from typing import cast

from trimtab.core.abi import UINT256_MAX
from trimtab.core.actions import All, Borrow, Delegate, Quantity, Repay, Supply, Withdraw
from trimtab.core.states import Applied, Movement, Reverted, States
from trimtab.core.token import ZERO_ADDRESS, Address, Token
from trimtab.protocols.morpho.market import LendingMarket, LendingState, MorphoState
from trimtab.protocols.morpho.model.accrual import accrued
from trimtab.protocols.morpho.model.arithmetic import (
    added,
    subtracted,
    to_assets_down,
    to_assets_up,
    to_shares_down,
    to_shares_up,
    to_uint128,
    zero_floor_sub,
)
from trimtab.protocols.morpho.model.health import is_healthy
from trimtab.protocols.shared.reverts import checked, refuse
from trimtab.protocols.shared.tokens import send, take

INCONSISTENT_INPUT = "inconsistent input"
INSUFFICIENT_LIQUIDITY = "insufficient liquidity"
INSUFFICIENT_COLLATERAL = "insufficient collateral"
UNAUTHORIZED = "unauthorized"
ZERO_ADDRESS_GIVEN = "zero address"
ZERO_ASSETS = "zero assets"


def asked(quantity: Quantity, shares: int) -> tuple[int, int]:
    """Assets and shares as the contract is given them: everything is all of the shares."""
    return (0, shares) if isinstance(quantity, All) else (quantity, 0)


def check_one_zero(first: int, second: int) -> None:
    """Refuse two amounts of which not exactly one is nothing."""
    if (first == 0) == (second == 0):
        raise refuse(INCONSISTENT_INPUT)


# -------------------------------------------------------------------------------------- supply


def supply(states: States, market: LendingMarket, action: Supply) -> Applied:
    """Loan tokens go in, for shares of the market's supply."""
    state, assets = states[market], action.amount
    check_one_zero(assets, 0)
    _check_owner(action.on_behalf_of)
    state = accrued(state)
    shares = to_shares_down(assets, state.total_supply_assets, state.total_supply_shares)
    state = _with_supply_shares(state, action.on_behalf_of, shares)
    state = replace(
        state,
        total_supply_shares=added(state.total_supply_shares, shares),
        total_supply_assets=added(state.total_supply_assets, assets),
    )
    return Applied({market.id: state}, (taken(states, market, market.loan, action.actor, assets),))


def withdraw(states: States, market: LendingMarket, action: Withdraw) -> Applied:
    """Loan tokens come out, as far as they are not lent. ALL is all shares that are stored."""
    state = states[market]
    assets, shares = asked(action.amount, state.position(action.actor).supply_shares)
    check_one_zero(assets, shares)
    _check_receiver(action.to)
    state = accrued(state)
    totals = state.total_supply_assets, state.total_supply_shares
    if assets:
        shares = to_shares_up(assets, *totals)
    else:
        assets = to_assets_down(shares, *totals)
    state = _with_supply_shares(state, action.actor, -shares)
    state = replace(
        state,
        total_supply_shares=subtracted(state.total_supply_shares, shares),
        total_supply_assets=subtracted(state.total_supply_assets, assets),
    )
    _check_liquidity(state)
    return Applied({market.id: state}, (sent(states, market, market.loan, action.to, assets),))


def _with_supply_shares(state: LendingState, owner: Address, change: int) -> LendingState:
    if owner not in state.positions:
        return state
    position = state.position(owner)
    shares = checked(position.supply_shares + change)
    return state.with_position(owner, replace(position, supply_shares=shares))


# -------------------------------------------------------------------------------------- borrow


def borrow(states: States, market: LendingMarket, action: Borrow) -> Applied:
    """Loan tokens come out against the collateral of `on_behalf_of`, who has let the actor."""
    state, owner, assets = states[market], action.on_behalf_of, action.amount
    check_one_zero(assets, 0)
    if not authorisations(states, market).is_authorised(owner, action.actor):
        raise refuse(UNAUTHORIZED)
    state = accrued(state)
    shares = to_shares_up(assets, state.total_borrow_assets, state.total_borrow_shares)
    position = state.position(owner)
    owed = replace(position, borrow_shares=added(position.borrow_shares, shares))
    state = replace(
        state.with_position(owner, owed),
        total_borrow_shares=added(state.total_borrow_shares, shares),
        total_borrow_assets=added(state.total_borrow_assets, assets),
    )
    _check_health(states, state, owner)
    _check_liquidity(state)
    movement = sent(states, market, market.loan, action.actor, assets)
    return Applied({market.id: state}, (movement,))


def repay(states: States, market: LendingMarket, action: Repay) -> Applied:
    """Loan tokens go in and a debt goes down. ALL is all of its shares; more is refused."""
    state, owner = states[market], action.on_behalf_of
    assets, shares = asked(action.amount, owed_shares(state, owner))
    check_one_zero(assets, shares)
    _check_owner(owner)
    state = accrued(state)
    totals = state.total_borrow_assets, state.total_borrow_shares
    if assets:
        shares = to_shares_down(assets, *totals)
    else:
        assets = to_assets_up(shares, *totals)
    state = repaid(state, owner, assets, shares)
    return Applied({market.id: state}, (taken(states, market, market.loan, action.actor, assets),))


def owed_shares(state: LendingState, owner: Address) -> int:
    """Shares that the owner owes; nobody owes as the zero address."""
    return 0 if owner == ZERO_ADDRESS else state.position(owner).borrow_shares


def repaid(state: LendingState, owner: Address, assets: int, shares: int) -> LendingState:
    """The market after a repayment; rounded up, it may be one more than all that is owed."""
    position = state.position(owner)
    less = replace(position, borrow_shares=subtracted(position.borrow_shares, shares))
    total = to_uint128(zero_floor_sub(state.total_borrow_assets, assets))
    return replace(
        state.with_position(owner, less),
        total_borrow_shares=subtracted(state.total_borrow_shares, shares),
        total_borrow_assets=total,
    )


# ---------------------------------------------------------------------------------- collateral


def supply_collateral(states: States, market: LendingMarket, action: Supply) -> Applied:
    """Collateral goes in; no interest is brought to account."""
    state, assets, owner = states[market], action.amount, action.on_behalf_of
    if assets == 0:
        raise refuse(ZERO_ASSETS)
    _check_owner(owner)
    to_uint128(assets)
    if owner in state.positions:
        position = state.position(owner)
        more = replace(position, collateral=added(position.collateral, assets))
        state = state.with_position(owner, more)
    movement = taken(states, market, market.collateral, action.actor, assets)
    return Applied({market.id: state}, (movement,))


def withdraw_collateral(states: States, market: LendingMarket, action: Withdraw) -> Applied:
    """Collateral comes out, as far as the debt stays covered. ALL is all that there is."""
    state = states[market]
    held = state.position(action.actor).collateral
    assets = held if isinstance(action.amount, All) else action.amount
    if assets == 0:
        raise refuse(ZERO_ASSETS)
    _check_receiver(action.to)
    state = accrued(state)
    position = state.position(action.actor)
    less = replace(position, collateral=subtracted(position.collateral, assets))
    state = state.with_position(action.actor, less)
    _check_health(states, state, action.actor)
    movement = sent(states, market, market.collateral, action.to, assets)
    return Applied({market.id: state}, (movement,))


# ------------------------------------------------------------------------------- authorisation


def delegate(states: States, market: LendingMarket, action: Delegate) -> Applied:
    """The contract lets another account act for the actor from now on, or no longer.

    It holds in all markets of the contract, and for withdrawals as well. To say again what is
    so is refused.
    """
    state = authorisations(states, market)
    is_so = action.amount == UINT256_MAX
    if state.authorisation(action.actor, action.to) == is_so:
        raise refuse("already set")
    return Applied({market.contract: state.with_authorisation(action.actor, action.to, is_so)})


def authorisations(states: States, market: LendingMarket) -> MorphoState:
    """Who may act for whom at the market's contract. Raises MissingRead if that was not read."""
    return cast(MorphoState, states.state(market.contract))


# -------------------------------------------------------------------------------------- shared


def taken(
    states: States, market: LendingMarket, token: Token, owner: Address, raw: int
) -> Movement:
    """Tokens that the contract takes; whatever the token says, it reverts in its own words."""
    moved = take(states, token, owner, market.address, market.address, raw)
    if isinstance(moved, Reverted):
        raise refuse("transferFrom reverted")
    return moved


def sent(
    states: States, market: LendingMarket, token: Token, target: Address, raw: int
) -> Movement:
    """Tokens that the contract sends; as `taken`."""
    moved = send(states, token, market.address, target, raw)
    if isinstance(moved, Reverted):
        raise refuse("transfer reverted")
    return moved


def _check_owner(owner: Address) -> None:
    if owner == ZERO_ADDRESS:
        raise refuse(ZERO_ADDRESS_GIVEN)


_check_receiver = _check_owner


def _check_health(states: States, state: LendingState, owner: Address) -> None:
    if not is_healthy(states, state, owner):
        raise refuse(INSUFFICIENT_COLLATERAL)


def _check_liquidity(state: LendingState) -> None:
    if state.total_borrow_assets > state.total_supply_assets:
        raise refuse(INSUFFICIENT_LIQUIDITY)
