"""Spot held against a short of it on a perpetual, for the funding."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from trimtab.core.market import Place
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
from trimtab.protocols.perpetual import Perpetual
from trimtab.signals import FundingRate

OPEN = 0.01
"""The share of the equity from which a short is a trade and no rest of one."""


@dataclass(frozen=True, slots=True)
class BasisTrade(Strategy):
    """Delta-neutral basis: long `spot`, short `perpetual`, keep the funding.

    It opens where the funding, smoothed over `halflife`, pays `enter` a year and closes below
    `leave`; `leverage` is the short over the worth of its margin. Both legs are made anew where
    that leverage, or the exposure that is left, is off by `drift` of what it should be: a mark
    price that wavers moves both from block to block. Spot without a short, after a liquidation or
    half a close, is sold. The edge is the funding on the short.
    """

    spot: Place
    perpetual: Perpetual
    enter: float = 0.08
    leave: float = 0.02
    leverage: float = 2.0
    drift: float = 0.15
    halflife: timedelta = timedelta(days=3)

    def __post_init__(self) -> None:
        check_range("enter", self.enter, self.leave, 100)
        check_range("leverage", self.leverage, 0.1, 10)
        check_range("drift", self.drift, 0, 1)

    @property
    def carry(self) -> FundingRate:
        """What the short earns."""
        return FundingRate(self.perpetual, self.halflife)

    @property
    def needs(self) -> Needs:
        """The spot, the perpetual and its funding."""
        return self.spot, self.perpetual, self.carry

    def decide(self, view: View) -> Decision:
        """Both legs, none, or why not."""
        carry, short = view[self.carry], -view.weight(self.perpetual.position_place)
        is_open = short > OPEN
        if carry is None:
            return Hold("the perpetual cannot tell its funding yet")
        if carry < (self.leave if is_open else self.enter):
            if is_open:
                return Target(why=f"funding {carry:.1%} a year is below {self.leave:.1%}: close")
            if view.weight(self.spot) > OPEN:
                return Target(why="the spot is left without its short: sell it")
            return Hold(f"funding {carry:.1%} a year is below the entry at {self.enter:.1%}")
        size = self.leverage / (1 + self.leverage)
        if is_open and self._is_in_place(view, short):
            return Hold(f"funding pays {carry:.1%} a year; {short:.1%} short against the spot")
        return Target(
            Leg(self.spot, size),
            Leg(self.perpetual.position_place, -size, margin=1 - size),
            edge=max(carry, 0.0) * size,
            why=f"funding pays {carry:.1%} a year",
        )

    def _is_in_place(self, view: View, short: float) -> bool:
        """Whether leverage and exposure are near to what they should be."""
        places = (self.perpetual.margin_place, self.perpetual.position_place)
        margin = float(sum(map(view.value, places)) / view.equity)
        off = abs(short - self.leverage * margin)
        exposed = abs(view.weight(self.spot) - short)
        return max(off, exposed) <= self.drift * short
