"""A book of ether bought with borrowed dollars: by a strategy of ours, and by an unwatched twin."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from trimtab.core.actions import Borrow, Supply
from trimtab.core.market import Place
from trimtab.core.strategy import Decision, Hold, Leg, Needs, Strategy, Target, View
from trimtab.core.token import Address
from trimtab.lab.agents import Order, Scene
from trimtab.lab.agents.rivals import best_swap
from trimtab.protocols.aave_v3 import LendingPool
from trimtab.protocols.uniswap_v3 import Pool

GWEI = 10**9


@dataclass(frozen=True, slots=True)
class Levered(Strategy):
    """Buys up to `leverage` once, and holds whatever happens."""

    collateral: Place
    debt: Place
    leverage: float = 3.0

    @property
    def needs(self) -> Needs:
        return self.collateral, self.debt

    def decide(self, view: View) -> Decision:
        if view.weight(self.debt) < -(self.leverage - 1) * 0.98:
            return Hold("it is levered")
        if view.prices.price(self.collateral.token) < 1500 * Fraction(10**6, 10**18):
            return Hold("ether is too cheap to begin")
        legs = Leg(self.collateral, self.leverage), Leg(self.debt, 1 - self.leverage)
        return Target(*legs, edge=1.0, why="lever up")


@dataclass(frozen=True, slots=True)
class Twin:
    """The same book without a manager: ether lent, dollars borrowed and sold, until three times."""

    name: str
    account: Address
    pool: LendingPool
    pools: tuple[Pool, ...]
    dollars: int
    until: int

    def act(self, scene: Scene, draws: np.random.Generator) -> tuple[Order, ...]:
        """A step of a loop: lend the ether there is, borrow half of its worth, sell that."""
        if scene.block > self.until:
            return ()
        by_symbol = {reserve.token.symbol: reserve.token for reserve in self.pool.reserves}
        usdc, weth = by_symbol["USDC"], by_symbol["WETH"]
        idle = scene.balance(self.account, weth)
        if scene.dollars(weth, idle) > 100:
            return (
                Order(Supply(self.account, self.pool.id, weth, idle, self.account), GWEI),
                *self._loan(scene, scene.dollars(weth, idle)),
            )
        lying = scene.dollars(usdc, scene.balance(self.account, usdc))
        swap = best_swap(scene, self.pools, self.account, usdc, weth, lying)
        return (Order(swap, GWEI),) if swap is not None and lying > 100 else ()

    def _loan(self, scene: Scene, lent: Fraction) -> tuple[Order, ...]:
        usdc = next(r.token for r in self.pool.reserves if r.token.symbol == "USDC")
        debt = scene.states[self.pool].account(self.account).scaled_debts[usdc]
        left = max(Fraction(2 * self.dollars) - scene.dollars(usdc, debt), Fraction(0))
        raw = scene.raw(usdc, int(min(lent * Fraction(3, 4), left)))
        if not raw:
            return ()
        loan = Borrow(self.account, self.pool.id, usdc, raw, self.account)
        return (Order(loan, GWEI),)
