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


@dataclass(frozen=True, slots=True)
class ReportRewards:
    """Say what all that is staked earned, or, below 0, lost since the last report."""

    actor: Address
    market: MarketId
    change: int


@dataclass(frozen=True, slots=True)
class FinaliseWithdrawals:
    """Set aside what is due to the next requests in the queue, up to the one of this number."""

    actor: Address
    market: MarketId
    up_to: int
