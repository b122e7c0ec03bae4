"""What is done at a pool, as calls of the pool or of a debt token."""

from trimtab.core.abi import Call, call_data
from trimtab.core.actions import (
    Approve,
    Borrow,
    Delegate,
    FlashLoan,
    Liquidate,
    Repay,
    SetEfficiencyMode,
    Supply,
    Transfer,
    UseAsCollateral,
    Withdraw,
)
from trimtab.core.errors import ConfigError
from trimtab.core.token import Token
from trimtab.protocols.aave_v36.market import LendingPool36, Reserve
from trimtab.protocols.aave_v36.model.supplying import word_of

_VARIABLE_RATE = 2
_NO_REFERRAL = 0

Lending = (
    Supply
    | Withdraw
    | Borrow
    | Repay
    | Delegate
    | UseAsCollateral
    | SetEfficiencyMode
    | Liquidate
    | FlashLoan
    | Transfer
    | Approve
)
"""What can be done at a pool."""


def encoded(pool: LendingPool36, action: Lending) -> Call:
    """The call that performs the action. Raises ConfigError for what the pool has no call for."""
    match action:
        case Delegate():
            token = _reserve(pool, action.token).variable_debt_token
            return Call(
                token, call_data("approveDelegation(address,uint256)", action.to, action.amount)
            )
        case Transfer(token=token, to=to, amount=amount):
            share = pool.reserve_of_share(token).a_token
            return Call(share, call_data("transfer(address,uint256)", to, amount))
        case Approve(token=token, spender=spender, amount=amount):
            share = pool.reserve_of_share(token).a_token
            return Call(share, call_data("approve(address,uint256)", spender, amount))
        case Liquidate() | FlashLoan():
            return Call(pool.address, _of_others(action))
        case _:
            return Call(pool.address, _of_the_actor(action))


def _of_the_actor(
    action: Supply | Withdraw | Borrow | Repay | UseAsCollateral | SetEfficiencyMode,
) -> bytes:
    match action:
        case Supply(token=token, amount=amount, on_behalf_of=owner):
            signature = "supply(address,uint256,address,uint16)"
            return call_data(signature, token.address, amount, owner, _NO_REFERRAL)
        case Withdraw(token=token, amount=quantity, to=to):
            signature = "withdraw(address,uint256,address)"
            return call_data(signature, token.address, word_of(quantity), to)
        case Borrow(token=token, amount=amount, on_behalf_of=owner):
            signature = "borrow(address,uint256,uint256,uint16,address)"
            mode = (_VARIABLE_RATE, _NO_REFERRAL)
            return call_data(signature, token.address, amount, *mode, owner)
        case Repay(token=token, amount=quantity, on_behalf_of=owner):
            signature = "repay(address,uint256,uint256,address)"
            return call_data(signature, token.address, word_of(quantity), _VARIABLE_RATE, owner)
        case UseAsCollateral(token=token, is_used=is_used):
            signature = "setUserUseReserveAsCollateral(address,bool)"
            return call_data(signature, token.address, is_used)
        case SetEfficiencyMode(category=number):
            return call_data("setUserEMode(uint8)", number)


def _of_others(action: Liquidate | FlashLoan) -> bytes:
    match action:
        case Liquidate():
            if action.seized:
                raise ConfigError(
                    "a liquidation goes by the debt here, not by the collateral: leave `seized` 0"
                )
            return call_data(
                "liquidationCall(address,address,address,uint256,bool)",
                action.collateral_token.address,
                action.debt_token.address,
                action.owner,
                word_of(action.debt),
                action.takes_shares,
            )
        case FlashLoan(token=token, amount=amount, receiver=receiver):
            # The fourth argument is an empty text: where it begins, and after it, how long it is.
            signature = "flashLoanSimple(address,address,uint256,bytes,uint16)"
            return call_data(signature, receiver, token.address, amount, 5 * 32, _NO_REFERRAL, 0)


def _reserve(pool: LendingPool36, token: Token) -> Reserve:
    for reserve in pool.reserves:
        if reserve.token == token:
            return reserve
    raise ConfigError(f"{token.symbol} is not a declared reserve of {pool.name}: declare it")
