"""What tests of the command line's parts share: one history in which everything happens."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.story import Story, tell
from trimtab.app.history import History, history
from trimtab.journal.store import Journal


@pytest.fixture(scope="session")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    """The history, told once, its journal closed."""
    path: Path = tmp_path_factory.mktemp("story") / "story.sqlite"
    return tell(path)


@pytest.fixture
def journal(story: Story) -> Iterator[Journal]:
    """The story's journal, for reading."""
    with Journal.read(story.path) as journal:
        yield journal


@pytest.fixture
def told(journal: Journal) -> History:
    """The story as its journal tells it."""
    return history(journal)
