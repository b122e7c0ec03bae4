"""Actions: what an actor does to a market, as data."""

from dataclasses import dataclass
from enum import Enum

from trimtab.core.market import MarketId
from trimtab.core.quantise import Timestamp
from trimtab.core.token import Address, Token


class All(Enum):
    """Everything there is: time passes before a transaction lands, so no integer can name it."""

    ALL = "all"


ALL = All.ALL
Quantity = int | All


@dataclass(frozen=True, slots=True)
class Transfer:
    """Send tokens to an account; `market` is the token's own."""

    actor: Address
    market: MarketId
    token: Token
    to: Address
    amount: int


@dataclass(frozen=True, slots=True)
class Approve:
    """Allow `spender` to take up to `amount`; it replaces what was allowed before."""

    actor: Address
    market: MarketId
    token: Token
    spender: Address
    amount: int


@dataclass(frozen=True, slots=True)
class UpdateAnswer:
    """Give a price feed a new answer, in the feed's own decimals."""

    actor: Address
    market: MarketId
    answer: int


@dataclass(frozen=True, slots=True)
class Supply:
    """Lend tokens to a lending pool, for `on_behalf_of`."""

    actor: Address
    market: MarketId
    token: Token
    amount: int
    on_behalf_of: Address


@dataclass(frozen=True, slots=True)
class Withdraw:
    """Take lent tokens back, to `to`."""

    actor: Address
    market: MarketId
    token: Token
    amount: Quantity
    to: Address


@dataclass(frozen=True, slots=True)
class Borrow:
    """Borrow tokens at the variable rate against the actor's own collateral."""

    actor: Address
    market: MarketId
    token: Token
    amount: int


@dataclass(frozen=True, slots=True)
class Repay:
    """Pay back a variable debt of `on_behalf_of`."""

    actor: Address
    market: MarketId
    token: Token
    amount: Quantity
    on_behalf_of: Address


@dataclass(frozen=True, slots=True)
class Swap:
    """Sell exactly `amount_in` of one token in one pool for at least `min_out` of the other."""

    actor: Address
    market: MarketId
    token_in: Token
    token_out: Token
    amount_in: int
    min_out: int
    deadline: Timestamp
    recipient: Address


Action = Transfer | Approve | UpdateAnswer | Supply | Withdraw | Borrow | Repay | Swap
