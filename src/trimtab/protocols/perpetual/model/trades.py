"""Opening and closing positions: a swap in the pool, with the exchange's own fee.

Source: ClearingHouse.sol, Exchange.sol, OrderBook.sol, SwapMath.sol, UniswapV3Broker.sol.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from trimtab.core.abi import UINT256_MAX
from trimtab.core.actions import ClosePosition, OpenPosition
from trimtab.core.token import Address
from trimtab.protocols.perpetual.model.arithmetic import (
    MILLION,
    full_mul_div,
    full_mul_div_up,
    ratio_of,
    subtracted,
    to_int256,
    to_uint,
)
from trimtab.protocols.perpetual.model.books import Books, without_dust
from trimtab.protocols.perpetual.model.funding import growth_now, settle
from trimtab.protocols.perpetual.model.margin import (
    free_collateral,
    profit_of,
    realise,
    require_free_collateral,
)
from trimtab.protocols.perpetual.model.replay import Replay, replay
from trimtab.protocols.shared.reverts import NO_DATA, RevertError, refuse
from trimtab.protocols.shared.ticks import MAX_TICK, MIN_TICK, sqrt_price_at_tick
from trimtab.protocols.uniswap_v3.model.swap import UINT160_MAX, last_price, refusal, swap

_UNMATCHED = 10
"""By how many units less than what is wanted may come out."""


@dataclass(frozen=True, slots=True)
class Order:
    """A trade as the clearing house orders it from the exchange; `limit` 0 is none."""

    owner: Address
    is_short: bool
    is_exact_in: bool
    is_close: bool
    amount: int
    limit: int


@dataclass(frozen=True, slots=True)
class Fill:
    """What a trade did: the change of the position, and of what it cost, both signed.

    `quote` is net of the fee, `notional` is not. In units of 10**-18.
    """

    size: int
    notional: int
    fee: int
    insurance_fee: int
    profit: int

    @property
    def quote(self) -> int:
        """What the trade changed the open notional by, before profit is taken out of it."""
        return self.notional - self.fee


def open_position(books: Books, action: OpenPosition) -> Fill:
    """Trade, and check what is left. Source: `_openPositionFor`."""
    _check_words(action.amount, action.bound, action.limit)
    _check_begin(books, action.deadline)
    books.register(action.actor)
    settle(books, action.actor)
    kind = (action.is_short, action.is_exact_in, False)
    fill = trade(books, Order(action.actor, *kind, action.amount, action.limit))
    check_bound(fill, action.is_short, action.is_exact_in, action.bound)
    return fill


def close_position(books: Books, action: ClosePosition) -> Fill:
    """Trade a whole position away, or as much of it as the block's limit to the price leaves.

    Source: `closePosition`.
    """
    _check_begin(books, action.deadline)
    settle(books, action.actor)
    size = without_dust(books.account(action.actor).size)
    if size == 0:
        raise refuse("CH_PSZ")
    _check_words(0, action.bound, action.limit)  # the order is looked at only where it is used
    is_short = size > 0
    kind = (is_short, is_short, True)
    fill = trade(books, Order(action.actor, *kind, abs(size), action.limit))
    bound = action.bound
    closed = to_uint(full_mul_div(abs(fill.size), MILLION, abs(size)), 24)
    if abs(fill.size) < abs(size):
        bound = ratio_of(bound, closed)
    check_bound(fill, is_short, is_short, bound)
    return fill


def _check_words(amount: int, bound: int, limit: int) -> None:
    fits = 0 <= amount <= UINT256_MAX and 0 <= bound <= UINT256_MAX and 0 <= limit <= UINT160_MAX
    if not fits:
        raise RevertError(NO_DATA)


def _check_begin(books: Books, deadline: int) -> None:
    if books.rules.is_house_paused:
        raise refuse("Pausable: paused")
    if books.now > deadline:
        raise refuse("CH_TE")


def trade(books: Books, order: Order) -> Fill:
    """A trade of an account whose funding is settled. Source: `_openPosition`."""
    before = without_dust(books.account(order.owner).size)
    fill = exchange(books, order)
    books.owe(books.market.insurance_fund, fill.insurance_fee)
    realise(books, order.owner, fill.size, fill.quote, fill.profit)
    after = without_dust(books.account(order.owner).size)
    is_reduced = before != 0 and (before < 0) != order.is_short
    is_turned = before != 0 and after != 0 and (before < 0) != (after < 0)
    if not is_reduced or is_turned:
        require_free_collateral(books, order.owner)
    elif free_collateral(books, order.owner, books.rules.maintenance_margin) < 0:
        raise refuse("CH_NEFCM")
    return fill


def check_bound(fill: Fill, is_short: bool, is_exact_in: bool, bound: int) -> None:
    """Refuse a fill that gives less, or takes more, than wanted. Source: `_checkSlippage`."""
    if bound == 0:
        return
    paid, got = (fill.size, fill.quote) if is_short else (fill.quote, fill.size)
    if is_exact_in:
        if abs(got) < bound:
            raise refuse("CH_TLRS" if is_short else "CH_TLRL")
    elif abs(paid) > bound:
        raise refuse("CH_TMRS" if is_short else "CH_TMRL")


# ---------------------------------------------------------------------------------- exchange


def exchange(books: Books, order: Order) -> Fill:
    """The swap, and what of it is profit. Source: Exchange.sol `swap`."""
    if books.rules.most_ticks == 0:
        raise refuse("EX_MIP")
    account = books.account(order.owner)
    size, open_notional = without_dust(account.size), account.open_notional
    if order.is_close and size != 0:
        order = replace(order, limit=_closing_limit(books, size < 0, order.limit))
    fill = _swap(books, order, account.fee)
    if abs(books.pool.tick - books.state.reference_tick) > books.rules.most_ticks:
        raise refuse("EX_OPLAS")
    if size == 0 or (size < 0) == order.is_short:
        return fill
    return replace(fill, profit=profit_of(size, open_notional, fill.size, fill.quote))


def _closing_limit(books: Books, is_upwards: bool, limit: int) -> int:
    """The price at which closing stops: the block's limit, or a nearer one that is given.

    Source: `_getSqrtPriceLimitForClosingPosition`.
    """
    reference, most = books.state.reference_tick, books.rules.most_ticks
    tick = reference + most if is_upwards else reference - most
    tick = MAX_TICK - 1 if tick > MAX_TICK else MIN_TICK + 1 if tick < MIN_TICK else tick
    last = sqrt_price_at_tick(tick)
    if limit == 0:
        return last
    return min(last, limit) if is_upwards else max(last, limit)


def _swap(books: Books, order: Order, fee: int) -> Fill:
    """Source: Exchange.sol `_swap`."""
    scaled, replayed = scaled_amounts(order, fee, books.rules.pool_fee)
    growth_now(books)
    found = replay(books, order.is_short, replayed, order.limit, fee)
    before = books.spread()
    base, quote = _swap_in_pool(books, order, scaled)
    if books.pool.tick != found.tick:
        raise refuse("EX_TKMM")
    most, after = books.rules.most_spread, books.spread()
    if not min(before, -most) <= after <= max(before, most):
        raise refuse("EX_OPB")
    if books.state.first_traded == 0:
        books.state = replace(books.state, first_traded=books.now)
    size, notional = _exchanged(order, found, books.rules.pool_fee, base, quote, scaled)
    return Fill(size, notional, found.fee, found.insurance_fee, 0)


def scaled_amounts(order: Order, fee: int, pool_fee: int) -> tuple[int, int]:
    """What goes to the pool, and what goes to the replay, negative for what is to come out.

    Source: SwapMath.sol `calcScaledAmountForSwaps`.
    """
    amount = order.amount
    if order.is_short:
        of = pool_fee if order.is_exact_in else fee
        scaled = full_mul_div_up(amount, MILLION, subtracted(MILLION, of))
        replayed = to_int256(scaled)
    else:
        scaled = amount
        if order.is_exact_in:
            kept, of = subtracted(MILLION, fee), subtracted(MILLION, pool_fee)
            scaled = full_mul_div_up(amount, kept, of)
        replayed = to_int256(amount)
    return scaled, replayed if order.is_exact_in else -replayed


def _swap_in_pool(books: Books, order: Order, scaled: int) -> tuple[int, int]:
    """Base and quote that changed hands in the pool. Source: UniswapV3Broker.sol `swap`."""
    amount = to_int256(scaled) if order.is_exact_in else -to_int256(scaled)
    limit = order.limit or last_price(order.is_short)
    refused = refusal(books.pool, order.is_short, amount, limit)
    if refused is not None:
        raise RevertError(refused)
    walk = swap(books.pool, order.is_short, amount, limit)
    if not walk.amount_in or not walk.amount_out:
        raise refuse("CH_F0S")
    books.pool = walk.arrived(books.pool)
    books.state = replace(books.state, sqrt_price_x96=walk.price, tick=walk.tick)
    paid, got = walk.amount_in, walk.amount_out
    if not order.is_exact_in and order.limit == 0:
        if abs(got - scaled) >= _UNMATCHED:
            raise refuse("UB_UOA")
        got = scaled
    return (paid, got) if order.is_short else (got, paid)


def _exchanged(
    order: Order, found: Replay, pool_fee: int, base: int, quote: int, scaled: int
) -> tuple[int, int]:
    """The change of the position and of its cost, the pool's own fee taken out of both."""
    if order.is_short:
        return -full_mul_div(base, MILLION - pool_fee, MILLION), quote
    if order.is_exact_in and quote == scaled:
        return base, -subtracted(order.amount, found.fee)
    return base, -full_mul_div(quote, MILLION - pool_fee, MILLION)
