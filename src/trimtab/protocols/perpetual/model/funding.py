"""Funding: what longs pay shorts for the pool's premium over the index.

Source: Exchange.sol, Funding.sol, ClearingHouse.sol.
"""

from __future__ import annotations

from dataclasses import replace

from trimtab.core.token import Address
from trimtab.protocols.perpetual.market import AccountState
from trimtab.protocols.perpetual.model.arithmetic import (
    div_to_zero,
    mul_div,
    price_x96,
    ratio_of,
    to_uint,
    x96_of_wad,
)
from trimtab.protocols.perpetual.model.books import Books
from trimtab.protocols.perpetual.model.index import cached
from trimtab.protocols.shared.ticks import Q96

DAY = 24 * 3600
REFERENCE_AGE = 15
"""Seconds for which the tick that limits the price stays the same."""


def settle(books: Books, owner: Address) -> None:
    """Bring the market's funding up to now, and book what the account owes of it.

    Source: ClearingHouse.sol `_settleFunding`, Exchange.sol `settleFunding`.
    """
    books.index = cached(books.index, books.feed, books.rules.premium_interval)
    growth = growth_now(books)
    account = books.account(owner)
    payment = payment_of(account, growth)
    _settle_market(books, growth)
    books.put(owner, replace(account, owed=account.owed - payment, growth=growth))


def _settle_market(books: Books, growth: int) -> None:
    state, now = books.state, books.now
    if now != state.settled_at:
        state = replace(state, settled_at=now, growth=growth)
    if now >= state.reference_at + REFERENCE_AGE:
        state = replace(state, reference_at=now, reference_tick=books.pool.tick)
    books.state = state


def growth_now(books: Books) -> int:
    """The sum of the premium over time until now. Source: `_getFundingGrowthGlobalAndTwaps`.

    Asks for both means even where the sum is up to date, as the contract does, and reverts with
    what they revert with.
    """
    state = books.state
    interval = funding_interval(books)
    mean_x96 = price_x96(books.sqrt_price(interval))
    index_mean = books.index_price(interval)
    if state.settled_at in (books.now, 0):
        return state.growth
    premium = premium_x96(mean_x96, index_mean, books.rules.most_funding)
    return state.growth + premium * (books.now - state.settled_at)


def funding_interval(books: Books) -> int:
    """Over how many seconds means are taken: fewer while the market is young."""
    state = books.state
    if state.first_traded == 0:
        return 0
    return min(books.rules.funding_interval, to_uint(books.now - state.first_traded, 32))


def premium_x96(mean_x96: int, index_mean: int, most: int) -> int:
    """The premium that counts, times 2**96. Source: `_getDeltaTwapX96`."""
    index_x96 = x96_of_wad(index_mean)
    bound = ratio_of(index_x96, most)
    return max(-bound, min(bound, mean_x96 - index_x96))


def payment_of(account: AccountState, growth: int) -> int:
    """What an account owes, in quote units, for the growth since it settled last.

    Source: Funding.sol `calcPendingFundingPaymentWithLiquidityCoefficient`.
    """
    return div_to_zero(mul_div(account.size, growth - account.growth, Q96), DAY)
