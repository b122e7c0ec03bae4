"""Who earns for a staking pool, says so, and lets leavers go: its oracle and its operator."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trimtab.core.actions import FinaliseWithdrawals, ReportRewards, Transfer
from trimtab.core.market import token_market
from trimtab.core.quantise import Bps
from trimtab.core.token import Address
from trimtab.lab.agents.scene import GWEI, Order, Scene
from trimtab.protocols.staking import StakingPool, buffer

_DAY = 86_400
_YEAR = 365 * _DAY
_REWARDS = Bps(300)


@dataclass(frozen=True, slots=True)
class Validators:
    """Reports once a day what all that is staked earned since, and pays it in.

    `rewards` are those of a year, in basis points of what is pooled.
    """

    name: str
    account: Address
    pool: StakingPool
    rewards: Bps = _REWARDS

    def act(self, scene: Scene, draws: np.random.Generator) -> tuple[Order, ...]:
        """A report and its payment, where a day has passed since the last."""
        state = scene.states[self.pool]
        passed = scene.at - state.reported_at
        earned = state.pooled * self.rewards * passed // (10_000 * _YEAR)
        report = ReportRewards(self.account, self.pool.id, earned)
        if passed < _DAY or not earned or scene.after(report) is None:
            return ()
        asset = self.pool.asset
        paid = Transfer(self.account, token_market(asset), asset, self.pool.address, earned)
        return Order(report, GWEI), Order(paid, GWEI)


@dataclass(frozen=True, slots=True)
class QueueOperator:
    """Now and then sets everything aside that waits in a staking pool's queue, if it is there."""

    name: str
    account: Address
    pool: StakingPool
    per_block: float = 1 / 12

    def act(self, scene: Scene, draws: np.random.Generator) -> tuple[Order, ...]:
        """A finalisation up to the last request."""
        queue = scene.states[self.pool].queue
        comes = float(draws.random()) < self.per_block
        if not comes or not queue.waiting or queue.waiting > buffer(scene.states, self.pool):
            return ()
        return (Order(FinaliseWithdrawals(self.account, self.pool.id, queue.last), GWEI),)
