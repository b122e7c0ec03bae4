"""Who trades at a perpetual: for reasons of their own, toward the index, and at liquidations."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from trimtab.core.actions import (
    Action,
    ClosePosition,
    LiquidatePosition,
    OpenPosition,
    Supply,
)
from trimtab.core.errors import NoRoute
from trimtab.core.quantise import Bps, Rounding, quantise
from trimtab.core.token import Address
from trimtab.lab.agents.scene import GWEI, Order, Scene, tip
from trimtab.lab.prices import DOLLAR
from trimtab.protocols.perpetual import Perpetual, quote_close, quote_open

_WAD = 10**18
_TOLERANCE = Bps(200)
_LEAST_DOLLARS = 100
_BAND = Fraction(1, 1000)
"""How far off an arbitrageur leaves the price, by what a trade costs: the perpetual's fee."""
_PREMIUM = Fraction(3, 10_000)
"""What longs pay a day while nobody leans either way: a hundredth of a percent in eight hours, at
which the rates of large exchanges rest."""
_LEAN = Fraction(1, 1_000)
"""How much the premium moves while an arbitrageur's position grows to all that it may be."""


@dataclass(frozen=True, slots=True)
class PerpetualTrader:
    """Opens long and short positions at random, holds them, and closes them at random.

    Margin is a tenth of its stock at a time. A position is up to `leverage` times the margin, so
    a bad day spends it. `opens` and `closes` are the chances in a block.
    """

    name: str
    account: Address
    market: Perpetual
    leverage: float = 6.0
    opens: float = 0.2
    closes: float = 0.05

    def act(self, scene: Scene, draws: np.random.Generator) -> tuple[Order, ...]:
        """Margin first; then the whole of a position, or none of it."""
        chance, size = float(draws.random()), float(draws.random())
        is_short, bid = bool(draws.integers(2)), tip(draws, GWEI)
        action = self._action(scene, chance, size, is_short)
        return () if action is None or scene.after(action) is None else (Order(action, bid),)

    def _action(self, scene: Scene, chance: float, size: float, is_short: bool) -> Action | None:
        state = scene.states[self.market]
        account, settlement = state.account(self.account), self.market.settlement
        if account.size:
            return _closing(scene, self.market, self.account) if chance < self.closes else None
        idle = scene.balance(self.account, settlement)
        if scene.dollars(settlement, account.margin) < _LEAST_DOLLARS:
            return _margin(self.market, self.account, idle // 10)
        if chance >= self.opens:
            return None
        notional = float(account.margin * state.unit) * self.leverage * size
        amount = quantise(notional, 1, Rounding.DOWN)
        return self._opening(scene, is_short, amount)

    def _opening(self, scene: Scene, is_short: bool, quote: int) -> Action | None:
        """A position of so many quote units: those that a long pays, or that a short gets."""
        order = {"is_short": is_short, "is_exact_in": not is_short}
        try:
            expected = quote_open(scene.states, self.market, self.account, amount=quote, **order)
        except NoRoute:
            return None
        slack = 10_000 + _TOLERANCE if is_short else 10_000 - _TOLERANCE
        bound = abs(expected.size) * slack // 10_000
        return OpenPosition(
            self.account, self.market.id, amount=quote, bound=bound, deadline=scene.at, **order
        )


@dataclass(frozen=True, slots=True)
class PerpetualArbitrageur:
    """Moves the price of a perpetual to a small premium over the outside price.

    It hedges outside at the outside price, so its margin, which it pays in at once, is the only
    bound: its position is worth `leverage` times that at most. The nearer to that it is short, the
    higher is the premium it asks, and the lower where it is long: so funding follows demand.
    """

    name: str
    account: Address
    market: Perpetual
    base: str
    """The symbol of what the perpetual follows."""
    leverage: int = 3

    def act(self, scene: Scene, draws: np.random.Generator) -> tuple[Order, ...]:
        """Its margin, or one trade to the edge of the band."""
        settlement = self.market.settlement
        idle = scene.balance(self.account, settlement)
        if scene.dollars(settlement, idle) >= _LEAST_DOLLARS:
            return (Order(_margin(self.market, self.account, idle), 5 * GWEI),)
        trade = self._trade(scene)
        return () if trade is None or scene.after(trade) is None else (Order(trade, 5 * GWEI),)

    def _trade(self, scene: Scene) -> Action | None:
        state = scene.states[self.market]
        account = state.account(self.account)
        outside = Fraction(scene.prices[self.base], DOLLAR)
        most = Fraction(self.leverage * account.margin * state.unit) / outside
        if most <= 0:
            return None
        target = outside * (1 + _PREMIUM - _LEAN * account.size / most)
        spot = Fraction(state.sqrt_price_x96**2, 1 << 192)
        if abs(spot / target - 1) <= _BAND:
            return None
        is_short = spot > target
        room = int(most) + (account.size if is_short else -account.size)
        return None if room <= 0 else self._toward(scene, target, is_short, room)

    def _toward(self, scene: Scene, target: Fraction, is_short: bool, room: int) -> Action:
        """A trade of at most so many base units that stops at the target."""
        limit = math.isqrt((target.numerator << 192) // target.denominator)
        return OpenPosition(
            self.account,
            self.market.id,
            is_short,
            is_exact_in=is_short,
            amount=room,
            bound=0,
            deadline=scene.at,
            limit=limit,
        )


@dataclass(frozen=True, slots=True)
class PerpetualLiquidator:
    """Takes over positions whose margin is spent, for the penalty, and trades them away."""

    name: str
    account: Address
    market: Perpetual

    def act(self, scene: Scene, draws: np.random.Generator) -> tuple[Order, ...]:
        """Margin first; then the liquidations that go through, and the end of what it took over."""
        bid, settlement = tip(draws, 10 * GWEI), self.market.settlement
        idle = scene.balance(self.account, settlement)
        if scene.dollars(settlement, idle) >= _LEAST_DOLLARS:
            return (Order(_margin(self.market, self.account, idle), bid),)
        return tuple(Order(each, bid) for each in self._actions(scene) if scene.after(each))

    def _actions(self, scene: Scene) -> Iterator[Action]:
        state = scene.states[self.market]
        if state.account(self.account).size:
            closing = _closing(scene, self.market, self.account)
            if closing is not None:
                yield closing
        for owner, account in state.accounts.items():
            if owner != self.account and account.size:
                yield LiquidatePosition(self.account, self.market.id, owner)


def _margin(market: Perpetual, account: Address, raw: int) -> Supply:
    return Supply(account, market.id, market.settlement, raw, account)


def _closing(scene: Scene, market: Perpetual, account: Address) -> Action | None:
    """The end of the account's position at no more than the tolerance from now."""
    try:
        expected = quote_close(scene.states, market, account)
    except NoRoute:
        return None
    is_long = expected.size < 0
    slack = 10_000 - _TOLERANCE if is_long else 10_000 + _TOLERANCE
    bound = abs(expected.quote) * slack // 10_000
    return ClosePosition(account, market.id, bound, deadline=scene.at)
