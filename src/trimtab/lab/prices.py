"""What assets are worth outside the chain, where every agent can trade without moving a price."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

import numpy as np

from trimtab.core.errors import ConfigError
from trimtab.core.quantise import Rounding, quantise
from trimtab.lab.calibration import HOURS_PER_YEAR, MARKET, Calibration, Spread
from trimtab.lab.streams import stream

DOLLAR = 10**8
"""A dollar in the unit of outside prices, which is that of Chainlink's dollar feeds."""

_HOUR = 3600
_CALIBRATED = ("WETH", "WBTC")
_LOWEST_RETURN = -0.9
"""Nearer to zero than any jump comes; it keeps a price positive whatever is drawn."""


class OutsidePrices(Protocol):
    """Prices block by block, in dollars times 10**8 for a whole token, by symbol."""

    def at(self, step: int) -> Mapping[str, int]:
        """The prices at the moment of the step-th block; step 0 is where the world begins.

        Raises DataError where there are none.
        """


def constant(symbols: Sequence[str], start: Mapping[str, int]) -> dict[str, int]:
    """The tokens whose price does not move, `symbols` left out: those that begin at a dollar.

    Raises ConfigError for another token, since a price for it would be made up.
    """
    held = {symbol: price for symbol, price in start.items() if symbol not in symbols}
    if moving := [symbol for symbol, price in held.items() if price != DOLLAR]:
        raise ConfigError(
            f"there is no outside price of {', '.join(moving)}: known are {', '.join(symbols)} "
            "and tokens worth one dollar; give a history with --prices and --symbols"
        )
    return held


# --------------------------------------------------------------------------------- generated


class GeneratedPrices:
    """A path drawn from the calibrated market: regimes, normal returns, jumps in both assets.

    Every expected return is zero, so no path rewards holding. A step of more than an hour is
    drawn in equal parts of at most one, in each of which the regime moves at most once and each
    kind of jump comes at most once. Only sums, products and roots are taken, which IEEE 754
    defines to the last bit: one seed gives one path on every machine.
    """

    def __init__(
        self,
        seed: int,
        start: Mapping[str, int],
        block_seconds: int,
        calibration: Calibration = MARKET,
    ) -> None:
        self._constant = constant(_CALIBRATED, start)
        self._symbols = tuple(start)
        self._draws = stream(seed, "prices")
        self._parts = -(-block_seconds // _HOUR)
        self._hours = block_seconds / (_HOUR * self._parts)
        self._calibration = calibration
        self._levels = [float(start.get(symbol, DOLLAR)) for symbol in _CALIBRATED]
        self._regime = _chosen(
            self._draws.random(), [regime.share for regime in calibration.regimes[:-1]]
        )
        self._rows = [self._row()]

    def at(self, step: int) -> Mapping[str, int]:
        """The prices at a step; later ones are drawn when they are first asked for."""
        while len(self._rows) <= step:
            for _ in range(self._parts):
                self._move()
            self._rows.append(self._row())
        return self._rows[step]

    def _move(self) -> None:
        """One part of a step. It draws the same number of times whatever comes."""
        regimes = self._calibration.regimes
        leaves = [chance * self._hours for chance in regimes[self._regime].leaves]
        chosen = _chosen(self._draws.random(), leaves)
        self._regime = self._regime if chosen == len(leaves) else chosen
        scale = math.sqrt(self._hours)
        moves = [scale * move for move in _drawn(self._draws, regimes[self._regime].hourly)]
        for jump in self._calibration.jumps:
            comes = self._draws.random() < jump.per_year / HOURS_PER_YEAR * self._hours
            size = _drawn(self._draws, jump.size)
            if comes:
                moves = [move + part for move, part in zip(moves, size, strict=True)]
        self._levels = [
            level * (1.0 + max(move, _LOWEST_RETURN))
            for level, move in zip(self._levels, moves, strict=True)
        ]

    def _row(self) -> dict[str, int]:
        moving = {
            symbol: max(1, quantise(level, 1, Rounding.DOWN))
            for symbol, level in zip(_CALIBRATED, self._levels, strict=True)
        }
        return {symbol: (moving | self._constant)[symbol] for symbol in self._symbols}


def _chosen(draw: float, chances: Sequence[float]) -> int:
    """The index whose part of the unit interval the draw falls into; their number beyond all."""
    for index, chance in enumerate(chances):
        draw -= chance
        if draw < 0:
            return index
    return len(chances)


def _drawn(draws: np.random.Generator, spread: Spread) -> tuple[float, float]:
    """A normal pair with this spread: WETH, then WBTC."""
    first, second = float(draws.standard_normal()), float(draws.standard_normal())
    rest = math.sqrt(1.0 - spread.correlation * spread.correlation)
    return spread.weth * first, spread.wbtc * (spread.correlation * first + rest * second)


# ------------------------------------------------------------------------------------ broken


@dataclass(frozen=True, slots=True)
class Break:
    """From a step on, an asset's price is multiplied by a factor."""

    step: int
    symbol: str
    factor: Fraction


@dataclass(frozen=True, slots=True)
class BrokenPrices:
    """Other prices, with breaks; factors of one asset multiply, and a price stays positive.

    Breaks may be of assets besides that have no price here but one that follows another's.
    """

    prices: OutsidePrices
    breaks: tuple[Break, ...]

    def at(self, step: int) -> Mapping[str, int]:
        """The prices at a step, after every break up to it."""
        return {
            symbol: max(1, math.floor(price * self.factor(symbol, step)))
            for symbol, price in self.prices.at(step).items()
        }

    def factor(self, symbol: str, step: int) -> Fraction:
        """What an asset's price is multiplied by at a step."""
        past = (each for each in self.breaks if each.step <= step and each.symbol == symbol)
        return math.prod((each.factor for each in past), start=Fraction(1))
