"""Who keeps the feeds: the network of a Chainlink feed, as the chain sees it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trimtab.core.actions import UpdateAnswer
from trimtab.core.quantise import Bps
from trimtab.core.token import Address
from trimtab.lab.agents.scene import GWEI, Order, Scene
from trimtab.lab.prices import DOLLAR
from trimtab.protocols.chainlink import Feed

_DEVIATION = Bps(50)


@dataclass(frozen=True, slots=True)
class OracleKeeper:
    """Posts the outside price when it is off by the deviation threshold, or the heartbeat is due.

    These are the two triggers that Chainlink documents for its price feeds.
    """

    name: str
    account: Address
    feeds: tuple[Feed, ...]
    deviation: Bps = _DEVIATION

    def act(self, scene: Scene, draws: np.random.Generator) -> tuple[Order, ...]:
        """An update of every feed that is due, with a tip that puts it first."""
        return tuple(
            Order(UpdateAnswer(self.account, feed.id, self._answer(feed, scene)), 10 * GWEI)
            for feed in self.feeds
            if self._is_due(feed, scene)
        )

    def _answer(self, feed: Feed, scene: Scene) -> int:
        return scene.prices[feed.base] * int(10**feed.decimals) // DOLLAR

    def _is_due(self, feed: Feed, scene: Scene) -> bool:
        state = scene.states[feed]
        difference = abs(self._answer(feed, scene) - state.answer)
        deviates = difference * 10_000 > self.deviation * abs(state.answer)
        return deviates or scene.at - state.updated_at >= feed.heartbeat
