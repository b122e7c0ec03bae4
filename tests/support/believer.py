"""A strategy that believes every price: half of each of two tokens, whatever it costs."""

from __future__ import annotations

from dataclasses import dataclass

from trimtab.core.market import wallet
from trimtab.core.strategy import Decision, Leg, Needs, Strategy, Target, View
from trimtab.core.token import Token


@dataclass(frozen=True, slots=True)
class Believer(Strategy):
    """Who lies about the price of the asset makes it trade at every block."""

    asset: Token

    @property
    def needs(self) -> Needs:
        return (wallet(self.asset),)

    def decide(self, view: View) -> Decision:
        return Target(Leg(wallet(self.asset), 0.5), edge=100.0, why="half and half")
