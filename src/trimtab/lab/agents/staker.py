"""Who stakes, and leaves through the queue."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trimtab.core.actions import ClaimWithdrawal, RequestWithdrawal, Stake
from trimtab.core.quantise import Rounding, quantise
from trimtab.core.token import Address
from trimtab.lab.agents.scene import GWEI, Order, Scene, tip
from trimtab.protocols.staking import StakingPool, exchange_rate, worth

_LEAST_DOLLARS = 100


@dataclass(frozen=True, slots=True)
class Staker:
    """Stakes and requests withdrawals so that the staked share of its stock wanders.

    It acts in `per_block` of the blocks. Then a share `reversion` of the gap to the mean closes,
    and noise of standard deviation `noise` is added. What was set aside for it, it claims.
    """

    name: str
    account: Address
    pool: StakingPool
    mean: float = 0.5
    per_block: float = 0.2
    reversion: float = 0.1
    noise: float = 0.1

    def act(self, scene: Scene, draws: np.random.Generator) -> tuple[Order, ...]:
        """Every claim that is due, and now and then a stake or a request."""
        draw, bid = float(draws.standard_normal()), tip(draws, GWEI)
        wished: list[ClaimWithdrawal | RequestWithdrawal | Stake] = [*self._claims(scene)]
        if float(draws.random()) < self.per_block:
            wished += self._change(scene, draw)
        return tuple(Order(each, bid) for each in wished if scene.after(each) is not None)

    def _claims(self, scene: Scene) -> list[ClaimWithdrawal]:
        queue = scene.states[self.pool].queue
        return [
            ClaimWithdrawal(self.account, self.pool.id, self.pool.asset, number)
            for number, request in queue.requests.items()
            if request.owner == self.account and number <= queue.finalised
        ]

    def _change(self, scene: Scene, draw: float) -> list[RequestWithdrawal | Stake]:
        state, asset = scene.states[self.pool], self.pool.asset
        idle, owned = scene.balance(self.account, asset), state.shares.balance(self.account)
        staked = worth(state, owned)
        whole = idle + staked + state.queue.of(self.account)
        if not whole:
            return []
        share = staked / whole
        wished = share + self.reversion * (self.mean - share) + self.noise * draw
        change = quantise((min(max(wished, 0.0), 1.0) - share) * float(whole), 1, Rounding.DOWN)
        if abs(scene.dollars(asset, change)) < _LEAST_DOLLARS:
            return []
        if change > 0:
            return [Stake(self.account, self.pool.id, asset, min(change, idle))]
        shares = min(int(-change / exchange_rate(state)), owned)
        return [RequestWithdrawal(self.account, self.pool.id, asset, shares)]
