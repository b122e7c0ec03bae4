"""Values as JSON types, whole, so that they can be restored by their types alone.

`canonical.plain` tells which values are equal; this tells all that they hold: fields that are not
compared, the order of mappings, and which class of a union a data class is. Scalars are written as
`plain` writes them, mappings as lists of pairs, arrays as their bytes.
"""

from __future__ import annotations

import dataclasses
import enum
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import numpy as np

from trimtab.core.canonical import Plain, canonical, plain

TYPE = "type"
"""The key that names a stored value's class."""
ARRAYS = re.compile(r"\|[bi]1|\|u1|<[iuf][248]", re.ASCII)
"""Arrays of booleans, integers and floats, in the byte order that they are stored in."""


def stored(value: object) -> Plain:
    """The value as JSON types, whole. Raises TypeError for a type that has no such form."""
    match value:
        case enum.Enum():
            return {TYPE: type(value).__name__, "name": value.name}
        case timedelta():
            names = ("days", "seconds", "microseconds")
            return {TYPE: "timedelta", **{name: stored(getattr(value, name)) for name in names}}
        case np.ndarray():
            return _array(value)
        case Mapping():
            return [[stored(key), stored(item)] for key, item in value.items()]
        case frozenset():
            return sorted((stored(item) for item in value), key=canonical)
        case tuple() | list():
            return [stored(item) for item in value]
        case _ if dataclasses.is_dataclass(value) and not isinstance(value, type):
            fields = (each.name for each in dataclasses.fields(value) if each.init)
            return {TYPE: type(value).__name__, **{f: stored(getattr(value, f)) for f in fields}}
        case _:
            return plain(value)


def _array(value: np.ndarray[Any, Any]) -> Plain:
    kind = value.dtype.newbyteorder("<").str
    if not ARRAYS.fullmatch(kind):
        raise TypeError(f"an array of {value.dtype} has no stored form: use numbers")
    data = np.ascontiguousarray(value, dtype=kind).tobytes()
    return {TYPE: "ndarray", "dtype": kind, "shape": stored(value.shape), "data": stored(data)}
