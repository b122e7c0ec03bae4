"""Who pays back what others owe too much of, for their collateral at a discount."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from trimtab.core.actions import ALL, Liquidate
from trimtab.core.market import Place
from trimtab.core.token import Address
from trimtab.lab.agents.scene import GWEI, Order, Scene, holdings_in, tip
from trimtab.protocols.aave_v3 import LendingPool, health_factor

_WAD = 10**18


@dataclass(frozen=True, slots=True)
class Liquidator:
    """Liquidates whoever is beyond the limit at a lending pool, the largest debt first.

    It pays more than others for its place in the block, and takes the largest collateral.
    """

    name: str
    account: Address
    pool: LendingPool

    def act(self, scene: Scene, draws: np.random.Generator) -> tuple[Order, ...]:
        """One liquidation for every account that the pool lets be liquidated."""
        bid = tip(draws, 10 * GWEI)
        return tuple(Order(action, bid) for action in self._actions(scene))

    def _actions(self, scene: Scene) -> Iterator[Liquidate]:
        for owner in scene.states[self.pool].accounts:
            health = health_factor(scene.states, self.pool, owner)
            if owner == self.account or health is None or health >= _WAD:
                continue
            action = self._liquidation(scene, owner)
            if action is not None and scene.after(action) is not None:
                yield action

    def _liquidation(self, scene: Scene, owner: Address) -> Liquidate | None:
        held = holdings_in(scene.states, owner)
        here = {place: raw for place, raw in held.items() if place.market == self.pool.id}
        worth = {place: scene.dollars(place.token, abs(raw)) for place, raw in here.items()}
        debts: list[Place] = sorted((p for p in here if p.is_debt), key=lambda p: (-worth[p], p))
        lent: list[Place] = sorted((p for p in here if not p.is_debt), key=lambda p: (-worth[p], p))
        if not debts or not lent:
            return None
        return Liquidate(self.account, self.pool.id, owner, lent[0].token, debts[0].token, debt=ALL)
