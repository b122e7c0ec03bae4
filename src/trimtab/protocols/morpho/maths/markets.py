"""Others' logs of a market, many at once, folded into it at the speed of the machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from trimtab.core.abi import Log, topic
from trimtab.core.errors import DataError
from trimtab.core.quantise import Timestamp, Wad
from trimtab.protocols.morpho.events import observe
from trimtab.protocols.morpho.market import LendingState
from trimtab.protocols.morpho.maths.following import (
    ACCRUED,
    BORROWED,
    CALLED,
    DEBT,
    FEE,
    FEE_SET,
    LIQUIDATED,
    PLACE,
    RATE,
    RATE_KEPT,
    REPAID,
    SUPPLIED,
    SUPPLY,
    WITHDRAWN,
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

_ACCRUE_INTEREST = topic("AccrueInterest(bytes32,uint256,uint256,uint256)")
_SET_FEE_RECIPIENT = topic("SetFeeRecipient(address)")
_OF_CONTRACT: Shapes = {
    _ACCRUE_INTEREST: Shape(ACCRUED, 2, 3),
    topic("Supply(bytes32,address,address,uint256,uint256)"): Shape(SUPPLIED, 4, 2),
    topic("Withdraw(bytes32,address,address,address,uint256,uint256)"): Shape(WITHDRAWN, 4, 3),
    topic("Borrow(bytes32,address,address,address,uint256,uint256)"): Shape(BORROWED, 4, 3),
    topic("Repay(bytes32,address,address,uint256,uint256)"): Shape(REPAID, 4, 2),
    topic("SupplyCollateral(bytes32,address,address,uint256)"): Shape(LEFT_ALONE, 4, 1),
    topic("WithdrawCollateral(bytes32,address,address,address,uint256)"): Shape(CALLED, 4, 2),
    topic("Liquidate(bytes32,address,address,uint256,uint256,uint256,uint256,uint256)"): Shape(
        LIQUIDATED, 4, 5
    ),
    topic("SetFee(bytes32,uint256)"): Shape(FEE_SET, 2, 1),
}
_OF_RATE_MODEL: Shapes = {
    topic("BorrowRateUpdate(bytes32,uint256,uint256)"): Shape(RATE_KEPT, 2, 2)
}


class FollowedMarket:
    """A market that follows its logs, equal to `events.observe`.

    Raises DataError for a state that no market can have, with a number below 0 or of over 256
    bits.
    """

    __slots__ = ("_base", "_market")

    def __init__(self, state: LendingState) -> None:
        self._base = state
        try:
            self._market = packed(
                (
                    state.total_supply_assets,
                    state.total_supply_shares,
                    state.total_borrow_assets,
                    state.total_borrow_shares,
                    state.fee,
                    state.rate_at_target or 0,
                    state.last_update,
                )
            )
        except OverflowError as error:
            raise DataError(f"no market is in such a state ({error}): read it anew") from None

    def advance(self, rows: LogRows) -> int:
        """Folds in logs, as `rows_of` makes them; how many, fewer if one is the model's."""
        return int(follow(self._market, rows))

    @property
    def state(self) -> LendingState:
        """The market now, its positions as they were."""
        numbers, base = unpacked(self._market), self._base
        return replace(
            base,
            total_supply_assets=numbers[SUPPLY],
            total_supply_shares=numbers[SUPPLY + 1],
            total_borrow_assets=numbers[DEBT],
            total_borrow_shares=numbers[DEBT + 1],
            last_update=Timestamp(numbers[PLACE]),
            fee=Wad(numbers[FEE]),
            rate_at_target=None if base.rate_at_target is None else numbers[RATE],
        )


def rows_of(state: LendingState, logs: Sequence[Log]) -> LogRows:
    """Logs of the contract and of a rate model as words; what touches a position is the model's.

    Interest of which a tracked account gets the fee touches its position.
    """
    tracked = frozenset(map(raw_address, state.positions))
    recipient, heads = raw_address(state.fee_recipient), []
    for log in logs:
        if log.topics[:1] == (_SET_FEE_RECIPIENT,) and len(log.topics) > 1:
            recipient = log.topics[1][-20:]
        is_ours = recipient in tracked and log.topics[:1] == (_ACCRUE_INTEREST,)
        heads.append((OF_MODEL, 0, 0) if is_ours else _head(state, log, tracked))
    return log_rows(heads, logs, WORDS)


def _head(state: LendingState, log: Log, tracked: frozenset[bytes]) -> tuple[int, int, int]:
    if log.topics[:1] == (_SET_FEE_RECIPIENT,):
        return (OF_MODEL, 0, 0)
    if len(log.topics) < 2 or log.topics[1].hex() != state.market.market_id[2:]:
        return (LEFT_ALONE, 0, 0)
    is_rate_model = log.address == state.market.rate_model
    shape = (_OF_RATE_MODEL if is_rate_model else _OF_CONTRACT).get(log.topics[0])
    if shape is None:
        return (LEFT_ALONE, 0, 0)
    is_new = shape.kind == RATE_KEPT and state.rate_at_target is None
    if is_new or is_naming(log, tracked) or not shape.is_of(log) or log.timestamp >> 64:
        return (OF_MODEL, 0, 0)
    return (shape.kind, 0, log.timestamp)


def observe_all(state: LendingState, logs: Sequence[Log]) -> LendingState:
    """The market after all logs in turn, as `events.observe` gives it for each."""
    return folded(state, logs, rows_of(state, logs), _advanced, observe)


def _advanced(state: LendingState, rows: LogRows) -> tuple[LendingState, int]:
    try:
        followed = FollowedMarket(state)
    except DataError:  # left so by a log that the contract never emits; the model goes on with it
        return state, 0
    done = followed.advance(rows)
    return followed.state, done
