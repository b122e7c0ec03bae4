"""From TOML text to a mandate, every mistake named with its place and what to write instead."""

import difflib
import re
import tomllib
from decimal import Decimal
from fractions import Fraction
from typing import TypeVar

import msgspec

from trimtab.core.errors import ConfigError
from trimtab.mandate.document import Document, Mandate

D = TypeVar("D", bound=Document)

_UNKNOWN = re.compile(
    r"Object contains unknown field `(?P<field>[^`]+)`(?: - at `(?P<path>[^`]+)`)?"
)


def parse_mandate(text: str, source: str) -> Mandate:
    """The mandate that a TOML text states. Raises ConfigError naming `source` and the mistake."""
    mandate = parse_document(text, source, Mandate)
    _check(mandate, source)
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
    try:
        number = Fraction(text[:-1].strip() if percent else text)
    except (ValueError, ZeroDivisionError):
        raise ValueError(f'{value!r} is not a share: write 0.35, "35 %" or "7/20"') from None
    return number / 100 if percent else number


def _decimal(text: str) -> Fraction:
    number = Decimal(text)
    if not number.is_finite():
        raise ValueError(f"{text} is not a number that can be decided on: give a finite one")
    return Fraction(number)


def _share(kind: type, value: object) -> object:
    if kind is Fraction:
        if isinstance(value, bool) or not isinstance(value, int | str | Fraction):
            raise ValueError(f'{value!r} is not a share: write 0.35, "35 %" or "7/20"')
        return share(value)
    raise NotImplementedError(f"no reading of {kind}")


def _in_words(message: str, kind: type[Document]) -> str:
    match = _UNKNOWN.search(message)
    if match is None:
        return message[0].lower() + message[1:]
    known = sorted(_all_fields(kind))
    near = difflib.get_close_matches(match["field"], known, n=1)
    where = (match["path"] or "$").replace("$", "the file", 1)
    hint = f"did you mean `{near[0]}`?" if near else f"known keys: {', '.join(known)}"
    return f"unknown key `{match['field']}` in {where}; {hint}"


def _all_fields(kind: type[Document]) -> set[str]:
    names: set[str] = set()
    for field in msgspec.structs.fields(kind):
        names.add(field.encode_name)
        for part in _structs_in(field.type):
            names |= _all_fields(part)
    return names


def _structs_in(annotation: object) -> list[type[Document]]:
    if isinstance(annotation, type) and issubclass(annotation, Document):
        return [annotation]
    return [part for inner in getattr(annotation, "__args__", ()) for part in _structs_in(inner)]


def _check(mandate: Mandate, source: str) -> None:
    for what, wrong in _mistakes(mandate):
        if wrong:
            raise ConfigError(f"{source}: {what}")


def _mistakes(mandate: Mandate) -> list[tuple[str, bool]]:
    entries, limits, chain = mandate.strategies, mandate.limits, mandate.chain
    names = [entry.name for entry in entries]
    total = sum((entry.share for entry in entries), Fraction(0))
    shares = {f"limits.cap.{key}": value for key, value in limits.cap.items()} | {
        "limits.minimum_idle": limits.minimum_idle,
        "limits.slippage": limits.slippage,
        "execution.fill_tolerance": mandate.execution.fill_tolerance,
    }
    outside = {key: value for key, value in shares.items() if not 0 <= value <= 1}
    return [
        ("it names no strategy: add one under [[strategies]]", not entries),
        (f"two strategies share a name: {names}", len(set(names)) != len(names)),
        (
            f"the strategies' shares sum to {float(total):g}, expected more than 0 and at most 1",
            not 0 < total <= 1,
        ),
        ("a share of a strategy is negative", any(entry.share < 0 for entry in entries)),
        ("more than one strategy sweeps", sum(entry.sweeps for entry in entries) > 1),
        (
            "a strategy that sweeps has no share of its own: remove one of the two",
            any(entry.sweeps and entry.share for entry in entries),
        ),
        (
            f"{', '.join(f'{k} is {float(v):g}' for k, v in outside.items())}: expected 0 to 1",
            bool(outside),
        ),
        (
            f"limits.turnover_per_day is {float(limits.turnover_per_day):g}, expected 0 or more",
            limits.turnover_per_day < 0,
        ),
        (f"limits.state_age is {limits.state_age} s, expected more than 0", limits.state_age <= 0),
        ("chain.rpc is empty: name at least one node, such as `env:RPC_URL`", not chain.rpc),
        (f"chain.cadence is {chain.cadence}, expected 1 or more", chain.cadence < 1),
        (
            f"chain.block_seconds is {chain.block_seconds}, expected 1 or more",
            chain.block_seconds < 1,
        ),
        (
            f"chain.deadline_blocks is {chain.deadline_blocks}, expected 1 or more",
            chain.deadline_blocks < 1,
        ),
        (
            f"execution.horizon_days is {mandate.execution.horizon_days}, expected 1 or more",
            mandate.execution.horizon_days < 1,
        ),
        ("markets is empty: name at least one", not mandate.markets),
    ]
