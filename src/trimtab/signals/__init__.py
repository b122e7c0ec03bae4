"""Signals: folds over views, the same online and over a history."""

from trimtab.signals.covariance import Covariance, CovarianceMatrix
from trimtab.signals.funding import FundingRate
from trimtab.signals.pools import FeeRate, MeanTick
from trimtab.signals.staking import StakingYield

__all__ = [
    "Covariance",
    "CovarianceMatrix",
    "FeeRate",
    "FundingRate",
    "MeanTick",
    "StakingYield",
]
