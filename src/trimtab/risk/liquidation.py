"""How near to liquidation a debt stands."""

from fractions import Fraction

from trimtab.core.states import States
from trimtab.core.token import Address
from trimtab.protocols.aave_v3 import LendingPool, account_summary

_WAD = 10**18


def nearness(states: States, pool: LendingPool, account: Address) -> Fraction:
    """One over the pool's own health factor of an account: 0 without debt, liquidated beyond 1.

    Debt without any collateral, whose health factor is 0, is farther beyond than all else, and
    the farther the more it is. Raises PriceDisagreement where the pool cannot value a position.
    """
    data = account_summary(states, pool, account)
    if not data.total_debt:
        return Fraction(0)
    if not data.health_factor:
        return Fraction(_WAD + data.total_debt)
    return Fraction(_WAD, data.health_factor)
