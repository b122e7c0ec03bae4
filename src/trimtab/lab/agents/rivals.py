"""Who the manager is compared with: plain policies that start with the same book."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from trimtab.core.actions import Supply, Swap
from trimtab.core.token import Address, Token
from trimtab.lab.agents.scene import GWEI, Order, Scene
from trimtab.protocols.aave_v3 import LendingPool
from trimtab.protocols.uniswap_v3 import Pool, quote

_LEAST_DOLLARS = 10
_TOLERANCE = Fraction(1, 100)


@dataclass(frozen=True, slots=True)
class Hold:
    """Keeps what it has."""

    name: str
    account: Address

    def act(self, scene: Scene, draws: np.random.Generator) -> tuple[Order, ...]:
        """Nothing."""
        return ()


@dataclass(frozen=True, slots=True)
class PeriodicRebalance:
    """Every so many blocks, from the first, sells what is above its weight for what is below.

    Weights are of outside worth and sum to one; each swap goes through the single pool that
    gives most.
    """

    name: str
    account: Address
    weights: Mapping[Token, Fraction]
    pools: tuple[Pool, ...]
    every: int = 24

    def act(self, scene: Scene, draws: np.random.Generator) -> tuple[Order, ...]:
        """The swaps that bring every token to its weight, before fees."""
        if (scene.block - 1) % self.every:
            return ()
        gap = self._gaps(scene)
        orders: list[Order] = []
        for _ in self.weights:
            sold, bought = max(gap, key=gap.__getitem__), min(gap, key=gap.__getitem__)
            dollars = min(gap[sold], -gap[bought])
            swap = best_swap(scene, self.pools, self.account, sold, bought, dollars)
            if dollars < _LEAST_DOLLARS or swap is None:
                break
            orders.append(Order(swap, GWEI))
            gap[sold] -= dollars
            gap[bought] += dollars
            after = scene.after(swap)
            assert after is not None, "a swap of what there is goes through"
            scene = replace(scene, states=after)
        return tuple(orders)

    def _gaps(self, scene: Scene) -> dict[Token, Fraction]:
        """Dollars above weight by token, negative below."""
        worth = {
            token: scene.dollars(token, scene.balance(self.account, token))
            for token in self.weights
        }
        whole = sum(worth.values(), Fraction(0))
        return {token: worth[token] - weight * whole for token, weight in self.weights.items()}


@dataclass(frozen=True, slots=True)
class StaticLender:
    """Lends its book once and leaves it: each of `tokens` as it has it.

    With `into` it first sells its other tokens for that one, at most `slice_dollars` of each a
    block, so that the pools' depth and not haste decides what it pays.
    """

    name: str
    account: Address
    pool: LendingPool
    tokens: tuple[Token, ...]
    into: Token | None = None
    pools: tuple[Pool, ...] = ()
    slice_dollars: int = 25_000

    def act(self, scene: Scene, draws: np.random.Generator) -> tuple[Order, ...]:
        """Supplies of what idles; with `into`, after a slice of what is still to be sold."""
        if self.into is None:
            return self._supplies(scene, self.tokens)
        return (*self._sales(scene, self.into), *self._supplies(scene, (self.into,)))

    def _supplies(self, scene: Scene, tokens: tuple[Token, ...]) -> tuple[Order, ...]:
        idle = {token: scene.balance(self.account, token) for token in tokens}
        return tuple(
            Order(Supply(self.account, self.pool.id, token, raw, self.account), GWEI)
            for token, raw in idle.items()
            if scene.dollars(token, raw) >= _LEAST_DOLLARS
        )

    def _sales(self, scene: Scene, into: Token) -> tuple[Order, ...]:
        orders: list[Order] = []
        for token in self.tokens:
            worth = scene.dollars(token, scene.balance(self.account, token))
            dollars = min(worth, Fraction(self.slice_dollars))
            if token == into or dollars < _LEAST_DOLLARS:
                continue
            swap = best_swap(scene, self.pools, self.account, token, into, dollars)
            if swap is not None:
                orders.append(Order(swap, GWEI))
        return tuple(orders)


def best_swap(
    scene: Scene,
    pools: tuple[Pool, ...],
    account: Address,
    sold: Token,
    bought: Token,
    dollars: Fraction,
) -> Swap | None:
    """The sale of this worth through the pool that gives most; none where no pool has both."""
    raw = min(
        int(dollars / scene.dollars(sold, 1)),
        scene.balance(account, sold),
    )
    offers = [
        (quote(scene.states[pool], pool, sold, raw).amount_out, -number, pool)
        for number, pool in enumerate(pools)
        if {pool.token0, pool.token1} == {sold, bought}
    ]
    if not offers or not raw:
        return None
    most, _, pool = max(offers, key=lambda offer: offer[:2])
    least = int(most * (1 - _TOLERANCE))
    return Swap(account, pool.id, sold, bought, raw, least, deadline=scene.at, recipient=account)
