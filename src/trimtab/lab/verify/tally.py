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


@dataclass(frozen=True, slots=True)
class Within:
    """The model is as near to what was recorded as the recording allows it to be.

    `ratio` is the modelled value over the recorded one, and `bound` the part, as two integers, by
    which it may be off 1; there are none where only one side is bounded.
    """

    kind: str
    ratio: float | None = None
    bound: tuple[int, int] | None = None


Verdict: TypeAlias = Exact | Within | Unknown | Mismatch


@dataclass(slots=True)
class Nearness:
    """How near the model came to recordings that it cannot match exactly."""

    count: int = 0
    bound: tuple[int, int] | None = None
    ratios: list[float] = field(default_factory=list)

    def as_json(self) -> dict[str, object]:
        """The count, and where both sides are bounded how far off the ratios are."""
        if self.bound is None or not self.ratios:
            return {"cases": self.count}
        errors = sorted(abs(ratio - 1) for ratio in self.ratios)
        return {
            "cases": self.count,
            "median ratio": f"{_quantile(sorted(self.ratios), 50):.4f}",
            "median error": f"{_quantile(errors, 50):.1e}",
            "p95 error": f"{_quantile(errors, 95):.1e}",
            "largest error": f"{errors[-1]:.1e}",
            "bound": f"{self.bound[0] / self.bound[1]:.1e}",
        }


@dataclass(slots=True)
class Tally:
    """Verdicts counted. Every case is one of exact, within a bound, unknown or a mismatch."""

    exact: Counter[str] = field(default_factory=Counter)
    within: dict[str, Nearness] = field(default_factory=dict)
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
        judged = self.exact.total() + self.near + self.mismatches
        return judged + self.unknown.total()

    @property
    def near(self) -> int:
        """How many are within the bound that is stated for their kind."""
        return sum(each.count for each in self.within.values())

    def add(self, other: Tally) -> None:
        """Count another tally's verdicts too; the first mismatches stay the first."""
        self.exact += other.exact
        for kind, nearness in other.within.items():
            ours = self.within.setdefault(kind, Nearness(bound=nearness.bound))
            ours.count += nearness.count
            ours.ratios += nearness.ratios
        self.unknown += other.unknown
        self.mismatches += other.mismatches
        self.first = [*self.first, *other.first][:MISMATCHES_SHOWN]

    def as_json(self) -> dict[str, object]:
        """The last line of `trimtab verify`."""
        return {
            "cases": self.cases,
            "exact": self.exact.total(),
            "within": self.near,
            **({"nearness": near} if (near := self._nearness()) else {}),
            "unknown": {printable(each): count for each, count in sorted(self.unknown.items())},
            "mismatches": [each.as_json() for each in self.first],
        }

    def _nearness(self) -> dict[str, object]:
        return {kind: each.as_json() for kind, each in sorted(self.within.items())}

    def _count(self, verdict: Verdict) -> None:
        match verdict:
            case Exact(kind):
                self.exact[kind] += 1
            case Within(kind, ratio, bound):
                nearness = self.within.setdefault(kind, Nearness(bound=bound))
                nearness.count += 1
                if ratio is not None:
                    nearness.ratios.append(ratio)
            case Unknown(reason):
                self.unknown[reason] += 1
            case Mismatch():
                self.mismatches += 1
                if len(self.first) < MISMATCHES_SHOWN:
                    self.first.append(verdict)


def _quantile(values: list[float], percent: int) -> float:
    """The value below which so many percent of sorted values are."""
    return values[(len(values) - 1) * percent // 100]


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
