"""Strategies and what they see: a pure function from a view to a target."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Generic, TypeVar, cast, overload

from trimtab.core.errors import ConfigError, MissingRead, PlanError
from trimtab.core.market import Market, Place, State
from trimtab.core.prices import Prices
from trimtab.core.states import States
from trimtab.core.token import Amount

T = TypeVar("T")
M = TypeVar("M")
S = TypeVar("S", bound=State)


class Signal(ABC, Generic[M, T]):
    """A fold over views: batch is online. Frozen and hashable, so that it names itself."""

    @property
    @abstractmethod
    def start(self) -> M:
        """The memory before anything was seen."""

    @abstractmethod
    def step(self, memory: M, view: View) -> M:
        """The memory after one more view."""

    @abstractmethod
    def value(self, memory: M) -> T:
        """What the memory says now."""


AnySignal = Signal[Any, Any]
Need = Place | AnySignal | Market[Any]
Needs = tuple[Need, ...]


@dataclass(frozen=True, slots=True)
class Costs:
    """What acting costs now, by the model and never by an estimate.

    `gas` is numeraire base units per unit of gas at the plan's expected fee; `gas_of` is units
    of gas per kind of action, by the action's class name.
    """

    gas: Fraction
    gas_of: Mapping[str, int]

    def action(self, kind: str) -> Fraction:
        """What one action of a kind costs in numeraire base units."""
        return self.gas * self.gas_of[kind]


@dataclass(frozen=True, slots=True)
class View:
    """States, prices, signals and the strategy's own sub-book at one moment.

    `amounts` are base units of each place's token, negative for debts; `view[x]` gives the
    state of a market, the amount in a place, or the value of a signal. `exposures` are what the
    positions at perpetuals are exposed to, in base units of the numeraire, negative for a short:
    what such a place is worth is only what the position has gained.
    """

    states: States
    prices: Prices
    amounts: Mapping[Place, int]
    signals: Mapping[AnySignal, object]
    costs: Costs
    exposures: Mapping[Place, Fraction] = field(default_factory=dict)

    @overload
    def __getitem__(self, key: Place) -> Amount: ...
    @overload
    def __getitem__(self, key: Signal[M, T]) -> T: ...
    @overload
    def __getitem__(self, key: Market[S]) -> S: ...
    def __getitem__(self, key: Place | Signal[M, T] | Market[S]) -> Amount | T | S:
        if isinstance(key, Place):
            return Amount(key.token, self.amounts.get(key, 0))
        if isinstance(key, Market):
            return self.states[key]
        try:
            return cast(T, self.signals[key])
        except KeyError:
            raise MissingRead(f"{key} is not among the strategy's needs: declare it") from None

    @property
    def equity(self) -> Fraction:
        """What the sub-book is worth in base units of the numeraire."""
        return sum(map(self.value, self.amounts), Fraction(0))

    def value(self, place: Place) -> Fraction:
        """What the sub-book has in a place, in base units of the numeraire."""
        return self.prices.value(self[place])

    def weight(self, place: Place) -> float:
        """The share of the sub-book's equity in a place; 0 where it has no equity.

        Of a position at a perpetual it is that of the exposure, negative for a short.
        """
        equity = self.equity
        value = self.exposure(place) if place.is_position else self.value(place)
        return float(value / equity) if equity else 0.0

    def exposure(self, place: Place) -> Fraction:
        """What a position at a perpetual is exposed to, in base units of the numeraire."""
        return self.exposures.get(place, Fraction(0))


@dataclass(frozen=True, slots=True)
class Leg:
    """A wished weight of the strategy's equity in a place; negative is short or owed.

    Of a position at a perpetual the weight is that of the exposure, and `margin` the share of the
    equity that the account at the perpetual is to be worth, what the position gained included.
    Raises PlanError for a weight or a margin that is not finite, and for a margin below zero or
    elsewhere.
    """

    place: Place
    weight: float
    margin: float = 0.0

    def __post_init__(self) -> None:
        _check_finite(self.weight, f"the wished weight of {self.place}")
        _check_finite(self.margin, f"the wished margin of {self.place}")
        if self.margin < 0 or (self.margin and not self.place.is_position):
            raise PlanError(
                f"a margin of {self.margin} is wished for {self.place}: give 0 or more, and only "
                "for a position at a perpetual"
            )

    @property
    def share(self) -> float:
        """The share of the equity that lies there: of a position its margin."""
        return self.margin if self.place.is_position else self.weight


@dataclass(frozen=True, slots=True, init=False)
class Target:
    """Wished weights, the expected edge per year as a share of equity, and why.

    What the legs leave of the equity rests in the wallet as the numeraire. Raises PlanError for
    an edge that is not finite.
    """

    legs: tuple[Leg, ...]
    edge: float
    why: str

    def __init__(self, *legs: Leg, edge: float = 0.0, why: str = "") -> None:
        _check_finite(edge, "the edge of a target")
        object.__setattr__(self, "legs", legs)
        object.__setattr__(self, "edge", edge)
        object.__setattr__(self, "why", why)


@dataclass(frozen=True, slots=True)
class Hold:
    """Keep the book as it is, and why."""

    why: str


Decision = Target | Hold


class Strategy(ABC):
    """A pure function from a view to a target."""

    @property
    @abstractmethod
    def needs(self) -> Needs:
        """The places, signals and markets that `decide` looks at."""

    @abstractmethod
    def decide(self, view: View) -> Decision:
        """The wished book, or a reason to hold."""


def _check_finite(value: float, what: str) -> None:
    if not math.isfinite(value):
        raise PlanError(
            f"{what} is {value}, expected a finite number: look for a division by zero or a "
            "signal without data in the strategy"
        )


def signals_of(needs: Needs) -> tuple[AnySignal, ...]:
    """The signals among the needs, each once, in order."""
    return tuple(dict.fromkeys(need for need in needs if isinstance(need, Signal)))


def check_weights(weights: Mapping[str, float]) -> None:
    """Raise ConfigError unless there are weights, each from 0 to 1, that sum to at most 1."""
    if not weights:
        raise ConfigError("`weights` is empty: name at least one token")
    for name, weight in weights.items():
        check_range(f"weights.{name}", weight, 0, 1)
    total = sum(weights.values())
    if total > 1 + 1e-12:
        raise ConfigError(f"`weights` sum to {total:g}, expected at most 1: lower some of them")


def check_range(name: str, value: float, least: float, most: float) -> None:
    """Raise ConfigError for a parameter outside its range; NaN is outside of any."""
    if not least <= value <= most:
        raise ConfigError(f"`{name}` is {value}, expected {least:g} to {most:g}")
