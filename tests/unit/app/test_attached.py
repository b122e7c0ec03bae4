"""The place where a mandate runs: its address book, by word or by path."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.command import ROOT
from trimtab.app.attached import Place, place_of
from trimtab.app.books import book_path
from trimtab.core.errors import ConfigError
from trimtab.mandate import parse_mandate

ACCOUNT = "0x1111111111111111111111111111111111111111"


def place(book: str) -> Place:
    """Where the example mandate would run, given its chain.book, an account and a node."""
    text = (ROOT / "examples" / "mandate.toml").read_text(encoding="utf-8")
    text = text.replace('address = "local"', f'address = "{ACCOUNT}"')
    text = text.replace('rpc = ["local"]', 'rpc = ["http://127.0.0.1:1"]')
    mandate = parse_mandate(text.replace('book = "local"', f'book = "{book}"'), "mandate.toml")
    return place_of(mandate, None)


def test_place__word_of_a_public_book__is_ours_wherever_one_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "base").write_text("not this file")
    assert (place("base").book.chain, place("ethereum").book.chain) == (8453, 1)
    assert place("ethereum").account == ACCOUNT


def test_place__path_of_a_copy__is_that_file(tmp_path: Path) -> None:
    copied = tmp_path / "ethereum"
    copied.write_bytes(book_path("polygon").read_bytes())
    assert place(str(copied)).book.chain == 137


def test_place__another_word__is_a_path_that_is_missing() -> None:
    with pytest.raises(ConfigError, match="the address book mainnet cannot be read: No such file"):
        place("mainnet")
