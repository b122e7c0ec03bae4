"""A recording's folder: written block by block, sealed at its end, read strictly."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import msgspec

from trimtab.core.canonical import digest
from trimtab.core.errors import ConfigError, DataError
from trimtab.core.reading import Reading
from trimtab.core.token import Address, Token, address
from trimtab.engine.recorded import RecordedBlock
from trimtab.lab.recording.orders import decoded, encoded
from trimtab.lab.recording.recording import Recording, SetUp
from trimtab.lab.recording.start import decoded_start, encoded_start
from trimtab.mandate import AddressBook, read_book

SCHEMA = 1
"""The version of the recordings that this code writes and reads."""

MANIFEST, BOOK, START, BLOCKS = "recording.json", "book.json", "start.json", "blocks.jsonl"

_Raws = dict[str, dict[str, int]]


class _SetUp(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base units by the token's symbol."""

    seed: int
    block_seconds: int
    prices: dict[str, int]
    endowment: _Raws
    capital: dict[str, int]


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a file of the recording must be."""

    bytes: int
    sha256: str


class _Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the recording is of; `seal` is the digest of the rest."""

    schema: int
    chain: int
    account: str
    owners: list[str]
    blocks: int
    set_up: _SetUp
    files: dict[str, _File]
    seal: str


class _Version(msgspec.Struct, frozen=True):
    schema: int


class Recorder:
    """Writes a recording into a new folder. Leave it as a context manager to seal it.

    A run that halts leaves a recording of the blocks until then. Raises ConfigError for a folder
    that is not empty or that cannot be written.
    """

    def __init__(
        self,
        folder: Path,
        set_up: SetUp,
        book: bytes,
        account: Address,
        owners: tuple[Address, ...],
        start: Reading,
    ) -> None:
        self._folder = folder
        self._set_up, self._account, self._owners = set_up, account, owners
        self._chain = start.head.chain
        self._count = 0
        self._files: dict[str, _File] = {}
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if any(folder.iterdir()):
                raise ConfigError(f"the folder {folder} is not empty: name a new one")
            self._write(BOOK, book)
            self._write(START, encoded_start(start))
            self._blocks: BinaryIO = (folder / BLOCKS).open("xb")
        except OSError as error:
            raise _unwritable(folder, error) from None
        self._sum, self._size = hashlib.sha256(), 0

    def add(self, block: RecordedBlock) -> None:
        """Write the next block. Raises ConfigError where the disk takes no more."""
        self._count += 1
        line = encoded(self._count, block)
        self._sum.update(line)
        self._size += len(line)
        try:
            self._blocks.write(line)
        except OSError as error:
            raise _unwritable(self._folder, error) from None

    def close(self) -> None:
        """Seal the recording: without its seal it is none."""
        try:
            self._blocks.close()
            self._files[BLOCKS] = _File(self._size, self._sum.hexdigest())
            unsealed = _unsealed(
                chain=self._chain,
                account=self._account,
                owners=list(self._owners),
                blocks=self._count,
                set_up=_written(self._set_up),
                files=self._files,
            )
            content = msgspec.json.encode({**unsealed, "seal": digest(unsealed)})
            (self._folder / MANIFEST).write_bytes(msgspec.json.format(content, indent=2))
        except OSError as error:
            raise _unwritable(self._folder, error) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _write(self, name: str, content: bytes) -> None:
        (self._folder / name).write_bytes(content)
        self._files[name] = _file(content)


def read_recording(folder: Path) -> Recording:
    """The recording in a folder.

    Raises ConfigError where there is none or it is of another version, DataError where it is not
    as it was written or no world can have left it.
    """
    manifest = _manifest(folder)
    contents = {name: _content(folder, name, manifest) for name in (BOOK, START, BLOCKS)}
    book = read_book(contents[BOOK], str(folder / BOOK))
    start = decoded_start(contents[START])
    for what, chain in (("address book", book.chain), ("first reading", start.head.chain)):
        if chain != manifest.chain:
            raise DataError(
                f"the recording {folder} is of chain {manifest.chain}, its {what} of chain {chain}"
            )
    lines = contents[BLOCKS].splitlines(keepends=True)
    if len(lines) != manifest.blocks:
        raise DataError(
            f"{folder / BLOCKS} has {len(lines)} blocks, {manifest.blocks} were recorded"
        )
    recording = Recording(
        set_up=_set_up(manifest.set_up, book),
        book=book,
        account=address(manifest.account),
        owners=tuple(map(address, manifest.owners)),
        start=start,
        blocks=tuple(decoded(number, line, book) for number, line in enumerate(lines, 1)),
    )
    recording.check()
    return recording


# ----------------------------------------------------------------------------------- reading


def _manifest(folder: Path) -> _Manifest:
    path = folder / MANIFEST
    if not folder.is_dir():
        raise ConfigError(
            f"there is no recording {folder}: `trimtab rehearse MANDATE --record {folder}` makes it"
        )
    if not path.exists():
        raise ConfigError(
            f"{folder} has no {MANIFEST}: it is no recording, or it was cut off; record it anew"
        )
    content = _read(path)
    try:
        schema = msgspec.json.decode(content, type=_Version).schema
        if schema != SCHEMA:
            raise ConfigError(
                f"the recording {folder} has schema {schema}, this version reads {SCHEMA}: use "
                "the version of trimtab that made it, or record it anew"
            )
        manifest = msgspec.json.decode(content, type=_Manifest)
        found: dict[str, object] = msgspec.json.decode(content)
    except msgspec.MsgspecError as error:
        raise DataError(f"{path} cannot be read ({error}): record it anew") from None
    seal = found.pop("seal")
    if seal != digest(found):
        raise DataError(f"{path} was edited after it was sealed: record it anew")
    return manifest


def _content(folder: Path, name: str, manifest: _Manifest) -> bytes:
    """A file of the recording, as it was written."""
    if name not in manifest.files:
        raise DataError(f"{folder / MANIFEST} does not tell what {name} is: record it anew")
    content, expected = _read(folder / name), manifest.files[name]
    if len(content) < expected.bytes:
        raise DataError(
            f"{folder / name} has {len(content)} bytes, {expected.bytes} were written: it was "
            "truncated; record it anew"
        )
    if _file(content) != expected:
        raise DataError(f"{folder / name} was edited after it was recorded: record it anew")
    return content


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path} of the recording cannot be read: {error.strerror}") from None


def _set_up(found: _SetUp, book: AddressBook) -> SetUp:
    def raws(by_symbol: Mapping[str, int]) -> dict[Token, int]:
        return {book.token(symbol): raw for symbol, raw in by_symbol.items()}

    plain = {symbol for symbol, token in book.tokens.items() if token.is_plain}
    if unpriced := plain - set(found.prices):
        raise DataError(f"the recording has no first price of {', '.join(sorted(unpriced))}")
    endowment = {address(account): raws(given) for account, given in found.endowment.items()}
    return SetUp(found.seed, found.block_seconds, found.prices, endowment, raws(found.capital))


# ----------------------------------------------------------------------------------- writing


def _unsealed(**told: object) -> dict[str, object]:
    """The manifest without its seal, as it reads back."""
    content = msgspec.json.encode({"schema": SCHEMA, **told})
    found: dict[str, object] = msgspec.json.decode(content)
    return found


def _written(set_up: SetUp) -> _SetUp:
    def raws(by_token: Mapping[Token, int]) -> dict[str, int]:
        return {token.symbol: raw for token, raw in by_token.items()}

    return _SetUp(
        seed=set_up.seed,
        block_seconds=set_up.block_seconds,
        prices=dict(set_up.prices),
        endowment={account: raws(given) for account, given in set_up.endowment.items()},
        capital=raws(set_up.capital),
    )


def _file(content: bytes) -> _File:
    return _File(len(content), hashlib.sha256(content).hexdigest())


def _unwritable(folder: Path, error: OSError) -> ConfigError:
    return ConfigError(
        f"the recording {folder} cannot be written ({error.strerror}): name another folder"
    )
