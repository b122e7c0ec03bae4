"""Who moves the rates from the side of debt."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from trimtab.core.actions import Action, Borrow, Repay, Supply
from trimtab.core.quantise import Rounding, quantise
from trimtab.core.token import Address, Token
from trimtab.lab.agents.scene import GWEI, Order, Scene, tip
from trimtab.protocols import aave_v3, morpho
from trimtab.protocols.aave_v3 import LendingPool
from trimtab.protocols.morpho import LendingMarket
from trimtab.risk import lenders

_RAY = 10**27
_WAD = 10**18
_LEAST_DOLLARS = 100


@dataclass(frozen=True, slots=True)
class Borrower:
    """Borrows and repays so that a reserve's utilisation wanders around its mean.

    Per block a share `reversion` of the gap to the mean closes, and noise of standard deviation
    `noise` is added. No borrowing leaves the health factor under `healthy`; where prices brought
    it under, debt is repaid before anything else.
    """

    name: str
    account: Address
    pool: LendingPool | LendingMarket
    token: Token
    collateral: Token
    mean: float
    reversion: float = 0.05
    noise: float = 0.02
    healthy: Fraction = Fraction(7, 5)

    def act(self, scene: Scene, draws: np.random.Generator) -> tuple[Order, ...]:
        """Collateral first; then a borrowing or a repayment that the pool accepts."""
        wished, bid = float(draws.standard_normal()), tip(draws, GWEI)
        action = self._action(scene, wished)
        if action is None or scene.after(action) is None:
            return ()
        return (Order(action, bid),)

    def _action(self, scene: Scene, draw: float) -> Action | None:
        idle = scene.balance(self.account, self.collateral)
        if scene.dollars(self.collateral, idle) >= _LEAST_DOLLARS:
            return Supply(self.account, self.pool.id, self.collateral, idle, self.account)
        change = self._wished_change(scene, draw)
        if not self._is_healthy(scene):
            change = min(change, -self._owed(scene) // 4)
        if abs(scene.dollars(self.token, change)) < _LEAST_DOLLARS:
            return None
        return self._borrowing(scene, change) if change > 0 else self._repayment(scene, -change)

    def _wished_change(self, scene: Scene, draw: float) -> int:
        """Base units of debt to add, or to repay where it is negative."""
        used = self._used(scene)
        wished = used + self.reversion * (self.mean - used) + self.noise * draw
        step = min(max(wished, 0.0), 0.98) - used
        lying = lenders.lying(scene.states, self.pool, self.token)
        whole = lying / (1.0 - used) if used < 1.0 else 0.0
        return quantise(step * whole, 1, Rounding.DOWN)

    def _borrowing(self, scene: Scene, raw: int) -> Action | None:
        borrowing = Borrow(self.account, self.pool.id, self.token, raw, self.account)
        after = scene.after(borrowing)
        if after is None:
            return None
        health = lenders.health_factor(after, self.pool, self.account)
        return borrowing if health is not None and health >= self.healthy else None

    def _repayment(self, scene: Scene, raw: int) -> Action | None:
        # One base unit is left, since by the time the block comes all of it could be too much.
        payable = min(raw, self._owed(scene) - 1, scene.balance(self.account, self.token))
        if payable <= 0:
            return None
        return Repay(self.account, self.pool.id, self.token, payable, self.account)

    def _is_healthy(self, scene: Scene) -> bool:
        health = lenders.health_factor(scene.states, self.pool, self.account)
        return health is None or health >= self.healthy

    def _owed(self, scene: Scene) -> int:
        return lenders.owed(scene.states, self.pool, self.account, self.token)

    def _used(self, scene: Scene) -> float:
        if isinstance(self.pool, LendingMarket):
            return morpho.utilisation(scene.states, self.pool) / _WAD
        return aave_v3.utilisation(scene.states, self.pool, self.token) / _RAY
