"""Actions as calls of the pool, of its aTokens and of its variable debt tokens."""

from trimtab.core.abi import Call, call_data, selector, word
from trimtab.core.actions import (
    Action,
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
from trimtab.core.errors import InvariantViolation, NoRoute
from trimtab.core.token import Address, Token
from trimtab.protocols.aave_v3.market import LendingPool
from trimtab.protocols.aave_v3.model.verbs import word_of

_VARIABLE_RATE = 2
_NO_REFERRAL = 0


def encoded(pool: LendingPool, action: Action) -> Call:
    """The call of an action. Raises InvariantViolation for one that is not a lending pool's."""
    match action:
        case Supply():
            return supply(pool, action)
        case Withdraw():
            return withdraw(pool, action)
        case Borrow():
            return borrow(pool, action)
        case Repay():
            return repay(pool, action)
        case Liquidate():
            return liquidate(pool, action)
        case FlashLoan():
            return flash_loan(pool, action)
        case _:
            return _said(pool, action)


def _said(pool: LendingPool, action: Action) -> Call:
    match action:
        case UseAsCollateral(token=token, is_used=is_used):
            said = "setUserUseReserveAsCollateral(address,bool)"
            return Call(pool.address, call_data(said, token.address, is_used))
        case SetEfficiencyMode(category=category):
            return Call(pool.address, call_data("setUserEMode(uint8)", category))
        case Delegate(token=token, to=to, amount=amount):
            data = call_data("approveDelegation(address,uint256)", to, amount)
            return Call(_debt_token(pool, token), data)
        case Transfer(token=token, to=to, amount=amount):
            share = pool.reserve_of_share(token).a_token
            return Call(share, call_data("transfer(address,uint256)", to, amount))
        case Approve(token=token, spender=spender, amount=amount):
            share = pool.reserve_of_share(token).a_token
            return Call(share, call_data("approve(address,uint256)", spender, amount))
        case _:
            raise impossible(action)


def impossible(action: Action) -> InvariantViolation:
    """The error of an action that is not a lending pool's."""
    return InvariantViolation("INV-5 the adapter law", f"a lending pool cannot {action}")


def supply(pool: LendingPool, action: Supply) -> Call:
    """The call of `supply`."""
    data = call_data(
        "supply(address,uint256,address,uint16)",
        action.token.address,
        action.amount,
        action.on_behalf_of,
        _NO_REFERRAL,
    )
    return Call(pool.address, data)


def withdraw(pool: LendingPool, action: Withdraw) -> Call:
    """The call of `withdraw`."""
    data = call_data(
        "withdraw(address,uint256,address)",
        action.token.address,
        word_of(action.amount),
        action.to,
    )
    return Call(pool.address, data)


def borrow(pool: LendingPool, action: Borrow) -> Call:
    """The call of `borrow` at the variable rate."""
    data = call_data(
        "borrow(address,uint256,uint256,uint16,address)",
        action.token.address,
        action.amount,
        _VARIABLE_RATE,
        _NO_REFERRAL,
        action.on_behalf_of,
    )
    return Call(pool.address, data)


def repay(pool: LendingPool, action: Repay) -> Call:
    """The call of `repay` of a variable debt."""
    data = call_data(
        "repay(address,uint256,uint256,address)",
        action.token.address,
        word_of(action.amount),
        _VARIABLE_RATE,
        action.on_behalf_of,
    )
    return Call(pool.address, data)


def liquidate(pool: LendingPool, action: Liquidate) -> Call:
    """The call of `liquidationCall`."""
    data = call_data(
        "liquidationCall(address,address,address,uint256,bool)",
        action.collateral_token.address,
        action.debt_token.address,
        action.owner,
        word_of(action.debt),
        action.takes_shares,
    )
    return Call(pool.address, data)


def flash_loan(pool: LendingPool, action: FlashLoan) -> Call:
    """The call of `flashLoanSimple`, with nothing told to the receiver."""
    at_the_end = 5 * 32
    head = (action.receiver, action.token.address, action.amount, at_the_end, _NO_REFERRAL)
    told = 0
    return Call(pool.address, _FLASH_LOAN + b"".join(word(each) for each in (*head, told)))


_FLASH_LOAN = selector("flashLoanSimple(address,address,uint256,bytes,uint16)")


def _debt_token(pool: LendingPool, token: Token) -> Address:
    for reserve in pool.reserves:
        if reserve.token == token:
            return reserve.variable_debt_token
    raise NoRoute(f"{token} at {token.address} is no declared reserve of {pool.name}")
