"""Who pays back what others owe too much of, for their collateral at a discount."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from trimtab.core.actions import ALL, Liquidate
from trimtab.core.market import Place
from trimtab.core.token import Address
from trimtab.lab.agents.scene import GWEI, Order, Scene, holdings_in, tip
from trimtab.protocols.aave_v3 import LendingPool
from trimtab.protocols.morpho import LendingMarket
from trimtab.risk import health_factor


@dataclass(frozen=True, slots=True)
class Liquidator:
    """Liquidates whoever is beyond the limit at one of its lenders, the largest debt first.

    It pays more than others for its place in the block, and takes the largest collateral.
    """

    name: str
    account: Address
    lenders: tuple[LendingPool | LendingMarket, ...]

    def act(self, scene: Scene, draws: np.random.Generator) -> tuple[Order, ...]:
        """One liquidation for every account that the lender lets be liquidated."""
        bid = tip(draws, 10 * GWEI)
        orders = (self._actions(scene, lender) for lender in self.lenders)
        return tuple(Order(action, bid) for actions in orders for action in actions)

    def _actions(self, scene: Scene, lender: LendingPool | LendingMarket) -> Iterator[Liquidate]:
        for owner in _owners(scene, lender):
            health = health_factor(scene.states, lender, owner)
            if owner == self.account or health is None or health >= 1:
                continue
            wished = self._liquidations(scene, lender, owner)
            action = next((each for each in wished if scene.after(each)), None)
            if action is not None:
                yield action

    def _liquidations(
        self, scene: Scene, lender: LendingPool | LendingMarket, owner: Address
    ) -> Iterator[Liquidate]:
        """The whole debt; where an isolated market's collateral is less, all of that."""
        held = holdings_in(scene.states, owner)
        here = {place: raw for place, raw in held.items() if place.market == lender.id}
        worth = {place: scene.dollars(place.token, abs(raw)) for place, raw in here.items()}
        debts: list[Place] = sorted((p for p in here if p.is_debt), key=lambda p: (-worth[p], p))
        lent: list[Place] = sorted((p for p in here if not p.is_debt), key=lambda p: (-worth[p], p))
        if not debts or not lent:
            return
        pair = (self.account, lender.id, owner, lent[0].token, debts[0].token)
        if isinstance(lender, LendingMarket):
            yield Liquidate(*pair, debt=scene.states[lender].position(owner).borrow_shares)
            yield Liquidate(*pair, debt=0, seized=here[lent[0]])
        else:
            yield Liquidate(*pair, debt=ALL)


def _owners(scene: Scene, lender: LendingPool | LendingMarket) -> tuple[Address, ...]:
    if isinstance(lender, LendingMarket):
        return tuple(scene.states[lender].positions)
    return tuple(scene.states[lender].accounts)
