"""Who moves the rates from the side of supply."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trimtab.core.actions import Supply, Withdraw
from trimtab.core.quantise import Rounding, quantise
from trimtab.core.token import Address, Token
from trimtab.lab.agents.scene import GWEI, Order, Scene, tip
from trimtab.risk import lenders

_LEAST_DOLLARS = 100


@dataclass(frozen=True, slots=True)
class Lender:
    """Supplies and withdraws so that the lent share of its stock wanders around its mean.

    The stock is of one token, lent to a pool, to an isolated market or to a vault. Per block a
    share `reversion` of the gap to the mean closes, and noise of standard deviation `noise` is
    added.
    """

    name: str
    account: Address
    pool: lenders.Lender
    token: Token
    mean: float = 0.5
    reversion: float = 0.05
    noise: float = 0.05

    def act(self, scene: Scene, draws: np.random.Generator) -> tuple[Order, ...]:
        """A supply or a withdrawal that the pool accepts."""
        draw, bid = float(draws.standard_normal()), tip(draws, GWEI)
        idle = scene.balance(self.account, self.token)
        lent = lenders.supplied(scene.states, self.pool, self.account, self.token, scene.at)
        if not idle + lent:
            return ()
        share = lent / (idle + lent)
        wished = share + self.reversion * (self.mean - share) + self.noise * draw
        step = min(max(wished, 0.0), 1.0) - share
        change = quantise(step * float(idle + lent), 1, Rounding.DOWN)
        if abs(scene.dollars(self.token, change)) < _LEAST_DOLLARS:
            return ()
        action = self._supply(idle, change) if change > 0 else self._withdrawal(scene, -change)
        return () if scene.after(action) is None else (Order(action, bid),)

    def _supply(self, idle: int, raw: int) -> Supply:
        return Supply(self.account, self.pool.id, self.token, min(raw, idle), self.account)

    def _withdrawal(self, scene: Scene, raw: int) -> Withdraw:
        most = lenders.withdrawable(scene.states, self.pool, self.account, self.token)
        return Withdraw(self.account, self.pool.id, self.token, min(raw, most), self.account)
