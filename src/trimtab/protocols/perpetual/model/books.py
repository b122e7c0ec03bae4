"""The storage that one call of the exchange works on, and the prices that lie in it.

Source: UniswapV3Broker.sol, BaseToken.sol, PriceFeedDispatcher.sol, AccountBalance.sol and
Exchange.sol.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import cast

from trimtab.core.abi import signed
from trimtab.core.market import MarketId, State
from trimtab.core.states import Applied, Movement, Reverted, States
from trimtab.core.token import Address
from trimtab.protocols.chainlink import FeedState
from trimtab.protocols.perpetual.market import (
    AccountState,
    IndexState,
    Perpetual,
    PerpetualState,
    Rules,
)
from trimtab.protocols.perpetual.model import index
from trimtab.protocols.perpetual.model.arithmetic import (
    MILLION,
    div_to_zero,
    mul_div,
    multiplied,
    price_x96,
    to_uint256,
    wad_of_x96,
)
from trimtab.protocols.shared.reverts import RevertError
from trimtab.protocols.shared.ticks import sqrt_price_at_tick
from trimtab.protocols.uniswap_v3 import PoolState, observe

_SHORTEST_MEAN = 10
_SHORT_MEAN = 15
"""Seconds: below the first a mean is the price itself; over the second a price is manipulable."""

_DUST = 10
_WAD_DECIMALS = 18


@dataclass(slots=True)
class Books:
    """A market with its parts as a call finds and changes them. It never outlives the call."""

    market: Perpetual
    state: PerpetualState
    pool: PoolState
    index: IndexState
    feed: FeedState

    @classmethod
    def of(cls, states: States, market: Perpetual) -> Books:
        """The books at the market's moment; its parts change by nothing else than time."""
        state = states[market]
        pool = cast(PoolState, states.state(market.pool))
        cache = cast(IndexState, states.state(market.index))
        feed = cast(FeedState, states.state(market.feed))
        now = state.timestamp
        if pool.timestamp != now:
            pool = replace(pool, timestamp=now)
        if cache.timestamp != now:
            cache = replace(cache, timestamp=now)
        return cls(market, state, pool, cache, feed)

    def applied(self, states: States, movements: tuple[Movement, ...] = ()) -> Applied:
        """What the call did: every market that it changed, and the tokens it moved."""
        after: dict[MarketId, State] = {
            self.market.id: self.state,
            self.market.pool: self.pool,
            self.market.index: self.index,
        }
        changed = {part: now for part, now in after.items() if states.state(part) is not now}
        return Applied(changed, movements)

    # accounts

    @property
    def rules(self) -> Rules:
        """What governance sets."""
        return self.state.rules

    @property
    def now(self) -> int:
        """The moment of the call."""
        return int(self.state.timestamp)

    def account(self, owner: Address) -> AccountState:
        """A tracked account. Raises MissingRead for another one."""
        return self.state.account(owner)

    def put(self, owner: Address, changed: AccountState) -> None:
        """Replace an account."""
        self.state = self.state.with_account(owner, changed)

    def owe(self, owner: Address, profit: int) -> None:
        """Add to what an account has earned and not yet got as margin."""
        account = self.account(owner)
        self.put(owner, replace(account, owed=account.owed + profit))

    def register(self, owner: Address) -> None:
        """Put the market on the list of those that count for an account."""
        self.put(owner, replace(self.account(owner), is_registered=True))

    # prices

    def index_price(self, interval: int) -> int:
        """The index, or its mean over so many seconds, times 10**18."""
        found = index.price_of(self.index, self.feed, interval)
        decimals = self.market.index_decimals
        if decimals > _WAD_DECIMALS:
            return found // int(10 ** (decimals - _WAD_DECIMALS))
        return multiplied(found, int(10 ** (_WAD_DECIMALS - decimals)))

    def sqrt_price(self, interval: int) -> int:
        """The pool's square-root price times 2**96, or that of the mean tick."""
        if interval < _SHORTEST_MEAN:
            return self.pool.sqrt_price_x96
        sums = observe(self.pool, (interval, 0))
        if isinstance(sums, Reverted):
            raise RevertError(sums)
        then, now = sums[0]
        return sqrt_price_at_tick(div_to_zero(signed(now - then, 56), interval))

    def market_price(self, interval: int) -> int:
        """The pool's price of one unit, times 10**18."""
        return wad_of_x96(price_x96(self.sqrt_price(interval)))

    def mark_price(self) -> int:
        """The price that positions are valued at, times 10**18.

        The one in the middle of the pool's price of a moment, its mean over a longer time, and
        the index with the mean premium that the pool paid over it. Source: `_getMarkPrice`.
        """
        rules = self.rules
        price, mean = self.market_price(_SHORT_MEAN), self.market_price(rules.mark_interval)
        premium = self.market_price(rules.premium_interval) - self.index_price(
            rules.premium_interval
        )
        with_premium = to_uint256(self.index_price(0) + premium)
        return sorted((price, mean, with_premium))[1]

    def spread(self) -> int:
        """How far the pool's price is above the index, in millionths of the index."""
        price, at = self.market_price(0), self.index_price(0)
        return mul_div(price - at, MILLION, at)


def without_dust(size: int) -> int:
    """A position's size as most of the contracts see it. Source: `getTakerPositionSize`."""
    return 0 if abs(size) < _DUST else size


def swept(account: AccountState) -> AccountState:
    """The account, its position forgotten if only dust is left. Source: `_deregisterBaseToken`."""
    if abs(account.size) >= _DUST or abs(account.open_notional) >= _DUST:
        return account
    return replace(account, size=0, open_notional=0, growth=0, is_registered=False)
