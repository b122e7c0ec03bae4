"""The journal as a file: its lock, its disk, and what else may lie at its path."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from sqlalchemy import text

from trimtab.core.errors import JournalError
from trimtab.journal.records import Record
from trimtab.journal.store import Journal

TICKS = tuple(Record("tick", block, {"at": str(block)}, "x" * 3000) for block in range(40))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal"


@pytest.fixture
def written(path: Path) -> Path:
    """A closed journal of 40 ticks."""
    with Journal.create(path) as journal:
        journal.append(*TICKS)
    return path


# ----------------------------------------------------------------------------- durable and alone


@pytest.mark.parametrize("pragma, expected", [("synchronous", 2), ("journal_mode", "wal")])
def test_open__file__commits_survive_a_loss_of_power(
    path: Path, pragma: str, expected: object
) -> None:
    Journal.create(path).close()
    with Journal.open(path) as journal, journal._transaction() as connection:
        found = connection.execute(text(f"PRAGMA {pragma}")).scalar_one()
    assert found == expected


def test_open__second_writer_of_a_file__told_our_process(path: Path) -> None:
    with Journal.create(path), pytest.raises(JournalError, match=rf"process {os.getpid()}:"):
        Journal.open(path)


def test_open__through_a_link__same_lock(path: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    with Journal.create(path):
        link.symlink_to(path)
        with pytest.raises(JournalError, match="locked by another writer"):
            Journal.open(link)


def test_create__file_of_ours_there__refused_and_kept(path: Path) -> None:
    path.write_text("mine")
    with pytest.raises(JournalError, match=r"cannot be made \(File exists\)"):
        Journal.create(path)
    assert path.read_text() == "mine"


def test_create__no_such_folder__in_words(path: Path) -> None:
    with pytest.raises(JournalError, match="needs a folder that exists"):
        Journal.create(path / "deeper" / "journal")


def test_open__nothing_there__leaves_no_lock_file(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="there is no journal at"):
        Journal.open(tmp_path / "nowhere")
    assert list(tmp_path.iterdir()) == []


def test_append__file_removed_under_the_writer__refused_instead_of_lost(path: Path) -> None:
    with Journal.create(path) as journal:
        journal.append(TICKS[0])
        path.unlink()
        with pytest.raises(JournalError, match="was removed, moved or replaced while"):
            journal.append(TICKS[1])


def test_append__folder_gone__refused_until_it_is_back(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    with Journal.create(folder / "journal") as journal:
        journal.append(TICKS[0])
        moved = folder.rename(tmp_path / "moved")
        with pytest.raises(JournalError, match="put it back, or go on from a copy"):
            journal.append(TICKS[1])
        moved.rename(folder)
        journal.append(TICKS[1])
        assert list(journal.records()) == [*TICKS[:2]]


def test_append__folder_gone_for_good__journal_error(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    with Journal.create(folder / "journal") as journal:
        shutil.rmtree(folder)
        with pytest.raises(JournalError, match="was removed"):
            journal.append(TICKS[0])


def test_append__lock_removed__refused(path: Path) -> None:
    with Journal.create(path) as journal:
        path.with_name("journal.lock").unlink()
        with Journal.open(path), pytest.raises(JournalError, match="another writer may be at work"):
            journal.append(TICKS[0])


# -------------------------------------------------------------------------------------- the disk


def test_append__another_program_holds_the_database__in_words_and_goes_on(written: Path) -> None:
    with Journal.open(written) as journal, closing(sqlite3.connect(written)) as other:
        journal._database.connection.exec_driver_sql("PRAGMA busy_timeout = 10")
        journal._database.connection.rollback()
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(JournalError, match="another program holds the database: close it"):
            journal.append(TICKS[0])
        other.rollback()
        journal.append(TICKS[0])
        journal.verify()


LIMITED = """
import resource, signal, sys
from pathlib import Path
from trimtab.core.errors import JournalError
from trimtab.journal.records import Record
from trimtab.journal.store import Journal

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
with Journal.open(Path(sys.argv[1])) as journal:
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))
    try:
        for block in range(100):
            journal.append(Record("tick", block, "late", "y" * 9000), blobs={"00" * 32: b""})
            print(block, flush=True)
    except JournalError as error:
        print(error)
"""


def test_append__disk_takes_no_more_in_the_middle__told_and_nothing_lost(written: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, written], check=True, capture_output=True, text=True
    )
    *kept, words = done.stdout.splitlines()
    assert "the disk failed" in words or "the disk is full" in words
    assert kept
    with Journal.open(written) as journal:
        assert [record.block for record in journal.records()] == [*range(40), *map(int, kept)]
        journal.append(TICKS[0])
        journal.verify()


FORBIDDEN = """
import os, sys
from pathlib import Path
from trimtab.core.errors import JournalError
from trimtab.journal.store import Journal

folder = Path(sys.argv[1])
Journal.read(folder / "journal").close()  # what is needed is loaded while all of it can be read
if os.geteuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
for how, name in (Journal.open, "journal"), (Journal.create, "new"), (Journal.read, "journal"):
    try:
        how(folder / name)
    except JournalError as error:
        print(error)
"""


def test_open__permission_denied__in_words_and_kept(written: Path) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        held = folder / "journal"
        shutil.copy(written, held)
        Journal.read(held).close()
        held.chmod(0o400)
        folder.chmod(0o555)
        done = subprocess.run(
            [sys.executable, "-c", FORBIDDEN, name], check=True, capture_output=True, text=True
        )
        folder.chmod(0o700)
        held.chmod(0o600)
        opened, created, read = done.stdout.splitlines()
        for told in (opened, created):
            assert "(Permission denied): the journal needs a folder that exists" in told
        assert "check" in read
        with Journal.open(held) as journal:
            assert list(journal.records()) == [*TICKS]


# ------------------------------------------------------------------------- not what it was or is


def test_table__value_of_another_type__refused(written: Path) -> None:
    with closing(sqlite3.connect(written)) as connection:
        connection.execute("DROP TRIGGER records_refuse_update")
        with pytest.raises(sqlite3.IntegrityError, match="cannot store TEXT"):
            connection.execute("UPDATE records SET economic = '{}' WHERE sequence = 7")


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.6, 0.97])
def test_open__cut_short__in_words(written: Path, share: float) -> None:
    content = written.read_bytes()
    written.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(JournalError, match=r"damaged or cut short|not a journal"):
        Journal.open(written)


@pytest.mark.parametrize("how", ["open", "read"])
@pytest.mark.parametrize("content", [b"", b"[mandate]\n" * 500, b"SQLite format 3\0" + b"\0" * 500])
def test_open__wrong_file__in_words_and_kept(tmp_path: Path, content: bytes, how: str) -> None:
    path = tmp_path / "mandate.toml"
    path.write_bytes(content)
    with pytest.raises(JournalError, match=r"not a journal|damaged"):
        getattr(Journal, how)(path)
    assert path.read_bytes() == content


def test_open__folder__in_words(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="there is no journal at"):
        Journal.open(tmp_path)


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_open__log_of_a_killed_writer_cut_short__whole_appends_before_the_cut(
    path: Path, share: float
) -> None:
    script = (
        "import os, signal, sys; from pathlib import Path\n"
        "from trimtab.journal.records import Record; from trimtab.journal.store import Journal\n"
        "journal = Journal.create(Path(sys.argv[1]))\n"
        "for n in range(20): journal.append(*[Record('tick', n, 'x' * 2000, None)] * 3)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", script, path], check=False)
    assert done.returncode == -signal.SIGKILL
    log = path.with_name("journal-wal")
    content = log.read_bytes()
    log.write_bytes(content[: int(len(content) * share)])
    with Journal.open(path) as journal:
        found = [record.block for record in journal.records()]
        assert found == [n for n in range(20) for _ in range(3)][: len(found)]
        assert len(found) % 3 == 0
        assert 0 < len(found) < 60
        journal.append(TICKS[0])
        journal.verify()
