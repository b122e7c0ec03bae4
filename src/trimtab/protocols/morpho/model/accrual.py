"""A market through time: its rate, the interest of the time since it was last called, the fee.

Sources: `_accrueInterest` of Morpho.sol, MorphoBalancesLib.sol, IrmMock.sol.
"""

from dataclasses import replace

from trimtab.core.quantise import SECONDS_PER_YEAR, Wad
from trimtab.protocols.morpho.market import LendingState, RateModel
from trimtab.protocols.morpho.model import adaptive_curve
from trimtab.protocols.morpho.model.adaptive_curve import Rates
from trimtab.protocols.morpho.model.arithmetic import (
    added,
    to_shares_down,
    to_uint128,
    w_div_down,
    w_mul_down,
    w_taylor_compounded,
)
from trimtab.protocols.shared.reverts import checked


def accrued(state: LendingState) -> LendingState:
    """The market with its interest up to the state's moment, as every call of it first does.

    The rate is that of the totals as they are stored. The fee is paid in shares, at the price
    that they have without it.
    """
    elapsed = state.timestamp - state.last_update
    if elapsed == 0:
        return state
    state = replace(state, last_update=state.timestamp)
    if state.market.rates is RateModel.NONE:
        return state
    rates = borrow_rates(state, elapsed)
    growth = w_taylor_compounded(rates.average, elapsed)
    interest = w_mul_down(state.total_borrow_assets, growth)
    earning = replace(
        state,
        total_borrow_assets=added(state.total_borrow_assets, interest),
        total_supply_assets=added(state.total_supply_assets, interest),
        rate_at_target=None if state.rate_at_target is None else rates.at_target,
    )
    return _with_fee(earning, interest)


def borrow_rates(state: LendingState, elapsed: int) -> Rates:
    """The rate per second of the stored totals, and what the rate model keeps afterwards."""
    utilisation = utilisation_of(state.total_supply_assets, state.total_borrow_assets)
    match state.market.rates:
        case RateModel.NONE:
            return Rates(Wad(0), 0)
        case RateModel.UTILISATION:
            return Rates(Wad(utilisation // SECONDS_PER_YEAR), 0)
        case RateModel.ADAPTIVE_CURVE:
            return adaptive_curve.rates(utilisation, state.rate_at_target or 0, elapsed)


def utilisation_of(supplied: int, borrowed: int) -> Wad:
    """The part of the supply that is lent, rounded down; nothing of nothing."""
    return Wad(w_div_down(borrowed, supplied) if supplied else 0)


def _with_fee(state: LendingState, interest: int) -> LendingState:
    if state.fee == 0:
        return state
    amount = w_mul_down(interest, state.fee)
    shares = to_shares_down(amount, state.total_supply_assets - amount, state.total_supply_shares)
    state = with_fee_shares(state, shares)
    total = added(state.total_supply_shares, to_uint128(shares))
    return replace(state, total_supply_shares=total)


def with_fee_shares(state: LendingState, shares: int) -> LendingState:
    """The market with more shares of the fee's recipient, where that is tracked."""
    recipient = state.positions.get(state.fee_recipient)
    if recipient is None:
        return state
    richer = replace(recipient, supply_shares=checked(recipient.supply_shares + shares))
    return state.with_position(state.fee_recipient, richer)
