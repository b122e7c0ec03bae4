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
from trimtab.protocols.perpetual import Perpetual, PerpetualState, quote_close, quote_open

_WAD = 10**18
_TOLERANCE = Bps(200)
_LEAST_DOLLARS = 100
_BAND = Fraction(2, 1000)
"""How far from the outside price an arbitrageur leaves the price: its fee, and as much again."""


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
    """Moves the price of a perpetual until it is near the outside price.

    It hedges outside at the outside price, so its margin, which it pays in at once, is the only
    bound: its position is worth `leverage` times that at most.
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
        outside = Fraction(scene.prices[self.base], DOLLAR)
        spot = Fraction(state.sqrt_price_x96**2, 1 << 192)
        if spot > outside * (1 + _BAND):
            edge, is_short = outside * (1 + _BAND), True
        elif spot < outside * (1 - _BAND):
            edge, is_short = outside * (1 - _BAND), False
        else:
            return None
        return self._toward(scene, state, edge, is_short)

    def _toward(
        self, scene: Scene, state: PerpetualState, edge: Fraction, is_short: bool
    ) -> Action | None:
        account = state.account(self.account)
        signed = -account.size if is_short else account.size
        most = int(Fraction(self.leverage * account.margin * state.unit) / edge) - signed
        if most <= 0:
            return None
        limit = math.isqrt((edge.numerator << 192) // edge.denominator)
        return OpenPosition(
            self.account,
            self.market.id,
            is_short,
            is_exact_in=is_short,
            amount=most,
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
