"""Recordings: what was written is read, and nothing else is believed."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.taped import BLOCKS, MANDATE, taped, unwatched
from trimtab.app.recordings import backtest, check_fits, length, rehosted
from trimtab.app.resolve import read_mandate
from trimtab.chain.secret import Secret
from trimtab.chain.signer import Signer
from trimtab.core.canonical import digest
from trimtab.core.errors import ConfigError, DataError, TrimtabError
from trimtab.lab.recording import Recorder, read_recording
from trimtab.lab.recording.files import BLOCKS as BLOCKS_FILE
from trimtab.lab.recording.files import BOOK, MANIFEST, START, _file

pytestmark = pytest.mark.chain

Line = dict[str, Any]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of a good recording."""
    return Path(shutil.copytree(taped(), tmp_path / "recording"))


def lines_of(folder: Path) -> list[Line]:
    return [json.loads(line) for line in (folder / BLOCKS_FILE).read_text().splitlines()]


def resealed(folder: Path, change: Callable[[Line], None] = lambda _: None) -> None:
    """Make the manifest fit whatever lies in the folder now, as somebody hostile would."""
    path = folder / MANIFEST
    manifest: Line = json.loads(path.read_text())
    for name in (BOOK, START, BLOCKS_FILE):
        content = _file((folder / name).read_bytes())
        manifest["files"][name] = {"bytes": content.bytes, "sha256": content.sha256}
    change(manifest)
    del manifest["seal"]
    path.write_text(json.dumps({**manifest, "seal": digest(manifest)}))


def with_line(folder: Path, number: int, change: Callable[[Line], object]) -> None:
    """Change one recorded block and seal the recording again."""
    lines = lines_of(folder)
    change(lines[number - 1])
    (folder / BLOCKS_FILE).write_text("".join(json.dumps(line) + "\n" for line in lines))
    resealed(folder)


def refusal(folder: Path, kind: type[TrimtabError]) -> str:
    with pytest.raises(kind) as raised:
        read_recording(folder)
    return str(raised.value)


# ------------------------------------------------------------------------------- what is written


def test_recording__written_again__is_the_same_to_the_byte(folder: Path, tmp_path: Path) -> None:
    found = read_recording(folder)
    assert len(found.blocks) == BLOCKS
    book = (folder / BOOK).read_bytes()
    parts = (found.set_up, book, found.account, found.owners, found.start)
    with Recorder(tmp_path / "again", *parts) as recorder:
        for block in found.blocks:
            recorder.add(block)
    for path in folder.iterdir():
        assert (tmp_path / "again" / path.name).read_bytes() == path.read_bytes(), path.name


def test_recording__content__is_others_alone_and_no_later_state(folder: Path) -> None:
    found = read_recording(folder)
    senders = {order.sender for block in found.blocks for order in block.orders}
    assert senders
    assert found.account not in senders
    assert found.account in found.owners
    assert {path.name for path in folder.iterdir()} == {MANIFEST, BOOK, START, BLOCKS_FILE}
    assert found.start.head.timestamp < found.blocks[0].timestamp
    kinds = {type(order.action).__name__ for block in found.blocks for order in block.orders}
    assert {"UpdateAnswer", "Swap", "Supply"} <= kinds


def test_recorder__folder_with_something_in_it__refused(folder: Path) -> None:
    found = read_recording(folder)
    with pytest.raises(ConfigError, match="is not empty"):
        Recorder(folder, found.set_up, b"", found.account, found.owners, found.start)


def test_recorder__folder_cannot_be_made__refused(folder: Path) -> None:
    found = read_recording(folder)
    inside = folder / MANIFEST / "inside"
    with pytest.raises(ConfigError, match="cannot be written"):
        Recorder(inside, found.set_up, b"", found.account, found.owners, found.start)


# ---------------------------------------------------------------------------- what is not believed


def test_read__no_such_folder__says_how_to_make_one(tmp_path: Path) -> None:
    assert "rehearse MANDATE --record" in refusal(tmp_path / "nothing", ConfigError)


def test_read__without_its_seal__cut_off(folder: Path) -> None:
    (folder / MANIFEST).unlink()
    assert "it was cut off" in refusal(folder, ConfigError)


@pytest.mark.parametrize("name", [BOOK, START, BLOCKS_FILE])
def test_read__file_missing__named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    assert name in refusal(folder, ConfigError)


@pytest.mark.parametrize("name", [BOOK, START, BLOCKS_FILE])
def test_read__file_truncated__said_so(folder: Path, name: str) -> None:
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[:-1])
    assert "it was truncated" in refusal(folder, DataError)


@pytest.mark.parametrize("name", [BOOK, START, BLOCKS_FILE])
def test_read__file_edited__said_so(folder: Path, name: str) -> None:
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(content)
    assert "was edited after it was recorded" in refusal(folder, DataError)


def test_read__manifest_edited__said_so(folder: Path) -> None:
    text = (folder / MANIFEST).read_text()
    (folder / MANIFEST).write_text(text.replace('"seed": 7', '"seed": 8'))
    assert "was edited after it was sealed" in refusal(folder, DataError)


@pytest.mark.parametrize("content", ["", "[]", "{", '{"schema": 1}', '{"schema": 1, "x": 2}'])
def test_read__manifest_of_nonsense__cannot_be_read(folder: Path, content: str) -> None:
    (folder / MANIFEST).write_text(content)
    assert "cannot be read" in refusal(folder, DataError)


def test_read__another_schema__names_both(folder: Path) -> None:
    resealed(folder, lambda manifest: manifest.update(schema=2))
    assert "has schema 2, this version reads 1" in refusal(folder, ConfigError)


def test_read__book_of_another_chain__refused(folder: Path) -> None:
    resealed(folder, lambda manifest: manifest.update(chain=1))
    assert "is of chain 1, its address book of chain 31337" in refusal(folder, DataError)


def test_read__fewer_blocks_than_stated__refused(folder: Path) -> None:
    resealed(folder, lambda manifest: manifest.update(blocks=BLOCKS + 1))
    assert f"{BLOCKS + 1} were recorded" in refusal(folder, DataError)


def test_read__manager_not_among_the_accounts__refused(folder: Path) -> None:
    def without(manifest: Line) -> None:
        manifest["owners"].remove(manifest["account"])

    resealed(folder, without)
    assert "is not among the accounts" in refusal(folder, DataError)


def test_read__book_without_the_first_price__refused(folder: Path) -> None:
    resealed(folder, lambda manifest: manifest["set_up"]["prices"].pop("WETH"))
    assert "no first price of WETH" in refusal(folder, DataError)


def first(line: Line, kind: str | None = None) -> Line:
    """The first order of a block, or the first of a kind of action."""
    orders = (each for each in line["orders"] if kind in (None, each["action"]["type"]))
    found: Line = next(orders)
    return found


HOSTILE: dict[str, tuple[Callable[[Line], object], str]] = {
    "another block": (lambda b: b.update(block="9"), "it says that it is block 9"),
    "unknown key": (lambda b: b.update(state={}), "unknown field `state`"),
    "a number that is none": (lambda b: b.update(base_fee="1e9"), "is no whole number"),
    "a negative tip": (lambda b: first(b).update(tip="-1"), "is no whole number from 0"),
    "a huge number": (lambda b: first(b).update(tip="9" * 5_000), "is no whole number"),
    "no address": (lambda b: first(b).update(sender="0x12"), "is not an address"),
    "no action": (lambda b: first(b)["action"].update(type="Steal"), "'Steal' is no action"),
    "a field more": (lambda b: first(b)["action"].update(then="x"), "not"),
    "a field less": (lambda b: first(b, "Swap")["action"].pop("min_out"), "a Swap has"),
    "no market": (lambda b: first(b)["action"].update(market="erc20:1:0x"), "is no market"),
    "no token": (lambda b: first(b, "Swap")["action"].update(token_in=None), "is no token"),
    "a token by name": (
        lambda b: first(b, "Swap")["action"].update(token_in="WETH"),
        "is no token",
    ),
    "too early": (lambda b: b.update(timestamp="1"), "the block before it of"),
    "a fee from nowhere": (lambda b: b.update(base_fee="9" * 18), "no block raises it by more"),
    "no fee": (lambda b: b.update(base_fee="0"), "its base fee is 0"),
    "a rank twice": (lambda b: first(b).update(rank="1"), "the ranks of its"),
    "out of order": (lambda b: b["orders"].reverse(), "in the order of their tips"),
    "for another": (lambda b: first(b).update(sender=other(b)), "acts for"),
    "a stranger": (lambda b: first(b).update(sender="0x" + "11" * 20), "is not among the accounts"),
}


def other(line: Line) -> str:
    """The sender of some order who is not that of the first."""
    senders = [order["sender"] for order in line["orders"]]
    return str(next(sender for sender in senders if sender != senders[0]))


@pytest.mark.parametrize("change, words", HOSTILE.values(), ids=HOSTILE)
def test_read__hostile_block_under_a_right_seal__refused_in_words(
    folder: Path, change: Callable[[Line], object], words: str
) -> None:
    with_line(folder, 2, change)
    told = refusal(folder, DataError)
    assert words in told
    assert "2 of the record" in told
    assert len(told) < 1_000


def test_read__manager_itself_acts__refused(folder: Path) -> None:
    account = read_recording(folder).account

    def acts(line: Line) -> None:
        order = first(line, "Swap")
        order["sender"] = order["action"]["actor"] = account

    with_line(folder, 2, acts)
    assert "the manager's own account" in refusal(folder, DataError)


def test_read__lines_of_nonsense__named(folder: Path) -> None:
    (folder / BLOCKS_FILE).write_bytes(b"\xff\n" * BLOCKS)
    resealed(folder)
    assert "line 1 of the recorded blocks is none" in refusal(folder, DataError)


def test_states__first_reading_without_a_market__missing(folder: Path) -> None:
    start = json.loads((folder / START).read_text())
    start["rounds"].popitem()
    (folder / START).write_text(json.dumps(start))
    resealed(folder)
    with pytest.raises(DataError, match="nothing was read of"):
        read_recording(folder).states()


# ------------------------------------------------------------------------------ what does not fit


def test_fits__other_block_seconds__says_which(folder: Path) -> None:
    text = MANDATE.read_text(encoding="utf-8").replace("3600", "12")
    mandate = folder / "mandate.toml"
    mandate.write_text(text)
    shutil.copy(MANDATE.with_suffix(".py"), folder)
    with pytest.raises(ConfigError, match=r"write chain\.block_seconds = 3600"):
        check_fits(read_mandate(mandate)[0], read_recording(folder))


def test_fits__mandate_of_another_chain__says_which(folder: Path) -> None:
    text = MANDATE.read_text(encoding="utf-8").replace("[chain]", "[chain]\nid = 1")
    mandate = folder / "mandate.toml"
    mandate.write_text(text)
    with pytest.raises(ConfigError, match="for chain 1, the recording of chain 31337"):
        check_fits(read_mandate(mandate)[0], read_recording(folder))


@pytest.mark.parametrize("asked, blocks", [(None, BLOCKS), (2, 2), (BLOCKS, BLOCKS)])
def test_length__within_the_recording__as_asked(asked: int | None, blocks: int) -> None:
    assert length(read_recording(taped()), asked) == blocks


def test_length__more_than_recorded__refused() -> None:
    with pytest.raises(ConfigError, match=f"{BLOCKS} were recorded"):
        length(read_recording(taped()), BLOCKS + 1)


def test_backtest__call_that_is_no_action__refused_by_name(folder: Path) -> None:
    def calls(line: Line) -> None:
        order = first(line)
        order["action"] = {"type": "Call", "to": order["sender"], "data": "0x12", "value": "0"}

    with_line(folder, 3, calls)
    mandate, text = read_mandate(MANDATE)
    lived = backtest(mandate, text, read_recording(folder), BLOCKS, folder / "j.sqlite", unwatched)
    with pytest.raises(ConfigError, match=r"in block 3 .* calls .* rehearse MANDATE --recording"):
        asyncio.run(lived)


def test_backtest__account_of_somebody_else__refused(folder: Path) -> None:
    somebody = "0x" + "11" * 20
    text = MANDATE.read_text(encoding="utf-8")
    mandate = folder / "mandate.toml"
    mandate.write_text(text.replace("[account]", f'[account]\naddress = "{somebody}"'))
    read, _ = read_mandate(mandate)
    lived = backtest(read, text, read_recording(folder), 1, folder / "j.sqlite", unwatched)
    with pytest.raises(ConfigError, match="the recording's manager is"):
        asyncio.run(lived)


def test_rehosted__another_signer__its_safe_is_not_the_recorded_one() -> None:
    async def hosted() -> None:
        async with rehosted(read_recording(taped()), Signer(Secret("11" * 32))):
            pytest.fail("others act for another Safe")

    with pytest.raises(ConfigError, match="use the signer with which it was recorded"):
        asyncio.run(hosted())
