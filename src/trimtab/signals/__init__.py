"""Signals: folds over views, the same online and over a history."""

from trimtab.signals.covariance import Covariance, CovarianceMatrix

__all__ = ["Covariance", "CovarianceMatrix"]
