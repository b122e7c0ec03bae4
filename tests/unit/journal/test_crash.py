"""A writer killed in the middle of appending, again and again (INV-12), on both back ends."""

import subprocess
import sys
from pathlib import Path

from tests.support.postgres import address_of
from trimtab.journal.tables import Location

KILLS = 25

TRIAL = Path(__file__).with_name("killed_writers.py")


def test_append__writer_killed_again_and_again__whole_appends_and_none_lost(
    where: Location,
) -> None:
    named = str(where) if isinstance(where, Path) else address_of(where.schema)
    done = subprocess.run(
        [sys.executable, TRIAL, str(KILLS)],
        input=named,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    kills, in_the_middle = map(int, done.stdout.split())
    assert kills == KILLS
    assert in_the_middle > 0
