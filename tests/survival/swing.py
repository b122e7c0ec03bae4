"""A strategy that always has something to do: every other period it wants another book."""

from __future__ import annotations

from dataclasses import dataclass

from trimtab.core.market import Place, wallet
from trimtab.core.strategy import Decision, Hold, Leg, Needs, Strategy, Target, View
from trimtab.core.token import Token


@dataclass(frozen=True, slots=True)
class Swing(Strategy):
    """More of everything in one period of so many seconds, less in the next, and back."""

    asset: Token
    lender: Place
    period: int = 24

    @property
    def needs(self) -> Needs:
        return wallet(self.asset), self.lender

    def decide(self, view: View) -> Decision:
        is_up = view.states.timestamp // self.period % 2 == 0
        asset, lent = (0.52, 0.30) if is_up else (0.48, 0.20)
        away = abs(view.weight(wallet(self.asset)) - asset)
        if away < 0.02 and abs(view.weight(self.lender) - lent) < 0.02:
            return Hold("it lies as it should")
        legs = Leg(wallet(self.asset), asset), Leg(self.lender, lent)
        return Target(*legs, edge=1.0, why="swing")
