"""A run with its journal in PostgreSQL, as a user names it, and what may not be in a journal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.support.command import ROOT, Done, trimtab
from tests.support.postgres import a_schema, address_of
from trimtab.journal.store import Journal

pytestmark = pytest.mark.e2e

KEY = "k3y0fMine"


@pytest.fixture(scope="module")
def mandate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example, with an address in it that carries a key."""
    path = tmp_path_factory.mktemp("mandate") / "mandate.toml"
    text = (ROOT / "examples" / "mandate.toml").read_text(encoding="utf-8")
    path.write_text(f"# once: https://node.example/v2/{KEY}\n{text}", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def in_a_file(mandate: Path) -> dict[str, Any]:
    """What a rehearsal says whose journal is a file."""
    return told(rehearse(mandate, str(mandate.with_name("journal.sqlite"))))


def rehearse(mandate: Path, journal: str, **environment: str) -> Done:
    options = ("--blocks", "4", "--journal", journal, "--json")
    return trimtab("rehearse", str(mandate), *options, environment=environment)


def told(done: Done) -> dict[str, Any]:
    assert done.code == 0, done.error
    found: dict[str, Any] = orjson.loads(done.output.splitlines()[-1])
    return found


def test_rehearse__journal_in_postgres__as_in_a_file(
    mandate: Path, in_a_file: dict[str, Any]
) -> None:
    with a_schema() as url:
        address = address_of(url.schema)
        password = address.split(":")[2].partition("@")[0]
        done = rehearse(mandate, "env:BOOKS", BOOKS=address)
        result = told(done)
        assert result["digest"] == in_a_file["digest"]
        assert f"(schema {url.schema})" in result["journal"]
        with Journal.read(url) as journal:
            journal.verify()
            blocks = [record.block for record in journal.records("tick")]
        explained = trimtab("explain", str(blocks[-1]), "--journal", address)
        assert explained.code == 0
    assert password not in f"{done.output}{done.error}{explained.output}{explained.error}"


def test_rehearse__mandate_with_a_key_in_an_address__not_in_the_journal(
    in_a_file: dict[str, Any],
) -> None:
    path = Path(in_a_file["journal"])
    with Journal.read(path) as journal:
        (start,) = journal.records("start")
    assert isinstance(start.detail, dict)
    assert "# once: https://node.example/…" in str(start.detail["mandate"])
    assert KEY.encode() not in path.read_bytes()


def test_explain__address_that_cannot_be__refused_and_not_shown() -> None:
    done = trimtab("explain", "1", "--journal", f"mysql://me:{KEY}@host/db")
    assert done.code == 2
    assert KEY not in done.output + done.error
