"""Files within bounds: what is too large, broken or of no format is told in words."""

from __future__ import annotations

import gzip
import json
import os
import sys
from pathlib import Path

import pytest

from tests.unit.lab.verify.recordings import history, lived, said
from trimtab.core.errors import DataError
from trimtab.lab.verify import files, formats, verify

TICKS = "tick,sqrtPriceX96\n50,79426470787362580746886972461\n"


def test_verify__a_folder__a_line_for_each_file(tmp_path: Path) -> None:
    history(tmp_path / "pool", lived().rows)
    (tmp_path / "ticks.csv").write_text(TICKS)
    (tmp_path / "notes.md").write_text("# what this is\n")
    (tmp_path / "blob").write_bytes(bytes(range(128, 256)))
    found = {judged.path.name: judged for judged in verify(tmp_path)}
    assert {name: judged.format for name, judged in found.items()} == {
        "events.parquet": "history of a pool",
        "ticks.csv": "ticks to prices",
        "notes.md": "format",
        "blob": "format",
    }
    assert said(tmp_path).as_json() == {
        "cases": 7,
        "exact": 5,
        "within": 0,
        "unknown": {"format": 2},
        "mismatches": [],
    }


@pytest.mark.parametrize("content", [b"# notes\n", b"", b"\xff\xfe", b"{}", b"[]", b"tick\n5\n"])
def test_verify__one_file_of_no_format__refused_in_words(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(DataError, match="of no format that is known here"):
        said(tmp_path / "file")


BROKEN = {
    "parquet": (b"PAR1" + bytes(40), "cannot be read as parquet"),
    "half a gzip": (gzip.compress(b"{}")[:-5], "cannot be unpacked"),
    "half a JSON": (b'{"pool": ', "is no JSON"),
    "a key twice": (b'{"a": 1, "a": 2}', "a key stands twice"),
    "deep JSON": (b"[" * 100_000, "is no JSON"),
    "an endless number": (b'{"a": ' + b"1" * 10_000 + b"}", "is no JSON"),
    "a ragged table": (b"tick,sqrtPriceX96\n1,2,3\n", "3 cells, expected 2"),
    "an open quote": (b'tick,sqrtPriceX96\n"1,2\n', "no table"),
    "a float in a table": (b"tick,sqrtPriceX96\n1.5,2\n", "expected an integer"),
}


@pytest.mark.parametrize("name", sorted(BROKEN))
def test_verify__broken_file__refused_in_words(name: str, tmp_path: Path) -> None:
    content, words = BROKEN[name]
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(DataError, match=words):
        said(tmp_path / "file")


def test_verify__nothing_there__refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read: No such file"):
        said(tmp_path / "nothing")
    with pytest.raises(DataError, match="holds no file"):
        said(tmp_path)


def test_verify__a_pipe__refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(DataError, match="not a plain file"):
        said(tmp_path / "pipe")


def test_verify__too_large__refused_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ticks.csv").write_text(TICKS)
    (tmp_path / "packed.gz").write_bytes(gzip.compress(b"[" + b" " * 10_000))
    rows = history(tmp_path / "pool", lived().rows)
    monkeypatch.setattr(files, "LARGEST_DOCUMENT", 40)
    with pytest.raises(DataError, match="at most 40 are read"):
        said(tmp_path / "ticks.csv")
    with pytest.raises(DataError, match="at most 40 are read"):
        said(tmp_path / "packed.gz")
    monkeypatch.undo()
    monkeypatch.setattr(files, "LARGEST_FILE", 100)
    with pytest.raises(DataError, match="at most 100 are read"):
        said(rows)
    monkeypatch.undo()
    monkeypatch.setattr(files, "MOST_ROWS", 3)
    with pytest.raises(DataError, match="has 8 rows, at most 3 are read"):
        said(rows)
    monkeypatch.setattr(formats, "MOST_FILES", 1)
    with pytest.raises(DataError, match="more than 1 files"):
        said(tmp_path)


@pytest.mark.parametrize("text", ["-0", "+1", "01", "1_000", "0x1", "1e3", "", "1" * 81, " 1"])
def test_integer__another_text__refused(text: str) -> None:
    with pytest.raises(DataError, match="expected an integer"):
        files.integer(text, "it")


def test_integer__plain__itself() -> None:
    found = [files.integer(each, "it") for each in ("0", "-12", 7, str(-(2**255)))]
    assert found == [0, -12, 7, -(2**255)]


def test_json__fractions__stay_text_that_is_no_integer() -> None:
    value = files.parsed_json('{"a": 1.0, "b": 1e3, "c": -0.5}', "it")
    assert value == {"a": "1.0", "b": "1e3", "c": "-0.5"}


@pytest.mark.parametrize("text", ["NaN", "[Infinity]", '{"a": -Infinity}'])
def test_json__no_number__refused(text: str) -> None:
    with pytest.raises(DataError, match="is no JSON"):
        files.parsed_json(text, "it")


def test_json__deep_where_the_stack_may_grow__refused() -> None:
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(10**6)
    try:
        with pytest.raises(DataError, match="is no JSON"):
            files.parsed_json("[" * 10**6, "it")
    finally:
        sys.setrecursionlimit(before)


def test_json__large_integers__to_the_last_unit() -> None:
    assert files.parsed_json(json.dumps({"a": 2**256 - 1}), "it") == {"a": 2**256 - 1}
