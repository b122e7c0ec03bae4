"""Identity and state of a Chainlink feed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from trimtab.core.market import Market
from trimtab.core.quantise import Timestamp


@dataclass(frozen=True, slots=True)
class FeedState:
    """The latest round: `answer` in the feed's decimals, `updated_at` by the chain's clock."""

    timestamp: Timestamp
    answer: int
    updated_at: Timestamp
    round_id: int


@dataclass(frozen=True, slots=True)
class Feed(Market[FeedState]):
    """A price of one whole token, `base`, in the feed's quote currency, `quote`.

    `heartbeat` is the longest time in seconds within which the feed promises an update.
    """

    protocol: ClassVar[str] = "chainlink"

    base: str
    quote: str
    decimals: int
    heartbeat: int
