"""A strategy of one's own: hold as much of an asset as keeps the book's volatility at a target."""

import math
from dataclasses import dataclass

from trimtab.core.market import wallet
from trimtab.core.strategy import Decision, Hold, Leg, Needs, Strategy, Target, View
from trimtab.core.token import Token
from trimtab.signals import Covariance


@dataclass(frozen=True, slots=True)
class VolatilityTarget(Strategy):
    """Weight = target over measured volatility, at most 1; what is left rests in the numeraire."""

    asset: Token
    target: float = 0.30
    tolerance: float = 0.05

    @property
    def needs(self) -> Needs:
        return wallet(self.asset), Covariance((self.asset,))

    def decide(self, view: View) -> Decision:
        sigma = math.sqrt(view[Covariance((self.asset,))].covariance(self.asset, self.asset))
        wish = min(1.0, self.target / sigma)
        away = view.weight(wallet(self.asset)) - wish
        words = f"volatility {sigma:.0%} asks for {wish:.0%}, {away:+.1%} from it"
        if abs(away) < self.tolerance:
            return Hold(words)
        return Target(Leg(wallet(self.asset), wish), edge=1.5 * (sigma * away) ** 2, why=words)
