"""A liquidation, step by step as the pool takes it. Source: LiquidationLogic.sol.

How much of a debt may be repaid at once depends on the account's whole debt; what is left must
be nothing or more than dust; and where all collateral is gone, what is owed still becomes the
reserves' deficit.
"""

from dataclasses import dataclass, replace

from trimtab.core.actions import Liquidate
from trimtab.core.states import Applied, Movement, States
from trimtab.core.token import Address
from trimtab.protocols.aave_v36.market import LendingPool36, LendingState, ReserveState
from trimtab.protocols.aave_v36.model import errors
from trimtab.protocols.aave_v36.model.account import AccountData, account_data, asset_price
from trimtab.protocols.aave_v36.model.errors import error, to_uint
from trimtab.protocols.aave_v36.model.isolation import lowered
from trimtab.protocols.aave_v36.model.reserve import (
    debt_balance,
    supply_balance,
    update_state,
    with_rates,
)
from trimtab.protocols.aave_v36.model.supplying import word_of
from trimtab.protocols.shared.aave.bitmap import (
    is_borrowing,
    is_collateral,
    without_borrowing,
    without_collateral,
)
from trimtab.protocols.shared.aave.wad_ray import (
    PERCENTAGE_FACTOR,
    WAD,
    mul_div_ceil,
    percent_div,
    percent_div_ceil,
    percent_mul,
    ray_div_ceil,
    ray_div_floor,
)
from trimtab.protocols.shared.reverts import checked, moved
from trimtab.protocols.shared.tokens import send, take

CLOSE_FACTOR = PERCENTAGE_FACTOR // 2
CLOSE_FACTOR_HEALTH_THRESHOLD = 95 * WAD // 100
LARGE = 2000 * 10**8
"""Dollars, in the base currency, from which on only a part may be liquidated at once."""
DUST = LARGE // 2
"""Dollars, in the base currency, of which more or nothing must be left."""


@dataclass(frozen=True, slots=True)
class _Side:
    """One reserve's part: base units that the borrower has or owes there, and its price."""

    reserve: ReserveState
    balance: int
    price: int

    @property
    def unit(self) -> int:
        return self.reserve.unit

    def worth(self, amount: int) -> int:
        return checked(amount * self.price) // self.unit

    def worth_up(self, amount: int) -> int:
        return mul_div_ceil(amount, self.price, self.unit)


@dataclass(frozen=True, slots=True)
class _Sums:
    """What a liquidation moves: debt repaid, collateral for the liquidator, and the fee of it."""

    repaid: int
    collateral: int
    fee: int
    worth: int

    @property
    def seized(self) -> int:
        return self.collateral + self.fee


def liquidate(states: States, pool: LendingPool36, action: Liquidate) -> Applied:
    """Debt is repaid by the actor, and collateral comes out with a bonus."""
    state, owner = updated(states[pool], action), action.owner
    data = account_data(states, state, owner)
    _validate(state, action, data)
    collateral, debt = _sides(states, state, action)
    limit = _most(debt, collateral, data)
    bonus = _bonus(state, collateral.reserve, owner)
    sums = _available(collateral, debt, min(word_of(action.debt), limit), bonus)
    _validate_leftovers(collateral, debt, sums)
    if sums.seized == collateral.balance:
        state = _without_collateral(state, owner, collateral.reserve)
    is_emptied = data.total_collateral == sums.worth
    state = _burn_debt(state, debt.reserve, owner, debt.balance, sums.repaid, is_emptied)
    token = action.collateral_token
    if collateral.reserve.configuration.debt_ceiling != 0:
        state = lowered(state, state.reserve(token), debt.reserve, sums.repaid)
    state, movements = _hand_over(states, state, action, sums)
    state = _pay_fee(state, state.reserve(token), owner, sums.fee)
    if is_emptied:
        state = _burn_bad_debt(state, owner)
    target = debt.reserve.reserve.a_token
    after = states.fold(Applied({}, movements))
    paid = take(after, action.debt_token, action.actor, pool.address, target, sums.repaid)
    return Applied({pool.id: state}, (*movements, moved(paid)))


def updated(state: LendingState, action: Liquidate) -> LendingState:
    """The pool with both reserves at its moment.

    The contract reads both before it writes either: where they are one and the same, its
    treasury gets its share of the interest twice.
    """
    debt = update_state(state.reserve(action.debt_token), state.timestamp)
    if action.debt_token == action.collateral_token:
        if state.reserve(action.debt_token).last_update != state.timestamp:
            twice = debt.accrued_to_treasury + debt.latest_accrual
            debt = replace(debt, accrued_to_treasury=twice)
        return state.with_reserve(debt)
    collateral = update_state(state.reserve(action.collateral_token), state.timestamp)
    return state.with_reserve(debt).with_reserve(collateral)


# ------------------------------------------------------------------------------------- checks


def _validate(state: LendingState, action: Liquidate, data: AccountData) -> None:
    collateral = state.reserve(action.collateral_token)
    debt = state.reserve(action.debt_token)
    account = state.account(action.owner)
    if action.owner == action.actor:
        raise error(errors.SELF_LIQUIDATION)
    if not (collateral.configuration.is_active and debt.configuration.is_active):
        raise error(errors.RESERVE_INACTIVE)
    if collateral.configuration.is_paused or debt.configuration.is_paused:
        raise error(errors.RESERVE_PAUSED)
    if max(collateral.grace_until, debt.grace_until) >= state.timestamp:
        raise error(errors.LIQUIDATION_GRACE)
    if data.health_factor >= WAD:
        raise error(errors.HEALTH_FACTOR_NOT_BELOW_THRESHOLD)
    if not is_collateral(account.user_configuration, collateral.reserve.id):
        raise error(errors.COLLATERAL_CANNOT_BE_LIQUIDATED)
    if debt_balance(account, debt, state.timestamp) == 0:
        raise error(errors.SPECIFIED_CURRENCY_NOT_BORROWED_BY_USER)


def _validate_leftovers(collateral: _Side, debt: _Side, sums: _Sums) -> None:
    if sums.repaid >= debt.balance or sums.seized >= collateral.balance:
        return
    owed = debt.worth_up(debt.balance - sums.repaid)
    kept = collateral.worth(collateral.balance - sums.seized)
    if owed < DUST or kept < DUST:
        raise error(errors.MUST_NOT_LEAVE_DUST)


# --------------------------------------------------------------------------------------- sums


def _sides(states: States, state: LendingState, action: Liquidate) -> tuple[_Side, _Side]:
    account, now = state.account(action.owner), state.timestamp
    collateral = state.reserve(action.collateral_token)
    debt = state.reserve(action.debt_token)
    supplied = supply_balance(account, collateral, now)
    return (
        _Side(collateral, supplied, asset_price(states, collateral.reserve.feed)),
        _Side(debt, debt_balance(account, debt, now), asset_price(states, debt.reserve.feed)),
    )


def _bonus(state: LendingState, collateral: ReserveState, owner: Address) -> int:
    category = state.category(state.account(owner).efficiency_category)
    if category is not None and category.has_collateral(collateral.reserve.id):
        return category.liquidation_bonus
    return collateral.configuration.liquidation_bonus


def _most(debt: _Side, collateral: _Side, data: AccountData) -> int:
    """Base units of the debt that may be repaid at once.

    All of it, unless both sides are large and the account is not far below one; then it is worth
    half of the account's whole debt at most, whatever else it owes.
    """
    owed = debt.worth_up(debt.balance)
    is_large = min(collateral.worth(collateral.balance), owed) >= LARGE
    if is_large and data.health_factor > CLOSE_FACTOR_HEALTH_THRESHOLD:
        half = percent_mul(data.total_debt, CLOSE_FACTOR)
        if owed > half:
            return checked(half * debt.unit) // debt.price
    return debt.balance


def _available(collateral: _Side, debt: _Side, cover: int, bonus: int) -> _Sums:
    """What can be had for so much debt: less is repaid where there is not enough collateral."""
    base = checked(checked(debt.price * cover) * collateral.unit) // checked(
        collateral.price * debt.unit
    )
    seized = percent_mul(base, bonus)
    if seized > collateral.balance:
        seized = collateral.balance
        worth = checked(checked(collateral.price * seized) * debt.unit) // checked(
            debt.price * collateral.unit
        )
        cover = percent_div_ceil(worth, bonus)
    fee, share = 0, collateral.reserve.configuration.liquidation_protocol_fee
    if share != 0:
        fee = percent_mul(seized - percent_div(seized, bonus), share)
    return _Sums(cover, seized - fee, fee, collateral.worth(seized))


# -------------------------------------------------------------------------------------- steps


def _without_collateral(
    state: LendingState, owner: Address, collateral: ReserveState
) -> LendingState:
    account = state.account(owner)
    bits = without_collateral(account.user_configuration, collateral.reserve.id)
    return state.with_account(owner, account.with_configuration(bits))


def _burn_debt(
    state: LendingState,
    reserve: ReserveState,
    owner: Address,
    debt: int,
    repaid: int,
    is_emptied: bool,
) -> LendingState:
    """The pool with less of a debt, or none: what nobody repays becomes the reserve's deficit."""
    account, token = state.account(owner), reserve.reserve.token
    before = account.scaled_debts[token]
    scaled = 0
    if debt != 0:
        scaled = ray_div_floor(debt if is_emptied else repaid, reserve.variable_borrow_index)
        if scaled == 0:
            raise error(errors.INVALID_BURN_AMOUNT)
    deficit = to_uint(debt - repaid, 128) if is_emptied else 0
    account = account.with_debt(token, before - scaled)
    if scaled == before:
        bits = without_borrowing(account.user_configuration, reserve.reserve.id)
        account = account.with_configuration(bits)
    reserve = replace(
        reserve,
        scaled_variable_debt=reserve.scaled_variable_debt - scaled,
        deficit=reserve.deficit + deficit,
    )
    return state.with_account(owner, account).with_reserve(with_rates(reserve, added=repaid))


def _hand_over(
    states: States, state: LendingState, action: Liquidate, sums: _Sums
) -> tuple[LendingState, tuple[Movement, ...]]:
    """The pool once the liquidator has the collateral: as aTokens, or as what is behind them."""
    token = action.collateral_token
    reserve = state.reserve(token)
    scaled = ray_div_ceil(sums.collateral, reserve.liquidity_index)
    if action.takes_shares:
        state = state.with_supply_changed(action.owner, token, -scaled)
        return state.with_supply_changed(action.actor, token, scaled), ()
    reserve = with_rates(reserve, taken=sums.collateral)
    if scaled == 0:
        raise error(errors.INVALID_BURN_AMOUNT)
    reserve = replace(reserve, scaled_supply=reserve.scaled_supply - scaled)
    state = state.with_reserve(reserve).with_supply_changed(action.owner, token, -scaled)
    source = reserve.reserve.a_token
    return state, (moved(send(states, token, source, action.actor, sums.collateral)),)


def _pay_fee(state: LendingState, reserve: ReserveState, owner: Address, fee: int) -> LendingState:
    """The pool once the treasury has its part of the bonus, as aTokens, as far as there are any."""
    token = reserve.reserve.token
    held = state.account(owner).scaled_supplies[token]
    scaled = min(ray_div_ceil(fee, reserve.liquidity_index), held)
    state = state.with_supply_changed(owner, token, -scaled)
    return state.with_supply_changed(reserve.treasury, token, scaled)


def _burn_bad_debt(state: LendingState, owner: Address) -> LendingState:
    """The pool with every debt of an account without collateral written off."""
    for token in state.reserves:
        account, reserve = state.account(owner), state.reserve(token)
        is_owed = is_borrowing(account.user_configuration, reserve.reserve.id)
        if is_owed and reserve.configuration.is_active:
            reserve = update_state(reserve, state.timestamp)
            debt = debt_balance(account, reserve, state.timestamp)
            state = _burn_debt(state, reserve, owner, debt, 0, is_emptied=True)
    return state
