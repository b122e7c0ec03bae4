"""What lending markets of Morpho a local world has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from trimtab.core.quantise import Bps

NO_FEE = Bps(0)
Rates = Literal["none", "utilisation", "adaptive_curve"]


@dataclass(frozen=True, slots=True)
class LendingMarketSpec:
    """A market of one token lent against one other, at the prices of their feeds.

    Amounts are whole tokens: what the liquidity provider lends, and what the deployer owes
    against its collateral.
    """

    collateral: str
    loan: str
    lltv: Bps
    rates: Rates = "utilisation"
    fee: Bps = NO_FEE
    supplied: int = 0
    collateralised: int = 0
    borrowed: int = 0


@dataclass(frozen=True, slots=True)
class MorphoSpec:
    """The contract with its markets; fees go to the agent of this number, or to nobody."""

    markets: tuple[LendingMarketSpec, ...]
    fee_agent: int | None = None

    @property
    def symbols(self) -> tuple[str, ...]:
        """The tokens that its markets are of."""
        return tuple(each for m in self.markets for each in (m.collateral, m.loan))

    @property
    def names(self) -> tuple[str, ...]:
        """The markets' names in mandates, such as `WETH/USDC`; with the LLTV where two share one.

        The LLTV is in basis points: `WETH/USDC/8600`.
        """
        return tuple(_named(self.markets))


def _named(markets: tuple[LendingMarketSpec, ...]) -> Iterable[str]:
    shared = Counter((market.collateral, market.loan) for market in markets)
    for market in markets:
        name = f"{market.collateral}/{market.loan}"
        alone = shared[market.collateral, market.loan] == 1
        yield name if alone else f"{name}/{market.lltv}"
