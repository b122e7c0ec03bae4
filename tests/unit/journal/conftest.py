"""Where the journals of these tests lie: each test of the store runs on both back ends."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection

from tests.support.intruder import intruding
from tests.support.postgres import a_schema
from trimtab.journal.address import PostgresUrl
from trimtab.journal.tables import Location


@pytest.fixture
def schema() -> Iterator[PostgresUrl]:
    """A schema of a PostgreSQL server that is not there yet."""
    with a_schema() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgres"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> Location:
    """A place for a journal, on one of the back ends."""
    if request.param == "sqlite":
        return tmp_path / "a run #1?.journal"
    url = request.getfixturevalue("schema")
    assert isinstance(url, PostgresUrl)
    return url


@pytest.fixture
def elsewhere(where: Location, tmp_path: Path) -> Iterator[Location]:
    """Another place on the same back end."""
    if isinstance(where, Path):
        yield tmp_path / "another"
        return
    with a_schema() as url:
        yield url


@pytest.fixture
def intruder(written: Location) -> Iterator[Connection]:
    """A connection of another program to a journal, to which its triggers are no more."""
    with intruding(written) as connection:
        yield connection
