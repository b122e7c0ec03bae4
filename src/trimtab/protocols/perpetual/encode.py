"""Actions as calls of the vault and the clearing house."""

from trimtab.core.abi import Call, call_data
from trimtab.core.actions import (
    ALL,
    ClosePosition,
    LiquidatePosition,
    OpenPosition,
    SettleFunding,
    Supply,
    Withdraw,
)
from trimtab.protocols.perpetual.market import Perpetual
from trimtab.protocols.perpetual.model.verbs import check_receiver, check_token

_ORDER = "((address,bool,bool,uint256,uint256,uint256,uint160,bytes32))"
_CLOSING = "((address,uint160,uint256,uint256,bytes32))"
_NO_REFERRAL = 0


def deposit(market: Perpetual, action: Supply) -> Call:
    """The vault's `deposit`, or `depositFor` another account."""
    check_token(market, action.token)
    token, amount = market.settlement.address, action.amount
    if action.on_behalf_of == action.actor:
        return Call(market.vault, call_data("deposit(address,uint256)", token, amount))
    signature = "depositFor(address,address,uint256)"
    return Call(market.vault, call_data(signature, action.on_behalf_of, token, amount))


def withdraw(market: Perpetual, action: Withdraw) -> Call:
    """The vault's `withdraw`, or `withdrawAll`."""
    check_token(market, action.token)
    check_receiver(market, action)
    token = market.settlement.address
    if action.amount is ALL:
        return Call(market.vault, call_data("withdrawAll(address)", token))
    assert isinstance(action.amount, int)
    return Call(market.vault, call_data("withdraw(address,uint256)", token, action.amount))


def open_position(market: Perpetual, action: OpenPosition) -> Call:
    """The clearing house's `openPosition`; its one argument is a static tuple, in line."""
    data = call_data(
        "openPosition" + _ORDER,
        market.base,
        action.is_short,
        action.is_exact_in,
        action.amount,
        action.bound,
        action.deadline,
        action.limit,
        _NO_REFERRAL,
    )
    return Call(market.address, data)


def close_position(market: Perpetual, action: ClosePosition) -> Call:
    """The clearing house's `closePosition`."""
    order = (market.base, action.limit, action.bound, action.deadline, _NO_REFERRAL)
    return Call(market.address, call_data("closePosition" + _CLOSING, *order))


def liquidate(market: Perpetual, action: LiquidatePosition) -> Call:
    """The clearing house's `liquidate` of so much, of which 0 is all that may be."""
    signature = "liquidate(address,address,int256)"
    return Call(market.address, call_data(signature, action.owner, market.base, action.size))


def settle_funding(market: Perpetual, action: SettleFunding) -> Call:
    """The clearing house's `settleAllFunding`."""
    return Call(market.address, call_data("settleAllFunding(address)", action.owner))
