"""Liquidity in a range whose exposure is sold on a perpetual."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from trimtab.core.errors import ConfigError
from trimtab.core.market import wallet
from trimtab.core.strategy import Decision, Leg, Needs, Strategy, Target, View, check_range
from trimtab.core.token import Token
from trimtab.protocols.perpetual import Perpetual
from trimtab.protocols.uniswap_v3 import Pool
from trimtab.strategies.concentrated_liquidity import ConcentratedLiquidity


@dataclass(frozen=True, slots=True)
class HedgedLiquidity(Strategy):
    """A `share` of the equity as `ConcentratedLiquidity`, with its delta sold on `perpetual`.

    The delta of liquidity to the price is the amount of the volatile token in it (Uniswap V3
    whitepaper, section 6.2.3: dV/dP = x), so the short is as much as there is, in the range and
    beside it; the rest of the equity is its margin. Where the liquidity stays, the short follows
    once the exposure that is left is more than `drift` of the liquidity. The edge is the
    liquidity's own, and `aversion` times that exposure, as a share of the equity: what it is
    worth a year to be neutral.
    """

    pool: Pool
    perpetual: Perpetual
    share: float = 0.6
    width: float = 2.0
    span: timedelta = timedelta(days=1)
    halflife: timedelta = timedelta(days=1)
    least_edge: float = 0.0
    drift: float = 0.1
    aversion: float = 0.5

    def __post_init__(self) -> None:
        check_range("share", self.share, 0.01, 0.95)
        check_range("drift", self.drift, 0, 1)
        check_range("aversion", self.aversion, 0, 100)
        if self.perpetual.settlement not in (self.pool.token0, self.pool.token1):
            raise ConfigError(
                f"{self.perpetual.name} settles in {self.perpetual.settlement}, which is no token "
                f"of {self.pool.name}: name a pool of the hedged token against it"
            )

    @property
    def liquidity(self) -> ConcentratedLiquidity:
        """What is hedged."""
        return ConcentratedLiquidity(
            self.pool,
            self.share,
            self.width,
            self.span,
            halflife=self.halflife,
            least_edge=self.least_edge,
        )

    @property
    def volatile(self) -> Token:
        """The token of the pool that is no settlement token."""
        is_first = self.pool.token1 == self.perpetual.settlement
        return self.pool.token0 if is_first else self.pool.token1

    @property
    def needs(self) -> Needs:
        """What the liquidity needs, and the perpetual."""
        return (*self.liquidity.needs, self.perpetual)

    def decide(self, view: View) -> Decision:
        """The liquidity's own decision, and a short of what it holds of the volatile token."""
        decision, place = self.liquidity.decide(view), self.perpetual.position_place
        legs, edge = self._kept(view), 0.0
        exposed = abs(view.weight(place) + self._held(view))
        if isinstance(decision, Target):
            legs, edge = decision.legs, decision.edge
        elif exposed <= self.drift * sum(leg.weight for leg in legs):
            return decision
        delta = sum(leg.weight for leg in legs if leg.place.token == self.volatile)
        if not delta:
            return Target(*legs, edge=edge, why=decision.why)
        left = max(1 - sum(leg.weight for leg in legs), 0.0)
        hedge = Leg(place, -delta, margin=min(1 - self.share, left))
        edge += self.aversion * exposed
        return Target(*legs, hedge, edge=edge, why=f"{decision.why}; {delta:.1%} sold short")

    def _kept(self, view: View) -> tuple[Leg, ...]:
        """The liquidity as it lies, and the volatile token beside it."""
        places = (place for place in view.amounts if place.market == self.pool.id)
        pooled = (place for place in places if place.is_pooled)
        return tuple(Leg(place, view.weight(place)) for place in (*pooled, wallet(self.volatile)))

    def _held(self, view: View) -> float:
        """The share of the equity in the volatile token, wherever it lies."""
        places = (place for place in view.amounts if place.token == self.volatile)
        return sum(view.weight(place) for place in places if not place.is_position)
