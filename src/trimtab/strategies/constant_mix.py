"""Keep fixed weights, and trade only when a weight leaves its no-trade band."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from trimtab.allocation.bands import Band
from trimtab.core.market import wallet
from trimtab.core.strategy import (
    Decision,
    Hold,
    Leg,
    Needs,
    Strategy,
    Target,
    View,
    check_range,
    check_weights,
)
from trimtab.core.token import Token
from trimtab.signals import Covariance, CovarianceMatrix


@dataclass(frozen=True, slots=True)
class ConstantMix(Strategy):
    """A constant mix inside no-trade bands drawn from gas, volatility and size.

    `weights` are the wished shares of equity by token; what they leave rests in the numeraire. A
    token that may be held and should be sold is named with weight 0. A band is the wider of those
    that a fixed cost (the gas of one swap over equity) and a proportional cost (`fee`) ask for;
    see `Band`. When any weight leaves its band all go back to their wishes. The edge is the fall
    in the modelled cost of tracking, risk_aversion / 2 * (w - w*)' Sigma (w - w*) per year.
    """

    weights: Mapping[Token, float]
    risk_aversion: float = 3.0
    fee: float = 0.0005
    halflife: timedelta = timedelta(days=7)

    def __post_init__(self) -> None:
        check_weights({token.symbol: weight for token, weight in self.weights.items()})
        check_range("risk_aversion", self.risk_aversion, 1e-6, 1e6)
        check_range("fee", self.fee, 0, 1)

    @property
    def covariance(self) -> Covariance:
        """The signal that the bands are drawn from."""
        return Covariance(tuple(self.weights), self.halflife)

    @property
    def needs(self) -> Needs:
        """The wallet and the covariance."""
        return (*map(wallet, self.weights), self.covariance)

    def decide(self, view: View) -> Decision:
        """All weights back to their wishes when one has left its band."""
        if view.equity <= 0:
            return Hold("there is nothing to keep in balance")
        sigma = view[self.covariance]
        away = {token: view.weight(wallet(token)) - wish for token, wish in self.weights.items()}
        bands = {token: self.band(token, sigma, view) for token in self.weights}
        widest = max(away, key=lambda token: abs(away[token]) - bands[token])
        drift = f"{widest.symbol} {away[widest]:+.2%} from its wish, band ±{bands[widest]:.2%}"
        if abs(away[widest]) <= bands[widest]:
            return Hold(f"inside the bands: {drift}")
        legs = (Leg(wallet(token), wish) for token, wish in self.weights.items())
        edge = self.risk_aversion / 2 * sigma.variance(away)
        return Target(*legs, edge=edge, why=f"outside its band: {drift}")

    def band(self, token: Token, sigma: CovarianceMatrix, view: View) -> float:
        """The half-width of a token's band; infinite for one that does not move."""
        against_mix = {other: -weight for other, weight in self.weights.items()}
        against_mix[token] += 1
        drift = self.weights[token] ** 2 * sigma.variance(against_mix)
        band = Band(sigma.variance({token: 1.0}), drift, self.risk_aversion)
        gas = float(view.costs.action("Swap") / view.equity)
        return max(band.fixed(gas), band.proportional(self.fee))
