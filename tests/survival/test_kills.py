"""A crash anywhere is a crash nowhere (INV-12): killed at every point, nothing is lost."""

from pathlib import Path

import pytest

from tests.survival.ground import alone
from tests.survival.kills import POINTS, survive

pytestmark = pytest.mark.chain

KILLS = 100
"""In each of two runs, which two cores do at once."""


@pytest.mark.parametrize("first", [1, 2])
def test_kills__on_both_sides_of_every_await_and_commit__nothing_lost_or_sent_twice(
    first: int, tmp_path: Path
) -> None:
    told = alone(survive, tmp_path, KILLS, first)
    assert told.kills.total() == KILLS
    assert [point for point in POINTS if not told.kills[point]] == []
    assert told.landed >= told.journals
