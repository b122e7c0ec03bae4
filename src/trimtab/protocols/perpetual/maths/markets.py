"""Others' logs of a market, many at once, folded into it at the speed of the machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from trimtab.core.abi import Log, signed, topic
from trimtab.core.errors import DataError
from trimtab.protocols.perpetual.logs import observed
from trimtab.protocols.perpetual.market import PerpetualState
from trimtab.protocols.perpetual.maths.following import (
    FUNDING,
    GROWTH,
    MOMENTS,
    PLACE,
    PRICE,
    SWAPPED,
    WORDS,
    follow,
)
from trimtab.protocols.shared.limbs import packed, unpacked
from trimtab.protocols.shared.runs import (
    LEFT_ALONE,
    OF_MODEL,
    LogRows,
    Shape,
    Shapes,
    folded,
    is_naming,
    log_rows,
    raw_address,
)

_FUNDING_UPDATED = topic("FundingUpdated(address,uint256,uint256)")
_SHAPES: Shapes = {
    _FUNDING_UPDATED: Shape(FUNDING, 2, 2),
    topic("Swap(address,address,int256,int256,uint160,uint128,int24)"): Shape(SWAPPED, 3, 5),
    topic("PositionChanged(address,address,int256,int256,uint256,int256,int256,uint256)"): Shape(
        LEFT_ALONE, 3, 6
    ),
    topic("PositionLiquidated(address,address,uint256,uint256,uint256,address)"): Shape(
        LEFT_ALONE, 3, 4
    ),
    topic("FundingPaymentSettled(address,address,int256)"): Shape(LEFT_ALONE, 3, 1),
    topic("PnlRealized(address,int256)"): Shape(LEFT_ALONE, 2, 1),
    topic("Deposited(address,address,uint256)"): Shape(LEFT_ALONE, 3, 1),
    topic("Withdrawn(address,address,uint256)"): Shape(LEFT_ALONE, 3, 1),
}
_OF_INSURANCE = frozenset(
    {
        topic("BadDebtSettled(address,uint256)"),
        topic("CollateralLiquidated(address,address,address,uint256,uint256,uint256,uint24)"),
    }
)
"""What changes the margin of the insurance fund, which they do not name."""

_INT256, _LATEST = 1 << 255, 1 << 63


class FollowedMarket:
    """A market that follows its logs, equal to `logs.observed`; its pool is followed by itself.

    Raises DataError for a state that no market can have, with a number of too many bits.
    """

    __slots__ = ("_base", "_market")

    def __init__(self, state: PerpetualState) -> None:
        self._base = state
        try:
            self._market = packed(_row_numbers(state))
        except OverflowError as error:
            raise DataError(f"no market is in such a state ({error}): read it anew") from None

    def advance(self, rows: LogRows) -> int:
        """Folds in logs, as `rows_of` makes them; how many, fewer if one is the model's."""
        return int(follow(self._market, rows))

    @property
    def state(self) -> PerpetualState:
        """The market now, its accounts as they were."""
        numbers, rows = unpacked(self._market), self._market
        tick, reference_tick = (int(each) for each in rows[PLACE, :2].astype(np.int64))
        settled_at, reference_at, first_traded = (int(each) for each in rows[MOMENTS, :3])
        return replace(
            self._base,
            first_traded=first_traded,
            settled_at=settled_at,
            growth=signed(numbers[GROWTH]),
            reference_tick=reference_tick,
            reference_at=reference_at,
            sqrt_price_x96=numbers[PRICE],
            tick=tick,
        )


def rows_of(state: PerpetualState, logs: Sequence[Log]) -> LogRows:
    """Logs of a market as words; what touches a tracked account is the model's."""
    tracked = frozenset(map(raw_address, state.accounts))
    base = raw_address(state.base)

    def head(log: Log) -> tuple[int, int, int]:
        if not log.topics:
            return (LEFT_ALONE, 0, 0)
        kind = log.topics[0]
        if kind in _OF_INSURANCE or is_naming(log, tracked):
            return (OF_MODEL, 0, 0)
        shape = _SHAPES.get(kind)
        if shape is None:
            return (LEFT_ALONE, 0, 0)
        if not shape.is_of(log) or not 0 <= log.timestamp < _LATEST:
            return (OF_MODEL, 0, 0)
        if kind == _FUNDING_UPDATED and log.topics[1][-20:] != base:
            return (LEFT_ALONE, 0, 0)
        return (shape.kind, 0, log.timestamp)

    return log_rows([head(log) for log in logs], logs, WORDS)


def observe_all(state: PerpetualState, logs: Sequence[Log]) -> PerpetualState:
    """The market after all logs in turn, as `logs.observed` gives it for each."""
    return folded(state, logs, rows_of(state, logs), _advanced, observed)


def _advanced(state: PerpetualState, rows: LogRows) -> tuple[PerpetualState, int]:
    try:
        followed = FollowedMarket(state)
    except DataError:  # left so by a log that no exchange emits; the model goes on with it
        return state, 0
    done = followed.advance(rows)
    return followed.state, done


def _row_numbers(state: PerpetualState) -> tuple[int, ...]:
    """The rows of a market, in their order. Raises OverflowError for what does not fit."""
    moments = (state.settled_at, state.reference_at, state.first_traded)
    interval, most = state.rules.funding_interval, state.rules.most_funding
    if not -_INT256 <= state.growth < _INT256 or max(moments) >= _LATEST:
        raise OverflowError(f"a growth of {state.growth}, or a moment of {max(moments)}")
    place = (state.tick, state.reference_tick)
    words = [tick.to_bytes(8, "little", signed=True) for tick in place]
    words += [number.to_bytes(8, "little") for number in (interval, most)]
    return (
        state.growth % (2 * _INT256),
        state.sqrt_price_x96,
        int.from_bytes(b"".join(each.to_bytes(8, "little") for each in moments), "little"),
        int.from_bytes(b"".join(words), "little"),
    )
