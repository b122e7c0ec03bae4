"""What the verification of a recording comes to, case by case."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

Values: TypeAlias = Mapping[str, object]
"""Named values of one side: integers, or words where there is none."""

MISMATCHES_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Exact:
    """The model gives what was recorded, to the last unit; `kind` says what was compared."""

    kind: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """What was recorded cannot be judged, and why."""

    reason: str


@dataclass(frozen=True, slots=True)
class Mismatch:
    """The model gives something else than what was recorded: both, and of what."""

    what: str
    recorded: Values
    modelled: Values

    def as_json(self) -> dict[str, object]:
        """The mismatch as plain values; integers are strings, since they are exact."""
        return {
            "what": printable(self.what),
            "recorded": {name: printable(str(value)) for name, value in self.recorded.items()},
            "modelled": {name: printable(str(value)) for name, value in self.modelled.items()},
        }


Verdict: TypeAlias = Exact | Unknown | Mismatch


@dataclass(slots=True)
class Tally:
    """Verdicts counted. Every case is one of exact, unknown or a mismatch."""

    exact: Counter[str] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)
    mismatches: int = 0
    first: list[Mismatch] = field(default_factory=list)

    @classmethod
    def of(cls, verdicts: Iterable[Verdict]) -> Tally:
        """The count of these verdicts."""
        tally = cls()
        for verdict in verdicts:
            tally._count(verdict)
        return tally

    @property
    def cases(self) -> int:
        """How many verdicts there were."""
        return self.exact.total() + self.unknown.total() + self.mismatches

    def add(self, other: Tally) -> None:
        """Count another tally's verdicts too; the first mismatches stay the first."""
        self.exact += other.exact
        self.unknown += other.unknown
        self.mismatches += other.mismatches
        self.first = [*self.first, *other.first][:MISMATCHES_SHOWN]

    def as_json(self) -> dict[str, object]:
        """The last line of `trimtab verify`."""
        return {
            "cases": self.cases,
            "exact": self.exact.total(),
            "unknown": {printable(each): count for each, count in sorted(self.unknown.items())},
            "mismatches": [each.as_json() for each in self.first],
        }

    def _count(self, verdict: Verdict) -> None:
        match verdict:
            case Exact(kind):
                self.exact[kind] += 1
            case Unknown(reason):
                self.unknown[reason] += 1
            case Mismatch():
                self.mismatches += 1
                if len(self.first) < MISMATCHES_SHOWN:
                    self.first.append(verdict)


def printable(text: str) -> str:
    """A foreign text as a terminal may show it: whoever wrote a recording chose it."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def compared(what: str, kind: str, recorded: Values, modelled: Values) -> Exact | Mismatch:
    """The verdict on values that must be equal, key for key."""
    if recorded == modelled:
        return Exact(kind)
    differing = [name for name in recorded if recorded[name] != modelled.get(name)]
    assert differing, "modelled values name what the recorded ones do not"
    return Mismatch(
        what,
        {name: recorded[name] for name in differing},
        {name: modelled.get(name, "nothing") for name in differing},
    )
