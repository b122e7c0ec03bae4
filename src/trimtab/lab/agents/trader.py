"""Who trades for reasons of their own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trimtab.core.actions import Swap
from trimtab.core.quantise import Bps
from trimtab.core.token import Address
from trimtab.lab.agents.scene import GWEI, Order, Scene, tip
from trimtab.protocols.uniswap_v3 import Pool, quote

_TOLERANCE = Bps(100)


@dataclass(frozen=True, slots=True)
class Trader:
    """Random flow: a Poisson number of swaps a block, of lognormal size, either way, any pool.

    `median` is in whole dollars and `spread` the standard deviation of the size's logarithm. A
    swap sells no more than there is, and accepts `tolerance` less than the pool now gives.
    """

    name: str
    account: Address
    pools: tuple[Pool, ...]
    per_block: float = 1.0
    median: float = 2_000.0
    spread: float = 1.2
    tolerance: Bps = _TOLERANCE

    def act(self, scene: Scene, draws: np.random.Generator) -> tuple[Order, ...]:
        """The block's swaps."""
        count = int(draws.poisson(self.per_block))
        orders = [self._order(scene, draws) for _ in range(count)]
        return tuple(order for order in orders if order is not None)

    def _order(self, scene: Scene, draws: np.random.Generator) -> Order | None:
        pool = self.pools[int(draws.integers(len(self.pools)))]
        sells0 = bool(draws.integers(2))
        # Whole dollars: the last bit of a logarithm differs between machines, these do not.
        dollars = int(self.median * float(draws.lognormal(0.0, self.spread)))
        bid = tip(draws, GWEI)
        token_in = pool.token0 if sells0 else pool.token1
        token_out = pool.token1 if sells0 else pool.token0
        raw = min(scene.raw(token_in, dollars), scene.balance(self.account, token_in))
        expected = quote(scene.states[pool], pool, token_in, raw).amount_out
        if not expected:
            return None
        least = expected * (10_000 - self.tolerance) // 10_000
        return Order(
            Swap(
                self.account,
                pool.id,
                token_in,
                token_out,
                raw,
                least,
                deadline=scene.at,
                recipient=self.account,
            ),
            bid,
        )
