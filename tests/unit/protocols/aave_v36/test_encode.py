"""Actions as calls: each by its own signature, and nothing that the pool cannot do."""

import pytest
from eth_abi.abi import encode

from tests.unit.protocols.aave_v36.lending import (
    DOLLARS,
    ETHER,
    OPERATOR,
    OTHER,
    OWNER,
    POOL,
    RESERVES,
    lending_state,
    states,
)
from trimtab.core.abi import UINT256_MAX, Call, call_data, selector
from trimtab.core.actions import (
    ALL,
    Action,
    Approve,
    Borrow,
    Delegate,
    FlashLoan,
    Liquidate,
    MintShares,
    Repay,
    SetEfficiencyMode,
    Supply,
    Transfer,
    UseAsCollateral,
    Withdraw,
)
from trimtab.core.errors import ConfigError, InvariantViolation, NoRoute
from trimtab.core.token import Token
from trimtab.protocols.aave_v36 import AaveV36Adapter

AAVE, POOLED = AaveV36Adapter(), states(lending_state())
USD, ETH, MOST = DOLLARS.address, ETHER.address, UINT256_MAX
AT = POOL.id


@pytest.mark.parametrize(
    "action, signature, arguments",
    [
        (
            Supply(OWNER, AT, DOLLARS, 7, OTHER),
            "supply(address,uint256,address,uint16)",
            (USD, 7, OTHER, 0),
        ),
        (
            Withdraw(OWNER, AT, DOLLARS, ALL, OTHER),
            "withdraw(address,uint256,address)",
            (USD, MOST, OTHER),
        ),
        (
            Borrow(OWNER, AT, DOLLARS, 7, OTHER),
            "borrow(address,uint256,uint256,uint16,address)",
            (USD, 7, 2, 0, OTHER),
        ),
        (
            Repay(OWNER, AT, DOLLARS, ALL, OTHER),
            "repay(address,uint256,uint256,address)",
            (USD, MOST, 2, OTHER),
        ),
        (
            UseAsCollateral(OWNER, AT, DOLLARS, True),
            "setUserUseReserveAsCollateral(address,bool)",
            (USD, True),
        ),
        (SetEfficiencyMode(OWNER, AT, 1), "setUserEMode(uint8)", (1,)),
        (
            Liquidate(OWNER, AT, OTHER, ETHER, DOLLARS, ALL, takes_shares=True),
            "liquidationCall(address,address,address,uint256,bool)",
            (ETH, USD, OTHER, MOST, True),
        ),
    ],
)
def test_encode__action__the_pool_s_own_call(
    action: Action, signature: str, arguments: tuple[int | str | bool, ...]
) -> None:
    assert AAVE.encode(POOLED, action) == (Call(POOL.address, call_data(signature, *arguments)),)


def test_encode__credit__a_call_of_the_debt_token() -> None:
    data = call_data("approveDelegation(address,uint256)", OTHER, 7)
    expected = Call(RESERVES[1].variable_debt_token, data)
    assert AAVE.encode(POOLED, Delegate(OWNER, AT, ETHER, OTHER, 7)) == (expected,)


def test_encode__shares__calls_of_the_token_of_them() -> None:
    share = POOL.share(RESERVES[1])
    sent = Call(RESERVES[1].a_token, call_data("transfer(address,uint256)", OTHER, 7))
    allowed = Call(RESERVES[1].a_token, call_data("approve(address,uint256)", OPERATOR, 7))
    assert AAVE.encode(POOLED, Transfer(OWNER, AT, share, OTHER, 7)) == (sent,)
    assert AAVE.encode(POOLED, Approve(OWNER, AT, share, OPERATOR, 7)) == (allowed,)
    with pytest.raises(NoRoute, match="no aToken of a declared reserve"):
        AAVE.encode(POOLED, Transfer(OWNER, AT, ETHER, OTHER, 7))


def test_encode__flash_loan__with_an_empty_text() -> None:
    types = ["address", "address", "uint256", "bytes", "uint16"]
    signature = "flashLoanSimple(address,address,uint256,bytes,uint16)"
    data = selector(signature) + encode(types, [OPERATOR, USD, 7, b"", 0])
    (call,) = AAVE.encode(POOLED, FlashLoan(OWNER, AT, DOLLARS, 7, OPERATOR))
    assert call == Call(POOL.address, data)


def test_encode__liquidation_by_the_collateral__refused_in_words() -> None:
    with pytest.raises(ConfigError, match="leave `seized` 0"):
        AAVE.encode(POOLED, Liquidate(OWNER, AT, OTHER, ETHER, DOLLARS, 0, seized=1))


def test_encode__credit_in_a_token_that_is_not_declared__refused_in_words() -> None:
    unknown = Token(1, OTHER, 18, "XYZ")
    with pytest.raises(ConfigError, match="XYZ is not a declared reserve"):
        AAVE.encode(POOLED, Delegate(OWNER, AT, unknown, OTHER, 7))


def test_encode__what_no_pool_can__a_violation() -> None:
    action = MintShares(OWNER, AT, DOLLARS, 1, OTHER)
    with pytest.raises(InvariantViolation):
        AAVE.encode(POOLED, action)
    with pytest.raises(InvariantViolation):
        AAVE.apply(POOLED, action)
