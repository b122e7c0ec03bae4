"""A pool's observations of its own past, and what they tell. Source: Oracle.sol, OracleLibrary.sol.

Timestamps are modulo 2**32, sums modulo their widths: only differences have a meaning.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from math import trunc

from trimtab.core.abi import signed
from trimtab.core.errors import MissingRead
from trimtab.core.states import Reverted, reverted
from trimtab.protocols.uniswap_v3.market import KEPT, Observation, Oracle, PoolState

_TIME = 1 << 32
_UINT160_MAX = 2**160 - 1


def begun(at: int) -> Oracle:
    """The ring of a pool that is initialised at a moment."""
    return Oracle(0, 1, 1, (Observation(at % _TIME, 0, 0),))


def written(state: PoolState, at: int) -> Oracle:
    """The ring after a change at a moment: what was until then, once a second.

    A state without a ring has none after it either. Raises MissingRead while it is unread.
    """
    oracle = _read(state)
    if not oracle.observations or oracle.observations[-1].timestamp == at % _TIME:
        return oracle
    last = oracle.observations[-1]
    is_full = oracle.index + 1 == oracle.cardinality
    cardinality = oracle.cardinality_next if is_full else oracle.cardinality
    observations = (*oracle.observations, _extended(last, state, at % _TIME))
    return replace(
        oracle,
        index=(oracle.index + 1) % cardinality,
        cardinality=cardinality,
        observations=observations[-min(KEPT, cardinality) :],
    )


def _read(state: PoolState) -> Oracle:
    if state.oracle.missing:
        raise MissingRead(
            f"{len(state.oracle.missing)} observations are unread: "
            "ask the next round of reads before using the state"
        )
    return state.oracle


def _extended(last: Observation, state: PoolState, at: int) -> Observation:
    """The observation at a moment, if the state has not changed since the last one."""
    seconds = (at - last.timestamp) % _TIME
    passed = (seconds << 128) // (state.liquidity or 1)
    return Observation(
        at,
        signed(last.tick_cumulative + state.tick * seconds, 56),
        last.seconds_per_liquidity + passed & _UINT160_MAX,
    )


# ---------------------------------------------------------------------------------- looking back


def observe(
    state: PoolState, seconds_ago: Sequence[int]
) -> tuple[tuple[int, ...], tuple[int, ...]] | Reverted:
    """The cumulative ticks and seconds per liquidity so long ago, as the pool's `observe` answers.

    Raises MissingRead where the pool may know, but less of its past is kept here, and ValueError
    for an age that is no uint32.
    """
    if not _read(state).observations:
        return reverted("I")
    found = []
    for age in seconds_ago:
        if not 0 <= age < _TIME:
            raise ValueError(f"{age} seconds ago cannot be asked for: expected 0 to 2**32 - 1")
        observation = _observed(state, age)
        if observation is None:
            return reverted("OLD")
        found.append(observation)
    sums = tuple(each.tick_cumulative for each in found)
    return sums, tuple(each.seconds_per_liquidity for each in found)


def _observed(state: PoolState, age: int) -> Observation | None:
    """The observation that would have been written so many seconds ago; none if that is too old."""
    known, now = state.oracle.observations, state.timestamp % _TIME
    after = bisect_right(known, -age, key=lambda each: -((now - each.timestamp) % _TIME))
    if after == len(known):
        return _extended(known[-1], state, (now - age) % _TIME)
    if after == 0:
        if len(known) == KEPT < state.oracle.cardinality:
            raise MissingRead(
                f"the pool may know what was {age} seconds ago, but only its newest {KEPT} "
                "observations are read: ask for less"
            )
        return None
    return _between(known[after - 1], known[after], (now - age) % _TIME)


def _between(before: Observation, after: Observation, at: int) -> Observation:
    """An observation on the straight line between two neighbours, rounded as the contract does."""
    seconds = (after.timestamp - before.timestamp) % _TIME
    passed = (at - before.timestamp) % _TIME
    ticks = signed(after.tick_cumulative - before.tick_cumulative, 56)
    tick = trunc(Fraction(ticks, seconds))
    liquid = after.seconds_per_liquidity - before.seconds_per_liquidity & _UINT160_MAX
    return Observation(
        at,
        signed(before.tick_cumulative + tick * passed, 56),
        before.seconds_per_liquidity + liquid * passed // seconds & _UINT160_MAX,
    )


def mean_tick(state: PoolState, seconds: int) -> int:
    """The time-weighted mean of the tick over the last so many seconds, rounded down.

    Raises MissingRead where the pool does not look back so far, and ValueError for no time at all.
    Source: OracleLibrary.sol `consult`.
    """
    if seconds < 1:
        raise ValueError(f"there is no mean over {seconds} seconds: expected at least 1")
    sums = observe(state, (seconds, 0))
    if isinstance(sums, Reverted):
        raise MissingRead(
            f"the pool does not look back {seconds} seconds ({sums.reason}): "
            "ask for less, or let its ring of observations grow"
        )
    then, now = sums[0]
    return signed(now - then, 56) // seconds
