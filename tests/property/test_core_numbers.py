"""Numbers through their one door, and values in their one form."""

import json
import string
from dataclasses import dataclass
from fractions import Fraction
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from trimtab.core.abi import UINT256_MAX, signed, word
from trimtab.core.canonical import canonical, digest
from trimtab.core.quantise import Rounding, quantise
from trimtab.core.states import Reverted, reverted
from trimtab.core.token import Amount, Token, address, address_from_bytes

FINITE = st.floats(allow_nan=False, allow_infinity=False)
UNITS = st.fractions(min_value=Fraction(1, 10**18), max_value=10**18)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.fractions() | FINITE | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@dataclass(frozen=True, slots=True)
class Typed:
    """Fields of one type each, as in records."""

    whole: int
    exact: Fraction
    text: str
    floating: float


TYPED = st.builds(Typed, st.integers(), st.fractions(), st.text(), FINITE)


@given(FINITE, UNITS)
def test_quantise__any_float__floor_and_ceiling_of_the_exact_quotient(
    value: float, unit: Fraction
) -> None:
    exact = Fraction(value) / unit
    assert quantise(value, unit, Rounding.DOWN) == exact.numerator // exact.denominator
    assert quantise(value, unit, Rounding.UP) == -(-exact.numerator // exact.denominator)


@given(st.fractions(), UNITS)
def test_quantise__up_and_down__differ_by_one_where_there_is_a_remainder(
    value: Fraction, unit: Fraction
) -> None:
    down, up = (quantise(value, unit, rounding) for rounding in (Rounding.DOWN, Rounding.UP))
    assert down * unit <= value <= up * unit
    assert up - down == ((value / unit).denominator != 1)


@given(st.binary(min_size=20, max_size=20))
def test_address__of_any_bytes__reads_back(raw: bytes) -> None:
    checksummed = address_from_bytes(raw)
    assert bytes.fromhex(checksummed[2:]) == raw
    assert address(checksummed) == address(checksummed.lower()) == checksummed


@given(st.integers(-(2**255), UINT256_MAX))
def test_word__any_that_fits__reads_back_modulo_two_to_the_256(value: int) -> None:
    unsigned = int.from_bytes(word(value), "big")
    assert unsigned == value % 2**256
    assert signed(unsigned) == (value + 2**255) % 2**256 - 2**255


@given(st.integers(), st.integers(0, 40))
def test_amount__as_text__is_the_number(raw: int, decimals: int) -> None:
    text = str(Amount(Token(1, address_from_bytes(bytes(20)), decimals, "T"), raw))
    number, symbol = text.split()
    assert (Fraction(number.replace(",", "")), symbol) == (Fraction(raw, 10**decimals), "T")


@given(st.text(string.printable.strip(), max_size=200))
def test_reverted__any_reason__reads_back(reason: str) -> None:
    assert Reverted(reverted(reason).data).reason == reason


@given(VALUES)
def test_canonical__any_value__json_without_numbers(value: object) -> None:
    numbers: list[str] = []
    json.loads(canonical(value), parse_int=numbers.append, parse_float=numbers.append)
    assert numbers == []


@given(st.dictionaries(st.text(), st.integers()), st.randoms())
def test_digest__mapping_in_any_order__the_same(mapping: dict[str, int], random: Random) -> None:
    items = list(mapping.items())
    random.shuffle(items)
    assert digest(dict(items)) == digest(mapping)


@given(TYPED, TYPED)
def test_digest__records_of_one_type__equal_just_where_they_are(one: Typed, other: Typed) -> None:
    same = (one.whole, one.exact, one.text, one.floating.hex()) == (
        other.whole,
        other.exact,
        other.text,
        other.floating.hex(),
    )
    assert (digest(one) == digest(other)) == same
