"""Identity and state of an Aave V3 pool."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar

from trimtab.core.errors import MissingRead, NoRoute
from trimtab.core.market import Market, MarketId
from trimtab.core.quantise import Bps, Ray, Timestamp
from trimtab.core.token import ZERO_ADDRESS, Address, Token
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
class CategorySource:
    """An efficiency mode category of a pool, and what prices its assets alike, if anything.

    `price_source` is the address under which the pool's oracle knows the feed.
    """

    id: int
    price_source: Address = ZERO_ADDRESS
    feed: MarketId | None = None


@dataclass(frozen=True, slots=True)
class EfficiencyCategory:
    """What holds for an account in a category instead of the reserves' own limits.

    A category without a liquidation threshold does not exist yet.
    """

    source: CategorySource
    loan_to_value: Bps
    liquidation_threshold: Bps
    liquidation_bonus: Bps


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
    units of the token; `accrued_to_treasury` is scaled by the liquidity index. `isolated_debt`
    is what is owed in isolation against this reserve, in hundredths of whole tokens, whatever
    they are worth, and without interest. `treasury` takes its share of liquidations here.
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
    isolated_debt: int = 0
    treasury: Address = ZERO_ADDRESS


_NO_SHARE = Bps(0)

Leave = Mapping[tuple[Token, Address], int]
"""Base units of a reserve's token, by the token and who may take or borrow them."""


@dataclass(frozen=True, slots=True)
class AccountState:
    """One account's positions, scaled, with every reserve named.

    `user_configuration` has two bits per reserve: borrowing, then used as collateral.
    `efficiency_category` is 0 outside of efficiency mode. `delegated` is what others may borrow
    as this account's debt, `allowed` what they may take of its aTokens. What the account
    supplies for somebody `turns_isolated_on` as collateral if it has that role.
    """

    user_configuration: int
    scaled_supplies: Mapping[Token, int]
    scaled_debts: Mapping[Token, int]
    efficiency_category: int = 0
    delegated: Leave = field(default_factory=dict)
    allowed: Leave = field(default_factory=dict)
    turns_isolated_on: bool = False

    def with_supply(self, token: Token, scaled: int) -> AccountState:
        """The account with another scaled supply of a token."""
        return replace(self, scaled_supplies={**self.scaled_supplies, token: scaled})

    def with_debt(self, token: Token, scaled: int) -> AccountState:
        """The account with another scaled variable debt of a token."""
        return replace(self, scaled_debts={**self.scaled_debts, token: scaled})

    def with_configuration(self, changed: int) -> AccountState:
        """The account with other bits."""
        return replace(self, user_configuration=changed)

    def with_delegated(self, token: Token, to: Address, raw: int) -> AccountState:
        """The account with other credit for somebody, where that is tracked."""
        if (token, to) not in self.delegated:
            return self
        return replace(self, delegated={**self.delegated, (token, to): raw})

    def with_allowed(self, token: Token, spender: Address, raw: int) -> AccountState:
        """The account with another allowance of an aToken, where that is tracked."""
        if (token, spender) not in self.allowed:
            return self
        return replace(self, allowed={**self.allowed, (token, spender): raw})


@dataclass(frozen=True, slots=True)
class LendingState:
    """All reserves, by token and in the order of their ids, and the tracked accounts.

    Of the premium of a flash loan, `premium_to_protocol` goes to the treasury.
    """

    timestamp: Timestamp
    reserves: Mapping[Token, ReserveState]
    accounts: Mapping[Address, AccountState]
    categories: Mapping[int, EfficiencyCategory] = field(default_factory=dict)
    flash_loan_premium: Bps = _NO_SHARE
    premium_to_protocol: Bps = _NO_SHARE

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

    def category(self, number: int) -> EfficiencyCategory | None:
        """An efficiency mode category; None for 0. Raises MissingRead for one not declared."""
        if number == 0:
            return None
        try:
            return self.categories[number]
        except KeyError:
            declared = ", ".join(map(str, self.categories)) or "none"
            raise MissingRead(
                f"the efficiency mode category {number} is not declared, which are {declared}: "
                "declare it, or use another one"
            ) from None

    def reserve_by_id(self, number: int) -> ReserveState:
        """The reserve of this id. Raises MissingRead for one that is not declared."""
        for reserve in self.reserves.values():
            if reserve.reserve.id == number:
                return reserve
        raise MissingRead(f"the pool's reserve number {number} is not declared: declare it")

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

    `operators` are contracts that may be let borrow for an owner or take its aTokens, `receivers`
    those that take flash loans and pay them back. `acl_manager` tells who turns isolated
    collateral on by supplying it; a pool with such a reserve has to declare it.

    Assumes that incentives controllers, where set, never revert. Stable debt, unbacked aTokens,
    a price sentinel and a fallback oracle are not modelled: a pool where one of them could
    matter is refused when it is read.
    """

    protocol: ClassVar[str] = "aave_v3"

    addresses_provider: Address
    oracle: Address
    reserves: tuple[Reserve, ...]
    categories: tuple[CategorySource, ...] = ()
    acl_manager: Address | None = None
    operators: tuple[Address, ...] = ()
    receivers: tuple[Address, ...] = ()

    @property
    def parts(self) -> tuple[MarketId, ...]:
        """The feeds of the reserves' prices, then those of categories."""
        feeds = [reserve.feed for reserve in self.reserves]
        feeds += [category.feed for category in self.categories if category.feed is not None]
        return tuple(dict.fromkeys(feeds))

    @property
    def spenders(self) -> tuple[Address, ...]:
        """The pool itself, and the operators."""
        return (self.address, *self.operators)

    @property
    def custody(self) -> tuple[tuple[Token, Address], ...]:
        """The liquidity of each reserve, which lies in its aToken."""
        return tuple((reserve.token, reserve.a_token) for reserve in self.reserves)

    def share(self, reserve: Reserve) -> Token:
        """The aToken of a reserve, for actions upon it."""
        token = reserve.token
        return Token(self.chain, reserve.a_token, token.decimals, f"a{token.symbol}")

    def reserve_of_share(self, share: Token) -> Reserve:
        """The reserve that an aToken is of. Raises NoRoute for any other token."""
        for reserve in self.reserves:
            if reserve.a_token == share.address:
                return reserve
        raise NoRoute(
            f"{share} at {share.address} is no aToken of a declared reserve of {self.name}"
        )
