"""What lenders offer: their rates, what they cannot give back now, and the most that they take."""

from trimtab.allocation.lending import Offer
from trimtab.allocation.rates import supply_curve
from trimtab.core.market import Place
from trimtab.core.states import States
from trimtab.core.strategy import View
from trimtab.core.token import Token
from trimtab.protocols import aave_v3, aave_v36
from trimtab.protocols.aave_v3 import LendingPool
from trimtab.protocols.aave_v3.model.reserve import update_state
from trimtab.protocols.aave_v36 import LendingPool36
from trimtab.protocols.aave_v36.model.reserve import update_state as update_state36
from trimtab.protocols.morpho import LendingMarket
from trimtab.protocols.shared.aave.wad_ray import ray_mul_ceil
from trimtab.risk import is_lender, lying

LEFT_OF_CAP = 10**6
"""One part of a supply cap in so many is left free: for the interest until a supply arrives (three
minutes of it at 20 % a year), and for the rounding of a weight to a float."""

Reserves = LendingPool | LendingPool36


def lending_offer(view: View, place: Place) -> Offer:
    """What a lender offers now for a token.

    What lies there bounds what can be taken out. One of Aave's reserves takes no more than its
    supply cap, nothing while frozen, and neither takes nor gives while paused. Whether a debt of
    the account holds its supply back is not asked. Raises ConfigError as `supply_curve`.
    """
    rate = supply_curve(view, place)
    lender, token, ours = view.states.market(place.market), place.token, max(view[place].raw, 0)
    assert is_lender(lender), "whoever tells a rate lends"
    if isinstance(lender, LendingMarket) and token == lender.collateral:
        return Offer(rate)
    stuck = max(ours - lying(view.states, lender, token), 0)
    if not isinstance(lender, LendingPool | LendingPool36):
        return Offer(rate, stuck)
    settings = _reserve(view.states, lender, token).configuration
    if not settings.is_active or settings.is_paused:
        return Offer(rate, ours, ours)
    if settings.is_frozen:
        return Offer(rate, stuck, ours)
    room = _below_cap(view.states, lender, token)
    return Offer(rate, stuck, None if room is None else ours + room)


def _below_cap(states: States, pool: Reserves, token: Token) -> int | None:
    """Base units that fit below what is left of a supply cap; None without a cap."""
    reserve = _reserve(states, pool, token)
    unit: int = 10**reserve.configuration.decimals
    cap = reserve.configuration.supply_cap * unit
    if not cap:
        return None
    scaled = reserve.scaled_supply + reserve.accrued_to_treasury
    supplied = ray_mul_ceil(scaled, reserve.liquidity_index)  # no line rounds further up
    return max(cap - cap // LEFT_OF_CAP - supplied, 0)


def _reserve(
    states: States, pool: Reserves, token: Token
) -> aave_v3.ReserveState | aave_v36.ReserveState:
    """The reserve with its interest until now."""
    if isinstance(pool, LendingPool):
        return update_state(states[pool].reserve(token), states[pool].timestamp)
    return update_state36(states[pool].reserve(token), states[pool].timestamp)
