"""How the command line names a journal."""

from pathlib import Path

import pytest

from trimtab.app.journals import location, name_of, new_location
from trimtab.core.errors import ConfigError, JournalError
from trimtab.journal.address import PostgresUrl

ADDRESS = "postgresql://me:hunter2secret@host/books?schema=main_run"


def test_location__path__a_file() -> None:
    assert location("runs/today.sqlite") == Path("runs/today.sqlite")
    assert name_of(Path("runs/today.sqlite")) == "today"


def test_location__address__written_in_a_variable_or_in_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOOKS", ADDRESS)
    held = tmp_path / "address"
    held.touch(mode=0o600)
    held.write_text(ADDRESS + "\n")
    found = [location(text) for text in (ADDRESS, "env:BOOKS", f"file:{held}")]
    assert found == [PostgresUrl(ADDRESS)] * 3
    assert name_of(found[0]) == "main_run"


def test_location__address_that_cannot_be__refused_and_not_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("BOOKS", "me:hunter2secret")
    for text in ("mysql://me:hunter2secret@host/db", "env:BOOKS"):
        with pytest.raises(ConfigError) as found:
            location(text)
        assert "hunter2" not in str(found.value)


def test_new_location__nothing_named__a_fresh_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert new_location(None, "paper") == Path("build/paper-001.sqlite")
    assert new_location("a/b/c.sqlite", "paper") == Path("a/b/c.sqlite")
    assert (tmp_path / "a" / "b").is_dir()
    assert new_location(ADDRESS, "paper") == PostgresUrl(ADDRESS)


def test_new_location__folder_that_cannot_be_made__journal_error(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(JournalError, match="cannot be made"):
        new_location(str(tmp_path / "taken" / "journal"), "paper")
