"""Who moves the rates from the side of debt."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from trimtab.core.actions import Action, Borrow, Repay, Supply
from trimtab.core.market import Place
from trimtab.core.quantise import Rounding, quantise
from trimtab.core.token import Address, Token
from trimtab.lab.agents.scene import GWEI, Order, Scene, holdings_in, tip
from trimtab.protocols.aave_v3 import LendingPool, health_factor, utilisation

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
    pool: LendingPool
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
        used = utilisation(scene.states, self.pool, self.token) / _RAY
        wished = used + self.reversion * (self.mean - used) + self.noise * draw
        step = min(max(wished, 0.0), 0.98) - used
        reserve = scene.states[self.pool].reserve(self.token)
        lying = scene.balance(reserve.reserve.a_token, self.token)
        whole = lying / (1.0 - used) if used < 1.0 else 0.0
        return quantise(step * whole, 1, Rounding.DOWN)

    def _borrowing(self, scene: Scene, raw: int) -> Action | None:
        borrowing = Borrow(self.account, self.pool.id, self.token, raw, self.account)
        after = scene.after(borrowing)
        if after is None:
            return None
        health = health_factor(after, self.pool, self.account)
        return borrowing if health is not None and health >= self.healthy * _WAD else None

    def _repayment(self, scene: Scene, raw: int) -> Action | None:
        # One base unit is left, since by the time the block comes all of it could be too much.
        payable = min(raw, self._owed(scene) - 1, scene.balance(self.account, self.token))
        if payable <= 0:
            return None
        return Repay(self.account, self.pool.id, self.token, payable, self.account)

    def _is_healthy(self, scene: Scene) -> bool:
        health = health_factor(scene.states, self.pool, self.account)
        return health is None or health >= self.healthy * _WAD

    def _owed(self, scene: Scene) -> int:
        debt = Place(self.pool.id, self.token, "debt")
        return -holdings_in(scene.states, self.account).get(debt, 0)
