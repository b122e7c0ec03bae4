"""What unit tests share."""

from collections.abc import Iterator

import pytest

from tests.support.desk import Desk, opened
from trimtab.lab.world import EXCHANGE_WORLD


@pytest.fixture
def desk() -> Iterator[Desk]:
    """An account without anything, before real pools and reserves."""
    with opened() as desk:
        yield desk


@pytest.fixture
def exchange_desk() -> Iterator[Desk]:
    """A desk before a pool of every exchange."""
    with opened(EXCHANGE_WORLD) as desk:
        yield desk
