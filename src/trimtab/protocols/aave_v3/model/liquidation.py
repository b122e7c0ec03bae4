"""Liquidations: a debt is paid back for collateral at a discount. Source: LiquidationLogic.sol."""

from dataclasses import dataclass, replace

from trimtab.core.actions import Liquidate
from trimtab.core.errors import NoRoute
from trimtab.core.quantise import Bps
from trimtab.core.states import Applied, Movement, States
from trimtab.protocols.aave_v3.market import (
    AccountState,
    LendingPool,
    LendingState,
    ReserveState,
)
from trimtab.protocols.aave_v3.model import validation
from trimtab.protocols.aave_v3.model.account import (
    account_data,
    asset_price,
    debt_balance,
    debt_price,
    is_in_category,
    supply_balance,
)
from trimtab.protocols.aave_v3.model.reserve import normalised_income, update_state
from trimtab.protocols.aave_v3.model.tokens import sent
from trimtab.protocols.aave_v3.model.verbs import (
    burnt,
    received_first,
    repaid,
    with_rates,
    word_of,
)
from trimtab.protocols.shared.aave.bitmap import without_collateral
from trimtab.protocols.shared.aave.wad_ray import percent_div, percent_mul, ray_div, ray_mul
from trimtab.protocols.shared.reverts import checked, moved
from trimtab.protocols.shared.tokens import send, take

DEFAULT_CLOSE_FACTOR = Bps(5_000)
WHOLE_CLOSE_FACTOR = Bps(10_000)
CLOSE_FACTOR_HEALTH = 95 * 10**16
"""In wad: at or below this health factor all of a debt may be paid back at once."""


@dataclass(frozen=True, slots=True)
class Seizure:
    """What a liquidation moves: base units of the debt, and of the collateral.

    `taken` goes to the liquidator and `fee` to the treasury; both come from the debtor.
    """

    repaid: int
    taken: int
    fee: int


def liquidate(states: States, pool: LendingPool, action: Liquidate) -> Applied:
    """A part of a debt is paid back, and its owner's collateral goes to the actor.

    Raises NoRoute for a liquidation by the collateral, which this pool does not know.
    """
    if action.seized:
        raise NoRoute(
            f"{pool.name} liquidates by the debt, not by {action.seized} of the collateral: "
            "give `debt` and leave `seized` 0"
        )
    state, owner = states[pool], action.owner
    reserve = update_state(state.reserve(action.debt_token), state.timestamp)
    state = state.with_reserve(reserve)
    seizure = seizure_of(states, state, action)
    state = _without_seized_mark(state, action, seizure)
    state = repaid(states, state, owner, reserve, seizure.repaid)
    received: tuple[Movement, ...] = ()
    if action.takes_shares:
        state = _shares_taken(state, action, seizure.taken)
    else:
        state, paid = _collateral_paid(states, state, action, seizure.taken)
        received = (paid,)
    state = _fee_paid(state, action, seizure.fee)
    # In one and the same token, what was received may pay the debt.
    richer = states.fold(Applied({}, received))
    target = reserve.reserve.a_token
    paying = take(richer, action.debt_token, action.actor, pool.address, target, seizure.repaid)
    return Applied({pool.id: state}, (*received, moved(paying)))


def seizure_of(states: States, state: LendingState, action: Liquidate) -> Seizure:
    """What the liquidation moves, if it is allowed. The debt's reserve is updated in `state`."""
    reserve = state.reserve(action.debt_token)
    collateral = state.reserve(action.collateral_token)
    account = state.account(action.owner)
    health = account_data(states, state, action.owner).health_factor
    debt = debt_balance(account, reserve, state.timestamp)
    factor = DEFAULT_CLOSE_FACTOR if health > CLOSE_FACTOR_HEALTH else WHOLE_CLOSE_FACTOR
    covered = min(word_of(action.debt), percent_mul(debt, factor))
    bits = account.user_configuration
    validation.validate_liquidation(collateral, reserve, bits, health, debt)
    category = state.category(account.efficiency_category)
    within = category if is_in_category(account, collateral) else None
    return _available(
        covered,
        supply_balance(account, collateral, state.timestamp),
        (collateral, _collateral_price(states, state, account, collateral)),
        (reserve, debt_price(states, state, account, reserve)),
        (within or collateral.configuration).liquidation_bonus,
    )


def _available(
    covered: int,
    balance: int,
    collateral: tuple[ReserveState, int],
    debt: tuple[ReserveState, int],
    bonus: Bps,
) -> Seizure:
    """The seizure for so much debt, or, where that is more than the balance, for all of it.

    Assets are given with their prices. The debt needed for the whole balance is never above what
    is covered: it is rounded half up from less than that.
    """
    (seized, seized_price), (owed, owed_price) = collateral, debt
    seized_unit = 10**seized.configuration.decimals
    owed_unit = 10**owed.configuration.decimals
    worth = checked(checked(owed_price * covered) * seized_unit)
    amount = percent_mul(worth // checked(seized_price * owed_unit), bonus)
    if amount > balance:
        amount = balance
        worth = checked(checked(seized_price * amount) * owed_unit)
        covered = percent_div(worth // checked(owed_price * seized_unit), bonus)
    share = seized.configuration.liquidation_protocol_fee
    if share == 0:
        return Seizure(covered, amount, 0)
    fee = percent_mul(checked(amount - percent_div(amount, bonus)), share)
    return Seizure(covered, checked(amount - fee), fee)


def _collateral_price(
    states: States, state: LendingState, account: AccountState, collateral: ReserveState
) -> int:
    if is_in_category(account, collateral):
        return debt_price(states, state, account, collateral)
    return asset_price(states, collateral.reserve.feed)


def _without_seized_mark(state: LendingState, action: Liquidate, seizure: Seizure) -> LendingState:
    """Where all goes, it is no collateral any more, even if the debtor keeps it as liquidator.

    This comes first: a debt in isolation that is paid back with the last of its collateral is
    not taken off the ceiling.
    """
    collateral, account = state.reserve(action.collateral_token), state.account(action.owner)
    if seizure.taken + seizure.fee != supply_balance(account, collateral, state.timestamp):
        return state
    cleared = without_collateral(account.user_configuration, collateral.reserve.id)
    return state.with_account(action.owner, account.with_configuration(cleared))


def _shares_taken(state: LendingState, action: Liquidate, amount: int) -> LendingState:
    """Shares change their owner; the reserve is not written, and health is not asked for."""
    collateral, liquidator = state.reserve(action.collateral_token), state.account(action.actor)
    is_first = liquidator.scaled_supplies[action.collateral_token] == 0
    state = sent(state, collateral, action.owner, action.actor, amount)
    if not is_first:
        return state
    return received_first(state, collateral, action.actor, liquidator.turns_isolated_on)


def _collateral_paid(
    states: States, state: LendingState, action: Liquidate, amount: int
) -> tuple[LendingState, Movement]:
    """The collateral is withdrawn to the liquidator."""
    token, account = action.collateral_token, state.account(action.owner)
    reserve = with_rates(states, update_state(state.reserve(token), state.timestamp), taken=amount)
    scaled = burnt(amount, reserve.liquidity_index)
    account = account.with_supply(token, account.scaled_supplies[token] - scaled)
    reserve = replace(reserve, scaled_supply=reserve.scaled_supply - scaled)
    movement = moved(send(states, token, reserve.reserve.a_token, action.actor, amount))
    return state.with_reserve(reserve).with_account(action.owner, account), movement


def _fee_paid(state: LendingState, action: Liquidate, fee: int) -> LendingState:
    """The treasury gets its aTokens, as many as roundings have left."""
    if fee == 0:
        return state
    collateral = state.reserve(action.collateral_token)
    index = normalised_income(collateral, state.timestamp)
    left = state.account(action.owner).scaled_supplies[action.collateral_token]
    if ray_div(fee, index) > left:
        fee = ray_mul(left, index)
    return sent(state, collateral, action.owner, collateral.treasury, fee)
