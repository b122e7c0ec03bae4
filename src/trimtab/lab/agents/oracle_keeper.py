"""Who keeps the feeds: the network of a Chainlink feed, as the chain sees it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np

from trimtab.core.actions import UpdateAnswer
from trimtab.core.quantise import Bps
from trimtab.core.token import Address
from trimtab.lab.agents.scene import GWEI, Order, Scene
from trimtab.lab.prices import DOLLAR
from trimtab.protocols.chainlink import Feed
from trimtab.protocols.morpho import LendingMarket, OracleState

_DEVIATION = Bps(50)
_PRICE_SCALE = 10**36
"""Of the price of an isolated market: base units of the loan for one of the collateral."""


@dataclass(frozen=True, slots=True)
class OracleKeeper:
    """Posts the outside price when it is off by the deviation threshold, or the heartbeat is due.

    These are the two triggers that Chainlink documents for its price feeds. The oracles of
    isolated markets, whose prices are set by hand, have the first alone.
    """

    name: str
    account: Address
    feeds: tuple[Feed, ...]
    markets: tuple[LendingMarket, ...] = ()
    deviation: Bps = _DEVIATION

    def act(self, scene: Scene, draws: np.random.Generator) -> tuple[Order, ...]:
        """An update of every feed that is due, with a tip that puts it first."""
        updates = [
            UpdateAnswer(self.account, feed.id, self._answer(feed, scene))
            for feed in self.feeds
            if self._is_due(feed, scene)
        ]
        for market in self.markets:
            price = int(scene.price(market.collateral, market.loan) * _PRICE_SCALE)
            if self._deviates(price, cast(OracleState, scene.states.state(market.price)).price):
                updates.append(UpdateAnswer(self.account, market.price, price))
        return tuple(Order(update, 10 * GWEI) for update in updates)

    def _answer(self, feed: Feed, scene: Scene) -> int:
        return scene.prices[feed.base] * int(10**feed.decimals) // DOLLAR

    def _is_due(self, feed: Feed, scene: Scene) -> bool:
        state = scene.states[feed]
        deviates = self._deviates(self._answer(feed, scene), state.answer)
        return deviates or scene.at - state.updated_at >= feed.heartbeat

    def _deviates(self, price: int, told: int) -> bool:
        return abs(price - told) * 10_000 > self.deviation * abs(told)
