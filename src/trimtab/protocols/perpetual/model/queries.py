"""What can be known of a market without doing anything."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from trimtab.core.errors import MissingRead, NoRoute
from trimtab.core.states import States
from trimtab.core.token import Address
from trimtab.protocols.perpetual.market import Perpetual
from trimtab.protocols.perpetual.model import margin
from trimtab.protocols.perpetual.model.arithmetic import (
    MILLION,
    WAD,
    price_x96,
    x96_of_wad,
)
from trimtab.protocols.perpetual.model.books import Books, without_dust
from trimtab.protocols.perpetual.model.funding import (
    DAY,
    funding_interval,
    growth_now,
    payment_of,
    premium_x96,
    settle,
)
from trimtab.protocols.perpetual.model.trades import Order, exchange
from trimtab.protocols.shared.reverts import RevertError

YEAR = 365 * DAY


@dataclass(frozen=True, slots=True)
class PositionQuote:
    """What a trade would change a position by, in base and quote units of 10**-18, both signed.

    `quote` is net of the `fee`. `profit` is what of it would be realised, and
    `sqrt_price_after` where the pool's price would be.
    """

    size: int
    quote: int
    fee: int
    profit: int
    sqrt_price_after: int


def quote_open(
    states: States,
    market: Perpetual,
    owner: Address,
    *,
    is_short: bool,
    is_exact_in: bool,
    amount: int,
    limit: int = 0,
) -> PositionQuote:
    """What opening gives, whether or not the account has the margin for it.

    Raises NoRoute, with the contract's own word, where it would not trade: one-sided or empty
    liquidity, or a price beyond the market's limits.
    """
    return _quoted(states, market, Order(owner, is_short, is_exact_in, False, amount, limit))


def quote_close(
    states: States, market: Perpetual, owner: Address, *, limit: int = 0
) -> PositionQuote:
    """What closing the account's position gives, or the part that the block's limit leaves.

    Raises as `quote_open`, and NoRoute where there is no position.
    """
    size = without_dust(states[market].account(owner).size)
    if size == 0:
        raise NoRoute(f"{owner} has no position at {market.name} that could be closed")
    is_short = size > 0
    return _quoted(states, market, Order(owner, is_short, is_short, True, abs(size), limit))


def _quoted(states: States, market: Perpetual, order: Order) -> PositionQuote:
    books = Books.of(states, market)
    try:
        books.register(order.owner)
        settle(books, order.owner)
        fill = exchange(books, order)
    except RevertError as error:
        raise NoRoute(
            f"{market.name} does not trade {order.amount} ({error.outcome.reason}): ask for less, "
            "or wait until price and index are nearer to each other"
        ) from None
    return PositionQuote(fill.size, fill.quote, fill.fee, fill.profit, books.pool.sqrt_price_x96)


def funding_rate(states: States, market: Perpetual) -> Fraction:
    """What a long pays a year, of the index, were the premium to stay; negative if it is paid.

    Raises MissingRead where the market cannot tell it now.
    """
    books = Books.of(states, market)
    interval = funding_interval(books)
    try:
        mean, at = price_x96(books.sqrt_price(interval)), books.index_price(interval)
        premium = premium_x96(mean, at, books.rules.most_funding)
        return Fraction(premium * YEAR, x96_of_wad(at) * DAY)
    except (RevertError, ZeroDivisionError) as error:
        raise _unknown(market, "rate of funding", error) from None


def mark_price(states: States, market: Perpetual) -> Fraction:
    """The price of one base unit in quote units that positions are valued at.

    Raises MissingRead where the market cannot tell it now.
    """
    try:
        return Fraction(Books.of(states, market).mark_price(), WAD)
    except RevertError as error:
        raise _unknown(market, "mark price", error) from None


def pending_funding(states: States, market: Perpetual, owner: Address) -> int:
    """What an account owes of funding that is not booked yet, in quote units of 10**-18."""
    books = Books.of(states, market)
    account = books.account(owner)
    try:
        return payment_of(account, growth_now(books)) if account.is_registered else 0
    except RevertError as error:
        raise _unknown(market, "funding", error) from None


def account_value(states: States, market: Perpetual, owner: Address) -> int:
    """What an account is worth, in base units of the settlement token, rounded down.

    Raises MissingRead where the market cannot tell it now.
    """
    try:
        return margin.stated_value(Books.of(states, market), owner)
    except RevertError as error:
        raise _unknown(market, f"worth of {owner}", error) from None


def free_collateral(states: States, market: Perpetual, owner: Address) -> int:
    """What an account may withdraw, in base units of the settlement token.

    Raises MissingRead where the market cannot tell it now.
    """
    try:
        return margin.withdrawable(Books.of(states, market), owner)
    except RevertError as error:
        raise _unknown(market, f"free collateral of {owner}", error) from None


def margin_ratio(states: States, market: Perpetual, owner: Address) -> Fraction | None:
    """An account's worth over the worth of its position; none without a position.

    Below `maintenance_margin` it is liquidated. Raises MissingRead as `account_value`.
    """
    books = Books.of(states, market)
    try:
        worth = abs(margin.position_value(books, books.account(owner)))
        value = margin.house_value(books, owner)
    except RevertError as error:
        raise _unknown(market, f"margin of {owner}", error) from None
    return Fraction(value, worth) if worth else None


def liquidation_price(states: States, market: Perpetual, owner: Address) -> Fraction | None:
    """The mark price at which an account's worth equals what it needs; none if there is none.

    Exact but for the contract's own rounding. Raises MissingRead as `account_value`.
    """
    books = Books.of(states, market)
    account = books.account(owner)
    size = without_dust(account.size)
    if size == 0:
        return None
    try:
        rest = margin.settled_balance(books, owner) + account.open_notional
    except RevertError as error:
        raise _unknown(market, f"margin of {owner}", error) from None
    needed = Fraction(books.rules.maintenance_margin, MILLION)
    slope = abs(size) * needed - size
    if slope == 0 or Fraction(rest) / slope <= 0:
        return None
    return Fraction(rest) / slope


def _unknown(market: Perpetual, what: str, error: Exception) -> MissingRead:
    return MissingRead(
        f"{market.name} cannot tell the {what} now ({error}): its pool or its feed knows too "
        "little of the past, or answers nonsense; wait"
    )
