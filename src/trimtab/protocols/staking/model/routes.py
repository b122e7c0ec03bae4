"""Which actions a staking pool knows; the others are refused before anything is computed."""

from trimtab.core.actions import (
    Action,
    Approve,
    ClaimWithdrawal,
    FinaliseWithdrawals,
    ReportRewards,
    RequestWithdrawal,
    Stake,
    Transfer,
)
from trimtab.core.errors import InvariantViolation, NoRoute
from trimtab.core.token import Token
from trimtab.protocols.staking.market import StakingPool

StakingAction = (
    Stake
    | RequestWithdrawal
    | ClaimWithdrawal
    | ReportRewards
    | FinaliseWithdrawals
    | Transfer
    | Approve
)


def known(pool: StakingPool, action: Action) -> StakingAction:
    """The action, if the pool can do it as it is stated.

    Raises NoRoute for a token that is not the pool's, and InvariantViolation for a kind of action
    that it does not have.
    """
    match action:
        case Stake() | RequestWithdrawal() | ClaimWithdrawal():
            _check_token(pool, action.token, pool.asset)
        case Transfer() | Approve():
            _check_token(pool, action.token, pool.share)
        case ReportRewards() | FinaliseWithdrawals():
            pass
        case _:
            raise InvariantViolation("INV-5 the adapter law", f"a staking pool cannot {action}")
    return action


def _check_token(pool: StakingPool, token: Token, expected: Token) -> None:
    if token != expected:
        raise NoRoute(
            f"{pool.name} expects {expected} at {expected.address}, not {token} at {token.address}"
        )
