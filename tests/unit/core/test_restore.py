"""What `stored` writes, `restored` reads back by its type, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import Enum
from fractions import Fraction
from typing import Any, Generic, Literal, NewType, TypeVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from trimtab.core.canonical import Plain, canonical
from trimtab.core.restore import argument_of, restored
from trimtab.core.stored import stored

Name = NewType("Name", str)
Alias = NewType("Alias", Name)
T = TypeVar("T")


class Colour(Enum):
    RED = "r"
    BLUE = "b"


@dataclass(frozen=True, slots=True)
class Inner:
    raw: int
    label: str = field(compare=False)


@dataclass(frozen=True, slots=True)
class Other:
    raw: int


@dataclass(frozen=True)
class Outer:
    name: Alias
    share: Fraction
    weight: float
    data: bytes
    side: Literal["long", "debt"]
    colour: Colour
    span: timedelta
    inner: Inner | Other | None
    amount: int | Colour
    by_pair: Mapping[tuple[int, str], Inner]
    members: frozenset[Name]
    rows: tuple[tuple[float, ...], ...]
    flags: tuple[bool, int]
    again: Outer | None = None


numbers = st.integers(-(2**300), 2**300)
inners = st.builds(Inner, numbers, st.text())
outers = st.builds(
    Outer,
    st.text().map(lambda text: Alias(Name(text))),
    st.fractions(),
    st.floats(allow_nan=False),
    st.binary(),
    st.sampled_from(["long", "debt"]),
    st.sampled_from(Colour),
    st.timedeltas(),
    inners | st.builds(Other, numbers) | st.none(),
    numbers | st.sampled_from(Colour),
    st.dictionaries(st.tuples(numbers, st.text()), inners, max_size=3),
    st.frozensets(st.text().map(Name), max_size=3),
    st.lists(st.lists(st.floats(allow_nan=False), max_size=3).map(tuple), max_size=3).map(tuple),
    st.tuples(st.booleans(), numbers),
)


@given(outers, outers)
def test_restored__what_was_stored__the_same_whole(outer: Outer, again: Outer) -> None:
    outer = replace(outer, again=again)
    found = restored(Outer, json.loads(canonical(stored(outer))))
    assert found == outer
    # Fields that are not compared, the order of mappings and the classes are in what is stored.
    assert stored(found) == stored(outer)


@pytest.mark.parametrize(
    "array",
    [
        np.array([[1.5, -0.0], [np.nan, np.inf]]),
        np.array(7, dtype=np.int8),
        np.zeros((0, 3), dtype=np.float32),
        np.array([True, False]),
        np.arange(12, dtype=">u4").reshape(3, 4)[:, ::2],
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    ],
)
def test_restored__array__every_bit(array: NDArray[Any]) -> None:
    found = restored(NDArray[Any], json.loads(canonical(stored(array))))
    assert found.shape == array.shape
    assert found.dtype == array.dtype.newbyteorder("<")
    assert found.tobytes() == array.astype(array.dtype.newbyteorder("<")).tobytes()
    assert found.flags.writeable


def test_restored__list_and_dict__as_such() -> None:
    value = {"a": [1, 2], "b": []}
    assert restored(dict[str, list[int]], stored(value)) == value
    assert list(restored(dict[str, list[int]], stored({"b": [], "a": []}))) == ["b", "a"]


@pytest.mark.parametrize(
    "kind, written",
    [
        (int, 7),
        (int, "07"),
        (int, "+7"),
        (int, " 7"),
        (int, "1_0"),
        (int, "\u0667"),
        (int, True),
        (bool, "true"),
        (bool, "1"),
        (float, "1.0"),
        (float, "0x2p-1"),
        (float, None),
        (Fraction, "2/4"),
        (Fraction, "1/0"),
        (Fraction, "1/-2"),
        (Fraction, "1"),
        (bytes, "0xA0"),
        (bytes, "a0"),
        (bytes, "0x a0"),
        (str, ["a"]),
        (type(None), "None"),
        (timedelta, {"type": "timedelta", "days": "0", "seconds": "86400", "microseconds": "0"}),
        (Colour, {"type": "Colour", "name": "GREEN"}),
        (Colour, {"type": "Colour", "name": "RED", "value": "r"}),
        (Colour, "r"),
        (Literal["long"], "short"),
        (Literal["long"], ["long"]),
        (Inner, {"type": "Inner", "raw": "1"}),
        (Inner, {"type": "Inner", "raw": "1", "label": "a", "more": "b"}),
        (Inner, {"type": "Other", "raw": "1", "label": "a"}),
        (Inner, {"raw": "1", "label": "a"}),
        (Inner, ["1", "a"]),
        (Inner | Other, {"type": "Outer", "raw": "1"}),
        (Inner | None, "none"),
        (Inner | None, {"type": ["Inner"]}),
        (tuple[int, str], ["1"]),
        (tuple[int, ...], "1"),
        (Mapping[str, int], {"a": "1"}),
        (Mapping[str, int], [["a", "1"], ["a", "2"]]),
        (Mapping[str, int], [["a"]]),
        (frozenset[int], ["1", "1"]),
        (NDArray[Any], {"type": "ndarray", "dtype": "|O", "shape": [], "data": "0x"}),
        (NDArray[Any], {"type": "ndarray", "dtype": "<f8", "shape": ["2"], "data": "0x00"}),
        (NDArray[Any], {"type": "ndarray", "dtype": "<f8", "shape": ["-1"], "data": "0x"}),
    ],
)
def test_restored__anything_else__refused(kind: object, written: Plain) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        restored(kind, written)


def test_restored__deep_inside__says_where() -> None:
    written = stored((Inner(1, "a"), Inner(2, "b")))
    assert isinstance(written, list)
    wrong = [written[0], {**written[1], "raw": "x"}]  # type: ignore[dict-item]
    with pytest.raises(ValueError, match=r"\[1\] Inner\.raw: 'x' is no integer"):
        restored(tuple[Inner, ...], wrong)


@pytest.mark.parametrize("value", [object(), {1, 2}, 1 + 2j, np.array([object()]), Inner, len])
def test_stored__no_form__type_error(value: object) -> None:
    with pytest.raises(TypeError, match="form"):
        stored(value)


@pytest.mark.parametrize("kind", [object, int | str, tuple[int] | list[int], Outer | T, complex])
def test_restored__type_that_cannot_be_told__type_error(kind: object) -> None:
    with pytest.raises(TypeError, match=r"cannot be (restored|told apart)"):
        restored(kind, "1")


class Holder(Generic[T]):
    pass


class Held(Holder[tuple[int, ...]]):
    pass


class StillHeld(Held):
    pass


class Open(Holder[T]):
    pass


def test_argument_of__class_that_names_it__the_type() -> None:
    assert argument_of(Held, Holder) == tuple[int, ...]
    assert argument_of(StillHeld, Holder) == tuple[int, ...]


@pytest.mark.parametrize("kind", [Open, Inner])
def test_argument_of__open_or_another_class__type_error(kind: type[object]) -> None:
    with pytest.raises(TypeError, match="names no type for"):
        argument_of(kind, Holder)
