"""The address of a journal in PostgreSQL: what is shown of it, and what is refused."""

import copy
import pickle

import pytest

from trimtab.core.errors import ConfigError
from trimtab.journal.address import PostgresUrl

WRITTEN = "postgresql://bookkeeper:hunter%402secret@db.example:5433/books?schema=main_run"


def test_shown__everything__but_user_and_password() -> None:
    url = PostgresUrl(WRITTEN)
    for shown in (str(url), repr(url), f"{url}"):
        assert "postgresql://db.example:5433/books (schema main_run)" in shown
        assert "bookkeeper" not in shown
        assert "hunter" not in shown


def test_schema__not_named__the_house_s() -> None:
    assert PostgresUrl("postgres://host/books").schema == "trimtab"


def test_equal__same_address__same_place() -> None:
    other = WRITTEN.replace("main_run", "other")
    assert PostgresUrl(WRITTEN) == PostgresUrl(WRITTEN)
    assert len({PostgresUrl(WRITTEN), PostgresUrl(WRITTEN), PostgresUrl(other)}) == 2


def test_redacted__words_with_the_password__without_it() -> None:
    url = PostgresUrl(WRITTEN + "&sslmode=require&password=other%20word")
    told = url.redacted("role bookkeeper\n  with hunter@2secret, hunter%402secret or other word")
    assert told == "role … with …, … or …"
    assert len(url.redacted("long " * 1000)) < 400


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, pickle.dumps])
def test_copy__refused(copied: object) -> None:
    assert callable(copied)
    with pytest.raises(TypeError, match="neither copied nor pickled"):
        copied(PostgresUrl(WRITTEN))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hunter2secret",
        "mysql://me:hunter2secret@host/db",
        "postgresql:me:hunter2secret@host/db",
        "postgresql://me:hunter2secret/db",
        "postgresql://me:hunter2/secret@host/db",
        "postgresql://me:hunter2#secret@host/db",
        "postgresql://me:hunter2?secret@host/db",
        "postgresql://me:hunter2@secret@host/db",
        "postgresql://me:hunter2 secret@host/db",
        "postgresql://me:hunter2secret@host/db/more",
        "postgresql://me:hunter2secret@host:port/db",
        "postgresql://me:hunter2secret@host/db?schema=",
        "postgresql://me:hunter2secret@host/db?schema=Main",
        "postgresql://me:hunter2secret@host/db?schema=pg_catalog",
        "postgresql://me:hunter2secret@host/db?schema=a;b",
        "postgresql://me:hunter2secret@host/db?schema=" + "a" * 64,
    ],
)
def test_address__of_another_form__refused_and_not_shown(text: str) -> None:
    with pytest.raises(ConfigError, match="is named postgresql://USER:PASSWORD") as found:
        PostgresUrl(text)
    assert "hunter2" not in str(found.value)


@pytest.mark.parametrize(
    "text",
    [
        "postgresql:///books",
        "postgresql://host",
        "postgresql://[::1]:5432/books",
        "postgresql://me@one:5432,two:5433/books?target_session_attrs=read-write",
        "postgres://me:p%2Fw@/books?host=%2Frun%2Fpostgresql",
    ],
)
def test_address__forms_of_libpq__taken(text: str) -> None:
    assert PostgresUrl(text).schema == "trimtab"
