"""What is done at a staking contract."""

from dataclasses import dataclass

from trimtab.core.market import MarketId
from trimtab.core.token import Address, Token


@dataclass(frozen=True, slots=True)
class Stake:
    """Give tokens to a staking contract for shares of all that is staked there."""

    actor: Address
    market: MarketId
    token: Token
    amount: int


@dataclass(frozen=True, slots=True)
class RequestWithdrawal:
    """Give shares back and join the queue for what they are worth now."""

    actor: Address
    market: MarketId
    token: Token
    shares: int


@dataclass(frozen=True, slots=True)
class ClaimWithdrawal:
    """Take what a request of the actor's, by its number in the queue, has been set aside."""

    actor: Address
    market: MarketId
    token: Token
    request: int
