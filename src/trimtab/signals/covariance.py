"""The covariance of log returns per year, weighted towards the recent past."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from trimtab.core.errors import ConfigError
from trimtab.core.quantise import SECONDS_PER_YEAR, Timestamp
from trimtab.core.strategy import Signal, View, check_range
from trimtab.core.token import Token

Matrix = tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True)
class CovarianceMatrix:
    """Covariances per year of the tokens' log prices in the numeraire, in the tokens' order.

    `seconds` is the weighted time that it rests on: none at the first view.
    """

    tokens: tuple[Token, ...]
    matrix: Matrix
    seconds: float

    def covariance(self, one: Token, other: Token) -> float:
        """The covariance per year; zero for a token that is not among them, the numeraire."""
        if one not in self.tokens or other not in self.tokens:
            return 0.0
        return self.matrix[self.tokens.index(one)][self.tokens.index(other)]

    def variance(self, weights: Mapping[Token, float]) -> float:
        """The variance per year of a portfolio with these weights, w' Sigma w."""
        products = (
            one * other * self.covariance(a, b)
            for a, one in weights.items()
            for b, other in weights.items()
        )
        return max(sum(products), 0.0)


@dataclass(frozen=True, slots=True)
class CovarianceMemory:
    """The last log prices and the weighted sums of their products, and of seconds."""

    at: Timestamp | None
    logarithms: tuple[float, ...]
    products: Matrix
    seconds: float


@dataclass(frozen=True, slots=True)
class Covariance(Signal[CovarianceMemory, CovarianceMatrix]):
    """Exponentially weighted covariance of irregularly spaced log returns.

    Sigma = sum(w_i r_i r_i') / sum(w_i dt_i) with w_i = 2**(-age/halflife): returns have mean zero
    at these horizons, and each weighs by the time it spans. Before the first return it is `prior`
    squared on the diagonal, and that prior weighs as much as `prior_weight` of real time.
    """

    tokens: tuple[Token, ...]
    halflife: timedelta = timedelta(days=7)
    prior: float = 0.6
    prior_weight: timedelta = timedelta(days=1)

    def __post_init__(self) -> None:
        if self.halflife <= timedelta(0) or self.prior_weight <= timedelta(0):
            raise ConfigError(
                f"the covariance has a halflife of {self.halflife} and a prior weighing as much "
                f"as {self.prior_weight}, expected more than no time, such as 7d"
            )
        check_range("prior", self.prior, 0, 1e3)

    @property
    def start(self) -> CovarianceMemory:
        """Nothing seen: the prior alone."""
        seconds = self.prior_weight.total_seconds()
        variance = self.prior**2 * seconds / SECONDS_PER_YEAR
        size = range(len(self.tokens))
        diagonal = tuple(tuple(variance if i == j else 0.0 for j in size) for i in size)
        return CovarianceMemory(None, (), diagonal, seconds)

    def step(self, memory: CovarianceMemory, view: View) -> CovarianceMemory:
        """One more set of prices; a view without a later moment changes nothing."""
        now = view.prices.at
        logarithms = tuple(math.log(float(view.prices.price(token))) for token in self.tokens)
        if memory.at is None:
            return CovarianceMemory(now, logarithms, self.believed(view), memory.seconds)
        elapsed = now - memory.at
        if elapsed <= 0:
            return memory
        decay = 0.5 ** (elapsed / self.halflife.total_seconds())
        returns = [new - old for new, old in zip(logarithms, memory.logarithms, strict=True)]
        products = tuple(
            tuple(decay * old + mine * other for old, other in zip(row, returns, strict=True))
            for row, mine in zip(memory.products, returns, strict=True)
        )
        return CovarianceMemory(now, logarithms, products, decay * memory.seconds + elapsed)

    def believed(self, view: View) -> Matrix:
        """The prior once the numeraire is known: it does not move against itself."""
        return tuple(
            tuple(0.0 if token == view.prices.numeraire else entry for entry in row)
            for token, row in zip(self.tokens, self.start.products, strict=True)
        )

    def value(self, memory: CovarianceMemory) -> CovarianceMatrix:
        """The covariance per year."""
        scale = SECONDS_PER_YEAR / memory.seconds
        matrix = tuple(tuple(scale * entry for entry in row) for row in memory.products)
        return CovarianceMatrix(self.tokens, matrix, memory.seconds)
