"""The manager as data: everything that a tick needs besides what it sees and remembers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from trimtab.core.adapter import Adapters
from trimtab.core.market import Market, Place, State, wallet
from trimtab.core.strategy import AnySignal, Strategy, signals_of
from trimtab.core.token import Address, Token
from trimtab.mandate.limits import Limits
from trimtab.protocols.chainlink import Feed
from trimtab.protocols.uniswap_v3 import Pool
from trimtab.routing import Router


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
    """A resolved mandate. `places` are where the book may sit; `lenders` those that are swept."""

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

    @property
    def wallets(self) -> tuple[Place, ...]:
        """The account itself, token by token."""
        return tuple(map(wallet, self.feeds))

    @property
    def places(self) -> tuple[Place, ...]:
        """Everywhere the book may sit."""
        return (*self.wallets, *self.lenders)

    @property
    def pools(self) -> tuple[Pool, ...]:
        """The exchange pools that may be used."""
        return tuple(market for market in self.markets if isinstance(market, Pool))

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

    def names(self) -> dict[Place, frozenset[str]]:
        """The ids of every place that caps can name: its own, market's, protocol's and token's."""
        named = {market.id: market.name for market in self.markets}
        return {place: ids(place, named[place.market]) for place in self.places}


def ids(place: Place, market: str) -> frozenset[str]:
    """The ids of a place in a market of this name."""
    protocol = place.market.split(":", 1)[0]
    own = place.token.symbol if protocol == "erc20" else f"{market}:{place.token.symbol}"
    return frozenset(
        {own, f"market:{market}", f"protocol:{protocol}", f"token:{place.token.symbol}"}
    )
