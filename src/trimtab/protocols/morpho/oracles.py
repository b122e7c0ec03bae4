"""Identity and state of what tells a market the price of its collateral.

A price is base units of the loan token for one of collateral, times 10**36.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from trimtab.core.errors import ConfigError
from trimtab.core.market import Market, MarketId
from trimtab.core.quantise import Timestamp
from trimtab.protocols.morpho.market import LendingState, MorphoState


@dataclass(frozen=True, slots=True)
class OracleState:
    """A price that is set."""

    timestamp: Timestamp
    price: int


@dataclass(frozen=True, slots=True)
class PriceOracle(Market[OracleState]):
    """An oracle whose price is set by hand; it logs nothing."""

    protocol: ClassVar[str] = "morpho"


@dataclass(frozen=True, slots=True)
class FeedOracleState:
    """Nothing but the moment: all that the oracle says is in its feeds, and how it scales them."""

    timestamp: Timestamp


@dataclass(frozen=True, slots=True)
class FeedOracle(Market[FeedOracleState]):
    """A MorphoChainlinkOracleV2 over price feeds; proven only against its published source.

    The price is `scale_factor` times the answers of the base feeds, at most two, over those of
    the quote feeds. It asks neither how old an answer is nor whether it is nothing. Vaults, which
    the contract can price as well, are not modelled. Raises ConfigError for too many feeds.
    """

    protocol: ClassVar[str] = "morpho"

    scale_factor: int
    base_feeds: tuple[MarketId, ...]
    quote_feeds: tuple[MarketId, ...] = ()

    def __post_init__(self) -> None:
        if len(self.base_feeds) > MOST_FEEDS or len(self.quote_feeds) > MOST_FEEDS:
            raise ConfigError(
                f"{self.name} multiplies {self.base_feeds} and divides by {self.quote_feeds}: such "
                f"an oracle has {MOST_FEEDS} feeds of each at most"
            )

    @property
    def parts(self) -> tuple[MarketId, ...]:
        """The feeds."""
        return (*self.base_feeds, *self.quote_feeds)


MOST_FEEDS = 2

AnyState = MorphoState | OracleState | FeedOracleState | LendingState
"""What the adapter reads."""
