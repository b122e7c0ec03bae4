"""Plans and verdicts: what would be done, and whether it may be."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from trimtab.core.abi import Call
from trimtab.core.actions import Action
from trimtab.core.bounds import Bounds
from trimtab.core.canonical import digest
from trimtab.core.market import Place
from trimtab.core.quantise import Timestamp
from trimtab.core.token import Address


@dataclass(frozen=True, slots=True)
class PlanCost:
    """What a plan costs by the model, in base units of the numeraire.

    `slippage` is what the fills lose against the oracle beyond the pool's fee; it may be
    negative, a gain.
    """

    gas_units: int
    gas: Fraction
    fees: Fraction
    slippage: Fraction

    @property
    def total(self) -> Fraction:
        """All of it."""
        return self.gas + self.fees + self.slippage


@dataclass(frozen=True, slots=True)
class Plan:
    """Ordered actions with their exact calls, bounds and modelled outcome.

    `bounds` hold on the chain once the last call is made, or nothing of the plan is done.
    `expected` is the modelled change of what each place stores (base units of a plain token,
    shares elsewhere). `gain` is the modelled worth of the move within the horizon, in base
    units of the numeraire. `lowers_risk` marks a repair or a closing, never `Uneconomic`.
    """

    chain: int
    account: Address
    block: int
    bounds: Bounds
    actions: tuple[Action, ...]
    calls: tuple[Call, ...]
    expected: tuple[tuple[Place, int], ...]
    cost: PlanCost
    gain: Fraction
    lowers_risk: bool
    why: str

    @property
    def deadline(self) -> Timestamp:
        """The moment after which the plan is void."""
        return self.bounds.deadline

    @property
    def hash(self) -> str:
        """The plan's identity: sha256 of its canonical form."""
        return digest(self)


@dataclass(frozen=True, slots=True)
class Measure:
    """A limit against a plan: what was measured and what is allowed, both exact."""

    limit: str
    measured: Fraction
    allowed: Fraction

    @property
    def is_within(self) -> bool:
        """Whether the measured value keeps the limit; to equal it is to keep it."""
        return self.measured <= self.allowed


@dataclass(frozen=True, slots=True)
class Approved:
    """The only thing that can be executed; only `trimtab.mandate.review` makes one."""

    plan: Plan
    measures: tuple[Measure, ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """The limit that a plan does not keep, in numbers and in words."""

    limit: str
    measured: Fraction
    allowed: Fraction
    why: str


Verdict = Approved | Refused


@dataclass(frozen=True, slots=True)
class Breach:
    """A limit that the market broke while no plan of ours was acting."""

    limit: str
    measured: Fraction
    allowed: Fraction
