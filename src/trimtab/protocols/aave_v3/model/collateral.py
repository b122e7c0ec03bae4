"""What an account says of its own supplies: whether they are collateral, and in which mode.

Source: SupplyLogic.sol and EModeLogic.sol. Nothing accrues here, and no rate moves.
"""

from dataclasses import replace

from trimtab.core.actions import SetEfficiencyMode, UseAsCollateral
from trimtab.core.states import Applied, States
from trimtab.protocols.aave_v3.market import LendingPool
from trimtab.protocols.aave_v3.model import validation
from trimtab.protocols.aave_v3.model.account import supply_balance
from trimtab.protocols.aave_v3.model.isolation import may_be_collateral
from trimtab.protocols.shared.aave.bitmap import (
    is_collateral,
    with_collateral,
    without_collateral,
)
from trimtab.protocols.shared.reverts import NO_DATA, RevertError, refuse

_UINT8_MAX = 2**8 - 1


def use_as_collateral(states: States, pool: LendingPool, action: UseAsCollateral) -> Applied:
    """A supply becomes collateral, or stops being it, if the account's debt stays covered.

    Who has collateral without a loan-to-value cannot switch another one off, even without debt.
    """
    state = states[pool]
    reserve, account = state.reserve(action.token), state.account(action.actor)
    balance = supply_balance(account, reserve, state.timestamp)
    validation.validate_use_as_collateral(reserve, balance)
    bits, number = account.user_configuration, reserve.reserve.id
    if action.is_used == is_collateral(bits, number):
        return Applied({pool.id: state})
    if action.is_used:
        if not may_be_collateral(state, bits, reserve):
            raise refuse(validation.USER_IN_ISOLATION_MODE_OR_LTV_ZERO)
        changed = account.with_configuration(with_collateral(bits, number))
        return Applied({pool.id: state.with_account(action.actor, changed)})
    changed = account.with_configuration(without_collateral(bits, number))
    state = state.with_account(action.actor, changed)
    validation.validate_health_and_ltv(states, state, reserve, action.actor)
    return Applied({pool.id: state})


def set_efficiency_mode(states: States, pool: LendingPool, action: SetEfficiencyMode) -> Applied:
    """The account changes its category, of which all of its debts have to be.

    Only who was in a category before is asked for health: outside, limits are never wider.
    """
    state = states[pool]
    if not 0 <= action.category <= _UINT8_MAX:
        raise RevertError(NO_DATA)
    account = state.account(action.actor)
    validation.validate_category(state, account.user_configuration, action.category)
    changed = replace(account, efficiency_category=action.category)
    state = state.with_account(action.actor, changed)
    if account.efficiency_category != 0:
        validation.validate_health(states, state, action.actor)
    return Applied({pool.id: state})
