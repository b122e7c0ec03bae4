"""Who keeps pools near the outside price."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from trimtab.core.actions import Swap
from trimtab.core.token import Address
from trimtab.lab.agents.scene import GWEI, Order, Scene
from trimtab.protocols.uniswap_v3 import Pool, amount_to_price, quote, spot_price

_PIPS = 10**6


@dataclass(frozen=True, slots=True)
class Arbitrageur:
    """Moves a pool until its price, fee included, meets the outside price.

    It acts only where that pays for the gas, hedges outside at the outside price (so its stock
    here is the only bound), and reverts rather than sell below that price.
    """

    name: str
    account: Address
    pools: tuple[Pool, ...]
    native: str
    """The symbol whose outside price is that of the native currency, in which gas is paid."""
    gas: int = 130_000
    tip: int = 5 * GWEI

    def act(self, scene: Scene, draws: np.random.Generator) -> tuple[Order, ...]:
        """One swap in each pool that is worth it."""
        swaps = [self._swap(scene, pool) for pool in self.pools]
        return tuple(Order(swap, self.tip) for swap in swaps if swap is not None)

    def _swap(self, scene: Scene, pool: Pool) -> Swap | None:
        target = self._target(scene, pool)
        if target is None:
            return None
        state = scene.states[pool]
        token_in, wanted = amount_to_price(state, pool, target)
        token_out = pool.token1 if token_in == pool.token0 else pool.token0
        amount_in = min(wanted, scene.balance(self.account, token_in))
        fair = math.ceil(amount_in * scene.price(token_in, token_out))
        gained = quote(state, pool, token_in, amount_in).amount_out - fair
        if scene.dollars(token_out, gained) <= self._cost(scene):
            return None
        return Swap(
            self.account,
            pool.id,
            token_in,
            token_out,
            amount_in,
            fair,
            deadline=scene.at,
            recipient=self.account,
        )

    def _target(self, scene: Scene, pool: Pool) -> int | None:
        """The pool's square-root price at which the fee leaves nothing; none inside of that."""
        outside = scene.price(pool.token0, pool.token1)
        left = Fraction(_PIPS - pool.fee, _PIPS)
        spot = spot_price(scene.states[pool], pool)
        if spot * left > outside:
            return _root(outside / left)
        if spot < outside * left:
            return _root(outside * left)
        return None

    def _cost(self, scene: Scene) -> Fraction:
        wei = self.gas * (scene.base_fee + self.tip)
        return Fraction(wei * scene.prices[self.native], 10**18 * 10**8)


def _root(price: Fraction) -> int:
    return math.isqrt((price.numerator << 192) // price.denominator)
