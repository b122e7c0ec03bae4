"""The four verbs as calls of the pool."""

from trimtab.core.abi import Call, call_data
from trimtab.core.actions import Borrow, Repay, Supply, Withdraw
from trimtab.protocols.aave_v3.market import LendingPool
from trimtab.protocols.aave_v3.model.verbs import word_of

_VARIABLE_RATE = 2
_NO_REFERRAL = 0


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
