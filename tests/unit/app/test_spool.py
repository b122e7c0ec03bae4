"""Orders to a run: what is taken, in which order, once; and that nothing in the folder ends it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from trimtab.app.spool import LONGEST, Given, Spool, Taking, read
from trimtab.core.errors import ConfigError
from trimtab.core.orders import Halt, Resume, Unwind
from trimtab.core.token import address

USDC = address("0x" + "11" * 20)
OTHER = address("0x" + "22" * 20)


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool.beside(tmp_path / "run.sqlite")


@pytest.fixture
def told() -> list[str]:
    return []


def taking(spool: Spool, told: list[str], *known: str) -> Taking:
    return Taking(spool, frozenset(known), frozenset({USDC}), told.append)


def left(spool: Spool, content: bytes, name: str = "0001.json") -> Path:
    """A file that somebody left in the folder."""
    spool.folder.mkdir(exist_ok=True)
    path = spool.folder / name
    path.write_bytes(content)
    return path


# --------------------------------------------------------------------------------- orders


def test_take__orders_of_people__in_the_order_in_which_they_were_given(
    spool: Spool, told: list[str]
) -> None:
    paths = [
        spool.give(Given("halt", "lunch")),
        spool.give(Given("unwind", "we close", USDC)),
        spool.give(Given("resume", "open again")),
    ]
    names = [path.stem for path in paths]
    found = taking(spool, told).take()
    assert found == (
        Halt("lunch", names[0]),
        Unwind(USDC, "we close", names[1]),
        Resume("open again", names[2]),
    )
    assert told == []


def test_take__again__removed_and_not_given_twice(spool: Spool, told: list[str]) -> None:
    path = spool.give(Given("halt", "lunch"))
    run = taking(spool, told)
    assert len(run.take()) == 1
    assert path.exists(), "it is not in the journal yet: a crash now would lose it"
    assert run.take() == ()
    assert not path.exists()


def test_take__ended_before_the_journal_had_it__given_again(spool: Spool, told: list[str]) -> None:
    spool.give(Given("halt", "lunch"))
    assert len(taking(spool, told).take()) == 1
    assert len(taking(spool, told).take()) == 1


def test_take__ended_after_the_journal_had_it__removed_and_not_given_again(
    spool: Spool, told: list[str]
) -> None:
    path = spool.give(Given("halt", "lunch"))
    (order,) = taking(spool, told).take()
    assert isinstance(order, Halt)
    assert taking(spool, told, order.name).take() == ()
    assert not path.exists()


def test_take__no_folder__nothing(spool: Spool, told: list[str]) -> None:
    assert taking(spool, told).take() == ()
    assert told == []


def test_take__folder_is_a_file__nothing(spool: Spool, told: list[str]) -> None:
    spool.folder.write_text("no folder")
    assert taking(spool, told).take() == ()


def test_take__two_runs_of_one_command_at_once__both(spool: Spool, told: list[str]) -> None:
    for _ in range(50):
        spool.give(Given("halt", "again"))
    assert len(taking(spool, told).take()) == 50


# -------------------------------------------------------------------------- hostile files

HOSTILE = {
    "empty": (b"", "truncated"),
    "no JSON": (b"halt", "cannot be read"),
    "a list": (b"[]", "Expected `object`"),
    "no reason": (b'{"order":"halt"}', "missing required field `why`"),
    "more than an order": (b'{"order":"halt","why":"","size":1}', "unknown field `size`"),
    "another order": (b'{"order":"sell","why":""}', "is 'sell': expected halt, resume, or unwind"),
    "nowhere to": (b'{"order":"unwind","why":""}', "with the token to end up with"),
    "no address": (b'{"order":"unwind","why":"","to":"USDC"}', "is not an address"),
    "wrong checksum": (
        b'{"order":"unwind","why":"","to":"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD"}',
        "wrong checksum",
    ),
    "another token": (
        b'{"order":"unwind","why":"","to":"' + OTHER.encode() + b'"}',
        "it is no token of this mandate",
    ),
    "no text": (b'{"order":"halt","why":"\xff"}', "cannot be read"),
    "huge": (b" " * 10**7, "larger than 4000 bytes"),
    "deep": (b"[" * 3000, "cannot be read"),
}


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_take__hostile_file__told_once_then_removed(
    name: str, spool: Spool, told: list[str]
) -> None:
    content, words = HOSTILE[name]
    path = left(spool, content)
    good = spool.give(Given("halt", "lunch"))
    run = taking(spool, told)
    assert run.take() == (Halt("lunch", good.stem),)
    assert len(told) == 1
    assert words in told[0]
    assert run.take() == ()
    assert not path.exists()
    assert len(told) == 1


def test_take__reason_that_would_rewrite_the_terminal__shown_as_blanks(
    spool: Spool, told: list[str]
) -> None:
    left(spool, b'{"order":"halt","why":"\\u001b[2J\\u0007no\\nline\\u202e"}')
    assert taking(spool, told).take() == (Halt(" [2J no line ", "0001"),)


def test_take__long_reason_in_a_file__cut(spool: Spool, told: list[str]) -> None:
    left(spool, b'{"order":"halt","why":"' + b"x" * 3000 + b'"}')
    assert taking(spool, told).take() == (Halt("x" * LONGEST, "0001"),)


@pytest.mark.parametrize("name", ["a b.json", "\u00e4.json", "x" * 65 + ".json", "a.b.json"])
def test_take__name_that_no_journal_should_keep__refused(
    name: str, spool: Spool, told: list[str]
) -> None:
    left(spool, b'{"order":"halt","why":""}', name)
    assert taking(spool, told).take() == ()
    assert "is no order" in told[0]


def test_take__name_that_is_no_text__refused(spool: Spool, told: list[str]) -> None:
    spool.folder.mkdir()
    descriptor = os.open(os.fsencode(spool.folder) + b"/\xff\x1b.json", os.O_CREAT | os.O_WRONLY)
    os.close(descriptor)
    assert taking(spool, told).take() == ()
    (words,) = told
    words.encode()
    assert words.isprintable()


def test_take__pipe__refused_and_not_waited_for(spool: Spool, told: list[str]) -> None:
    spool.folder.mkdir()
    os.mkfifo(spool.folder / "0001.json")
    assert taking(spool, told).take() == ()
    assert told == ["the order 0001.json cannot be read: it is no plain file"]


def test_take__link__refused(spool: Spool, told: list[str], tmp_path: Path) -> None:
    spool.folder.mkdir()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text('{"order":"resume","why":""}')
    (spool.folder / "0001.json").symlink_to(elsewhere)
    assert taking(spool, told).take() == ()
    assert "cannot be read" in told[0]


def test_take__folder_of_an_order_s_name__left_and_told_of_once(
    spool: Spool, told: list[str]
) -> None:
    (spool.folder / "0001.json").mkdir(parents=True)
    run = taking(spool, told)
    for _ in range(4):
        assert run.take() == ()
    assert len(told) == 2
    assert "cannot be read" in told[0]
    assert "cannot be removed" in told[1]


def test_take__unfinished_file__not_looked_at(spool: Spool, told: list[str]) -> None:
    path = left(spool, b'{"order":"ha', "0001.part")
    assert taking(spool, told).take() == ()
    assert path.exists()
    assert told == []


# --------------------------------------------------------------------------------- giving


def test_give__folder_cannot_be_made__words(tmp_path: Path) -> None:
    (tmp_path / "run.sqlite.orders").write_text("a file")
    with pytest.raises(ConfigError, match=r"no order can be given in .*run\.sqlite\.orders"):
        Spool.beside(tmp_path / "run.sqlite").give(Given("halt", "lunch"))


def test_give__folder_is_new__only_ours(spool: Spool) -> None:
    spool.give(Given("halt", "lunch"))
    assert spool.folder.stat().st_mode & 0o777 == 0o700


def test_give__reason_too_long__refused_and_nothing_written(spool: Spool) -> None:
    with pytest.raises(ConfigError, match=f"501 characters, {LONGEST} are allowed"):
        spool.give(Given("halt", "x" * 501))
    assert list(spool.waiting()) == []


@pytest.mark.parametrize("why", ["x" * LONGEST, "\U0001f600" * LONGEST, "\udcff\x1b\n"])
def test_give__any_reason_that_is_allowed__can_be_read(why: str, spool: Spool) -> None:
    order = read(spool.give(Given("halt", why)))
    assert isinstance(order, Halt)
    assert len(order.why) == len(why)
