"""Markets, places and blocks: where capital can sit, and when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Generic, NewType, Protocol, TypeVar

from trimtab.core.abi import Answer, Read, signed, words
from trimtab.core.errors import MissingRead
from trimtab.core.quantise import Timestamp
from trimtab.core.token import Address, Token

MarketId = NewType("MarketId", str)
"""`protocol:chain:address`, the identity of a market in states, plans and records."""


class State(Protocol):
    """One market's state at one moment; `timestamp` is that moment."""

    @property
    def timestamp(self) -> Timestamp:
        """The moment that the state is of."""
        ...


S_co = TypeVar("S_co", bound=State, covariant=True)


@dataclass(frozen=True, slots=True)
class Market(Generic[S_co]):
    """A contract that holds state. A storage slot has exactly one owner market.

    Subclasses add what identifies them; `name` is for people and never compared.
    """

    protocol: ClassVar[str]

    chain: int
    address: Address
    name: str = field(compare=False)

    @property
    def id(self) -> MarketId:
        """The identity of this market."""
        return MarketId(f"{self.protocol}:{self.chain}:{self.address}")

    @property
    def parts(self) -> tuple[MarketId, ...]:
        """The markets whose storage this one reads."""
        return ()

    @property
    def spenders(self) -> tuple[Address, ...]:
        """The contracts that take tokens from an account by allowance."""
        return ()

    @property
    def custody(self) -> tuple[tuple[Token, Address], ...]:
        """The token balances, kept by the tokens' own markets, that this one depends on."""
        return ()


def token_market(token: Token) -> MarketId:
    """The market that owns the balances of a token: its own, or that of whose shares it is."""
    return MarketId(f"{token.issuer}:{token.chain}:{token.address}")


Ticks = tuple[int, ...]
"""The lower and the upper tick of a range; empty where a pool has no ranges."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where capital can sit: a market and what selects a position in it.

    `token` is what the position is counted in; `side` tells a debt from a holding. Liquidity in
    a pool is one place for each of the pool's tokens, all with the same shares; what a pool of
    concentrated liquidity owes a range, fees for the most part, lies in places of its own.
    """

    market: MarketId
    token: Token
    side: str = "long"

    @property
    def key(self) -> str:
        """A text that names the place in records and orders places."""
        return f"{self.market}/{self.token.address}/{self.side}"

    def __lt__(self, other: Place) -> bool:
        return self.key < other.key

    @property
    def is_debt(self) -> bool:
        """Whether the position is owed."""
        return self.side == "debt"

    @property
    def is_pooled(self) -> bool:
        """Whether it is liquidity of a pool: what its shares are worth moves with every swap."""
        return self.side.partition(":")[0] == LIQUIDITY

    @property
    def is_uncollected(self) -> bool:
        """Whether it is what a pool owes a range."""
        return self.side.partition(":")[0] == UNCOLLECTED

    @property
    def is_simple(self) -> bool:
        """Whether the chain itself tells what it is worth."""
        return not (self.is_pooled or self.is_uncollected or self.is_position)

    @property
    def is_position(self) -> bool:
        """Whether it is exposure at a perpetual: its shares are the size, negative for a short."""
        return self.side == POSITION

    @property
    def ticks(self) -> Ticks:
        """The range, lower and upper tick, of liquidity in one; else empty."""
        return tuple(map(int, self.side.split(":")[1:]))

    def __str__(self) -> str:
        protocol = self.market.split(":", 1)[0]
        where = "wallet" if self.market == token_market(self.token) else protocol
        return f"{where}:{self.token.symbol}" + ("" if self.side == "long" else f":{self.side}")


LIQUIDITY, UNCOLLECTED, QUEUE = "liquidity", "uncollected", "queue"
POSITION = "position"


def pooled(market: MarketId, token: Token, ticks: Ticks = ()) -> Place:
    """The place of one token's part of liquidity in a pool, or in a range of it."""
    return Place(market, token, ":".join((LIQUIDITY, *map(str, ticks))))


def uncollected(market: MarketId, token: Token, ticks: Ticks) -> Place:
    """The place of what a pool owes a range in one token."""
    return Place(market, token, ":".join((UNCOLLECTED, *map(str, ticks))))


def wallet(token: Token) -> Place:
    """The place of a token that lies in the account itself."""
    return Place(token_market(token), token)


@dataclass(frozen=True, slots=True)
class Holding:
    """What one account has in one place.

    `shares` is what the contract stores and only actions change; `raw` is its worth in base
    units of the place's token at the state's moment. Both are negative for a debt. `is_stated`
    tells whether the chain itself says what a simple place is worth.
    """

    place: Place
    shares: int
    raw: int
    is_stated: bool = True

    @property
    def audited(self) -> int:
        """What an `Audit` of the place should say, negative for a debt."""
        return self.raw if self.place.is_simple and self.is_stated else self.shares


class Unvalued(MissingRead):
    """A market cannot tell what a place is worth now; `holdings` have no worth for that one."""

    def __init__(self, message: str, place: Place, holdings: tuple[Holding, ...]) -> None:
        super().__init__(message)
        self.place = place
        self.holdings = holdings


@dataclass(frozen=True, slots=True)
class Audit:
    """A read of which one word is what the chain itself says that an account has in a place.

    It is the stored shares of a pooled place, of what is uncollected, of a perpetual's position
    and of a holding that is not stated, since no word of a contract tells what those are worth,
    and else the worth; both positive for a debt. `is_signed` tells that the word is in two's
    complement.
    """

    place: Place
    read: Read
    word: int = 0
    is_signed: bool = False

    def value(self, answer: Answer) -> int:
        """What an answer to the read says. Raises MissingRead where it is refused or too short."""
        found = words(answer, self.word + 1, f"the balance {self.place}")[-1]
        return signed(found) if self.is_signed else found


@dataclass(frozen=True, slots=True)
class Head:
    """A block that a reading is pinned to."""

    chain: int
    number: int
    hash: str
    timestamp: Timestamp


@dataclass(frozen=True, slots=True)
class Accounts:
    """Whose positions, allowances and token balances are tracked.

    `ranges` are the ticks, by market, at which owners may have liquidity from before anything
    was read; later ones are known from the logs that open them. Owners who
    are `strangers` never act for each other, and no leave to do so is tracked between them; what
    contracts may take of them is read once, and from then on followed by its logs.
    """

    owners: tuple[Address, ...]
    spenders: tuple[Address, ...] = ()
    custodians: Mapping[Token, tuple[Address, ...]] = field(default_factory=dict)
    ranges: Mapping[MarketId, tuple[Ticks, ...]] = field(default_factory=dict)
    strangers: bool = False

    def others(self, owner: Address) -> tuple[Address, ...]:
        """The other owners, who may act for this one if they are let; of strangers none."""
        return () if self.strangers else tuple(each for each in self.owners if each != owner)

    def allowing(self, known: State | None) -> tuple[tuple[Address, Address], ...]:
        """The owners, each with a spender, of whom is asked what the one lets the other take."""
        if self.strangers and known is not None:
            return ()
        return tuple((owner, spender) for owner in self.owners for spender in self.spenders)

    def holders(self, token: Token) -> tuple[Address, ...]:
        """Every account whose balance of `token` is tracked, owners first, each once."""
        return tuple(dict.fromkeys((*self.owners, *self.custodians.get(token, ()))))


def tracked(owners: tuple[Address, ...], markets: tuple[Market[State], ...]) -> Accounts:
    """The accounts that these markets need tracked for these owners."""
    custodians: dict[Token, tuple[Address, ...]] = {}
    for market in markets:
        for token, custodian in market.custody:
            custodians[token] = tuple(dict.fromkeys((*custodians.get(token, ()), custodian)))
    spenders = tuple(dict.fromkeys(s for market in markets for s in market.spenders))
    return Accounts(owners, spenders, custodians)
