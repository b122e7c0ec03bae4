from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.protocols.uniswap_v3.pools import NOW, PLAIN, POOL, UNPRICED, WHOLE, pool_state
from trimtab.core.abi import Log, topic, word
from trimtab.core.errors import MissingRead
from trimtab.core.quantise import Timestamp
from trimtab.core.states import reverted
from trimtab.protocols.shared.ticks import Q96, sqrt_price_at_tick
from trimtab.protocols.uniswap_v3 import (
    Observation,
    Oracle,
    PoolState,
    UniswapV3Adapter,
    mean_tick,
    observe,
)
from trimtab.protocols.uniswap_v3.market import KEPT
from trimtab.protocols.uniswap_v3.model.oracle import begun, written
from trimtab.protocols.uniswap_v3.model.swap import swap

ADAPTER = UniswapV3Adapter()
LIQUIDITY = 1_000 * WHOLE


def at_tick(tick: int, oracle: Oracle, now: int = NOW) -> PoolState:
    state = pool_state((-60_000, 60_000, LIQUIDITY), price=sqrt_price_at_tick(tick))
    return replace(state, oracle=oracle, timestamp=Timestamp(now))


def ring(*observations: Observation, size: int | None = None) -> Oracle:
    size = size or len(observations)
    return Oracle(len(observations) - 1, size, size, observations)


PAST = ring(
    Observation(NOW - 100, 1_000, 5 << 100),
    Observation(NOW - 60, 1_101, 9 << 100),
    Observation(NOW - 20, 900, 9 << 100),
)

# ---------------------------------------------------------------------------------- writing


@pytest.mark.parametrize("tick", [-7, 0, 7])
def test_written__some_seconds_later__what_was_until_then(tick: int) -> None:
    last = Observation(NOW - 15, 1_000, 77)
    oracle = written(at_tick(tick, ring(last)), NOW)
    seconds = 77 + (15 << 128) // LIQUIDITY
    assert oracle == ring(Observation(NOW, 1_000 + 15 * tick, seconds))


def test_written__in_the_second_of_the_last__not_again() -> None:
    oracle = ring(Observation(NOW, 1_000, 77), size=4)
    assert written(at_tick(5, oracle), NOW) is oracle


def test_written__ring_of_several__on_top_of_the_newest() -> None:
    newest = Observation(NOW - 10, 1_000, 77)
    known = ring(Observation(NOW, 5, 6), newest, size=4)
    expected = Observation(NOW, 1_000 + 10 * 3, 77 + (10 << 128) // LIQUIDITY)
    assert written(at_tick(3, known), NOW).observations == (*known.observations, expected)


def test_written__no_liquidity__counted_as_one() -> None:
    dry = replace(pool_state(), oracle=ring(Observation(NOW - 15, 0, 0)))
    assert written(dry, NOW).observations[-1].seconds_per_liquidity == 15 << 128


def test_written__sums_past_their_words__wrap() -> None:
    last = Observation(NOW - 10, 2**55 - 1, 2**160 - 1)
    (after,) = written(at_tick(1, ring(last)), NOW).observations
    assert after.tick_cumulative == 2**55 - 1 + 10 - 2**56
    assert after.seconds_per_liquidity == (10 << 128) // LIQUIDITY - 1


def test_written__moment_past_32_bits__seconds_counted_across() -> None:
    last = Observation(2**32 - 5, 0, 0)
    assert written(at_tick(3, ring(last)), 2**32 + 5).observations[-1] == Observation(
        5, 30, (10 << 128) // LIQUIDITY
    )


@pytest.mark.parametrize(
    "index, cardinality, following, expected",
    [
        (0, 1, 1, (0, 1)),  # a ring of one overwrites it
        (0, 1, 3, (1, 3)),  # full, so it grows
        (1, 3, 5, (2, 3)),  # not at its end, so it does not grow yet
        (2, 3, 5, (3, 5)),
        (2, 3, 3, (0, 3)),
        (1, 3, 3, (2, 3)),
    ],
)
def test_written__ring__grows_where_it_is_full(
    index: int, cardinality: int, following: int, expected: tuple[int, int]
) -> None:
    known = tuple(Observation(NOW - 90 + at, 0, 0) for at in range(index + 1))
    oracle = Oracle(index, cardinality, following, known)
    after = written(at_tick(0, oracle), NOW)
    assert (after.index, after.cardinality) == expected
    assert after.cardinality_next == following
    assert len(after.observations) == min(index + 2, after.cardinality)
    assert after.observations[-1].timestamp == NOW


def test_written__more_than_is_kept__oldest_forgotten() -> None:
    known = tuple(Observation(NOW - 1_000 + at, 0, 0) for at in range(KEPT))
    oracle = Oracle(KEPT - 1, 2 * KEPT, 2 * KEPT, known)
    after = written(at_tick(0, oracle), NOW)
    assert after.index == KEPT
    assert after.observations == (*known[1:], after.observations[-1])


def test_written__unread__refused() -> None:
    state = replace(PLAIN, oracle=PLAIN.oracle.unread())
    with pytest.raises(MissingRead, match="1 observations are unread"):
        written(state, NOW)
    with pytest.raises(MissingRead, match="1 observations are unread"):
        observe(state, (0,))


@pytest.mark.parametrize("limit, moved", [(sqrt_price_at_tick(-1), True), (Q96 - 1, True)])
def test_arrived__tick_moved__written_with_what_was_before(limit: int, moved: bool) -> None:
    state = at_tick(0, ring(Observation(NOW - 15, 0, 0)))
    after = swap(state, True, WHOLE * 1_000, limit).arrived(state)
    assert (after.oracle == written(state, NOW)) == moved


def test_arrived__tick_not_moved__not_written() -> None:
    state = at_tick(0, ring(Observation(NOW - 15, 0, 0)))
    after = swap(state, False, 10**9, sqrt_price_at_tick(1)).arrived(state)
    assert after.tick == state.tick
    assert after.oracle is state.oracle


# ----------------------------------------------------------------------------------- events


def told(signature: str, *data: int, at: int = NOW) -> Log:
    body = b"".join(map(word, data))
    return Log(POOL.address, (topic(signature),), body, 1, at, "0x1", 0)


def test_initialize__pool_without_price__begins_its_ring() -> None:
    log = told("Initialize(uint160,int24)", Q96, 0, at=2**32 + 3)
    state = ADAPTER.observe(UNPRICED, log)
    assert state.oracle == begun(2**32 + 3) == Oracle(0, 1, 1, (Observation(3, 0, 0),))


def test_growth__told__kept_until_the_ring_is_full() -> None:
    log = told("IncreaseObservationCardinalityNext(uint16,uint16)", 1, 9)
    state = ADAPTER.observe(PLAIN, log)
    assert state == replace(PLAIN, oracle=replace(PLAIN.oracle, cardinality_next=9))


def test_swap__told_of_a_later_block__written_at_its_moment() -> None:
    state = at_tick(0, ring(Observation(NOW - 15, 0, 0)))
    walk = swap(state, True, WHOLE * 1_000, sqrt_price_at_tick(-60))
    kind = "Swap(address,address,int256,int256,uint160,uint128,int24)"
    amounts = (walk.amount_in, -walk.amount_out)
    log = told(kind, *amounts, walk.price, walk.liquidity, walk.tick, at=NOW + 7)
    after = ADAPTER.observe(state, log)
    assert after.timestamp == NOW
    assert after.oracle == written(state, NOW + 7)
    assert after == walk.arrived(state, NOW + 7)


# -------------------------------------------------------------------------------- looking back


def sums(observation: Observation) -> tuple[tuple[int, ...], tuple[int, ...]]:
    return (observation.tick_cumulative,), (observation.seconds_per_liquidity,)


def test_observe__at_an_observation__that_one() -> None:
    for known in PAST.observations:
        assert observe(at_tick(3, PAST), (NOW - known.timestamp,)) == sums(known)


def test_observe__after_the_newest__as_if_written_then() -> None:
    passed = (9 << 100) + (20 << 128) // LIQUIDITY
    assert observe(at_tick(-3, PAST), (0,)) == ((900 - 60,), (passed,))
    passed = (9 << 100) + (1 << 128) // LIQUIDITY
    assert observe(at_tick(-3, PAST), (19,)) == ((900 - 3,), (passed,))


@pytest.mark.parametrize(
    "age, tick, part",
    [
        (99, 1_002, 1),  # 101 ticks in 40 seconds are 2 a second, rounded towards zero
        (61, 1_078, 39),
        (59, 1_101 - 5, None),  # -201 in 40 are -5
        (21, 1_101 - 5 * 39, None),
    ],
)
def test_observe__between_two__on_the_line_between_them(
    age: int, tick: int, part: int | None
) -> None:
    seconds = 9 << 100 if part is None else (5 << 100) + (4 << 100) * part // 40
    assert observe(at_tick(3, PAST), (age,)) == ((tick,), (seconds,))


def test_observe__sums_that_wrapped_between_two__on_the_shorter_line() -> None:
    oracle = ring(
        Observation(NOW - 40, 2**55 - 10, 2**160 - 100), Observation(NOW, 10 - 2**55, 300)
    )
    assert observe(at_tick(0, oracle), (30,)) == ((2**55 - 10,), (0,))
    assert observe(at_tick(0, oracle), (10,)) == ((2**55 - 10,), (200,))
    oracle = ring(Observation(NOW - 4, 2**55 - 2, 0), Observation(NOW, 2 - 2**55, 0))
    assert observe(at_tick(0, oracle), (1,)) == ((1 - 2**55,), (0,))


def test_observe__rise_and_fall_by_less_than_a_tick_a_second__none() -> None:
    oracle = ring(Observation(NOW - 8, 0, 0), Observation(NOW - 4, -1, 0), Observation(NOW, 0, 0))
    assert observe(at_tick(0, oracle), (5, 1)) == ((0, -1), (0, 0))


def test_observe__rise_of_almost_all_56_bits__on_the_line() -> None:
    oracle = ring(Observation(NOW - 4, 0, 0), Observation(NOW, 3 << 53, 0))
    assert observe(at_tick(0, oracle), (3,)) == ((3 << 51,), (0,))


def test_observe__older_than_the_oldest__refused_as_the_pool_does() -> None:
    assert observe(at_tick(3, PAST), (100, 0)) != reverted("OLD")
    assert observe(at_tick(3, PAST), (0, 101)) == reverted("OLD")
    assert observe(at_tick(3, replace(PAST, cardinality=KEPT + 1)), (101,)) == reverted("OLD")


@pytest.mark.parametrize("cardinality, is_old", [(KEPT, True), (KEPT + 1, False)])
def test_observe__older_than_what_is_kept__missing_where_the_pool_may_know(
    cardinality: int, is_old: bool
) -> None:
    known = tuple(Observation(NOW - KEPT + at, 0, 0) for at in range(KEPT))
    state = at_tick(3, Oracle(KEPT - 1, cardinality, cardinality, known))
    assert observe(state, (KEPT,)) == sums(known[0])
    if is_old:
        assert observe(state, (KEPT + 1,)) == reverted("OLD")
    else:
        with pytest.raises(MissingRead, match="only its newest 512 observations"):
            observe(state, (KEPT + 1,))


def test_observe__pool_without_price__refused_as_the_pool_does() -> None:
    assert observe(UNPRICED, (0,)) == reverted("I")


@pytest.mark.parametrize("age", [-1, 2**32])
def test_observe__age_that_no_call_can_name__refused(age: int) -> None:
    with pytest.raises(ValueError, match="cannot be asked for"):
        observe(PLAIN, (age,))
    assert observe(PLAIN, (2**32 - 1,)) == reverted("OLD")


@given(st.integers(0, 99), st.integers(0, 2**33))
def test_observe__all_moved_in_time__the_same(age: int, off: int) -> None:
    stamps = tuple(
        replace(each, timestamp=(each.timestamp + off) % 2**32) for each in PAST.observations
    )
    moved = at_tick(3, replace(PAST, observations=stamps), NOW + off)
    assert observe(moved, (age,)) == observe(at_tick(3, PAST), (age,))


@pytest.mark.parametrize("tick, seconds, expected", [(-3, 1, -3), (-3, 30, -4), (4, 30, 0)])
def test_mean_tick__of_some_seconds__rounded_down(tick: int, seconds: int, expected: int) -> None:
    # 30 seconds ago the sum was 1,101 - 5 * 30 = 951; since then 900 + 20 * tick.
    assert mean_tick(at_tick(tick, PAST), seconds) == expected
    assert (900 + 20 * -3 - 951) // 30 == -4
    assert (900 + 20 * 4 - 951) // 30 == 0


@pytest.mark.parametrize(
    "then, now, expected",
    [(2**55 - 10, 10 - 2**55, 5), (10 - 2**55, 2**55 - 10, -5), (0, 3 << 53, 3 << 51)],
)
def test_mean_tick__sums_that_wrapped__of_what_lies_between(
    then: int, now: int, expected: int
) -> None:
    oracle = ring(Observation(NOW - 4, then, 0), Observation(NOW, now, 0))
    assert mean_tick(at_tick(0, oracle), 4) == expected


def test_mean_tick__longer_than_the_pool_looks_back__missing() -> None:
    with pytest.raises(MissingRead, match=r"does not look back 101 seconds \(OLD\)"):
        mean_tick(at_tick(0, PAST), 101)


def test_mean_tick__of_no_time__refused() -> None:
    with pytest.raises(ValueError, match="no mean over 0 seconds"):
        mean_tick(at_tick(0, PAST), 0)
