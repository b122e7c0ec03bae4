"""From TOML text to a mandate, every mistake named with its place and what to write instead."""

import difflib
import re
import tomllib
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import TypeVar

import msgspec

from trimtab.core.errors import ConfigError
from trimtab.mandate.checks import mistakes
from trimtab.mandate.document import Document, Mandate

D = TypeVar("D", bound=Document)
Sections = dict[str, type[Document]]
"""The parts of a document by their dotted path, empty for the whole."""

LARGEST_EXPONENT = 100
"""No share, amount or parameter has more digits before or after its point."""

_PLACE = re.compile(r"(?P<what>.*?)(?: - at `(?:key in )?\$\.?(?P<path>[^`]*)`)?", re.DOTALL)
_UNKNOWN = re.compile(r"Object contains unknown field `(?P<key>[^`]+)`")
_MISSING = re.compile(r"Object missing required field `(?P<key>[^`]+)`")
_OTHER_TYPE = re.compile(r"Expected `(?P<expected>[^`]+)`, got `(?P<given>[^`]+)`")
_NUMBER = re.compile(
    r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?|[+-]?\d+\s*/\s*\d+", re.IGNORECASE | re.ASCII
)
_KINDS = {
    "array": "a list",
    "bool": "true or false",
    "float": "a number",
    "int": "a whole number",
    "object": "a table",
    "str": "a text in quotes",
}


def parse_mandate(text: str, source: str) -> Mandate:
    """The mandate that a TOML text states.

    Raises ConfigError naming `source`, and the first mistake of form or all those of meaning.
    """
    mandate = parse_document(text, source, Mandate)
    found = tuple(mistakes(mandate))
    if found:
        raise ConfigError(f"{source}: " + "\n  ".join(found))
    return mandate


def parse_document(text: str, source: str, kind: type[D]) -> D:
    """Any strictly decoded document. Raises ConfigError with a suggestion for an unknown key."""
    try:
        raw = tomllib.loads(text, parse_float=_decimal)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{source} is not valid TOML: {error}") from None
    except ValueError as error:
        raise ConfigError(f"{source}: {error}") from None
    try:
        return msgspec.convert(raw, kind, dec_hook=_share)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{source}: {_in_words(str(error), kind)}") from None


def share(value: object) -> Fraction:
    """An exact share: `0.35`, `"35 %"`, `"7/20"` or an integer.

    Raises ValueError in words for anything else.
    """
    text = str(value).strip()
    percent = text.endswith("%")
    digits = text.removesuffix("%").strip()
    if not _NUMBER.fullmatch(digits):
        raise ValueError(f'{value!r} is not a share: write 0.35, "35 %" or "7/20"')
    numerator, _, denominator = digits.partition("/")
    whole, parts = _decimal(numerator), _decimal(denominator or "1")
    if not parts:
        raise ValueError(f"{value!r} divides by zero: write a share such as 7/20")
    return whole / parts / (100 if percent else 1)


def _decimal(text: str) -> Fraction:
    number = Decimal(text)
    if not number.is_finite():
        raise ValueError(f"{text} is not a number that can be decided on: give a finite one")
    exponent = number.as_tuple().exponent
    if number.adjusted() > LARGEST_EXPONENT or int(exponent) < -LARGEST_EXPONENT:
        raise ValueError(f"{text[:40]} has too many digits: write at most {LARGEST_EXPONENT}")
    return Fraction(number)


def _share(kind: type, value: object) -> object:
    if kind is not Fraction:
        raise NotImplementedError(f"no reading of {kind}")
    return share(value)


# --------------------------------------------------------------------------------- messages


def _in_words(message: str, kind: type[Document]) -> str:
    """A message of the decoder as a user would put it, with the place first."""
    match = _PLACE.fullmatch(message)
    what, path = (match["what"], match["path"] or "") if match else (message, "")
    if unknown := _UNKNOWN.fullmatch(what):
        return _unknown_key(unknown["key"], path, dict(_sections(kind)))
    if missing := _MISSING.fullmatch(what):
        return f"`{_joined(path, missing['key'])}` is missing: add it"
    if other := _OTHER_TYPE.fullmatch(what):
        expected, given = _in_kinds(other["expected"]), _in_kinds(other["given"])
        return f"`{path or 'the file'}` is {given}, expected {expected}"
    return f"`{path}`: {what}" if path else what


def _unknown_key(key: str, path: str, sections: Sections) -> str:
    """The mistake, and the nearest key of the same section or else of another."""
    section = re.sub(r"\[\d*\]", "", path)
    own = {name: name for name in _keys(sections[section])} if section in sections else {}
    others = {name: _joined(at, name) for at, part in sections.items() for name in _keys(part)}
    near = difflib.get_close_matches(key, own, n=1) or difflib.get_close_matches(key, others, n=1)
    hint = f"known here: {', '.join(f'`{name}`' for name in sorted(own))}"
    if near:
        hint = f"did you mean `{own.get(near[0]) or others[near[0]]}`?"
    return f"unknown key `{_joined(path, key)}`; {hint}"


def _sections(kind: type[Document], path: str = "") -> Iterator[tuple[str, type[Document]]]:
    yield path, kind
    for field in msgspec.structs.fields(kind):
        for part in _documents_in(field.type):
            yield from _sections(part, _joined(path, field.encode_name))


def _documents_in(annotation: object) -> list[type[Document]]:
    if isinstance(annotation, type) and issubclass(annotation, Document):
        return [annotation]
    return [part for inner in getattr(annotation, "__args__", ()) for part in _documents_in(inner)]


def _keys(kind: type[Document]) -> list[str]:
    return [field.encode_name for field in msgspec.structs.fields(kind)]


def _joined(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _in_kinds(types: str) -> str:
    """TOML's kinds by their plain names; TOML has no null."""
    names = [name for name in types.split(" | ") if name != "null"]
    return " or ".join(_KINDS.get(name, name) for name in names)
