"""The benchmarks run at all, and measure what they say; how fast is no test's business."""

from __future__ import annotations

import pytest

from tests.bench import deciding, reading, remembering

pytestmark = pytest.mark.chain


def test_read__few_rounds__all_ways_see_the_same() -> None:
    found = reading.rows(rounds=1, pools=4)
    against = [row for row in found if row.peer is not None]
    assert [row.goal for row in against if row.goal is not None] == [10.0]
    assert all(row.ratio == row.peer / row.ours for row in against if row.peer is not None)
    assert all(row.ours > 0 for row in found)


def test_plan__few_blocks__each_signs_a_plan() -> None:
    turns = deciding.timed(2)
    assert len(turns) == 2
    assert all(turn.wall > 0 and turn.cpu > 0 and turn.node > 0 for turn in turns)


def test_memory__few_blocks__looked_at_in_time() -> None:
    looked = remembering.grown(5, every=2)
    assert [turns for turns, _ in looked] == [2, 4]
    assert all(size > 2**20 for _, size in looked)
