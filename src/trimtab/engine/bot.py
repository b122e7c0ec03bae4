"""The manager as data: everything that a tick needs besides what it sees and remembers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction

from trimtab.core.adapter import Adapters
from trimtab.core.market import (
    Accounts,
    Market,
    MarketId,
    Place,
    State,
    Ticks,
    pooled,
    tracked,
    wallet,
)
from trimtab.core.strategy import AnySignal, Strategy, signals_of
from trimtab.core.token import Address, Token
from trimtab.mandate.limits import Limits
from trimtab.protocols.chainlink import Feed
from trimtab.protocols.perpetual import Perpetual
from trimtab.routing import Exchange, Router, is_exchange, tokens_of


@dataclass(frozen=True, slots=True)
class Seat:
    """A strategy with its share of the capital; one that sweeps has none of its own."""

    name: str
    strategy: Strategy
    share: Fraction
    sweeps: bool = False


@dataclass(frozen=True, slots=True)
class Execution:
    """How plans are made: moments in seconds, fees in wei per unit of gas."""

    block_seconds: int
    deadline_blocks: int
    horizon: Fraction
    """Years within which a move must pay for itself."""
    fill_tolerance: Fraction
    priority_fee: int
    max_fee: int
    finality_depth: int
    """Blocks that must lie above a transaction before it counts as settled."""
    blind_after: int
    """Seconds between two judged blocks after which the blindness breaker opens."""


@dataclass(frozen=True, slots=True)
class Bot:
    """A resolved mandate. `places` are where the book may sit; `lenders` those that are swept.

    Liquidity may lie in every exchange pool besides, in whichever of its ranges.
    """

    mandate_hash: str
    account: Address
    adapters: Adapters
    markets: tuple[Market[State], ...]
    feeds: Mapping[Token, Feed]
    numeraire: Token
    native: Token
    seats: tuple[Seat, ...]
    limits: Limits
    lenders: tuple[Place, ...]
    router: Router
    execution: Execution
    ranges: Mapping[MarketId, tuple[Ticks, ...]] = field(default_factory=dict)
    """Where the account may have had liquidity before the first reading."""

    @property
    def accounts(self) -> Accounts:
        """Whose positions and allowances are read."""
        return replace(tracked((self.account,), self.markets), ranges=self.ranges)

    @property
    def wallets(self) -> tuple[Place, ...]:
        """The account itself, token by token."""
        return tuple(map(wallet, self.feeds))

    @property
    def places(self) -> tuple[Place, ...]:
        """Everywhere the book may sit, what it may owe included."""
        return (*self.wallets, *self.lenders, *self.debts, *self.margins)

    @property
    def perpetuals(self) -> tuple[Perpetual, ...]:
        """The perpetuals at which positions may be opened."""
        return tuple(each for each in self.markets if isinstance(each, Perpetual))

    @property
    def margins(self) -> tuple[Place, ...]:
        """Where the margin of positions lies."""
        return tuple(market.margin_place for market in self.perpetuals)

    @property
    def positions(self) -> Mapping[Place, str]:
        """The places of positions, and which strategy each is of."""
        owners: dict[Place, str] = {}
        for market in self.perpetuals:
            places = (market.position_place, market.margin_place)
            for seat in self.seats:
                if any(need == market or need in places for need in seat.strategy.needs):
                    owners[market.position_place] = seat.name
        return owners

    @property
    def debts(self) -> tuple[Place, ...]:
        """What the strategies may borrow."""
        needs = (need for seat in self.seats for need in seat.strategy.needs)
        return tuple(dict.fromkeys(n for n in needs if isinstance(n, Place) and n.is_debt))

    @property
    def pools(self) -> tuple[Exchange, ...]:
        """The exchange pools that may be used."""
        return tuple(each for each in self.markets if is_exchange(each))

    @property
    def owners(self) -> tuple[Seat, ...]:
        """The strategies that own a share of the capital."""
        return tuple(seat for seat in self.seats if not seat.sweeps)

    @property
    def sweeper(self) -> Seat | None:
        """The strategy that places what idles, if the mandate names one."""
        return next((seat for seat in self.seats if seat.sweeps), None)

    @property
    def shares(self) -> dict[str, Fraction]:
        """The share of the capital that each owner began with."""
        return {seat.name: seat.share for seat in self.owners}

    @property
    def signals(self) -> tuple[AnySignal, ...]:
        """Every signal that some strategy needs, each once."""
        needs = tuple(need for seat in self.seats for need in seat.strategy.needs)
        return signals_of(needs)

    def root(self, place: Place) -> Place:
        """Where a sub-book counts what lies in a place: swept lenders count as the wallet."""
        return wallet(place.token) if self.sweeper and place in self.lenders else place

    def names(self, others: Iterable[Place] = ()) -> dict[Place, frozenset[str]]:
        """The ids of every place that caps can name: its own, market's, protocol's and token's.

        Of `others`, places in pools and debts, those that are in markets of this mandate.
        """
        named = {market.id: market.name for market in self.markets}
        pooled_at = (pooled(pool.id, token) for pool in self.pools for token in tokens_of(pool))
        known = dict.fromkeys((*self.places, *pooled_at))
        known |= {place: None for place in others if place.is_debt or not place.is_simple}
        return {p: ids(p, named[p.market]) for p in known if p.market in named}


def ids(place: Place, market: str) -> frozenset[str]:
    """The ids of a place in a market of this name."""
    protocol = place.market.split(":", 1)[0]
    own = place.token.symbol if place == wallet(place.token) else f"{market}:{place.token.symbol}"
    return frozenset(
        {own, f"market:{market}", f"protocol:{protocol}", f"token:{place.token.symbol}"}
    )
