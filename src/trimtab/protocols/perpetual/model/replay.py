"""The swap as the order book counts it, to know the fees. Source: OrderBook.sol `replaySwap`.

Fees of makers and what ticks remember of them are not followed: none of it reaches a taker.
"""

from __future__ import annotations

from dataclasses import dataclass

from trimtab.core.states import reverted
from trimtab.protocols.perpetual.model.arithmetic import MILLION, full_mul_div_up, subtracted
from trimtab.protocols.perpetual.model.books import Books
from trimtab.protocols.shared.reverts import NO_DATA, RevertError
from trimtab.protocols.shared.ticks import MAX_SQRT_PRICE, MIN_SQRT_PRICE
from trimtab.protocols.uniswap_v3.model.step import compute_swap_step
from trimtab.protocols.uniswap_v3.model.swap import last_price
from trimtab.protocols.uniswap_v3.model.walk import Walk


@dataclass(frozen=True, slots=True)
class Replay:
    """Where the swap ends by the order book's count, and its fees in quote units."""

    tick: int
    fee: int
    insurance_fee: int


def replay(books: Books, is_short: bool, amount: int, limit: int, fee: int) -> Replay:
    """What swapping `amount` costs; a negative one is to come out.

    A long pays the fee on what goes in, and the count is by it instead of by the pool's. A short
    pays it of what comes out, while the count is by the pool's. A limit behind the price is
    walked to as any other: it is the pool that refuses it, later.
    """
    walk = Walk.start(books.pool, is_short)
    last = limit or last_price(is_short)
    rate, share = books.rules.pool_fee if is_short else fee, books.rules.insurance_share
    remaining, fees, insurance = amount, 0, 0
    while remaining and walk.price != last:
        stop = walk.next_stop()
        target = max(stop[2], last) if is_short else min(stop[2], last)
        before = (walk.price, walk.tick, remaining)
        price, paid, got, cost = compute_swap_step(
            walk.price, target, walk.liquidity, remaining, rate
        )
        remaining += got if amount < 0 else -paid - cost
        if walk.liquidity:
            if is_short:
                cost = full_mul_div_up(got, fee, MILLION)
            part = full_mul_div_up(cost, share, MILLION)
            subtracted(cost, part)
            fees, insurance = fees + cost, insurance + part
        _step(walk, stop, price, paid, got)
        if before == (walk.price, walk.tick, remaining):
            raise RevertError(NO_DATA)  # it goes round until the gas is spent
    return Replay(walk.tick, fees, insurance)


def _step(walk: Walk, stop: tuple[int, bool, int], price: int, paid: int, got: int) -> None:
    """Go on; a price that no tick has is refused as the contracts' own tables do."""
    is_inside = MIN_SQRT_PRICE <= price < MAX_SQRT_PRICE
    if price not in (stop[2], walk.price) and not is_inside:
        raise RevertError(reverted("R"))
    walk.step(stop, price, paid, got, 0)
