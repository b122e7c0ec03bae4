import os
import subprocess
import sys
from dataclasses import dataclass, field
from enum import Enum
from fractions import Fraction
from typing import Any

import pytest

from tests.unit.core.test_token import USDC, WETH
from trimtab.core.canonical import canonical, digest, plain
from trimtab.core.market import wallet


@dataclass(frozen=True, slots=True)
class Pair:
    first: object
    second: object = field(compare=False, default=None)


class Colour(Enum):
    RED = "red"


@pytest.mark.parametrize(
    "value, form",
    [
        (None, None),
        (True, True),
        ("text", "text"),
        (2**300, str(2**300)),
        (0.1, "0x1.999999999999ap-4"),
        (Fraction(2, 6), "1/3"),
        (b"\x00\xff", "0x00ff"),
        (Colour.RED, "red"),
        ([1, (2,)], ["1", ["2"]]),
        ({"b": 1, "a": 2}, {"b": "1", "a": "2"}),
        (Pair(1, "left out"), {"type": "Pair", "first": "1"}),
    ],
)
def test_plain__each_type__json_without_numbers(value: object, form: object) -> None:
    assert plain(value) == form


@pytest.mark.parametrize("value", [{1, 2}, object(), Pair, 1j])
def test_plain__type_without_a_form__refused(value: Any) -> None:
    with pytest.raises(TypeError, match="has no canonical form"):
        plain(value)


def test_plain__keys_that_would_become_one__refused() -> None:
    with pytest.raises(ValueError, match="have one canonical form"):
        plain({1: "a", "1": "b"})


def test_plain__places_as_keys__kept_apart() -> None:
    form = plain({wallet(USDC): 1, wallet(WETH): 2})
    assert isinstance(form, dict)
    assert sorted(map(str, form.values())) == ["1", "2"]


def test_canonical__keys_in_any_order__sorted() -> None:
    assert canonical({"b": 1, "a": {"d": 2, "c": 3}}) == b'{"a":{"c":"3","d":"2"},"b":"1"}'


@pytest.mark.parametrize(
    "one, other",
    [(1, 1.0), (1, True), (0.0, -0.0), (0.1, Fraction(1, 10)), (1, "one"), ((), None), ("", None)],
)
def test_digest__values_of_different_types__differ(one: object, other: object) -> None:
    assert digest(one) != digest(other)


def test_digest__classes_with_the_same_fields__differ() -> None:
    @dataclass(frozen=True, slots=True)
    class Other:
        first: object

    assert digest(Other(1)) != digest(Pair(1))


def test_digest__any_hash_seed__the_same() -> None:
    program = (
        "from trimtab.core.canonical import digest\n"
        "print(digest({name: {name: 1.5} for name in {'a', 'b', 'c', 'd', 'e'}}))"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert digests == {digest({name: {name: 1.5} for name in "abcde"}) + "\n"}
