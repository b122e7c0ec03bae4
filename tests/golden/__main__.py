"""`python -m tests.golden`: write the journal of today's schema anew, and say its digest."""

from pathlib import Path
from tempfile import TemporaryDirectory

from tests.golden import renew
from trimtab.journal.store import Journal

with TemporaryDirectory() as folder:
    print(renew(Path(folder)))
    with Journal.read(Path(folder) / "journal.sqlite") as journal:
        print(journal.digest())
