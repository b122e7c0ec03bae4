"""A strategy's parameters, from the mandate's raw values to the types that its fields declare."""

from __future__ import annotations

import dataclasses
import difflib
import importlib
import inspect
import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from fractions import Fraction
from typing import Any, cast, get_args, get_origin, get_type_hints

from trimtab.core.errors import ConfigError
from trimtab.core.market import Market, Place, State
from trimtab.core.strategy import Strategy
from trimtab.core.token import Token
from trimtab.mandate.book import AddressBook
from trimtab.mandate.document import StrategyEntry
from trimtab.mandate.parse import share

_UNITS = {"s": "seconds", "min": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_SPAN = re.compile(r"(?P<count>\d{1,6})\s*(?P<unit>s|min|h|d|w)")
_WORDS: Mapping[object, str] = {
    timedelta: 'a time such as "7d", "12h" or "30min"',
    float: "a number",
    Fraction: 'a share such as 0.35, "35 %" or "7/20"',
    int: "a whole number",
    bool: "true or false",
    str: "a text in quotes",
    Token: "a token's symbol in quotes",
    Place: "a place such as aave_v3:USDC in quotes",
}


def strategy_of(entry: StrategyEntry, book: AddressBook) -> Strategy:
    """The strategy that an entry names, with its parameters.

    Raises ConfigError, naming the entry, for a class that is not there or is no strategy, an
    unknown parameter (with a suggestion), and a value of another type or outside its range.
    """
    try:
        kind = _class_of(entry.use)
        values = _values(kind, entry, book)
        return kind(**values)
    except ConfigError as error:
        raise ConfigError(f"strategy {entry.name!r}: {error}") from None


def _class_of(use: str) -> type[Strategy]:
    module_name, _, class_name = use.partition(":")
    if not module_name or not class_name or use.startswith("."):
        raise ConfigError(f"`use` is {use!r}, expected `module:Class`")
    try:
        module = importlib.import_module(module_name)
    except (ImportError, SyntaxError) as error:
        raise ConfigError(
            f"cannot import {module_name!r} ({error}); write `module:Class`, with the module on "
            "PYTHONPATH or beside the mandate"
        ) from None
    kind: Any = getattr(module, class_name, None)
    if not _is_strategy(kind):
        there = [name for name, each in vars(module).items() if _is_strategy(each)]
        near = difflib.get_close_matches(class_name, there, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"it has: {_listed(there)}"
        raise ConfigError(
            f"{module_name!r} has no strategy {class_name!r}, which is a frozen data class that "
            f"derives from trimtab.core.strategy.Strategy and defines what it asks for; {hint}"
        )
    return cast(type[Strategy], kind)


def _is_strategy(kind: object) -> bool:
    is_class = isinstance(kind, type) and issubclass(kind, Strategy)
    return is_class and dataclasses.is_dataclass(kind) and not inspect.isabstract(kind)


def _values(kind: type[Strategy], entry: StrategyEntry, book: AddressBook) -> dict[str, object]:
    fields = [field for field in dataclasses.fields(cast(Any, kind)) if field.init]
    try:
        hints = get_type_hints(kind)
    except NameError as error:
        raise ConfigError(
            f"the types of the fields of {entry.use} are not known where it runs ({error}): "
            "import them outside of `if TYPE_CHECKING`"
        ) from None
    known = {field.name: hints[field.name] for field in fields}
    values = {}
    for name, raw in entry.parameters.items():
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean `{near[0]}`?" if near else f"it has: {_listed(list(known))}"
            raise ConfigError(f"{entry.use} has no parameter `{name}`; {hint}")
        values[name] = _value(raw, known[name], book, f"parameter `{name}`")
    needed = {
        field.name
        for field in fields
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    }
    missing = [name for name in known if name in needed - values.keys()]
    if missing:
        raise ConfigError(
            f"{entry.use} needs {_listed(missing)}: write it under [strategies.parameters]"
        )
    return values


def _value(raw: object, kind: Any, book: AddressBook, where: str) -> object:
    """The raw value as the annotation wants it. Raises ConfigError for another type."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is tuple and arguments[1:] == (...,) and isinstance(raw, list):
        return tuple(_value(item, arguments[0], book, where) for item in raw)
    if origin in (dict, Mapping) and isinstance(raw, dict):
        key, value = arguments
        return {
            _value(name, key, book, where): _value(item, value, book, f"{where}, {name}")
            for name, item in raw.items()
        }
    if kind in (bool, int, str) and type(raw) is kind:
        return raw
    if isinstance(raw, str) and kind in (Token, Place):
        try:
            return book.token(raw) if kind is Token else book.place(raw)
        except ConfigError as error:
            raise ConfigError(f"{where}: {error}") from None
    if isinstance(raw, str) and isinstance(kind, type) and issubclass(kind, Market):
        market = _market(raw, book, where)
        if isinstance(market, kind):
            return market
    if isinstance(raw, str) and kind is timedelta and (span := _SPAN.fullmatch(raw.strip())):
        return timedelta(**{_UNITS[span["unit"]]: int(span["count"])})
    if kind in (float, Fraction) and not isinstance(raw, bool):
        with suppress(ValueError):
            return kind(share(raw))
    raise ConfigError(f"{where} is {raw!r}, expected {_in_words(kind)}")


def _market(name: str, book: AddressBook, where: str) -> Market[State]:
    try:
        return book.market(name)
    except ConfigError as error:
        raise ConfigError(f"{where}: {error}") from None


def _in_words(kind: Any) -> str:
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is tuple and arguments[1:] == (...,):
        return f"a list, each of it {_in_words(arguments[0])}"
    if origin in (dict, Mapping):
        return f"a table from {_in_words(arguments[0])} to {_in_words(arguments[1])}"
    if isinstance(kind, type) and issubclass(kind, Market):
        return f"a market of {kind.protocol} in quotes"
    return _WORDS.get(kind, f"a {kind}, which no mandate can write")


def _listed(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names) or "none"
