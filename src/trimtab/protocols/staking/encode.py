"""Actions as calls of the pool."""

from trimtab.core.abi import Call, call_data
from trimtab.core.actions import (
    Approve,
    ClaimWithdrawal,
    FinaliseWithdrawals,
    ReportRewards,
    RequestWithdrawal,
    Stake,
    Transfer,
)
from trimtab.protocols.staking.market import StakingPool
from trimtab.protocols.staking.model.routes import StakingAction


def encoded(pool: StakingPool, action: StakingAction) -> Call:
    """The one call of an action that the pool can do."""
    return Call(pool.address, _data(action))


def _data(action: StakingAction) -> bytes:
    match action:
        case Stake():
            return call_data("stake(uint256)", action.amount)
        case RequestWithdrawal():
            return call_data("request(uint256)", action.shares)
        case ClaimWithdrawal():
            return call_data("claim(uint256)", action.request)
        case ReportRewards():
            return call_data("report(int256)", action.change)
        case FinaliseWithdrawals():
            return call_data("finalise(uint256)", action.up_to)
        case Transfer():
            return call_data("transfer(address,uint256)", action.to, action.amount)
        case Approve():
            return call_data("approve(address,uint256)", action.spender, action.amount)
