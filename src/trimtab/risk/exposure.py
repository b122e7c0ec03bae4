"""What positions at perpetuals are exposed to."""

from __future__ import annotations

from fractions import Fraction

from trimtab.core.market import Place
from trimtab.core.prices import Prices
from trimtab.core.states import States
from trimtab.core.token import Address
from trimtab.protocols.perpetual import Perpetual, mark_price

MILLION = 10**6


def exposures(states: States, account: Address, prices: Prices) -> dict[Place, Fraction]:
    """The worth of each position's size at the mark price, in base units of the numeraire.

    Negative for a short. Raises MissingRead where a market cannot tell its mark price.
    """
    found = {}
    for market in states.markets.values():
        if isinstance(market, Perpetual) and (size := states[market].account(account).size):
            found[market.position_place] = size * unit_worth(states, market, prices)
    return found


def unit_worth(states: States, market: Perpetual, prices: Prices) -> Fraction:
    """What 10**-18 of a perpetual's base is worth at the mark price, in the numeraire.

    Raises MissingRead where the market cannot tell its mark price.
    """
    quote = prices.price(market.settlement) / states[market].unit
    return mark_price(states, market) * quote


def turn_fee(states: States, market: Perpetual, account: Address) -> Fraction:
    """What the account pays for trading 10**-18 of a perpetual's base at the mark price.

    In base units of the token that it settles in. Raises MissingRead where the market cannot tell
    its mark price.
    """
    rate = Fraction(states[market].account(account).fee, MILLION)
    return rate * mark_price(states, market) / states[market].unit
