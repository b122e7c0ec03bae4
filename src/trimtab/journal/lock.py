"""One writer per journal (INV-13), by a lock that the operating system frees when we die."""

import fcntl
import os
from pathlib import Path

from trimtab.core.errors import JournalError


class WriterLock:
    """An exclusive lock on a journal, held on a file beside it until `release`.

    The file stays when the lock is gone: removing it could take it from under the next writer.
    Raises JournalError if another writer, in this process or elsewhere, holds it.
    """

    def __init__(self, journal: Path) -> None:
        self._path = path = journal.with_name(journal.name + ".lock")
        try:
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise JournalError(
                f"the lock {path} cannot be made ({error.strerror}): "
                "the journal needs a folder that exists and can be written"
            ) from error
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.pread(self._descriptor, 32, 0).decode("ascii", "replace").strip()
            os.close(self._descriptor)
            raise JournalError(
                f"{journal} is locked by another writer"
                + (f", process {holder}" if holder else "")
                + ": one journal has one writer (INV-13); stop that one or use another journal"
            ) from error
        os.truncate(self._descriptor, 0)
        os.pwrite(self._descriptor, f"{os.getpid()}\n".encode(), 0)
        found = os.fstat(self._descriptor)
        self._is = found.st_dev, found.st_ino

    def check(self) -> None:
        """Raise JournalError if the file was taken away: another writer may hold another."""
        if not is_at(self._path, self._is):
            raise JournalError(
                f"the lock {self._path} was removed or replaced: another writer may be at work "
                "(INV-13); stop all of them, then start one"
            )

    def release(self) -> None:
        """Let the next writer in."""
        os.close(self._descriptor)


def is_at(path: Path, identity: tuple[int, int]) -> bool:
    """Whether the file with this device and inode is what lies at `path`."""
    try:
        found = path.stat()
    except OSError:
        return False
    return (found.st_dev, found.st_ino) == identity
