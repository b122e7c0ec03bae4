"""Limits: each compares exact fractions, measured with rounding against us."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from trimtab.core.market import MarketId, Place
from trimtab.core.plan import Measure

TURNOVER = "turnover per day"
STATE_AGE = "state age"
MAX_EQUITY = "max equity"
GAS_PER_DAY = "gas per day"
HEALTH = "health"
"""How the limit of every position that is owed begins, its market's name after it."""
REDUCE_ONLY = "reduce only"


@dataclass(frozen=True, slots=True)
class Fill:
    """One swap's value at oracle prices: what is sold, and the least that its bounds accept."""

    name: str
    sold: Fraction
    least: Fraction


@dataclass(frozen=True, slots=True)
class Scene:
    """What limits look at: a book's values now or after a plan, and what the plan does.

    `values` are in base units of the numeraire; `names` gives each place its ids (its own name,
    protocol, token). `age` is that of the state in seconds. `traded` is the value sold
    within the last 24 hours, `gas_spent` the most wei that gas may have cost within them, this
    plan included in both. `nearness` is how near to liquidation the account stands in each market
    where it owes: 1 over its health factor, by the market's name. `reduce_only` are the markets
    that may only be left.
    """

    values: Mapping[Place, Fraction]
    names: Mapping[Place, frozenset[str]]
    wallets: frozenset[Place]
    age: int
    fills: tuple[Fill, ...] = ()
    traded: Fraction = Fraction(0)
    gas_spent: int = 0
    nearness: Mapping[str, Fraction] = field(default_factory=dict)
    reduce_only: frozenset[MarketId] = frozenset()

    @property
    def equity(self) -> Fraction:
        """The worth of the whole book."""
        return sum(self.values.values(), Fraction(0))

    @property
    def idle(self) -> Fraction:
        """The worth of what lies in the account itself."""
        return sum((self.values.get(place, Fraction(0)) for place in self.wallets), Fraction(0))

    def held(self, name: str) -> Fraction:
        """The worth of all places that carry an id."""
        inside = (value for place, value in self.values.items() if name in self.names[place])
        return sum(inside, Fraction(0))

    def share(self, value: Fraction) -> Fraction:
        """A value over equity; all of it where there is no equity left to compare with."""
        equity = self.equity
        if equity > 0:
            return value / equity
        return Fraction(0) if not value else Fraction(1)


@dataclass(frozen=True, slots=True)
class Limits:
    """All limits of a mandate. To be at a limit is to keep it.

    State limits (caps, minimum idle, health) hold for the book at any moment and can be broken
    by the market; plan limits (turnover, slippage, age, equity, gas) hold for what we do.
    `health` is the least health factor, `gas_per_day` in wei.
    """

    caps: Mapping[str, Fraction] = field(default_factory=dict)
    turnover_per_day: Fraction = Fraction(1)
    minimum_idle: Fraction = Fraction(0)
    slippage: Fraction = Fraction(1, 100)
    state_age: int = 3600
    max_equity: Fraction | None = None
    health: Fraction = Fraction(1)
    gas_per_day: Fraction | None = None

    def of_state(self, scene: Scene) -> tuple[Measure, ...]:
        """Caps, minimum idle and health, measured on a book.

        The least that must be idle is measured as the most that may lie elsewhere, so that an
        empty account keeps it; the least health as how near to liquidation a position may be
        at most, so that one without debt keeps it.
        """
        capped = (
            Measure(f"cap {name}", scene.share(scene.held(name)), cap)
            for name, cap in self.caps.items()
        )
        placed = scene.share(scene.equity - scene.idle)
        healths = (
            Measure(f"{HEALTH} {name}", nearness, 1 / self.health)
            for name, nearness in scene.nearness.items()
        )
        idle = Measure("outside the wallet", placed, 1 - self.minimum_idle)
        return (*capped, idle, *healths)

    def of_plan(self, scene: Scene) -> tuple[Measure, ...]:
        """Turnover where it sells, age, slippage, gas and the managed equity, of a plan."""
        slips = (
            Measure(f"slippage {fill.name}", 1 - fill.least / fill.sold, self.slippage)
            for fill in scene.fills
            if fill.sold
        )
        turnover = Measure(TURNOVER, scene.share(scene.traded), self.turnover_per_day)
        measures = (
            *((turnover,) if scene.fills else ()),
            Measure(STATE_AGE, Fraction(scene.age), Fraction(self.state_age)),
            *slips,
        )
        if self.gas_per_day is not None:
            spent = Measure(GAS_PER_DAY, Fraction(scene.gas_spent), self.gas_per_day)
            measures = (*measures, spent)
        if self.max_equity is None:
            return measures
        return (*measures, Measure(MAX_EQUITY, scene.equity, self.max_equity))
