"""What allocation, risk and agents ask of a market. Everything is at the state's moment.

Balances are those that MorphoBalancesLib expects: with the interest of the time since the market
was last called, whether anybody calls it or not.
"""

from dataclasses import replace
from fractions import Fraction

from trimtab.core.actions import Borrow
from trimtab.core.errors import PriceDisagreement
from trimtab.core.quantise import SECONDS_PER_YEAR, Wad
from trimtab.core.states import States
from trimtab.core.token import Address, Token
from trimtab.protocols.morpho.market import WAD, LendingMarket, LendingState
from trimtab.protocols.morpho.model import verbs
from trimtab.protocols.morpho.model.accrual import accrued, borrow_rates, utilisation_of
from trimtab.protocols.morpho.model.arithmetic import (
    ORACLE_PRICE_SCALE,
    to_assets_down,
    to_assets_up,
)
from trimtab.protocols.morpho.model.health import borrowed, max_borrow
from trimtab.protocols.morpho.model.oracle import collateral_price
from trimtab.protocols.shared.reverts import RevertError
from trimtab.protocols.shared.rounding import div_up

# ------------------------------------------------------------------------------------ balances


def expected(state: LendingState) -> LendingState:
    """The market as it would be stored if it were called now.

    Raises PriceDisagreement where its interest is beyond what the contract can count.
    """
    try:
        return accrued(state)
    except RevertError as error:
        raise PriceDisagreement(
            f"{state.market.name} cannot bring its interest since {state.last_update} to account "
            f"({error.outcome.reason}): every call of it reverts; leave it out"
        ) from None


def supplied(state: LendingState, owner: Address) -> int:
    """Base units of the loan token that the owner's shares are worth, rounded down.

    The recipient of the fee gets shares for the interest to come only when that is stored.
    """
    now = expected(state)
    shares = state.position(owner).supply_shares
    return to_assets_down(shares, now.total_supply_assets, now.total_supply_shares)


def owed(state: LendingState, owner: Address) -> int:
    """Base units of the loan token that the owner owes, rounded up.

    It may be one more than what is owed to the market in all.
    """
    now = expected(state)
    shares = state.position(owner).borrow_shares
    return to_assets_up(shares, now.total_borrow_assets, now.total_borrow_shares)


# --------------------------------------------------------------------------------------- rates


def borrow_rate(states: States, market: LendingMarket, extra_supplied: int = 0) -> Fraction:
    """The rate per year, not compounded, that borrowers would owe after so much more supply.

    Exactly what the rate model would say in that moment; negative is a withdrawal, and no view is
    taken on whether either would be allowed. Raises ValueError for a withdrawal of more than lies
    in the market.
    """
    return Fraction(_rate(_after(states, market, extra_supplied)) * SECONDS_PER_YEAR, WAD)


def supply_rate(states: States, market: LendingMarket, extra_supplied: int = 0) -> Fraction:
    """The rate per year, not compounded, that lenders would earn after so much more supply.

    What borrowers owe less the fee, on all that is supplied. As `borrow_rate`.
    """
    state = _after(states, market, extra_supplied)
    if not state.total_supply_assets:
        return Fraction(0)
    lent = Fraction(state.total_borrow_assets, state.total_supply_assets)
    return Fraction(_rate(state) * SECONDS_PER_YEAR, WAD) * lent * (1 - Fraction(state.fee, WAD))


def utilisation(states: States, market: LendingMarket, extra_supplied: int = 0) -> Wad:
    """The part of the supply that is lent after so much more supply; as `borrow_rate`."""
    state = _after(states, market, extra_supplied)
    return utilisation_of(state.total_supply_assets, state.total_borrow_assets)


def liquidity(states: States, market: LendingMarket) -> int:
    """Base units of the loan token that are not lent."""
    now = expected(states[market])
    return now.total_supply_assets - now.total_borrow_assets


def _rate(state: LendingState) -> Wad:
    return borrow_rates(state, 0).average


def _after(states: States, market: LendingMarket, extra_supplied: int) -> LendingState:
    now = expected(states[market])
    lying = now.total_supply_assets - now.total_borrow_assets
    if extra_supplied < -lying:
        raise ValueError(
            f"{-extra_supplied} base units of {market.loan} cannot leave {market.name}: only "
            f"{lying} are not lent"
        )
    return replace(now, total_supply_assets=now.total_supply_assets + extra_supplied)


# -------------------------------------------------------------------------------------- health


def health_factor(states: States, market: LendingMarket, account: Address) -> Fraction | None:
    """What the account may owe over what it owes, in the contract's own integers; None if nothing.

    Below one, and only there, the account can be liquidated. Raises PriceDisagreement where the
    contract cannot value the collateral.
    """
    now = expected(states[market])
    if not now.position(account).borrow_shares:
        return None
    try:
        allowed = max_borrow(now, account, collateral_price(states, market))
    except RevertError:
        raise PriceDisagreement(
            f"{market.name} cannot value what {account} has: its oracle fails, or answers a price "
            "beyond all sums"
        ) from None
    return Fraction(allowed, borrowed(now, account))


def withdrawable(states: States, market: LendingMarket, account: Address, token: Token) -> int:
    """Base units of one of the market's tokens that the account can withdraw now, at most.

    Of the loan token, its supply as far as it is not lent; of the collateral, what is not needed
    for its debt, in closed form. Raises PriceDisagreement as `health_factor`.
    """
    now = expected(states[market])
    if token == market.loan:
        lying = now.total_supply_assets - now.total_borrow_assets
        return min(supplied(now, account), lying)
    position = now.position(account)
    if not position.borrow_shares:
        return position.collateral
    return max(position.collateral - _needed(states, now, account), 0)


def borrowable(states: States, market: LendingMarket, account: Address) -> int:
    """Base units of the loan token that the account can borrow now, one more being refused.

    The model itself lets the amount go; found by bisection. Raises PriceDisagreement as
    `health_factor`.
    """
    now = expected(states[market])
    health_factor(states, market, account)
    refused = now.total_supply_assets - now.total_borrow_assets + 1
    allowed = 0
    while refused - allowed > 1:
        middle = (allowed + refused) // 2
        if _lets_go(states, market, Borrow(account, market.id, market.loan, middle, account)):
            allowed = middle
        else:
            refused = middle
    return allowed


def _needed(states: States, now: LendingState, account: Address) -> int:
    """The least collateral that covers what the account owes."""
    try:
        price = collateral_price(states, now.market)
    except RevertError:
        price = 0
    if not (price and now.market.lltv):
        raise PriceDisagreement(
            f"{now.market.name} gives {account} no credit for its collateral: no amount covers "
            "its debt"
        )
    quoted = div_up(borrowed(now, account) * WAD, now.market.lltv)
    return div_up(quoted * ORACLE_PRICE_SCALE, price)


def _lets_go(states: States, market: LendingMarket, action: Borrow) -> bool:
    try:
        verbs.borrow(states, market, action)
    except RevertError:
        return False
    return True
