"""What a cache of prices answers, and how it takes a price over.

Source: ChainlinkPriceFeedV3.sol, CachedTwap.sol, CumulativeTwap.sol.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import replace

from trimtab.core.abi import UINT256_MAX
from trimtab.core.errors import MissingRead
from trimtab.protocols.chainlink import FeedState
from trimtab.protocols.perpetual.market import KEPT, RING, IndexState, PriceObservation
from trimtab.protocols.perpetual.model.arithmetic import added, multiplied, subtracted
from trimtab.protocols.shared.reverts import RevertError, refuse


def price_of(state: IndexState, feed: FeedState, interval: int) -> int:
    """The newest valid price, or its mean over so many seconds. Source: `getPrice`."""
    price, updated_at = newest(state, feed)
    if interval == 0:
        return price
    if state.timestamp == state.mean_at and interval == state.interval:
        return state.mean
    return mean(state, price, updated_at, interval)


def newest(state: IndexState, feed: FeedState) -> tuple[int, int]:
    """The price that counts and its moment: the feed's, unless it makes no sense.

    Source: `_getLatestOrCachedPrice`.
    """
    is_cached = state.updated_at > 0 and state.updated_at == feed.updated_at
    if is_cached or _is_frozen(state, feed):
        return state.price, state.updated_at
    return feed.answer, feed.updated_at


def _is_frozen(state: IndexState, feed: FeedState) -> bool:
    is_timely = state.updated_at <= feed.updated_at <= state.timestamp and feed.updated_at > 0
    return feed.round_id == 0 or not is_timely or feed.answer <= 0


def cached(state: IndexState, feed: FeedState, interval: int) -> IndexState:
    """The cache after a price is taken over; as it was where the contract reverts.

    Whoever asks goes on without. Source: `cacheTwap`, Exchange.sol `settleFunding`.
    """
    price, updated_at = newest(state, feed)
    try:
        return mean_cached(taken_over(state, price, updated_at), interval)
    except RevertError:
        return state


def taken_over(state: IndexState, price: int, updated_at: int) -> IndexState:
    """The cache with a price as its last, observed if it is a new one. Source: `_update`.

    Raises MissingRead while the ring is unread.
    """
    _check_read(state)
    state = replace(state, price=price, updated_at=updated_at)
    if not state.observations:
        first = (PriceObservation(price, 0, updated_at),) if updated_at else ()
        return replace(state, observations=first)
    last = state.observations[-1]
    if updated_at < last.timestamp:
        raise refuse("CT_IT")
    if updated_at == last.timestamp and price != last.price:
        raise refuse("CT_IPWU")
    if price == last.price:
        return state
    summed = last.cumulative + last.price * (updated_at - last.timestamp) & UINT256_MAX
    observations = (*state.observations, PriceObservation(price, summed, updated_at))
    return replace(
        state,
        index=(state.index + 1) % RING,
        observations=observations[-KEPT:],
        is_older=state.is_older or len(observations) > KEPT,
    )


def mean_cached(state: IndexState, interval: int) -> IndexState:
    """The cache with the mean of its moment, once a moment, if it is of the interval it keeps."""
    if state.interval != interval:
        if interval:
            mean(state, state.price, state.updated_at, interval)
        return state
    if state.timestamp == state.mean_at:
        return state
    found = mean(state, state.price, state.updated_at, interval)
    return replace(state, mean=found, mean_at=state.timestamp)


def mean(state: IndexState, price: int, updated_at: int, interval: int) -> int:
    """The mean over so many seconds, or the price where too little is known.

    Source: `_getTwap`, `_calculateTwap`. Raises MissingRead while the ring is unread.
    """
    _check_read(state)
    if not state.observations or interval == 0:
        return price
    last, now = state.observations[-1], int(state.timestamp)
    if last.timestamp == updated_at and price != last.price:
        raise refuse("CT_IPWCT")
    until = multiplied(last.price, subtracted(updated_at, last.timestamp))
    since = multiplied(price, subtracted(now, updated_at))
    summed = added(last.cumulative, added(until, since))
    before = _summed_until(state, now - interval)
    if before is None:
        return price
    return subtracted(summed, before) // interval or price


def _summed_until(state: IndexState, moment: int) -> int | None:
    """The sum of prices until a moment; none where the ring does not reach back so far."""
    known = state.observations
    after = bisect_right(known, moment, key=lambda each: each.timestamp)
    if after == 0:
        if state.is_older:
            raise MissingRead(
                f"of the index only the newest {KEPT} prices are read, and one of before the "
                f"second {moment} is needed: its feed is updated too often to be followed"
            )
        return None
    at = known[after - 1]
    if at.timestamp == moment:
        return at.cumulative
    if after == len(known):
        return at.cumulative + at.price * (moment - at.timestamp) & UINT256_MAX
    rise = multiplied(
        subtracted(known[after].cumulative, at.cumulative), moment - at.timestamp
    ) // (known[after].timestamp - at.timestamp)
    return added(at.cumulative, rise)


def _check_read(state: IndexState) -> None:
    if state.missing:
        raise MissingRead(
            f"{len(state.missing)} prices of the index are unread: ask the next round of reads "
            "before using the state"
        )
