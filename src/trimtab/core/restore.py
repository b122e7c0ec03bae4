"""The inverse of `core.stored.stored`: values by their types alone, and nothing else.

Nothing is executed and no class is looked up by name: what is written has to be what `stored`
writes for a value of the type that is asked for.
"""

from __future__ import annotations

import dataclasses
import enum
import re
import types
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import timedelta
from fractions import Fraction
from functools import cache
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import numpy as np

from trimtab.core.canonical import Plain
from trimtab.core.stored import ARRAYS, TYPE, stored

_INTEGER = re.compile(r"0|-?[1-9][0-9]*", re.ASCII)
_SEQUENCES = (tuple, frozenset, Mapping, dict, Sequence, list)
T = TypeVar("T")
C = TypeVar("C", bound=Collection[Any])


def restored(kind: Any, written: Plain) -> Any:
    """The value of this type that `stored` wrote.

    Raises ValueError, saying where, for what is not of that form, and TypeError for a type whose
    values cannot be told apart or have no stored form.
    """
    return _reader(kind)(written)


def argument_of(kind: type[object], generic: object) -> Any:
    """The argument that a class gives to the generic class it derives from.

    Raises TypeError if it does not derive from that, or leaves the argument open.
    """
    for each in kind.__mro__:
        for base in getattr(each, "__orig_bases__", ()):
            if get_origin(base) is generic and not isinstance(get_args(base)[0], TypeVar):
                return get_args(base)[0]
    raise TypeError(f"{kind.__name__} names no type for {generic}: write it in brackets")


Reader = Callable[[Plain], Any]


@cache
def _reader(kind: Any) -> Reader:
    """What reads values of a type back."""
    kind = getattr(kind, "__supertype__", kind)
    if getattr(kind, "__supertype__", None):
        return _reader(kind)
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        return _union(get_args(kind))
    if origin is Literal:
        return _literal(get_args(kind))
    if kind is Any:
        return _anything
    if kind in _SCALARS:
        return _SCALARS[kind]
    if origin is np.ndarray or kind is np.ndarray:
        return _array
    if origin in _SEQUENCES:
        return _collection(origin, get_args(kind))
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return _enumeration(kind)
    name = origin or kind
    if dataclasses.is_dataclass(name) and isinstance(name, type):
        return _data_class(name)
    raise TypeError(f"values of type {kind} cannot be restored: name a data class or a plain type")


# ------------------------------------------------------------------------------------- scalars


def _anything(written: Plain) -> Plain:
    """What is to be restored later, once its type is known."""
    return written


def _none(written: Plain) -> None:
    if written is not None:
        raise ValueError(f"{_shown(written)} is not none")


def _boolean(written: Plain) -> bool:
    if not isinstance(written, bool):
        raise ValueError(f"{_shown(written)} is neither true nor false")  # noqa: TRY004
    return written


def _text(written: Plain) -> str:
    if not isinstance(written, str):
        raise ValueError(f"{_shown(written)} is no text")  # noqa: TRY004 - bad data
    return written


def _integer(written: Plain) -> int:
    text = _text(written)
    if not _INTEGER.fullmatch(text):
        raise ValueError(f"{_shown(written)} is no integer")
    return int(text)


def _float(written: Plain) -> float:
    return _same(written, float.fromhex(_text(written)))


def _fraction(written: Plain) -> Fraction:
    numerator, _, denominator = _text(written).partition("/")
    if _integer(denominator) <= 0:
        raise ValueError(f"{_shown(written)} is no fraction")
    return _same(written, Fraction(_integer(numerator), _integer(denominator)))


def _bytes(written: Plain) -> bytes:
    return _same(written, bytes.fromhex(_text(written).removeprefix("0x")))


def _duration(written: Plain) -> timedelta:
    names = ("days", "seconds", "microseconds")
    parts = _fields(written, "timedelta", names)
    return _same(written, timedelta(**{name: _integer(parts[name]) for name in names}))


def _same(written: Plain, value: T) -> T:
    """The value, if it is written in no other way than this."""
    if stored(value) != written:
        raise ValueError(f"{_shown(written)} is not how {value!r} is written")
    return value


_SCALARS: Mapping[object, Reader] = {
    type(None): _none,
    None: _none,
    bool: _boolean,
    str: _text,
    int: _integer,
    float: _float,
    Fraction: _fraction,
    bytes: _bytes,
    timedelta: _duration,
}


# --------------------------------------------------------------------------------- collections


def _collection(origin: Any, arguments: tuple[Any, ...]) -> Reader:
    if issubclass(origin, Mapping):
        key, item = map(_reader, arguments)
        return lambda written: _mapping(key, item, written)
    if origin is tuple and arguments[-1:] != (Ellipsis,):
        readers = tuple(map(_reader, arguments))
        return lambda written: _fixed(readers, written)
    each = _reader(arguments[0])
    make = frozenset if origin is frozenset else list if origin is list else tuple
    return lambda written: _same_size(written, make(_each(each, _items(written))))


def _mapping(key: Reader, item: Reader, written: Plain) -> dict[Any, Any]:
    pairs = [_items(pair, 2) for pair in _items(written)]
    keys = _each(key, [pair[0] for pair in pairs])
    found = dict(zip(keys, _each(item, [pair[1] for pair in pairs]), strict=True))
    return _same_size(written, found)


def _fixed(readers: tuple[Reader, ...], written: Plain) -> tuple[Any, ...]:
    items = _items(written, len(readers))
    return tuple(reader(item) for reader, item in zip(readers, items, strict=True))


def _each(reader: Reader, items: list[Plain]) -> Iterator[Any]:
    for place, item in enumerate(items):
        try:
            yield reader(item)
        except ValueError as error:
            raise ValueError(f"[{place}] {error}") from error


def _items(written: Plain, size: int | None = None) -> list[Plain]:
    if not isinstance(written, list) or (size is not None and len(written) != size):
        count = "" if size is None else f" of {size}"
        raise ValueError(f"{_shown(written)} is no list{count}")
    return written


def _same_size(written: Plain, found: C) -> C:
    if len(found) != len(_items(written)):
        raise ValueError(f"{_shown(written)} has something twice")
    return found


def _array(written: Plain) -> np.ndarray[Any, Any]:
    parts = _fields(written, "ndarray", ("dtype", "shape", "data"))
    kind, data = _text(parts["dtype"]), _bytes(parts["data"])
    shape = tuple(map(_integer, _items(parts["shape"])))
    if not ARRAYS.fullmatch(kind) or min(shape, default=0) < 0:
        raise ValueError(f"{kind} of shape {shape} is no array of numbers")
    flat = np.frombuffer(data, dtype=kind)
    return flat.reshape(shape).copy()


# ------------------------------------------------------------------------- classes and unions


def _data_class(kind: type[Any]) -> Reader:
    hints = get_type_hints(kind)
    names = [each.name for each in dataclasses.fields(kind) if each.init]

    def read(written: Plain) -> Any:
        parts = _fields(written, kind.__name__, names)
        values = {}
        for name in names:
            try:
                values[name] = _reader(hints[name])(parts[name])
            except ValueError as error:
                raise ValueError(f"{kind.__name__}.{name}: {error}") from error
        return kind(**values)

    return read


def _enumeration(kind: type[enum.Enum]) -> Reader:
    def read(written: Plain) -> enum.Enum:
        name = _text(_fields(written, kind.__name__, ("name",))["name"])
        if name not in kind.__members__:
            raise ValueError(f"{kind.__name__} has no {name}")
        return kind[name]

    return read


def _literal(values: tuple[Any, ...]) -> Reader:
    def read(written: Plain) -> Any:
        if isinstance(written, list | dict) or written not in values:
            raise ValueError(f"{_shown(written)} is none of {values}")
        return written

    return read


def _union(kinds: tuple[Any, ...]) -> Reader:
    """By what is written one of the kinds is chosen, and no two may be written alike."""
    readers: dict[object, Reader] = {}
    for kind in kinds:
        mark = _mark(kind)
        if mark in readers:
            raise TypeError(f"{kinds} cannot be told apart once they are written")
        readers[mark] = _reader(kind)

    def read(written: Plain) -> Any:
        mark = written.get(TYPE) if isinstance(written, dict) else type(written)
        if isinstance(mark, list | dict) or mark not in readers:
            raise ValueError(f"{_shown(written)} is none of {kinds}")
        return readers[mark](written)

    return read


def _mark(kind: Any) -> object:
    """What a stored value of this type shows: its JSON type, or the name in it."""
    while hasattr(kind, "__supertype__"):
        kind = kind.__supertype__
    origin = get_origin(kind) or kind
    if kind in (None, type(None), bool):
        return type(None) if kind is not bool else bool
    if kind in (str, int, float, Fraction, bytes) or origin is Literal:
        return str
    if origin in _SEQUENCES:
        return list
    return "ndarray" if origin is np.ndarray else getattr(origin, "__name__", origin)


def _fields(written: Plain, name: str, expected: Sequence[str]) -> dict[str, Plain]:
    """The fields of a stored class: these and no others."""
    if not isinstance(written, dict) or written.get(TYPE) != name:
        raise ValueError(f"{_shown(written)} is no {name}")
    odd = written.keys() ^ {TYPE, *expected}
    if odd:
        raise ValueError(f"a {name} with other fields ({', '.join(sorted(odd))})")
    return written


def _shown(written: Plain) -> str:
    text = repr(written)
    return text if len(text) <= 60 else text[:60] + "…"
