"""A pool of five unlike reserves on real bytecode, in process."""

from collections.abc import Iterator

import pytest

from tests.unit.protocols.aave_v3.scene import Scene, deploy


@pytest.fixture(scope="package")
def deployed() -> Iterator[Scene]:
    yield from deploy()


@pytest.fixture
def scene(deployed: Scene) -> Iterator[Scene]:
    """The pool as it begins; what a test does to it is undone."""
    before = deployed.machine.snapshot()
    yield deployed
    deployed.machine.revert(before)
