"""How far a weight may drift before trading it back pays for itself."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Band:
    """What a no-trade band rests on; all figures per year and as shares of equity.

    `tracking_variance` is the variance that a unit of deviation costs (of the asset against the
    numeraire), `drift_variance` that of the weight itself when nobody trades.
    """

    tracking_variance: float
    drift_variance: float
    risk_aversion: float

    def fixed(self, cost: float) -> float:
        """The half-width that a fixed cost per trade, as a share of equity, asks for.

        Trading back to the centre from a distance h happens every h**2 / drift and costs
        `cost`; the deviation is triangular in between, with mean square h**2 / 6. The sum
        cost * drift / h**2 + risk_aversion / 2 * tracking * h**2 / 6 is least at
        h**4 = 12 * cost * drift / (risk_aversion * tracking). For one asset this is theorem 4.1
        of Altarovici, Muhle-Karbe and Soner, "Asymptotics for fixed transaction costs" (2015).
        """
        if self.tracking_variance <= 0:
            return float("inf")
        scale = self.drift_variance / (self.risk_aversion * self.tracking_variance)
        return float((12 * cost * scale) ** 0.25)

    def proportional(self, cost: float) -> float:
        """The half-width that a cost per traded value (fee and spread) asks for.

        At a reflecting edge the traded volume per year is drift / (2 h), and the mean square
        deviation h**2 / 3: cost * drift / (2 h) + risk_aversion / 2 * tracking * h**2 / 3 is
        least at h**3 = 3 * cost * drift / (2 * risk_aversion * tracking). For one asset this is
        Rogers, "Why is the effect of proportional transaction costs O(delta^(2/3))?" (2004).
        """
        if self.tracking_variance <= 0:
            return float("inf")
        scale = self.drift_variance / (self.risk_aversion * self.tracking_variance)
        return float((1.5 * cost * scale) ** (1 / 3))
