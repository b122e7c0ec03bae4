"""What lenders would pay, with our own supply in their curve."""

from trimtab.allocation.lending import RateCurve
from trimtab.core.errors import ConfigError
from trimtab.core.market import Place
from trimtab.core.strategy import View
from trimtab.risk import is_lender, supply_rate


def supply_curve(view: View, place: Place) -> RateCurve:
    """The rate per year at a lender once our supply there is the given base units.

    It is the lender's own model, exact up to the last conversion to a float. Less than the
    lender can pay out now counts as that least: the rate of a reserve that is fully lent.
    Raises ConfigError for a place that is no lender's, and for a vault, which tells no rate.
    """
    lender = view.states.market(place.market)
    if not is_lender(lender) or supply_rate(view.states, lender, place.token, 0) is None:
        raise ConfigError(
            f"{place} is not a place to lend at a rate that is known: name a reserve, such as "
            "aave_v3:USDC, or a market, such as morpho:WETH/USDC/8600:USDC"
        )
    ours = view[place].raw

    def rate(there: int) -> float:
        return float(supply_rate(view.states, lender, place.token, there - ours) or 0)

    return rate
