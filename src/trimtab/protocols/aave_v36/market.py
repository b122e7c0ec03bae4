"""Identity and state of an Aave V3.6 pool."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar

from trimtab.core.errors import MissingRead, NoRoute
from trimtab.core.market import Market, MarketId
from trimtab.core.quantise import Bps, Ray, Timestamp
from trimtab.core.token import Address, Token
from trimtab.protocols.shared.aave.configuration import ReserveConfiguration


@dataclass(frozen=True, slots=True)
class Reserve:
    """One asset of a pool with the contracts that serve it.

    `feed` is the market that the pool's oracle takes the asset's price from, and `id` the
    reserve's place in the pool's list, which selects its bits in bitmaps.
    """

    token: Token
    a_token: Address
    variable_debt_token: Address
    feed: MarketId
    id: int


@dataclass(frozen=True, slots=True)
class RateCurve:
    """What the pool's one rate strategy keeps for an asset."""

    optimal_usage_ratio: Bps
    base_variable_borrow_rate: Bps
    variable_rate_slope_1: Bps
    variable_rate_slope_2: Bps


@dataclass(frozen=True, slots=True)
class EfficiencyCategory:
    """What holds for an account in a category; the bitmaps say for which reserves, by their ids.

    A category without a liquidation threshold does not exist yet.
    """

    loan_to_value: Bps
    liquidation_threshold: Bps
    liquidation_bonus: Bps
    collateral_bitmap: int
    borrowable_bitmap: int
    zero_loan_to_value_bitmap: int

    def has_collateral(self, reserve_id: int) -> bool:
        """Whether the category's limits hold for a reserve as collateral."""
        return self.collateral_bitmap >> reserve_id & 1 != 0

    def may_borrow(self, reserve_id: int) -> bool:
        """Whether an account in the category may borrow a reserve's asset."""
        return self.borrowable_bitmap >> reserve_id & 1 != 0

    def is_zero_loan_to_value(self, reserve_id: int) -> bool:
        """Whether nothing new may be borrowed against a reserve of the category."""
        return self.zero_loan_to_value_bitmap >> reserve_id & 1 != 0


@dataclass(frozen=True, slots=True)
class ReserveState:
    """One reserve as the pool stores it.

    Indices and rates are those of `last_update`. Scaled amounts times an index in ray are base
    units of the token; `accrued_to_treasury` is scaled by the liquidity index. The virtual
    balance is what lies in the reserve by the pool's own books, and `deficit` what was written
    off; both are in base units. `isolated_debt` is what is owed in isolation against this
    reserve, in hundredths of whole tokens and without interest. Nobody is liquidated until after
    `grace_until`.

    The last two fields are no state of the contract: they remember, between the logs of one
    transaction, what only the last of them makes clear.
    """

    reserve: Reserve
    configuration: ReserveConfiguration
    curve: RateCurve
    treasury: Address
    liquidity_index: Ray
    liquidity_rate: Ray
    variable_borrow_index: Ray
    variable_borrow_rate: Ray
    last_update: Timestamp
    accrued_to_treasury: int
    scaled_supply: int
    scaled_variable_debt: int
    virtual_balance: int
    deficit: int
    isolated_debt: int
    grace_until: Timestamp
    latest_accrual: int = field(default=0, compare=False)
    written_off: int = field(default=0, compare=False)

    @property
    def unit(self) -> int:
        """Base units of a whole token."""
        return int(10**self.configuration.decimals)


Leave = Mapping[tuple[Token, Address], int]
"""Base units of a reserve's token, by the token and who may borrow them, or take the shares."""


@dataclass(frozen=True, slots=True)
class AccountState:
    """One account's positions, scaled, with every reserve named.

    `user_configuration` has two bits per reserve: borrowing, then used as collateral.
    `efficiency_category` is 0 outside of efficiency mode. `delegated` is what others may borrow
    as this account's debt, and `allowed` what operators may take of its aTokens.
    """

    user_configuration: int
    efficiency_category: int
    scaled_supplies: Mapping[Token, int]
    scaled_debts: Mapping[Token, int]
    delegated: Leave
    allowed: Leave = field(default_factory=dict)

    def with_configuration(self, changed: int) -> AccountState:
        """The account with other bits."""
        return replace(self, user_configuration=changed)

    def with_supply(self, token: Token, scaled: int) -> AccountState:
        """The account with another scaled supply of a token."""
        return replace(self, scaled_supplies={**self.scaled_supplies, token: scaled})

    def with_debt(self, token: Token, scaled: int) -> AccountState:
        """The account with another scaled variable debt of a token."""
        return replace(self, scaled_debts={**self.scaled_debts, token: scaled})

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
    """All reserves, by token and in the order of their ids, and the tracked accounts."""

    timestamp: Timestamp
    flash_loan_premium: Bps
    reserves: Mapping[Token, ReserveState]
    categories: Mapping[int, EfficiencyCategory]
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

    def reserve_by_id(self, number: int) -> ReserveState:
        """The reserve of this id. Raises MissingRead for one that is not declared."""
        for reserve in self.reserves.values():
            if reserve.reserve.id == number:
                return reserve
        raise MissingRead(f"the pool's reserve number {number} is not declared: declare it")

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

    # transitions

    def with_reserve(self, changed: ReserveState) -> LendingState:
        """The pool with one reserve replaced."""
        return replace(self, reserves={**self.reserves, changed.reserve.token: changed})

    def with_account(self, owner: Address, changed: AccountState) -> LendingState:
        """The pool with one account replaced."""
        return replace(self, accounts={**self.accounts, owner: changed})

    def with_supply_changed(self, owner: Address, token: Token, change: int) -> LendingState:
        """The pool after an account's scaled supply changed; one not tracked is left out."""
        if owner not in self.accounts:
            return self
        account = self.accounts[owner]
        return self.with_account(
            owner, account.with_supply(token, account.scaled_supplies[token] + change)
        )


@dataclass(frozen=True, slots=True)
class LendingPool36(Market[LendingState]):
    """A pool of the 3.6 line with the reserves and efficiency modes that are used of it.

    `operators` are contracts that may be let borrow for an owner or take its aTokens, and
    `receivers` such as take its flash loans and pay them back. To an operator aTokens go by its
    own taking alone: the token does not tell how much of an allowance that used up.

    Assumes that incentives controllers, where set, never revert. A price sentinel and a fallback
    oracle are not modelled: a pool that has one is refused when it is read.
    """

    protocol: ClassVar[str] = "aave_v36"

    addresses_provider: Address
    oracle: Address
    rate_strategy: Address
    reserves: tuple[Reserve, ...]
    categories: tuple[int, ...] = ()
    operators: tuple[Address, ...] = ()
    receivers: tuple[Address, ...] = ()

    @property
    def parts(self) -> tuple[MarketId, ...]:
        """The feeds of the reserves' prices."""
        return tuple(dict.fromkeys(reserve.feed for reserve in self.reserves))

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
