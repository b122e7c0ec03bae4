"""Others' logs of a pool, many at once, folded into its reserves at the speed of the machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from trimtab.core.abi import Log, topic
from trimtab.core.errors import DataError
from trimtab.core.quantise import Ray, Timestamp
from trimtab.protocols.aave_v3.events import observe
from trimtab.protocols.aave_v3.market import LendingState, ReserveState
from trimtab.protocols.aave_v3.maths.following import (
    DEBT,
    DEBT_BURNT,
    DEBT_INDEX,
    DEBT_MINTED,
    DEBT_RATE,
    INDEX,
    ISOLATED,
    ISOLATED_DEBT,
    PREMIUM,
    RATE,
    RATES,
    RESERVE_ROWS,
    STABLE_RATE,
    SUPPLY,
    SUPPLY_BURNT,
    SUPPLY_MINTED,
    TERMS,
    TREASURY,
    TREASURY_MINTED,
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

_MINT = topic("Mint(address,address,uint256,uint256,uint256)")
_BURN = topic("Burn(address,address,uint256,uint256,uint256)")
_OF_SUPPLY: Shapes = {
    _MINT: Shape(SUPPLY_MINTED, 3, 3),
    _BURN: Shape(SUPPLY_BURNT, 3, 3),
    topic("BalanceTransfer(address,address,uint256,uint256)"): Shape(LEFT_ALONE, 3, 2),
    topic("Approval(address,address,uint256)"): Shape(LEFT_ALONE, 3, 1),
}
_OF_DEBT: Shapes = {
    _MINT: Shape(DEBT_MINTED, 3, 3),
    _BURN: Shape(DEBT_BURNT, 3, 3),
    topic("BorrowAllowanceDelegated(address,address,address,uint256)"): Shape(LEFT_ALONE, 4, 1),
}
_OF_POOL: Mapping[bytes, tuple[Shape, int]] = {
    topic("ReserveDataUpdated(address,uint256,uint256,uint256,uint256,uint256)"): (
        Shape(RATES, 2, 5),
        1,
    ),
    topic("MintedToTreasury(address,uint256)"): (Shape(TREASURY_MINTED, 2, 1), 1),
    topic("IsolationModeTotalDebtUpdated(address,uint256)"): (Shape(ISOLATED_DEBT, 2, 1), 1),
    topic("FlashLoan(address,address,address,uint256,uint8,uint256,uint16)"): (
        Shape(PREMIUM, 4, 4),
        2,
    ),
    topic("ReserveUsedAsCollateralEnabled(address,address)"): (Shape(LEFT_ALONE, 3, 0), 1),
    topic("ReserveUsedAsCollateralDisabled(address,address)"): (Shape(LEFT_ALONE, 3, 0), 1),
    topic("UserEModeSet(address,uint8)"): (Shape(LEFT_ALONE, 2, 1), 1),
}
"""Logs of the pool itself, and which topic names the asset."""


class FollowedReserves:
    """A pool's reserves that follow its logs, equal to `events.observe`.

    Raises DataError for a state that no pool can have, with a number below 0 or of over 256 bits.
    """

    __slots__ = ("_base", "_reserves")

    def __init__(self, state: LendingState) -> None:
        self._base = state
        try:
            numbers = [_row_numbers(state, reserve) for reserve in state.reserves.values()]
            rows = packed([number for each in numbers for number in each])
        except OverflowError as error:
            raise DataError(f"no pool has such a reserve ({error}): read its state anew") from None
        self._reserves = rows.reshape(-1, RESERVE_ROWS, 4)

    def advance(self, rows: LogRows) -> int:
        """Folds in logs, as `rows_of` makes them; how many, fewer if one is the model's."""
        return int(follow(self._reserves, rows))

    @property
    def state(self) -> LendingState:
        """The pool now, its accounts as they were."""
        pairs = zip(self._base.reserves.items(), self._reserves, strict=True)
        reserves = {token: _reserve(before, rows) for (token, before), rows in pairs}
        return replace(self._base, reserves=reserves)


def rows_of(state: LendingState, logs: Sequence[Log]) -> LogRows:
    """Logs of a pool and its tokens as words; what names a tracked account is the model's."""
    tokens: dict[str, tuple[Shapes, int]] = {}
    assets: dict[bytes, int] = {}
    for at, (token, reserve) in enumerate(state.reserves.items()):
        tokens.setdefault(reserve.reserve.a_token, (_OF_SUPPLY, at))
        tokens.setdefault(reserve.reserve.variable_debt_token, (_OF_DEBT, at))
        assets.setdefault(raw_address(token.address), at)
    tracked = frozenset(map(raw_address, state.accounts))

    def head(log: Log) -> tuple[int, int, int]:
        if not log.topics or is_naming(log, tracked):
            return (OF_MODEL, 0, 0)
        kind, moment = log.topics[0], log.timestamp
        found = tokens.get(log.address)
        if found is not None:
            shape, at = found[0].get(kind), found[1]
        elif kind in _OF_POOL:
            shape, place = _OF_POOL[kind]
            asset = log.topics[place][-20:] if shape.is_of(log) else b""
            at = assets.get(asset, -1)
        else:
            return (LEFT_ALONE, 0, 0)
        if shape is None:
            return (LEFT_ALONE, 0, 0)
        if not shape.is_of(log) or not 0 <= moment < 1 << 64:
            return (OF_MODEL, 0, 0)
        return (LEFT_ALONE, 0, 0) if at < 0 else (shape.kind, at, moment)

    return log_rows([head(log) for log in logs], logs, WORDS)


def observe_all(state: LendingState, logs: Sequence[Log]) -> LendingState:
    """The state after all logs in turn, as `events.observe` gives it for each."""
    return folded(state, logs, rows_of(state, logs), _advanced, observe)


def _advanced(state: LendingState, rows: LogRows) -> tuple[LendingState, int]:
    try:
        followed = FollowedReserves(state)
    except DataError:  # left so by a log that no pool emits; the model goes on with it
        return state, 0
    done = followed.advance(rows)
    return followed.state, done


def _row_numbers(state: LendingState, reserve: ReserveState) -> tuple[int, ...]:
    """The rows of a reserve, in their order."""
    terms = (reserve.last_update, reserve.configuration.reserve_factor, state.premium_to_protocol)
    return (
        reserve.liquidity_index,
        reserve.liquidity_rate,
        reserve.variable_borrow_index,
        reserve.variable_borrow_rate,
        reserve.stable_borrow_rate,
        reserve.accrued_to_treasury,
        reserve.scaled_supply,
        reserve.scaled_variable_debt,
        reserve.isolated_debt,
        int.from_bytes(b"".join(term.to_bytes(8, "little") for term in terms), "little"),
    )


def _reserve(before: ReserveState, rows: npt.NDArray[np.uint64]) -> ReserveState:
    numbers = unpacked(rows)
    return replace(
        before,
        liquidity_index=Ray(numbers[INDEX]),
        liquidity_rate=Ray(numbers[RATE]),
        variable_borrow_index=Ray(numbers[DEBT_INDEX]),
        variable_borrow_rate=Ray(numbers[DEBT_RATE]),
        stable_borrow_rate=Ray(numbers[STABLE_RATE]),
        last_update=Timestamp(int(rows[TERMS, 0])),
        accrued_to_treasury=numbers[TREASURY],
        scaled_supply=numbers[SUPPLY],
        scaled_variable_debt=numbers[DEBT],
        isolated_debt=numbers[ISOLATED],
    )
