"""What is done with tokens themselves, and with the feeds that price them."""

from dataclasses import dataclass

from trimtab.core.market import MarketId
from trimtab.core.token import Address, Token


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
