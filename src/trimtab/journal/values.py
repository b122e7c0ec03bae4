"""What records hold, as values again."""

from dataclasses import dataclass
from fractions import Fraction

from msgspec import convert

from trimtab.core.canonical import Plain
from trimtab.core.errors import JournalError
from trimtab.core.market import Head
from trimtab.core.orders import Halt, Order, ReduceOnly, Resume, Unwind
from trimtab.core.settlement import Dropped, Failed, Intent, Landed, Mismatch, Settlement
from trimtab.journal.pnl import Attribution
from trimtab.journal.records import Record


def intent_of(record: Record) -> Intent:
    """The intent that a record holds. Raises JournalError if it holds none."""
    try:
        part = _mapping(record.detail)
        raws = [bytes.fromhex(raw[2:]) for raw in convert(part["raws"], list[str])]
        return convert({**part, "raws": raws}, Intent, strict=False)
    except (KeyError, ValueError) as error:
        raise _broken(record, error) from error


def settlement_of(record: Record) -> Settlement:
    """The settlement that a record of kind settled or mismatch holds.

    Raises JournalError if it holds none.
    """
    try:
        part = _mapping(record.detail)
        types: dict[Plain, type[Settlement]] = {kind.__name__: kind for kind in _SETTLEMENTS}
        return convert(part, types[part["type"]], strict=False)
    except (KeyError, ValueError) as error:
        raise _broken(record, error) from error


def head_of(record: Record) -> Head | None:
    """The block that a record of kind unwound leads back to, none for before the first.

    Raises JournalError if it holds none.
    """
    try:
        part = _mapping(record.detail)["head"]
        return None if part is None else convert(part, Head, strict=False)
    except (KeyError, ValueError) as error:
        raise _broken(record, error) from error


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Who wrote what is remembered, and the blob that holds it."""

    mandate_hash: str
    code_version: str
    memory: str


def checkpoint_of(record: Record) -> Checkpoint:
    """What a record of kind checkpoint names. Raises JournalError if it is none."""
    try:
        return convert(_mapping(record.detail), Checkpoint)
    except ValueError as error:
        raise _broken(record, error) from error


def order_of(record: Record) -> Order:
    """The order that a record holds. Raises JournalError if it holds none."""
    try:
        part = _mapping(record.economic)
        types: dict[Plain, type[Order]] = {kind.__name__: kind for kind in _ORDERS}
        return convert(part, types[part["type"]], strict=False)
    except (KeyError, ValueError) as error:
        raise _broken(record, error) from error


def attribution_of(record: Record) -> Attribution | None:
    """The attribution in a record of kind flows; none at the first reading of a run.

    Raises JournalError if the record holds something else.
    """
    try:
        part = _mapping(record.economic)["attribution"]
        if part is None:
            return None
        parts = {**_mapping(part), **_mapping(_mapping(record.detail)["attribution"])}
        return convert(parts, Attribution, strict=False, dec_hook=_fraction)
    except (KeyError, ValueError) as error:
        raise _broken(record, error) from error


_ORDERS: tuple[type[Order], ...] = (Halt, Resume, Unwind, ReduceOnly)
_SETTLEMENTS = (Landed, Failed, Dropped, Mismatch)


def _fraction(kind: type[object], written: object) -> Fraction:
    if kind is not Fraction or not isinstance(written, str):
        raise ValueError(f"{written!r} is no fraction")
    return Fraction(written)


def _mapping(part: Plain) -> dict[str, Plain]:
    if not isinstance(part, dict):
        raise ValueError(f"{part!r} is no mapping")  # noqa: TRY004 - bad data, not a bad call
    return part


def _broken(record: Record, error: Exception) -> JournalError:
    return JournalError(
        f"the {record.kind} record of block {record.block} holds something else ({error}): "
        "the journal is damaged or another kind was meant; go on from a copy"
    )
