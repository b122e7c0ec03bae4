"""What must hold once a plan is done, or the whole batch reverts.

The contract that judges it on the chain is contracts/PlanCheck.sol; `Bounds.broken_by` is its model
and looks at the same things in the same order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from trimtab.core.quantise import Timestamp
from trimtab.core.token import Address, Token


@dataclass(frozen=True, slots=True)
class LeastBalance:
    """The least of a token that an account must hold, in base units."""

    token: Token
    account: Address
    least: int


@dataclass(frozen=True, slots=True)
class LeastHealth:
    """The least health factor that an account must have at a lending pool, times 10**18."""

    pool: Address
    account: Address
    least: int


# ----------------------------------------------------------------------------- what is broken


@dataclass(frozen=True, slots=True)
class Late:
    """The batch comes after its deadline."""

    timestamp: int
    deadline: int

    @property
    def words(self) -> str:
        """The bound, what was measured and what is allowed."""
        return f"the deadline {self.deadline} is over: the block is of {self.timestamp}"


@dataclass(frozen=True, slots=True)
class BalanceTooLow:
    """An account holds less of a token than its bound."""

    token: Address
    account: Address
    balance: int
    least: int

    @property
    def words(self) -> str:
        """The bound, what was measured and what is allowed."""
        return (
            f"the balance of {self.account} in {self.token} is {self.balance} base units: "
            f"at least {self.least} must be left"
        )


@dataclass(frozen=True, slots=True)
class HealthTooLow:
    """An account is nearer to liquidation than its bound."""

    pool: Address
    account: Address
    health_factor: int
    least: int

    @property
    def words(self) -> str:
        """The bound, what was measured and what is allowed."""
        return (
            f"the health factor of {self.account} at {self.pool} is {self.health_factor} / 10**18: "
            f"at least {self.least} / 10**18 must be left"
        )


@dataclass(frozen=True, slots=True)
class Unanswered:
    """What a bound asks about an account has no code, reverts, or answers too little."""

    asked: Address
    account: Address

    @property
    def words(self) -> str:
        """The bound that could not be measured."""
        return f"{self.asked} does not tell what {self.account} has there"


Broken = Late | BalanceTooLow | HealthTooLow | Unanswered
"""The first bound that does not hold; each of them is an error of the contract."""


class Answers(Protocol):
    """What tokens and lending pools answer about an account; None where they do not."""

    def balance(self, token: Token, account: Address) -> int | None:
        """Base units of the token."""

    def health_factor(self, pool: Address, account: Address) -> int | None:
        """The health factor times 10**18; the largest integer where nothing is owed."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What must hold once a plan's last action is done: moment, balances and health factors."""

    deadline: Timestamp
    balances: tuple[LeastBalance, ...] = ()
    healths: tuple[LeastHealth, ...] = ()

    def broken_by(self, at: Timestamp, answers: Answers) -> Broken | None:
        """The first bound that does not hold at a moment; None where all of them do."""
        if at > self.deadline:
            return Late(at, self.deadline)
        for bound in self.balances:
            balance = answers.balance(bound.token, bound.account)
            if balance is None:
                return Unanswered(bound.token.address, bound.account)
            if balance < bound.least:
                return BalanceTooLow(bound.token.address, bound.account, balance, bound.least)
        for health in self.healths:
            factor = answers.health_factor(health.pool, health.account)
            if factor is None:
                return Unanswered(health.pool, health.account)
            if factor < health.least:
                return HealthTooLow(health.pool, health.account, factor, health.least)
        return None
