"""One canonical form of every value, so that a digest means the same everywhere.

Sorted keys, integers as strings, floats by `float.hex`, fractions as numerator and denominator,
bytes in hexadecimal, data classes by name and fields. What a field's type tells apart needs no
mark of its own: two values of one type never have one form.
"""

import dataclasses
import enum
import hashlib
import json
from collections.abc import Mapping
from fractions import Fraction

Plain = None | bool | str | list["Plain"] | dict[str, "Plain"]


def plain(value: object) -> Plain:
    """The value as JSON types without numbers.

    Raises TypeError for a type that has no canonical form, and ValueError for a mapping of which
    two keys would become one.
    """
    match value:
        case enum.Enum():
            return str(value.value)
        case None | bool() | str():
            return value
        case int():
            return str(value)
        case float():
            return value.hex()
        case Fraction():
            return f"{value.numerator}/{value.denominator}"
        case bytes():
            return "0x" + value.hex()
        case Mapping():
            return _plain_mapping(value)
        case tuple() | list():
            return [plain(item) for item in value]
        case _ if dataclasses.is_dataclass(value) and not isinstance(value, type):
            fields: dict[str, Plain] = {
                field.name: plain(getattr(value, field.name))
                for field in dataclasses.fields(value)
                if field.compare
            }
            return {"type": type(value).__name__, **fields}
        case _:
            raise TypeError(f"{type(value).__name__} has no canonical form: {value!r}")


def canonical(value: object) -> bytes:
    """The canonical JSON of a value."""
    return encoded(plain(value))


def encoded(form: Plain) -> bytes:
    """The canonical JSON of a value that is plain already; it is not copied."""
    return json.dumps(form, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def digest(value: object) -> str:
    """sha256 of the canonical JSON, in hexadecimal."""
    return hashlib.sha256(canonical(value)).hexdigest()


def _plain_mapping(mapping: Mapping[object, object]) -> dict[str, Plain]:
    form = {_key(key): plain(item) for key, item in mapping.items()}
    if len(form) != len(mapping):
        raise ValueError(f"keys of different types have one canonical form: {list(mapping)!r}")
    return form


def _key(key: object) -> str:
    if isinstance(key, str):
        return key
    form = plain(key)
    return form if isinstance(form, str) else json.dumps(form, sort_keys=True)
