"""One self-contained page of a run: no network, no script, as good on paper as on a screen."""

from __future__ import annotations

from pathlib import Path

from trimtab.app.history import history
from trimtab.app.report.page import page
from trimtab.core.errors import ConfigError
from trimtab.journal.store import Journal

__all__ = ["write_report"]


def write_report(journal: Journal, path: Path, title: str) -> None:
    """Write the page of what a journal tells to `path`; equal journals give equal pages.

    Raises ConfigError for a journal without blocks or a path that cannot be written,
    JournalError for a record that cannot be read, and InvariantViolation where the parts of the
    profit do not sum to it.
    """
    written = page(history(journal), journal.digest(), title)
    try:
        path.write_text(written, encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            f"the report {path} cannot be written ({error.strerror}): "
            "name a file in a folder that exists and can be written"
        ) from error
