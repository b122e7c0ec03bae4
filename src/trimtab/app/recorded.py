"""The parts of a journal's records, as people are told of them.

A part is read leniently in what it has more, strictly in what it lacks: a field that is missing
is an error and never zero. Quantities are integers in base units, ratios and worths are exact.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TypeVar

import msgspec

from trimtab.app.parts import Bounds, Part, TokenName
from trimtab.app.recorded_actions import Action
from trimtab.core.canonical import Plain
from trimtab.core.errors import JournalError
from trimtab.core.market import POSITION
from trimtab.journal.records import Record

P = TypeVar("P", bound=msgspec.Struct)


# -------------------------------------------------------------------------------------- start


class Start(Part, frozen=True, kw_only=True):
    """How a run was started; `mandate` is the text of its file."""

    mandate_hash: str
    mandate: str
    account: str
    code_version: str
    seed: int | None


# --------------------------------------------------------------------------------------- seen


class Token(Part, frozen=True, kw_only=True):
    """How a token is called and counted."""

    symbol: str
    decimals: int


class Price(Part, frozen=True, kw_only=True):
    """Numeraire base units per base unit of a token; `age` in seconds."""

    price: Fraction
    source: str
    age: int


class Seen(Part, frozen=True, kw_only=True):
    """What a tick saw. Places are named by their keys, tokens by their addresses."""

    timestamp: int
    age: int
    numeraire: str
    equity: Fraction
    book: dict[str, int]
    prices: dict[str, Price]
    claims: dict[str, dict[str, int]]
    tokens: dict[str, Token]
    names: dict[str, str]


# ------------------------------------------------------------------------------------ decided


class Spot(Part, frozen=True, kw_only=True):
    """A place, as `trimtab.core.market.Place` is recorded."""

    market: str
    token: TokenName
    side: str

    @property
    def key(self) -> str:
        """The place's key, as books are written with."""
        return f"{self.market}/{self.token.address}/{self.side}"


class Leg(Part, frozen=True, kw_only=True):
    """A wished weight; of a position that of its exposure, with its margin."""

    place: Spot
    weight: Fraction
    margin: Fraction = Fraction(0)

    @property
    def share(self) -> Fraction:
        """The share of the equity that lies there: of a position its margin."""
        return self.margin if self.place.side == POSITION else self.weight


class Target(Part, frozen=True, kw_only=True, tag_field="type", tag="Target"):
    """Wished weights, the edge per year, and why."""

    legs: tuple[Leg, ...]
    edge: Fraction
    why: str


class Hold(Part, frozen=True, kw_only=True, tag_field="type", tag="Hold"):
    """The book stays, and why."""

    why: str


# -------------------------------------------------------------------------------------- plans


class Cost(Part, frozen=True, kw_only=True):
    """What a plan costs by the model, in base units of the numeraire."""

    gas_units: int
    gas: Fraction
    fees: Fraction
    slippage: Fraction

    @property
    def total(self) -> Fraction:
        """All of it."""
        return self.gas + self.fees + self.slippage


class Plan(Part, frozen=True, kw_only=True):
    """What would be done."""

    bounds: Bounds
    actions: tuple[Action, ...]
    cost: Cost
    gain: Fraction
    lowers_risk: bool


class Measure(Part, frozen=True, kw_only=True):
    """A limit: what was measured and what is allowed. Breaches are recorded alike."""

    limit: str
    measured: Fraction
    allowed: Fraction


class Approved(Part, frozen=True, kw_only=True, tag_field="type", tag="Approved"):
    """Every limit with what was measured."""

    measures: tuple[Measure, ...]


class Refused(Part, frozen=True, kw_only=True, tag_field="type", tag="Refused"):
    """The limit that a plan does not keep."""

    limit: str
    measured: Fraction
    allowed: Fraction
    why: str


class Tick(Part, frozen=True, kw_only=True):
    """What was seen, decided, planned and judged at a block."""

    view: Seen
    decisions: dict[str, Target | Hold]
    plan: Plan | None
    plan_hash: str | None
    verdict: Approved | Refused | None
    breaches: tuple[Measure, ...]
    why: str


# -------------------------------------------------------------------------------------- flows


class Flow(Part, frozen=True, kw_only=True):
    """A change of one place, worth `raw` at that moment."""

    place: str
    raw: int
    is_ours: bool


class Flows(Part, frozen=True, kw_only=True):
    """What moved since the block before; `error` is how far the chain's own sums are from it."""

    flows: tuple[Flow, ...]
    accruals: dict[str, int]
    error: int


class Stop(Part, frozen=True, kw_only=True):
    """Why something was not done, or the loop ended."""

    why: str


def part_of(record: Record, part: Plain, kind: type[P]) -> P:
    """A part of a record as a value. Raises JournalError where it is something else."""
    try:
        return msgspec.convert(part, kind, strict=False, dec_hook=_fraction)
    except msgspec.ValidationError as error:
        raise JournalError(
            f"the {record.kind} record of block {record.block} holds something else ({error}): "
            "the journal is damaged, or another version of trimtab wrote it"
        ) from error


def _fraction(kind: type[object], written: object) -> Fraction:
    """An exact fraction, or a float in hexadecimal, which is one."""
    if kind is not Fraction or not isinstance(written, str):
        raise ValueError(f"{written!r} is no fraction")
    return Fraction(float.fromhex(written)) if "0x" in written else Fraction(written)
