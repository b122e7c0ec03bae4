"""The four verbs as the calls of the pool, in their very words."""

import pytest
from eth_abi.abi import encode

from trimtab.core.abi import Call, selector
from trimtab.core.actions import ALL, Action, Borrow, Repay, Supply, Withdraw
from trimtab.core.market import Head
from trimtab.core.quantise import Timestamp
from trimtab.core.states import States
from trimtab.core.token import Address, Token
from trimtab.protocols.aave_v3 import AaveV3Adapter, LendingPool


def account(digit: str) -> Address:
    return Address("0x" + digit * 40)


OWNER, OTHER = account("1"), account("2")
TOKEN = Token(1, account("3"), 6, "USDC")
POOL = LendingPool(1, account("4"), "the pool", account("5"), account("6"), ())
STATES = States(1, {1: Head(1, 1, "0x1", Timestamp(0))}, {POOL.id: POOL}, {})
MOST = 2**256 - 1


@pytest.mark.parametrize(
    "action, name, types, values",
    [
        (
            Supply(OWNER, POOL.id, TOKEN, 7, OTHER),
            "supply",
            ["address", "uint256", "address", "uint16"],
            [TOKEN.address, 7, OTHER, 0],
        ),
        (
            Withdraw(OWNER, POOL.id, TOKEN, ALL, OTHER),
            "withdraw",
            ["address", "uint256", "address"],
            [TOKEN.address, MOST, OTHER],
        ),
        (
            Borrow(OWNER, POOL.id, TOKEN, 7, OWNER),
            "borrow",
            ["address", "uint256", "uint256", "uint16", "address"],
            [TOKEN.address, 7, 2, 0, OWNER],
        ),
        (
            Repay(OWNER, POOL.id, TOKEN, ALL, OTHER),
            "repay",
            ["address", "uint256", "uint256", "address"],
            [TOKEN.address, MOST, 2, OTHER],
        ),
    ],
)
def test_encode__verb__variable_rate_and_no_referral(
    action: Action, name: str, types: list[str], values: list[object]
) -> None:
    data = selector(f"{name}({','.join(types)})") + encode(types, values)
    assert AaveV3Adapter().encode(STATES, action) == (Call(POOL.address, data),)
