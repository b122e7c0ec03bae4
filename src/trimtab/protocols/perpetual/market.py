"""Identity and state of a perpetual market, and of the cache of prices that it follows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar

from trimtab.core.errors import MissingRead
from trimtab.core.market import POSITION, Market, MarketId, Place
from trimtab.core.quantise import Timestamp
from trimtab.core.token import Address, Token

# ------------------------------------------------------------------------------------- index


@dataclass(frozen=True, slots=True)
class PriceObservation:
    """A price that was new at a moment, and the sum of prices over time until then."""

    price: int
    cumulative: int
    timestamp: int


@dataclass(frozen=True, slots=True)
class IndexState:
    """A cache of a feed's prices, in the feed's decimals.

    `price` and `updated_at` are the last that was taken over from the feed. `mean` is the mean
    over `interval` seconds as of the moment `mean_at`, and stands for all of that moment.
    `observations` are the newest of the ring, at most KEPT, oldest first, the newest at `index`;
    `is_older` tells that the ring has more. `missing` are the places still to be read. `base` is
    the token of the market that follows it.
    """

    timestamp: Timestamp
    base: Address
    price: int
    updated_at: int
    interval: int
    mean: int
    mean_at: int
    index: int
    observations: tuple[PriceObservation, ...] = ()
    is_older: bool = False
    missing: tuple[int, ...] = ()

    def unread(self) -> IndexState:
        """This cache with nothing known of its past: all that is kept of it is to be read.

        One place more is asked for, to know whether there is more.
        """
        places = tuple((self.index - age) % RING for age in reversed(range(KEPT + 1)))
        return replace(self, observations=(), is_older=False, missing=places)


KEPT = 512
"""How many observations of prices are read and kept."""

RING = 1800
"""For how many observations the cache has room. Source: CumulativeTwap.sol."""


@dataclass(frozen=True, slots=True)
class Index(Market[IndexState]):
    """The cache of a Chainlink feed's prices (ChainlinkPriceFeedV3) that perpetuals follow.

    `feed` is the market of the feed itself, which has `decimals`. `base` is the token of the
    market that follows the cache, and `exchange` says when it settles funding and caches a mean.
    """

    protocol: ClassVar[str] = "perpetual"

    base: Address
    exchange: Address
    feed: MarketId
    feed_address: Address
    decimals: int

    @property
    def parts(self) -> tuple[MarketId, ...]:
        """The feed, whose newest price counts before it is cached."""
        return (self.feed,)


# ------------------------------------------------------------------------------------ market


@dataclass(frozen=True, slots=True)
class Rules:
    """What governance sets. Ratios are in millionths, intervals in seconds.

    `mark_interval` and `premium_interval` are those of the mark price, `funding_interval` that of
    funding. `most_funding` is the largest premium that is paid for in a day, of the index.
    `pool_fee` is the pool's own fee, which nobody pays: amounts are scaled so that it cancels.
    `most_spread` is how far the price may be from the index after a trade, and `most_ticks` how
    far from where it was when a block began.
    """

    initial_margin: int
    maintenance_margin: int
    liquidation_penalty: int
    most_funding: int
    funding_interval: int
    mark_interval: int
    premium_interval: int
    cap: int
    pool_fee: int
    insurance_share: int
    most_spread: int
    most_ticks: int
    is_house_paused: bool = False
    is_vault_paused: bool = False


@dataclass(frozen=True, slots=True)
class AccountState:
    """One account's margin and position.

    `margin` is in the settlement token's base units; `owed`, profit that is not yet margin, and
    `open_notional`, what the position cost (negative for a long), in quote units of 10**-18;
    `size` in base units of 10**-18, negative for a short. `growth` is the market's as of the last
    settlement of funding, and `fee` what the account pays for trading, in millionths.

    `is_registered` tells that the market is on the list of those that count for the account. It is
    taken off when nothing but dust is left. Who liquidates itself has a position that is not on
    the list, and that counts for nothing until it trades again.
    """

    margin: int = 0
    owed: int = 0
    size: int = 0
    open_notional: int = 0
    growth: int = 0
    fee: int = 0
    is_registered: bool = False


@dataclass(frozen=True, slots=True)
class PerpetualState:
    """A market's clock of funding, its limits to the price, and the tracked accounts.

    `growth` sums the premium over time until `settled_at`, times 2**96. `first_traded` is 0
    before the first trade. `reference_tick` is the tick from which `most_ticks` are counted, as
    of `reference_at`. `sqrt_price_x96` and `tick` are the pool's, kept again since a market is
    told its own logs alone; so are the tokens. The insurance fund is one of the accounts.
    """

    timestamp: Timestamp
    rules: Rules
    first_traded: int
    settled_at: int
    growth: int
    reference_tick: int
    reference_at: int
    sqrt_price_x96: int
    tick: int
    settlement: Token
    base: Address
    insurance_fund: Address
    accounts: Mapping[Address, AccountState] = field(default_factory=dict)

    @property
    def unit(self) -> int:
        """Quote units of 10**-18 in one base unit of the settlement token."""
        return int(10 ** (18 - self.settlement.decimals))

    def account(self, owner: Address) -> AccountState:
        """What a tracked account has. Raises MissingRead for another one."""
        try:
            return self.accounts[owner]
        except KeyError:
            raise MissingRead(
                f"margin and position of {owner} are not tracked: add the account"
            ) from None

    def with_account(self, owner: Address, changed: AccountState) -> PerpetualState:
        """The market with one account replaced."""
        return replace(self, accounts={**self.accounts, owner: changed})


@dataclass(frozen=True, slots=True)
class Perpetual(Market[PerpetualState]):
    """One market of a clearing house (Perpetual Protocol V2) that settles in one token.

    The address is the clearing house's, so that one market of it can be named. Assumes that the
    exchange has no second price feed to fall back to, and an aggregator whose decimals never
    change. Collateral but the settlement token, positions in other markets of the clearing house
    and open orders are not modelled: a tracked account that has any is refused when it is read.
    """

    protocol: ClassVar[str] = "perpetual"

    settlement: Token
    vault: Address
    exchange: Address
    order_book: Address
    account_balance: Address
    config: Address
    registry: Address
    insurance_fund: Address
    base: Address
    quote: Address
    price_feed: Address
    index: MarketId
    index_address: Address
    feed: MarketId
    pool: MarketId
    pool_address: Address
    index_decimals: int

    @property
    def parts(self) -> tuple[MarketId, ...]:
        """The pool, the cache of prices, and the feed behind it."""
        return (self.pool, self.index, self.feed)

    @property
    def spenders(self) -> tuple[Address, ...]:
        """The vault, which takes margin."""
        return (self.vault,)

    @property
    def custody(self) -> tuple[tuple[Token, Address], ...]:
        """All margin, which lies in the vault, and what the insurance fund keeps beside it.

        Virtual tokens lie with the clearing house, which has as many as a word can count, and
        the pool: no one else can hold any, and neither can ever lack them.
        """
        return ((self.settlement, self.vault), (self.settlement, self.insurance_fund))

    @property
    def margin_place(self) -> Place:
        """Where margin lies."""
        return Place(self.id, self.settlement)

    @property
    def position_place(self) -> Place:
        """Where a position lies, counted in the settlement token."""
        return Place(self.id, self.settlement, POSITION)
