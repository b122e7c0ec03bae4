"""Identity and state of an Aave V3 pool."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

from trimtab.core.errors import MissingRead
from trimtab.core.market import Market, MarketId
from trimtab.core.quantise import Ray, Timestamp
from trimtab.core.token import Address, Token
from trimtab.protocols.shared.aave.configuration import ReserveConfiguration


@dataclass(frozen=True, slots=True)
class Reserve:
    """One asset of a pool with the contracts that serve it.

    `feed` is the market that the pool's oracle takes the asset's price from, and `id` the
    reserve's place in the pool's list, which selects its bits in an account's configuration.
    """

    token: Token
    a_token: Address
    variable_debt_token: Address
    stable_debt_token: Address
    rate_strategy: Address
    feed: MarketId
    id: int


@dataclass(frozen=True, slots=True)
class RateStrategy:
    """The parameters of a DefaultReserveInterestRateStrategy that matter without stable debt."""

    optimal_usage_ratio: Ray
    base_variable_borrow_rate: Ray
    variable_rate_slope_1: Ray
    variable_rate_slope_2: Ray
    base_stable_borrow_rate: Ray
    stable_rate_slope_1: Ray
    stable_rate_slope_2: Ray


@dataclass(frozen=True, slots=True)
class ReserveState:
    """One reserve as the pool stores it.

    Indices and rates are those of `last_update`. Scaled amounts times an index in ray are base
    units of the token; `accrued_to_treasury` is scaled by the liquidity index.
    """

    reserve: Reserve
    configuration: ReserveConfiguration
    strategy: RateStrategy
    liquidity_index: Ray
    liquidity_rate: Ray
    variable_borrow_index: Ray
    variable_borrow_rate: Ray
    stable_borrow_rate: Ray
    last_update: Timestamp
    accrued_to_treasury: int
    scaled_supply: int
    scaled_variable_debt: int


@dataclass(frozen=True, slots=True)
class AccountState:
    """One account's positions, scaled, with every reserve named.

    `user_configuration` has two bits per reserve: borrowing, then used as collateral.
    """

    user_configuration: int
    scaled_supplies: Mapping[Token, int]
    scaled_debts: Mapping[Token, int]

    def with_supply(self, token: Token, scaled: int) -> AccountState:
        """The account with another scaled supply of a token."""
        return replace(self, scaled_supplies={**self.scaled_supplies, token: scaled})

    def with_debt(self, token: Token, scaled: int) -> AccountState:
        """The account with another scaled variable debt of a token."""
        return replace(self, scaled_debts={**self.scaled_debts, token: scaled})


@dataclass(frozen=True, slots=True)
class LendingState:
    """All reserves, by token and in the order of their ids, and the tracked accounts."""

    timestamp: Timestamp
    reserves: Mapping[Token, ReserveState]
    accounts: Mapping[Address, AccountState]

    # queries

    def reserve(self, token: Token) -> ReserveState:
        """The reserve of a token. Raises MissingRead for a token that is not declared."""
        try:
            return self.reserves[token]
        except KeyError:
            listed = ", ".join(known.symbol for known in self.reserves)
            raise MissingRead(
                f"{token.symbol} is not a declared reserve of the pool, which has {listed}: "
                "declare it, or use another token"
            ) from None

    def account(self, owner: Address) -> AccountState:
        """The positions of a tracked account. Raises MissingRead for another one."""
        try:
            return self.accounts[owner]
        except KeyError:
            raise MissingRead(
                f"the positions of {owner} in the pool are not tracked: add the account"
            ) from None

    # transitions

    def with_reserve(self, changed: ReserveState) -> LendingState:
        """The pool with one reserve replaced."""
        return replace(self, reserves={**self.reserves, changed.reserve.token: changed})

    def with_account(self, owner: Address, changed: AccountState) -> LendingState:
        """The pool with one account replaced."""
        return replace(self, accounts={**self.accounts, owner: changed})


@dataclass(frozen=True, slots=True)
class LendingPool(Market[LendingState]):
    """A pool of the 3.0.2 line with the reserves that are used of it.

    Assumes that incentives controllers, where set, never revert. Efficiency mode, isolation
    mode, siloed borrowing, stable debt, unbacked aTokens, a price sentinel and a fallback
    oracle are not modelled: a pool where one of them could matter is refused when it is read.
    """

    protocol: ClassVar[str] = "aave_v3"

    addresses_provider: Address
    oracle: Address
    reserves: tuple[Reserve, ...]

    @property
    def parts(self) -> tuple[MarketId, ...]:
        """The feeds of the reserves' prices."""
        return tuple(dict.fromkeys(reserve.feed for reserve in self.reserves))

    @property
    def spenders(self) -> tuple[Address, ...]:
        """The pool itself."""
        return (self.address,)

    @property
    def custody(self) -> tuple[tuple[Token, Address], ...]:
        """The liquidity of each reserve, which lies in its aToken."""
        return tuple((reserve.token, reserve.a_token) for reserve in self.reserves)
