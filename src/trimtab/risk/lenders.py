"""What lends, whatever its protocol: what lies there, what is owed, and how near liquidation is."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any, TypeGuard

from trimtab.core.market import Market
from trimtab.core.quantise import Timestamp
from trimtab.core.states import States
from trimtab.core.token import Address, Token
from trimtab.protocols import aave_v3, aave_v36, morpho, perpetual
from trimtab.protocols.aave_v3 import LendingPool
from trimtab.protocols.aave_v3.model.account import debt_balance
from trimtab.protocols.aave_v36 import LendingPool36
from trimtab.protocols.erc4626 import Vault, max_withdraw, totals
from trimtab.protocols.morpho import LendingMarket
from trimtab.protocols.perpetual import Perpetual
from trimtab.protocols.shared.tokens import balances

Lender = LendingPool | LendingPool36 | LendingMarket | Vault | Perpetual
"""Markets that take a token and give it back: with interest, or as the margin of a position."""

WAD = 10**18
BPS = 10**4
MILLION = 10**6
RAY = 10**27


def is_lender(market: Market[Any]) -> TypeGuard[Lender]:
    """Whether a market lends."""
    return isinstance(market, LendingPool | LendingPool36 | LendingMarket | Vault | Perpetual)


def lent_tokens(lender: Lender) -> tuple[Token, ...]:
    """The tokens that can be put there, each a place to be in."""
    match lender:
        case LendingPool() | LendingPool36():
            return tuple(reserve.token for reserve in lender.reserves)
        case LendingMarket():
            return lender.loan, lender.collateral
        case Vault():
            return (lender.asset,)
        case Perpetual():
            return (lender.settlement,)


def supplied(states: States, lender: Lender, account: Address, token: Token, at: Timestamp) -> int:
    """Base units that what the account lent is worth at a moment, rounded as the lender does.

    The moment may lie before the states', but not before the lender was last written.
    """
    match lender:
        case LendingPool():
            return aave_v3.supplied(states, lender, account, token, at)
        case LendingPool36():
            return aave_v36.supplied(states, lender, account, token, at)
        case LendingMarket():
            state = states[lender]
            if token == lender.collateral:
                return state.position(account).collateral
            return morpho.supplied(replace(state, timestamp=at), account)
        case Vault():
            return max_withdraw(totals(states, lender), states[lender], account)
        case Perpetual():
            return states[lender].account(account).margin


def withdrawable(states: States, lender: Lender, account: Address, token: Token) -> int:
    """Base units of a token that the lender lets the account take out now, by the model."""
    match lender:
        case LendingPool():
            return aave_v3.withdrawable(states, lender, account, token)
        case LendingPool36():
            return aave_v36.withdrawable(states, lender, account, token)
        case LendingMarket():
            return morpho.withdrawable(states, lender, account, token)
        case Vault():
            return max_withdraw(totals(states, lender), states[lender], account)
        case Perpetual():
            return max(perpetual.free_collateral(states, lender, account), 0)


def owed(states: States, lender: Lender, account: Address, token: Token) -> int:
    """Base units of a token that the account owes at a lender now."""
    match lender:
        case LendingPool():
            state = states[lender]
            return debt_balance(state.account(account), state.reserve(token), state.timestamp)
        case LendingPool36():
            state36 = states[lender]
            return aave_v36.debt_balance(
                state36.account(account), state36.reserve(token), state36.timestamp
            )
        case LendingMarket():
            return morpho.owed(states[lender], account) if token == lender.loan else 0
        case Vault() | Perpetual():
            return 0


def health_factor(states: States, lender: Lender, account: Address) -> Fraction | None:
    """What may be owed at most over what is, by the lender's own integers; None without debt.

    Of a position at a perpetual, what the account is worth over what the position needs. Below
    one the account can be liquidated. Raises PriceDisagreement where the lender cannot value a
    position.
    """
    match lender:
        case LendingPool():
            found = aave_v3.health_factor(states, lender, account)
            return None if found is None else Fraction(found, WAD)
        case LendingPool36():
            found = aave_v36.health_factor(states, lender, account)
            return None if found is None else Fraction(found, WAD)
        case LendingMarket():
            return morpho.health_factor(states, lender, account)
        case Vault():
            return None
        case Perpetual():
            ratio = perpetual.margin_ratio(states, lender, account)
            needed = Fraction(states[lender].rules.maintenance_margin, MILLION)
            return None if ratio is None else max(ratio / needed, Fraction(0))


def supply_rate(states: States, lender: Lender, token: Token, extra: int) -> Fraction | None:
    """The rate per year that a token earns there after `extra` more base units; may be negative.

    None where the state tells no rate: a vault's worth moves by what its owner does, and margin
    earns nothing of itself. More than
    the lender can pay out now is not taken off. Collateral of an isolated market earns nothing.
    """
    most = max(extra, -lying(states, lender, token))
    match lender:
        case LendingPool():
            return Fraction(aave_v3.supply_rate(states, lender, token, most), RAY)
        case LendingPool36():
            return Fraction(aave_v36.supply_rate(states, lender, token, most), RAY)
        case LendingMarket():
            if token == lender.collateral:
                return Fraction(0)
            return morpho.supply_rate(states, lender, most)
        case Vault() | Perpetual():
            return None


def borrow_rate(states: States, lender: Lender, token: Token) -> Fraction:
    """The rate per year that a debt in a token grows by now, not compounded; 0 where none can be.

    As of the moment of the states, with the interest until then.
    """
    match lender:
        case LendingPool():
            return Fraction(aave_v3.variable_borrow_rate(states, lender, token), RAY)
        case LendingPool36():
            return Fraction(aave_v36.variable_borrow_rate(states, lender, token), RAY)
        case LendingMarket():
            return morpho.borrow_rate(states, lender)
        case Vault() | Perpetual():
            return Fraction(0)


def lying(states: States, lender: Lender, token: Token) -> int:
    """Base units of a token that the lender could pay out now."""
    match lender:
        case LendingPool():
            reserve = states[lender].reserve(token).reserve
            return balances(states, token).balance(reserve.a_token)
        case LendingPool36():
            return states[lender].reserve(token).virtual_balance
        case LendingMarket():
            return morpho.liquidity(states, lender) if token == lender.loan else 0
        case Vault():
            return balances(states, token).balance(lender.address)
        case Perpetual():
            return balances(states, token).balance(lender.vault)


def nearness(states: States, lender: Lender, account: Address) -> Fraction:
    """One over the health factor of an account at a lender: 0 without debt, liquidated beyond 1.

    Debt without any collateral, whose health factor is 0, is farther beyond than all else, and
    the farther the more it is. Raises PriceDisagreement where a position cannot be valued.
    """
    factor = health_factor(states, lender, account)
    if factor is None:
        return Fraction(0)
    if factor:
        return 1 / factor
    debts = (owed(states, lender, account, token) for token in lent_tokens(lender))
    return Fraction(WAD + sum(debts))


def liquidation_bonus(states: States, lender: Lender, account: Address, token: Token) -> Fraction:
    """The share of a repaid debt that its liquidator gets on top, in this collateral, as of now.

    By the efficiency category of the account where one rules. 0 where nothing is liquidated.
    """
    match lender:
        case LendingPool():
            state, category = states[lender], states[lender].account(account).efficiency_category
            within, settings = state.category(category), state.reserve(token).configuration
            is_within = within is not None and settings.efficiency_category == category
            bonus = within.liquidation_bonus if within and is_within else settings.liquidation_bonus
            return max(Fraction(bonus, BPS) - 1, Fraction(0))
        case LendingPool36():
            state36 = states[lender]
            reserve = state36.reserve(token)
            within36 = state36.category(state36.account(account).efficiency_category)
            is_within = within36 is not None and within36.has_collateral(reserve.reserve.id)
            bonus36 = reserve.configuration.liquidation_bonus
            if within36 and is_within:
                bonus36 = within36.liquidation_bonus
            return max(Fraction(bonus36, BPS) - 1, Fraction(0))
        case LendingMarket():
            return Fraction(morpho.liquidation_incentive_factor(lender.lltv), WAD) - 1
        case Vault() | Perpetual():
            return Fraction(0)
