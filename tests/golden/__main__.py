"""`python -m tests.golden`: write the journal of today's schema anew, and its digest."""

from pathlib import Path
from tempfile import TemporaryDirectory

from tests.golden import renew

with TemporaryDirectory() as folder:
    renew(Path(folder))
