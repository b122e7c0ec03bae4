"""Liquidity in one range of a pool, around a mean of its price, moved when that pays."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta

from trimtab.core.market import Place, pooled, wallet
from trimtab.core.strategy import (
    Decision,
    Hold,
    Leg,
    Needs,
    Strategy,
    Target,
    View,
    check_range,
)
from trimtab.protocols.shared.ticks import MAX_TICK, Q96
from trimtab.protocols.uniswap_v3 import Pool
from trimtab.signals import Covariance, FeeRate, MeanTick

FILLED = 0.9
"""The part of what may be placed below which a range that stays is filled up."""

_LOG_OF_TICK = math.log(1.0001)
Ticks = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ConcentratedLiquidity(Strategy):
    """A share of the equity as liquidity in a range of `pool` around the mean of its price.

    The range reaches `width` standard deviations of the price over `span` to either side of the
    `MeanTick`, and stays until the price leaves it or the mean has drifted by `drift` of its half
    width. What liquidity L earns a year is L (g0 p0 + g1 p1) from the pool's own recent fees
    (`FeeRate`), shared with all that is in range, less what better informed trades take of it,
    L sigma^2 sqrt(p) / 4 in token1 (Milionis, Moallemi, Roughgarden and Zhang, "Automated Market
    Making and Loss-Versus-Rebalancing", 2022). The edge is that of the new range less that of the
    old one; where fees do not pay for the losses nothing stays in the pool.
    """

    pool: Pool
    share: float = 1.0
    width: float = 2.0
    span: timedelta = timedelta(days=1)
    drift: float = 0.5
    halflife: timedelta = timedelta(days=1)
    least_edge: float = 0.0

    def __post_init__(self) -> None:
        check_range("share", self.share, 0, 1)
        check_range("width", self.width, 1e-3, 1e3)
        check_range("span", self.span.total_seconds(), 1, 1e10)
        check_range("drift", self.drift, 0, 1)
        check_range("least_edge", self.least_edge, -1e3, 1e3)

    @property
    def covariance(self) -> Covariance:
        """The signal that widths and losses are drawn from."""
        return Covariance((self.pool.token0, self.pool.token1), self.halflife)

    @property
    def fees(self) -> FeeRate:
        """What a unit of liquidity has earned."""
        return FeeRate(self.pool, self.halflife)

    @property
    def middle(self) -> MeanTick:
        """Around which tick the range is laid."""
        return MeanTick(self.pool, self.span)

    @property
    def needs(self) -> Needs:
        """The pool, both tokens and the signals."""
        tokens = (wallet(self.pool.token0), wallet(self.pool.token1))
        return (self.pool, *tokens, self.covariance, self.fees, self.middle)

    def decide(self, view: View) -> Decision:
        """The range to be in, or why the old one stays."""
        state = view[self.pool]
        if view.equity <= 0 or not state.sqrt_price_x96:
            return Hold("there is nothing to place, or the pool has no price")
        variance = self._variance(view)
        if not variance:
            return Hold("the price has not moved yet: no range can be laid around it")
        old = self._range_held(view)
        new = self._range_wished(view, variance)
        if old and self._stays(view, old, new):
            placed = sum(view.weight(self._place(index, old)) for index in (0, 1))
            if placed >= FILLED * self.share:
                return Hold(f"in range: tick {state.tick} in {_shown(old)}")
            edge = self._earns(view, old, variance) * (self.share - placed)
            return Target(*self._legs(view, old), edge=edge, why=f"fill up {_shown(old)}")
        earns = self._earns(view, new, variance)
        if earns <= self.least_edge:
            words = f"liquidity in {_shown(new)} would earn {earns:+.1%} a year"
            return Target(why=f"{words}: leave the pool", edge=0.0) if old else Hold(words)
        earned = self._earns(view, old, variance) if old else 0.0
        edge = (earns - earned) * self.share
        why = f"liquidity in {_shown(new)} earns {earns:+.1%} a year"
        return Target(*self._legs(view, new), edge=edge, why=why)

    def _range_held(self, view: View) -> Ticks:
        """The range with the most of our liquidity, if there is any."""
        values: dict[Ticks, float] = {}
        for place, raw in view.amounts.items():
            if place.market == self.pool.id and place.is_pooled and raw > 0:
                values[place.ticks] = values.get(place.ticks, 0.0) + float(view.value(place))
        return max(values, key=lambda ticks: (values[ticks], ticks), default=())

    def _range_wished(self, view: View, variance: float) -> Ticks:
        """The range around the mean, at least one spacing to either side, the price inside."""
        spacing = self.pool.tick_spacing
        years = self.span / timedelta(days=365)
        half = self.width * math.sqrt(variance * years) / _LOG_OF_TICK
        steps = max(1, round(half / spacing))
        middle = round(view[self.middle] / spacing)
        now = view[self.pool].tick // spacing
        middle = min(max(middle, now - steps + 1), now + steps)
        most = MAX_TICK // spacing
        lower, upper = max(middle - steps, -most), min(middle + steps, most)
        return (lower * spacing, upper * spacing)

    def _stays(self, view: View, old: Ticks, new: Ticks) -> bool:
        lower, upper = old
        moved = abs((new[0] + new[1]) - (lower + upper)) / 2
        drifted = moved > self.drift * (upper - lower) / 2
        return lower <= view[self.pool].tick < upper and not drifted

    def _variance(self, view: View) -> float:
        """The variance per year of the logarithm of the pool's price."""
        return view[self.covariance].variance({self.pool.token0: 1.0, self.pool.token1: -1.0})

    def _earns(self, view: View, ticks: Ticks, variance: float) -> float:
        """The net yield per year of a numeraire unit in a range; zero outside of it."""
        state = view[self.pool]
        if not ticks[0] <= state.tick < ticks[1]:
            return 0.0
        root = state.sqrt_price_x96 / Q96
        prices = [float(view.prices.price(token)) for token in (self.pool.token0, self.pool.token1)]
        worth = sum(a * p for a, p in zip(_of_unit(root, ticks), prices, strict=True))
        ours = float(view.equity) * self.share / worth
        of_unit: tuple[float, float] = view[self.fees]
        fees = of_unit[0] * prices[0] + of_unit[1] * prices[1]
        shared = state.liquidity / (state.liquidity + ours)
        lost = variance * root / 4 * prices[1]
        return (fees * shared - lost) / worth

    def _legs(self, view: View, ticks: Ticks) -> tuple[Leg, ...]:
        """Both tokens in the proportion that the range takes at the pool's price."""
        root = view[self.pool].sqrt_price_x96 / Q96
        tokens = (self.pool.token0, self.pool.token1)
        amounts = _of_unit(root, ticks)
        values = [
            amount * float(view.prices.price(token))
            for token, amount in zip(tokens, amounts, strict=True)
        ]
        return tuple(
            Leg(self._place(index, ticks), self.share * value / sum(values))
            for index, value in enumerate(values)
        )

    def _place(self, index: int, ticks: Ticks) -> Place:
        return pooled(self.pool.id, (self.pool.token0, self.pool.token1)[index], ticks)


def _of_unit(root: float, ticks: Ticks) -> tuple[float, float]:
    """Both tokens in a unit of liquidity. Source: Uniswap V3 whitepaper, 6.29 and 6.30."""
    lower, upper = (math.exp(tick * _LOG_OF_TICK / 2) for tick in ticks)
    inside = min(max(root, lower), upper)
    return 1 / inside - 1 / upper, inside - lower


def _shown(ticks: Ticks) -> str:
    return f"ticks {ticks[0]} to {ticks[1]}"
