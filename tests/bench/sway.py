"""A strategy that moves the whole book in every block: the most that a turn can have to do."""

from __future__ import annotations

from dataclasses import dataclass

from trimtab.core.market import Place, wallet
from trimtab.core.strategy import Decision, Leg, Needs, Strategy, Target, View
from trimtab.core.token import Token


@dataclass(frozen=True, slots=True)
class Sway(Strategy):
    """Some tokens more and others less, and the other way in the next block.

    Every second of the `assets` takes a `weight` of the book where the others take that and `by`
    more; each of the `lenders` gets a `weight` and sways too.
    """

    assets: tuple[Token, ...]
    lenders: tuple[Place, ...]
    weight: float
    by: float
    period: int = 12

    @property
    def needs(self) -> Needs:
        return (*map(wallet, self.assets), *self.lenders)

    def decide(self, view: View) -> Decision:
        turn = view.states.timestamp // self.period
        places = (*map(wallet, self.assets), *self.lenders)
        legs = (
            Leg(place, self.weight + self.by * ((turn + number) % 2))
            for number, place in enumerate(places)
        )
        return Target(*legs, edge=1.0, why="sway")
