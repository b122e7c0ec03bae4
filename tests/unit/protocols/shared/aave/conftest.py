"""The arithmetic of Aave as its own library does it, on real bytecode."""

from collections.abc import Iterator

import pytest

from tests.unit.protocols.aave_v3.scene import Scene, deploy


@pytest.fixture(scope="package")
def deployed() -> Iterator[Scene]:
    yield from deploy()
