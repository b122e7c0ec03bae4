"""The machine in the suite: some episodes, other ones in `make soak`."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.support.faulty_node import FaultyNode
from tests.survival.ground import grounded
from tests.survival.machine import Survival

pytestmark = pytest.mark.chain

EPISODES = 10


def test_machine__everything_fails_in_any_order__book_equals_chain(tmp_path: Path) -> None:
    with grounded(tmp_path) as (world, ground), FaultyNode(world.node.url) as node:
        Survival.world, Survival.ground, Survival.node = world, ground, node
        Survival.folder = tmp_path
        run_state_machine_as_test(
            Survival,
            settings=settings(
                max_examples=EPISODES,
                stateful_step_count=12,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
    assert Survival.episodes >= EPISODES
    assert Survival.told["landed"] > 0
