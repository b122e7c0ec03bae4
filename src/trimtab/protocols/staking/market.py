"""Identity and state of a staking pool."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar

from trimtab.core.market import QUEUE, Market, MarketId, Place, wallet
from trimtab.core.quantise import Timestamp
from trimtab.core.states import Movement, Reverted
from trimtab.core.token import Address, Token
from trimtab.protocols.shared.open_zeppelin import moved, refusal
from trimtab.protocols.shared.shares import Shares


@dataclass(frozen=True, slots=True)
class Request:
    """What the owner of a place in the queue is due, fixed when it was asked for.

    `until` is the sum of everything ever requested, up to this request and with it.
    """

    owner: Address
    assets: int
    until: int


@dataclass(frozen=True, slots=True)
class Queue:
    """Who waits for staked tokens, in order.

    `last` is the number of the last request and `finalised` that of the last one set aside, 0 for
    none; `requested` and `ever_set_aside` are the sums up to them. `set_aside` can be claimed by
    now. `requests` are those of the tracked accounts that are not claimed, by number.
    """

    last: int
    finalised: int
    requested: int
    ever_set_aside: int
    set_aside: int
    requests: Mapping[int, Request]

    @property
    def waiting(self) -> int:
        """What is due to all that wait, in base units."""
        return self.requested - self.ever_set_aside

    def of(self, owner: Address) -> int:
        """What one owner is due, whether it was set aside or not."""
        return sum(each.assets for each in self.requests.values() if each.owner == owner)

    def kept(self, owners: tuple[Address, ...]) -> dict[int, Request]:
        """The requests of these owners, by number."""
        return {number: each for number, each in self.requests.items() if each.owner in owners}


@dataclass(frozen=True, slots=True)
class StakingState:
    """All that is staked, its shares, and the queue of those who leave.

    `pooled` is what all shares are worth, in base units of the token. What lies in the pool is the
    token's own state. `reported_at` is the moment of the oracle's last report.
    """

    timestamp: Timestamp
    pooled: int
    reported_at: Timestamp
    shares: Shares
    queue: Queue

    # the shares as a token

    def balance(self, account: Address) -> int:
        """Shares of a tracked account. Raises MissingRead for one that is not tracked."""
        return self.shares.balance(account)

    def allowance(self, owner: Address, spender: Address) -> int:
        """Shares that `spender` may take of `owner`. Raises MissingRead for an untracked pair."""
        return self.shares.allowance(owner, spender)

    def refusal(self, movement: Movement) -> Reverted | None:
        """The contract's own revert of a movement of shares, or none."""
        return refusal(self.shares, movement)

    def move(self, movement: Movement) -> StakingState:
        """The state after a movement of shares, allowance included."""
        return replace(self, shares=moved(self.shares, movement))


@dataclass(frozen=True, slots=True)
class StakingPool(Market[StakingState]):
    """Our own contracts/StakingPool.sol, a stand-in for staking contracts of public chains.

    It can be rehearsed and not armed: no public chain has it. `feed` and `asset_feed` tell what a
    share and a staked token trade at, so that the rate can be compared with the market.
    Assumes a plain token: no fee on transfer, no rebasing, no hooks.
    """

    protocol: ClassVar[str] = "staking"

    asset: Token
    symbol: str = field(compare=False)
    oracle: Address
    operator: Address
    feed: MarketId
    asset_feed: MarketId

    @property
    def share(self) -> Token:
        """The pool's own token, a part of all that is staked."""
        return Token(self.chain, self.address, self.asset.decimals, self.symbol, self.protocol)

    @property
    def place(self) -> Place:
        """Where an account's stake sits: its shares, in its wallet."""
        return wallet(self.share)

    @property
    def queue_place(self) -> Place:
        """Where what an account is due sits until it is claimed."""
        return Place(self.id, self.asset, QUEUE)

    @property
    def parts(self) -> tuple[MarketId, ...]:
        """The feeds that tell what shares and tokens trade at."""
        return (self.feed, self.asset_feed)

    @property
    def spenders(self) -> tuple[Address, ...]:
        """The pool itself."""
        return (self.address,)

    @property
    def custody(self) -> tuple[tuple[Token, Address], ...]:
        """The pool's own balance of its token: what can be set aside is part of it."""
        return ((self.asset, self.address),)
