"""The benchmarks of kernels measure what they say; how fast is no test's business."""

from __future__ import annotations

import random

import pytest

from tests.bench import batching, following, quoting
from trimtab.protocols.uniswap_v3 import PoolState
from trimtab.protocols.uniswap_v3.maths import PoolQuotes
from trimtab.protocols.uniswap_v3.model.swap import last_price, swap


@pytest.fixture(scope="module")
def pool() -> PoolState:
    """A pool like that of the benchmark, with fewer ticks."""
    return quoting.deep_pool(random.Random(7), segments=100)


@pytest.mark.parametrize("zero_for_one", [True, False])
@pytest.mark.parametrize("ticks", [0, 1, 36])
def test_spread__each_amount__crosses_so_many_ticks(
    pool: PoolState, zero_for_one: bool, ticks: int
) -> None:
    amounts = [
        amount
        for turn in range(quoting.ROUNDS)
        for amount in quoting.spread(pool, zero_for_one, ticks, 3, turn)
    ]
    walks = [swap(pool, zero_for_one, one, last_price(zero_for_one)) for one in amounts]
    assert {len(walk.crossed) for walk in walks} == {ticks}
    assert len(set(amounts)) == len(amounts)


def test_answered__quotes_between_events__those_of_the_model(pool: PoolState) -> None:
    rounds = quoting.drawn_rounds(random.Random(3), pool, 6)
    assert quoting.answered(PoolQuotes(pool), rounds) == quoting.of_model(pool, rounds)


def test_following__few_events__both_figures(pool: PoolState) -> None:
    found = quoting.following(pool, scale=0.01)
    assert [row.goal for row in found] == [1e6 / 3e5, None]
    assert all(row.ours > 0 for row in found)


def test_following__few_lending_and_perpetual_logs__as_the_model_and_a_figure_each() -> None:
    found = following.rows(scale=0.005)
    assert [row.goal for row in found] == [1.0, 1.0, None, None, 1.0, 10.0, None, None]
    assert all(row.ours > 0 for row in found)


def test_batches__few_quotes__a_figure_for_each_protocol() -> None:
    found = batching.rows(count=200)
    assert [row.goal for row in found] == [1.0, 10.0, 10.0, None]
    assert all(row.ours > 0 for row in found)


@pytest.mark.skipif(not quoting.PEER.exists(), reason="`make bench` sets up the peers' environment")
def test_quotes__few_rounds__the_peer_answers_the_same(pool: PoolState) -> None:
    with quoting.peer(pool) as asked:
        turns = quoting.singles(pool, asked, 3, is_bought=False, scale=0.01)
        many = quoting.batches(pool, asked, 3, scale=0.01)
        both = quoting.mixed(pool, asked, scale=0.05)
    found = [turns.row("one", 10.0, 7), many.row("many", None, 7), both[0]]
    assert all(row.ratio is not None and row.ratio > 0 for row in found)
