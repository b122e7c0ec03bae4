"""A strategy's parameters, from the mandate's raw values to the types that its fields declare."""

from __future__ import annotations

import dataclasses
import difflib
import importlib
import re
from collections.abc import Mapping
from datetime import timedelta
from fractions import Fraction
from typing import Any, cast, get_args, get_origin, get_type_hints

from trimtab.core.errors import ConfigError
from trimtab.core.market import Place
from trimtab.core.strategy import Strategy
from trimtab.core.token import Token
from trimtab.mandate.book import AddressBook
from trimtab.mandate.document import StrategyEntry
from trimtab.mandate.parse import share

_UNITS = {"s": "seconds", "min": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_SPAN = re.compile(r"(?P<count>\d+)\s*(?P<unit>s|min|h|d|w)")


def strategy_of(entry: StrategyEntry, book: AddressBook) -> Strategy:
    """The strategy that an entry names, with its parameters.

    Raises ConfigError, naming the entry, for a class that is not there or is no strategy, an
    unknown parameter (with a suggestion), and a value of another type.
    """
    kind = _class_of(entry)
    hints = get_type_hints(kind)
    fields = dataclasses.fields(cast(Any, kind))
    known = {field.name: hints[field.name] for field in fields}
    values = {}
    for name, raw in entry.parameters.items():
        where = f"parameter `{name}` of strategy {entry.name!r}"
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean `{near[0]}`?" if near else f"known: {', '.join(known) or 'none'}"
            raise ConfigError(f"{where} does not exist in {entry.use}; {hint}")
        values[name] = _value(raw, known[name], book, where)
    missing = [
        field.name
        for field in fields
        if field.name not in values
        and field.default is dataclasses.MISSING
        and field.default_factory is dataclasses.MISSING
    ]
    if missing:
        raise ConfigError(
            f"strategy {entry.name!r} needs the parameters {', '.join(missing)}: "
            f"add them under [strategies.parameters]"
        )
    return kind(**values)


def _class_of(entry: StrategyEntry) -> type[Strategy]:
    module_name, _, class_name = entry.use.partition(":")
    try:
        module = importlib.import_module(module_name)
    except (ImportError, ValueError) as error:
        raise ConfigError(
            f"strategy {entry.name!r}: cannot import {module_name!r} ({error}); write "
            "`module:Class`, with the module on PYTHONPATH or beside the mandate"
        ) from None
    kind: Any = getattr(module, class_name, None)
    if not _is_strategy(kind):
        raise ConfigError(
            f"strategy {entry.name!r}: {entry.use!r} is not a strategy, which is a frozen data "
            "class derived from trimtab.core.strategy.Strategy"
        )
    return cast(type[Strategy], kind)


def _is_strategy(kind: object) -> bool:
    is_class = isinstance(kind, type) and issubclass(kind, Strategy)
    return is_class and dataclasses.is_dataclass(kind)


def _value(raw: object, kind: Any, book: AddressBook, where: str) -> object:
    """The raw value as the annotation wants it. Raises ConfigError for another type."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is tuple and isinstance(raw, list):
        return tuple(_value(item, arguments[0], book, where) for item in raw)
    if origin in (dict, Mapping) and isinstance(raw, dict):
        key, value = arguments
        return {
            _value(name, key, book, where): _value(item, value, book, where)
            for name, item in raw.items()
        }
    if isinstance(raw, str) and kind in (Token, Place):
        return book.token(raw) if kind is Token else book.place(raw)
    if isinstance(raw, str) and kind is timedelta and (span := _SPAN.fullmatch(raw.strip())):
        return timedelta(**{_UNITS[span["unit"]]: int(span["count"])})
    if kind in (bool, int, str) and type(raw) is kind:
        return raw
    if (
        kind in (float, Fraction)
        and isinstance(raw, int | Fraction | str)
        and not isinstance(raw, bool)
    ):
        return kind(_share(raw, where))
    raise _wrong(raw, kind, where)


def _share(raw: int | Fraction | str, where: str) -> Fraction:
    try:
        return share(raw)
    except ValueError as error:
        raise ConfigError(f"{where}: {error}") from None


def _wrong(raw: object, kind: object, where: str) -> ConfigError:
    wanted = {
        timedelta: 'a time such as "7d", "12h" or "30min"',
        float: "a number",
        int: "a whole number",
        bool: "true or false",
        str: "a text",
        Token: "a token's symbol",
        Place: "a place such as aave_v3:USDC",
    }
    expected = wanted.get(kind, str(kind)) if isinstance(kind, type) else str(kind)
    return ConfigError(f"{where} is {raw!r}, expected {expected}")
