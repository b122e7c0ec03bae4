"""What an agent sees and what it answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

import numpy as np

from trimtab.core.abi import Call
from trimtab.core.actions import Action
from trimtab.core.adapter import apply, holdings
from trimtab.core.market import Place
from trimtab.core.prices import Prices
from trimtab.core.quantise import Rounding, Timestamp, quantise
from trimtab.core.states import Reverted, States
from trimtab.core.token import Address, Amount, Token
from trimtab.lab.prices import DOLLAR
from trimtab.mandate.adapters import ADAPTERS
from trimtab.protocols.shared.tokens import balances
from trimtab.protocols.staking import StakingPool, exchange_rate

GWEI = 10**9
_PEG = Fraction(999, 1000)
"""What a share of a stake trades at outside, as a part of what it is worth by the rate."""


@dataclass(frozen=True, slots=True)
class Order:
    """What an agent wants done in the next block, and its tip in wei per gas."""

    action: Action | Call
    tip: int


@dataclass(frozen=True, slots=True)
class Scene:
    """The moment of the next block, as an agent can know it.

    `states` are those of the newest block with the clock moved on; `prices` are outside prices
    at the next block, shares of stakes among them, in dollars times 10**8 by symbol; `base_fee`
    is the next block's, in wei.
    """

    states: States
    prices: Mapping[str, int]
    block: int
    at: Timestamp
    base_fee: int

    def dollars(self, token: Token, raw: int) -> Fraction:
        """What base units of a token are worth outside."""
        return Fraction(raw * self.prices[token.symbol], token.unit * DOLLAR)

    def raw(self, token: Token, dollars: int) -> int:
        """The base units of a token that whole dollars buy outside, rounded down."""
        return dollars * DOLLAR * token.unit // self.prices[token.symbol]

    def price(self, base: Token, quote: Token) -> Fraction:
        """Base units of `quote` for one of `base`, outside."""
        return self.dollars(base, 1) / self.dollars(quote, 1)

    def balance(self, account: Address, token: Token) -> int:
        """What lies in an account's wallet."""
        return balances(self.states, token).balance(account)

    def after(self, action: Action) -> States | None:
        """The states after an action by the model; none where it reverts."""
        outcome = apply(ADAPTERS, self.states, action)
        return None if isinstance(outcome, Reverted) else self.states.fold(outcome)


class Agent(Protocol):
    """A bot with an account: a pure function from a scene, and numbers of its own, to orders."""

    @property
    def name(self) -> str:
        """What it is called, which also selects its random numbers."""

    @property
    def account(self) -> Address:
        """Whose transactions these are."""

    def act(self, scene: Scene, draws: np.random.Generator) -> tuple[Order, ...]:
        """What the agent wants done in the next block, in its order."""


def with_shares(
    states: States, prices: Mapping[str, int], factor: Callable[[str], Fraction]
) -> dict[str, int]:
    """Outside prices, and those of staking pools' shares: by the rate, less a small discount.

    Who cannot wait in the queue takes a little less; that is what the market pays elsewhere. The
    factor, by symbol, is what breaks leave of that.
    """
    shares = {
        pool.symbol: int(
            prices[pool.asset.symbol] * exchange_rate(states[pool]) * _PEG * factor(pool.symbol)
        )
        for pool in states.markets.values()
        if isinstance(pool, StakingPool)
    }
    return {**prices, **shares}


def holdings_in(states: States, account: Address) -> dict[Place, int]:
    """What an account has and owes, in base units by place; debts are negative."""
    return {held.place: held.raw for held in holdings(ADAPTERS, states, account)}


def book_value(states: States, account: Address, prices: Prices) -> Fraction:
    """What an account has less what it owes, in base units of the numeraire."""
    return sum(
        (
            prices.value(Amount(place.token, raw))
            for place, raw in holdings_in(states, account).items()
        ),
        Fraction(0),
    )


def tip(draws: np.random.Generator, usual: int) -> int:
    """A tip between half and one and a half of the usual, in wei per gas."""
    return quantise(usual * (0.5 + float(draws.random())), 1, Rounding.DOWN)
