"""Shares of a stake held several times over, against a debt of what is staked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from trimtab.core.errors import ConfigError
from trimtab.core.market import Place
from trimtab.core.strategy import Decision, Hold, Leg, Needs, Strategy, Target, View, check_range
from trimtab.protocols import aave_v3, aave_v36
from trimtab.protocols.staking import StakingPool, peg
from trimtab.signals import StakingYield

OPEN = 0.01
"""The share of the equity from which a debt is a loop and no rest of one."""

RAY, BPS = 10**27, 10**4


@dataclass(frozen=True, slots=True)
class LeveragedStaking(Strategy):
    """Long `leverage` times the equity in shares of `stake`, owing the rest of it.

    `collateral` is where the shares are lent, `debt` what is owed there: the staked token. It
    opens where staking pays `enter` a year more than the debt costs, and leaves below `leave`.
    With y the stake's yield and r the debt's rate, L the leverage, c and d what is lent and owed
    now as shares of the equity, the edge is |y (L - c) - r (L - 1 - d)|. While shares trade more
    than `most_discount` below their rate it does not open, and it opens with no less than
    `least_health` by the pool's own threshold. The rate is that before our own borrowing.
    """

    stake: StakingPool
    collateral: Place
    debt: Place
    leverage: float = 3.0
    enter: float = 0.01
    leave: float = 0.0
    most_discount: float = 0.01
    least_health: float = 1.1
    halflife: timedelta = timedelta(days=7)

    def __post_init__(self) -> None:
        check_range("leverage", self.leverage, 1, 20)
        check_range("enter", self.enter, self.leave, 100)
        check_range("most_discount", self.most_discount, 0, 1)
        check_range("least_health", self.least_health, 1, 100)
        is_loop = self.debt.is_debt and self.debt.market == self.collateral.market
        sides = (self.collateral.token.address, self.debt.token.address)
        if not is_loop or sides != (self.stake.address, self.stake.asset.address):
            raise ConfigError(
                f"`collateral` {self.collateral} and `debt` {self.debt} are no loop of "
                f"{self.stake.name}: name its shares and its token at one lender, such as "
                "aave_v3:stWETH and aave_v3:WETH:debt"
            )

    @property
    def earned(self) -> StakingYield:
        """What the stake earns."""
        return StakingYield(self.stake, self.halflife)

    @property
    def needs(self) -> Needs:
        """Both sides of the loop, the stake and its yield."""
        return self.collateral, self.debt, self.stake, self.earned

    def decide(self, view: View) -> Decision:
        """The whole loop, nothing, or why not."""
        earned, (rate, threshold) = view[self.earned], self._terms(view)
        lent, owed = view.weight(self.collateral), -view.weight(self.debt)
        if earned is None:
            return Hold("the stake has not told its yield yet")
        told = f"staking pays {earned:.2%} a year, the debt costs {rate:.2%}"
        if max(owed, lent) > OPEN and earned - rate < self.leave:
            return Target(why=f"{told}: less than {self.leave:.2%} between them, leave")
        if owed <= OPEN and earned - rate < self.enter:
            return Hold(f"{told}: less than {self.enter:.2%} between them")
        discount = 1 - float(peg(view.states, self.stake))
        if discount > self.most_discount:
            return Hold(f"shares trade {discount:.2%} below their rate")
        health = self.health(threshold)
        if health < self.least_health:
            return Hold(f"a health factor of {health:.2f} is below {self.least_health:.2f}")
        edge = abs(earned * (self.leverage - lent) - rate * (self.leverage - 1 - owed))
        return Target(
            Leg(self.collateral, self.leverage),
            Leg(self.debt, 1 - self.leverage),
            edge=edge,
            why=f"{told}; health factor {health:.2f}",
        )

    def health(self, threshold: float) -> float:
        """The health factor of the whole loop, at a threshold of liquidation."""
        owed = self.leverage - 1
        return self.leverage * threshold / owed if owed else float("inf")

    def _terms(self, view: View) -> tuple[float, float]:
        """What the debt costs a year, and the share of collateral at which liquidation begins."""
        pool, token = view.states.market(self.debt.market), self.debt.token
        if isinstance(pool, aave_v3.LendingPool):
            rate = aave_v3.variable_borrow_rate(view.states, pool, token)
            settings = view[pool].reserve(self.collateral.token).configuration
        elif isinstance(pool, aave_v36.LendingPool36):
            rate = aave_v36.variable_borrow_rate(view.states, pool, token)
            settings = view[pool].reserve(self.collateral.token).configuration
        else:
            raise ConfigError(f"{pool.name} is none of Aave's pools: lend the shares at one")
        return float(rate) / RAY, settings.liquidation_threshold / BPS
