"""Exact quotes of one pool, fast: single ones from integers, batches from arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trimtab.core.errors import DataError, MissingRead, NoRoute
from trimtab.protocols.shared.limbs import packed, unpacked
from trimtab.protocols.shared.ticks import MAX_SQRT_PRICE, MAX_TICK, MIN_SQRT_PRICE, MIN_TICK
from trimtab.protocols.uniswap_v3.market import PoolState
from trimtab.protocols.uniswap_v3.maths import segments as layout
from trimtab.protocols.uniswap_v3.maths.segments import Table, change_liquidity, go
from trimtab.protocols.uniswap_v3.maths.tables import UINT128, longer, table_of
from trimtab.protocols.uniswap_v3.maths.walks import (
    AFTER,
    AMOUNT,
    EXACT_OUT,
    FEES_PAID,
    LIMIT,
    LIMITED,
    PAID,
    QUOTE_ROWS,
    RECEIVED,
    WITH_FEES,
    quote_batch,
)
from trimtab.protocols.uniswap_v3.model.quotes import Quote
from trimtab.protocols.uniswap_v3.model.swap import HIGHEST_LIMIT, INT256_MAX, LOWEST_LIMIT

Questions = npt.NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Quotes:
    """What a batch of swaps gives: integers of four words in rows, in the order of the amounts.

    `amount_in` is what the pool takes, the fee included; `fee` is part of it, in the token sold,
    and there only if it was asked for.
    """

    amount_in: npt.NDArray[np.uint64]
    amount_out: npt.NDArray[np.uint64]
    sqrt_price_after: npt.NDArray[np.uint64]
    fee: npt.NDArray[np.uint64] | None

    def integers(self) -> list[Quote]:
        """The same one by one, as the model has them. Raises ValueError without the fees."""
        if self.fee is None:
            raise ValueError("these quotes were made without their fees: ask with fees=True")
        columns = (self.amount_out, self.amount_in, self.fee, self.sqrt_price_after)
        return [Quote(*found) for found in zip(*map(unpacked, columns), strict=True)]


class PoolQuotes:
    """Quotes of a pool as it stands, and as it moves.

    Equal to `model.swap` for every amount below 2**255 and every price limit. It is told of the
    pool's swaps, mints and burns, and keeps its tables then, which costs a swap next to nothing
    and a mint or burn as much as there are stops in its range. Batches may run beside each other
    in several threads; everything else is for one thread alone.

    Raises NoRoute for a pool without a price, and for what would lower the lowest price there is,
    and MissingRead if part of its ticks is unread.
    """

    __slots__ = (
        "_bytes",
        "_down",
        "_is_believed",
        "_is_lowest",
        "_single",
        "_told",
        "_told_bytes",
        "_up",
        "tick",
    )

    def __init__(self, state: PoolState) -> None:
        if state.sqrt_price_x96 == 0:
            raise NoRoute("the pool has no price: nobody has initialised it yet")
        if state.missing_words or state.missing_ticks:
            raise MissingRead(
                f"{len(state.missing_words)} words of the tick bitmap and "
                f"{len(state.missing_ticks)} ticks are unread: ask the next round of reads"
            )
        self.tick = state.tick
        self._is_believed, self._is_lowest = True, state.sqrt_price_x96 == MIN_SQRT_PRICE
        self._down, self._up = (
            table_of(state, zero_for_one=True),
            table_of(state, zero_for_one=False),
        )
        self._single: Questions = np.zeros((QUOTE_ROWS, 1, 4), np.uint64)
        self._bytes = self._single.data.cast("B")
        self._told: Questions = np.zeros((2, 4), np.uint64)
        self._told_bytes = self._told.data.cast("B")

    # ------------------------------------------------------------------------------ one quote

    def amount_out(self, zero_for_one: bool, amount_in: int) -> int:
        """What selling an amount gives, in base units. Raises as `quote`."""
        self._ask(zero_for_one, amount_in, 0)
        return int.from_bytes(self._bytes[32 * RECEIVED : 32 * RECEIVED + 32], "little")

    def amount_in(self, zero_for_one: bool, amount_out: int) -> int:
        """What buying an amount takes, or as much of it as there is. Raises as `quote`."""
        self._ask(zero_for_one, amount_out, EXACT_OUT)
        return int.from_bytes(self._bytes[32 * PAID : 32 * PAID + 32], "little")

    def quote(self, zero_for_one: bool, amount: int, limit: int | None = None) -> Quote:
        """What a swap gives that stops at the price `limit`; a negative amount comes out.

        Raises ValueError for an amount of 2**255 or more, or a limit that does not lie ahead.
        """
        kind = WITH_FEES | (EXACT_OUT if amount < 0 else 0)
        if limit is not None:
            self._check_limit(zero_for_one, limit)
            self._bytes[32 * LIMIT : 32 * LIMIT + 32] = limit.to_bytes(32, "little")
            kind |= LIMITED
        self._ask(zero_for_one, abs(amount), kind)
        paid, received, after, fee = unpacked(self._single[PAID : FEES_PAID + 1])
        return Quote(received, paid, fee, after)

    def _ask(self, zero_for_one: bool, amount: int, kind: int) -> None:
        if not 0 <= amount <= INT256_MAX:
            raise ValueError(f"{amount} cannot be swapped: expected 0 to 2**255 - 1")
        self._bytes[32 * AMOUNT : 32 * AMOUNT + 32] = amount.to_bytes(32, "little")
        quote_batch(self._way(zero_for_one), self._single, kind)

    def _way(self, zero_for_one: bool) -> Table:
        if not self._is_believed:
            raise DataError("an event contradicted the pool's liquidity: read its state anew")
        if not zero_for_one:
            return self._up
        if self._is_lowest:
            raise NoRoute("the pool stands at the lowest price there is: no token0 can be sold")
        return self._down

    # -------------------------------------------------------------------------------- batches

    def amounts_out(self, zero_for_one: bool, amounts_in: Sequence[int]) -> list[int]:
        """What selling each amount gives, each from the pool as it stands. Raises as `quote`."""
        return unpacked(self._asked(zero_for_one, packed(amounts_in), 0)[RECEIVED])

    def amounts_in(self, zero_for_one: bool, amounts_out: Sequence[int]) -> list[int]:
        """What buying each amount takes, or as much of it as there is. Raises as `quote`."""
        return unpacked(self._asked(zero_for_one, packed(amounts_out), EXACT_OUT)[PAID])

    def sold(
        self,
        zero_for_one: bool,
        amounts: npt.NDArray[np.uint64],
        limits: npt.NDArray[np.uint64] | None = None,
        *,
        fees: bool = False,
    ) -> Quotes:
        """What selling each amount gives, each from the pool as it stands.

        Amounts and limits are rows of four words (`limbs.packed` makes them). Raises as `quote`.
        """
        return self._batch(zero_for_one, amounts, limits, WITH_FEES if fees else 0)

    def bought(
        self,
        zero_for_one: bool,
        amounts: npt.NDArray[np.uint64],
        limits: npt.NDArray[np.uint64] | None = None,
        *,
        fees: bool = False,
    ) -> Quotes:
        """What buying each amount takes, or as much of it as there is; otherwise as `sold`."""
        return self._batch(zero_for_one, amounts, limits, EXACT_OUT | (WITH_FEES if fees else 0))

    def _batch(
        self,
        zero_for_one: bool,
        amounts: npt.NDArray[np.uint64],
        limits: npt.NDArray[np.uint64] | None,
        kind: int,
    ) -> Quotes:
        if limits is not None:
            for limit in set(unpacked(limits)):
                self._check_limit(zero_for_one, limit)
            kind |= LIMITED
        answers = self._asked(zero_for_one, amounts, kind, limits)
        fees = answers[FEES_PAID] if kind & WITH_FEES else None
        return Quotes(answers[PAID], answers[RECEIVED], answers[AFTER], fees)

    def _asked(
        self,
        zero_for_one: bool,
        amounts: npt.NDArray[np.uint64],
        kind: int,
        limits: npt.NDArray[np.uint64] | None = None,
    ) -> Questions:
        """The questions with their answers."""
        questions: Questions = np.empty((QUOTE_ROWS, len(amounts), 4), np.uint64)
        questions[AMOUNT] = amounts
        if limits is not None:
            questions[LIMIT] = limits
        if not quote_batch(self._way(zero_for_one), questions, kind):
            raise ValueError("an amount cannot be swapped: expected 0 to 2**255 - 1")
        return questions

    def _check_limit(self, zero_for_one: bool, limit: int) -> None:
        price = self.sqrt_price_x96
        is_ahead = (
            LOWEST_LIMIT <= limit <= price if zero_for_one else price <= limit <= HIGHEST_LIMIT
        )
        if not is_ahead:
            raise ValueError(
                f"the square-root price {limit} does not lie ahead of {price}: no swap stops there"
            )

    @property
    def sqrt_price_x96(self) -> int:
        """The pool's price."""
        return unpacked(self._down[layout.HEAD, layout.NOW])[0]

    # -------------------------------------------------------------------------------- upkeep

    def swapped(self, price: int, liquidity: int, tick: int) -> None:
        """The pool stands at another price; what its Swap event tells of it, which is believed.

        Raises DataError for a price or a tick that no pool has.
        """
        if not (MIN_SQRT_PRICE <= price < MAX_SQRT_PRICE and MIN_TICK <= tick < MAX_TICK):
            raise DataError(f"no pool stands at the square-root price {price} and tick {tick}")
        self._told_bytes[:] = (price | liquidity << 256).to_bytes(64, "little")
        go(self._down, self._up, self._told, tick)
        self.tick, self._is_lowest = tick, price == MIN_SQRT_PRICE

    def liquidity_changed(self, lower: int, upper: int, change: int) -> None:
        """Liquidity came into a range, or left it where the change is negative.

        Raises DataError for a range that is none, and for more than there is or than fits: then
        for every further quote too.
        """
        if not MIN_TICK <= lower < upper <= MAX_TICK or abs(change) >= UINT128:
            raise DataError(f"no pool has liquidity {change} from tick {lower} to {upper}")
        if change == 0:
            return
        amount = change % UINT128 + (UINT128 if change < 0 else 0)
        self._told_bytes[:32] = amount.to_bytes(32, "little")
        done = self._change(lower, upper)
        if done == layout.FULL:
            self._down, self._up = longer(self._down), longer(self._up)
            done = self._change(lower, upper)
        self._is_believed = done == layout.KEPT
        if not self._is_believed:
            raise DataError(
                f"a change of {change} from tick {lower} to {upper} contradicts the pool's "
                "liquidity: read its state anew"
            )

    def _change(self, lower: int, upper: int) -> int:
        return change_liquidity(self._down, self._up, self.tick, lower, upper, self._told)
