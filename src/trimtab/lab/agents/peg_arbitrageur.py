"""Who keeps the pools of a stake's shares near the peg."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trimtab.core.actions import Stake
from trimtab.core.token import Address
from trimtab.lab.agents.arbitrageur import Arbitrageur
from trimtab.lab.agents.scene import GWEI, Order, Scene
from trimtab.protocols.staking import StakingPool, worth


@dataclass(frozen=True, slots=True)
class PegArbitrageur:
    """Trades shares for what was staked where a pool's price is off, out of a stock of both.

    The stock of shares is `stocked` base units of the token, staked where less than half of it
    is left.
    """

    name: str
    account: Address
    stake: StakingPool
    stocked: int
    trading: Arbitrageur

    def act(self, scene: Scene, draws: np.random.Generator) -> tuple[Order, ...]:
        """A stake where shares run out, and one swap in each pool that is worth it."""
        return (*self._staked(scene), *self.trading.act(scene, draws))

    def _staked(self, scene: Scene) -> tuple[Order, ...]:
        state, asset = scene.states[self.stake], self.stake.asset
        left = worth(state, state.shares.balance(self.account))
        lacking = min(self.stocked - left, scene.balance(self.account, asset))
        if 2 * left >= self.stocked or lacking <= 0:
            return ()
        return (Order(Stake(self.account, self.stake.id, asset, lacking), GWEI),)
