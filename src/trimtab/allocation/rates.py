"""What lenders would pay, with our own supply in their curve."""

from trimtab.allocation.lending import RateCurve
from trimtab.core.errors import ConfigError
from trimtab.core.market import Place
from trimtab.core.strategy import View
from trimtab.protocols.aave_v3 import LendingPool, supply_rate
from trimtab.protocols.shared.tokens import balances

RAY = 10**27


def supply_curve(view: View, place: Place) -> RateCurve:
    """The rate per year at a lender once our supply there is the given base units.

    It is the lender's own model, exact up to the last conversion to a float. Less than the
    lender can pay out now counts as that least: the rate of a reserve that is fully lent.
    Raises ConfigError for a place that is not a reserve of a known lender.
    """
    pool = view.states.market(place.market)
    if not isinstance(pool, LendingPool):
        raise ConfigError(f"{place} is not a place to lend: name a reserve, such as aave_v3:USDC")
    ours = view[place].raw
    reserve = view.states[pool].reserve(place.token).reserve
    lying = balances(view.states, place.token).balance(reserve.a_token)

    def rate(supplied: int) -> float:
        extra = max(supplied - ours, -lying)
        return supply_rate(view.states, pool, place.token, extra) / RAY

    return rate
