"""Every verb as a call of the contract, or of an oracle whose price is set by hand."""

from trimtab.core.abi import UINT256_MAX, Call, call_data
from trimtab.core.actions import All, Borrow, Delegate, Liquidate, Repay, Supply, Withdraw
from trimtab.core.token import Address
from trimtab.protocols.morpho.market import LendingMarket, LendingState
from trimtab.protocols.morpho.model.liquidation import given
from trimtab.protocols.morpho.model.verbs import asked, owed_shares

_PARAMETERS = "(address,address,address,address,uint256)"
_SUPPLY = f"supply({_PARAMETERS},uint256,uint256,address,bytes)"
_WITHDRAW = f"withdraw({_PARAMETERS},uint256,uint256,address,address)"
_BORROW = f"borrow({_PARAMETERS},uint256,uint256,address,address)"
_REPAY = f"repay({_PARAMETERS},uint256,uint256,address,bytes)"
_SUPPLY_COLLATERAL = f"supplyCollateral({_PARAMETERS},uint256,address,bytes)"
_WITHDRAW_COLLATERAL = f"withdrawCollateral({_PARAMETERS},uint256,address,address)"
_LIQUIDATE = f"liquidate({_PARAMETERS},address,uint256,uint256,bytes)"


def supply(market: LendingMarket, action: Supply) -> Call:
    """The call of `supply` of so many base units."""
    return _without_callback(market, _SUPPLY, action.amount, 0, action.on_behalf_of)


def supply_collateral(market: LendingMarket, action: Supply) -> Call:
    """The call of `supplyCollateral`."""
    return _without_callback(market, _SUPPLY_COLLATERAL, action.amount, action.on_behalf_of)


def withdraw(market: LendingMarket, state: LendingState, action: Withdraw) -> Call:
    """The call of `withdraw` of the actor's own supply, whose position tells what ALL of it is."""
    every = isinstance(action.amount, All)
    assets, shares = asked(
        action.amount, state.position(action.actor).supply_shares if every else 0
    )
    return _call(market, _WITHDRAW, assets, shares, action.actor, action.to)


def withdraw_collateral(market: LendingMarket, state: LendingState, action: Withdraw) -> Call:
    """The call of `withdrawCollateral` of the actor's own collateral."""
    assets = action.amount
    if isinstance(assets, All):
        assets = state.position(action.actor).collateral
    return _call(market, _WITHDRAW_COLLATERAL, assets, action.actor, action.to)


def borrow(market: LendingMarket, action: Borrow) -> Call:
    """The call of `borrow`; the actor gets what is borrowed."""
    return _call(market, _BORROW, action.amount, 0, action.on_behalf_of, action.actor)


def repay(market: LendingMarket, state: LendingState, action: Repay) -> Call:
    """The call of `repay`, of the debt of an owner whose position tells what ALL of it is."""
    every = isinstance(action.amount, All)
    assets, shares = asked(action.amount, owed_shares(state, action.on_behalf_of) if every else 0)
    return _without_callback(market, _REPAY, assets, shares, action.on_behalf_of)


def liquidate(market: LendingMarket, state: LendingState, action: Liquidate) -> Call:
    """The call of `liquidate`."""
    seizure = given(state, action)
    return _without_callback(market, _LIQUIDATE, action.owner, seizure.collateral, seizure.shares)


def delegate(market: LendingMarket, action: Delegate) -> Call:
    """The call of `setAuthorization`."""
    data = call_data("setAuthorization(address,bool)", action.to, action.amount == UINT256_MAX)
    return Call(market.address, data)


def set_price(oracle: Address, price: int) -> Call:
    """The call of `setPrice` of an oracle whose price is set by hand."""
    return Call(oracle, call_data("setPrice(uint256)", price))


def _call(market: LendingMarket, signature: str, *arguments: int | str) -> Call:
    return Call(market.address, call_data(signature, *market.parameters, *arguments))


def _without_callback(market: LendingMarket, signature: str, *arguments: int | str) -> Call:
    """A call whose last argument is bytes for a callback, of which there are none."""
    place = 32 * (len(market.parameters) + len(arguments) + 1)
    return _call(market, signature, *arguments, place, 0)
