"""What unit tests share."""

from collections.abc import Iterator

import pytest

from tests.support.desk import Desk, opened


@pytest.fixture
def desk() -> Iterator[Desk]:
    """An account without anything, before real pools and reserves."""
    with opened() as desk:
        yield desk
