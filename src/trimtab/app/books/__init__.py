"""The address books of public chains, which mandates name by one word. Each names its sources."""

from pathlib import Path
from typing import Final

PUBLIC_BOOKS: Final = ("arbitrum", "base", "ethereum", "optimism", "polygon")
"""The words that stand for a book of ours in `chain.book`."""

_FOLDER = Path(__file__).parent


def book_path(named: str) -> Path:
    """The file that `chain.book` names: a book of ours by its word, any other by its path."""
    return _FOLDER / f"{named}.json" if named in PUBLIC_BOOKS else Path(named)
