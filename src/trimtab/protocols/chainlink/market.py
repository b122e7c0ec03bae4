"""Identity and state of a Chainlink feed: a price, or whether a sequencer is up."""

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


@dataclass(frozen=True, slots=True)
class SequencerState:
    """The latest round: `answer` is 0 while the sequencer is up and 1 while it is down.

    `started_at` is the moment since which that is so, by the chain's clock.
    """

    timestamp: Timestamp
    answer: int
    started_at: Timestamp
    round_id: int


@dataclass(frozen=True, slots=True)
class Sequencer(Market[SequencerState]):
    """The uptime feed of a rollup's sequencer.

    `grace` is the time in seconds after an outage in which prices are not believed yet: what
    was sent to the base chain meanwhile comes in first, and feeds catch up.
    """

    protocol: ClassVar[str] = "chainlink"

    grace: int


AnyState = FeedState | SequencerState
"""What the adapter reads."""
