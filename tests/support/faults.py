"""What can go wrong with a JSON-RPC node, as data, and for which of its requests.

A fault of the transport (no answer, a status, a broken body) meets the whole HTTP request if one
of its calls fits the rule; a fault of an answer meets only the calls that fit. `faulty_node` acts
them.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

Call = dict[str, Any]
SENDING = "eth_sendRawTransaction"
NEWEST = ("latest", "safe", "finalized", "pending")

# --------------------------------------------------------------------- faults of the transport


@dataclass(frozen=True, slots=True)
class Silent:
    """No answer: the connection is held until the node is closed, or `released`."""


@dataclass(frozen=True, slots=True)
class Slow:
    """The real answer, once `node.release()` is called; a delay without a clock."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """The connection is closed without an answer; `forwards` tells whether it arrived before."""

    forwards: bool = False


@dataclass(frozen=True, slots=True)
class Status:
    """An HTTP status and a page of text; `{path}` in it becomes the path that was asked at."""

    code: int
    text: str = "<html>no such thing as {path}</html>"


@dataclass(frozen=True, slots=True)
class Body:
    """Any bytes instead of the answer, with status 200."""

    content: bytes


@dataclass(frozen=True, slots=True)
class Truncated:
    """The first so many hundredths of the real answer."""

    percent: int = 50


@dataclass(frozen=True, slots=True)
class Huge:
    """Valid JSON of at least so many bytes: the answer with one that long beside it."""

    size: int


# ----------------------------------------------------------------------- faults of an answer


@dataclass(frozen=True, slots=True)
class Without:
    """The result without this field, at any depth."""

    field: str


@dataclass(frozen=True, slots=True)
class Answered:
    """This result, whatever was asked; the real node is not."""

    result: object


@dataclass(frozen=True, slots=True)
class Edited:
    """The real result, changed by a function of it: a lie that fits the question."""

    change: Callable[[Any], object]


@dataclass(frozen=True, slots=True)
class Refused:
    """A JSON-RPC error; `{path}` in its words becomes the path that was asked at."""

    code: int = -32000
    message: str = "internal error at {path}"
    data: object = None


@dataclass(frozen=True, slots=True)
class OtherChain:
    """Another chain id."""

    chain: int = 1


@dataclass(frozen=True, slots=True)
class HeadBack:
    """The newest block is the one that lies so many below it."""

    blocks: int


@dataclass(frozen=True, slots=True)
class StaleHead:
    """The newest block is this one, for ever."""

    number: int


@dataclass(frozen=True, slots=True)
class Swallowed:
    """A transaction is taken, its right hash told, and it goes nowhere."""


OfTransport = Silent | Slow | Dropped | Status | Body | Truncated | Huge
OfAnswer = Without | Answered | Edited | Refused | OtherChain | HeadBack | StaleHead | Swallowed
Fault = OfTransport | OfAnswer
_ONLY_FOR: dict[type, frozenset[str]] = {
    OtherChain: frozenset({"eth_chainId"}),
    HeadBack: frozenset({"eth_getBlockByNumber", "eth_blockNumber"}),
    StaleHead: frozenset({"eth_getBlockByNumber", "eth_blockNumber"}),
    Swallowed: frozenset({SENDING}),
}
"""Faults that make sense for some methods only."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A fault for some methods (all, where none is named), after `skip` and at most `times`."""

    fault: Fault
    methods: tuple[str, ...] = ()
    skip: int = 0
    times: int | None = None

    def fits(self, call: Call) -> bool:
        """Whether a call is one that the rule is for."""
        method = call.get("method", "")
        only = _ONLY_FOR.get(type(self.fault))
        if isinstance(self.fault, HeadBack | StaleHead) and method == "eth_getBlockByNumber":
            return call["params"][0] in NEWEST
        return (only is None or method in only) and (not self.methods or method in self.methods)


def drawn(seed: int, faults: Sequence[Fault], count: int, gap: int = 20) -> tuple[Rule, ...]:
    """So many rules from a seed: each fault lasts one to three requests, apart by up to `gap`."""
    chance = random.Random(seed)
    rules: list[Rule] = []
    at = 0
    for _ in range(count):
        at += chance.randint(1, gap)
        times = chance.randint(1, 3)
        rules.append(Rule(chance.choice(list(faults)), skip=at, times=times))
        at += times
    return tuple(rules)
