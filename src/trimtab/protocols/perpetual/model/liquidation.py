"""Taking over positions whose margin is spent. Source: ClearingHouse.sol, AccountBalance.sol."""

from __future__ import annotations

from dataclasses import replace

from trimtab.core.abi import UINT256_MAX
from trimtab.core.actions import LiquidatePosition
from trimtab.core.states import Applied, States
from trimtab.core.token import Address
from trimtab.protocols.perpetual.market import Perpetual
from trimtab.protocols.perpetual.model.arithmetic import (
    MILLION,
    WAD,
    full_mul_div,
    in_settlement,
    mul_div,
    ratio_of,
    to_uint,
)
from trimtab.protocols.perpetual.model.books import Books, without_dust
from trimtab.protocols.perpetual.model.funding import settle
from trimtab.protocols.perpetual.model.margin import (
    house_value,
    maintenance,
    position_value,
    profit_of,
    realise,
    require_free_collateral,
    settled_balance,
    stated_value,
    worth_of,
)
from trimtab.protocols.shared import tokens
from trimtab.protocols.shared.reverts import NO_DATA, RevertError, refuse

_SMALL = 100 * WAD
"""A position of this worth or less is liquidated whole."""


def liquidate(states: States, market: Perpetual, action: LiquidatePosition) -> Applied:
    """Hand a position, or half of it, to the actor, who gets half of the penalty or all of it.

    Source: `_liquidate`.
    """
    books, owner, liquidator = Books.of(states, market), action.owner, action.actor
    _check_begin(books, action)
    books.register(liquidator)
    settle(books, owner)
    settle(books, liquidator)
    value = house_value(books, owner)
    most = liquidatable(books, owner, value)
    if abs(action.size) <= abs(most) and action.size != 0:
        most = action.size
    notional = mul_div(most, books.mark_price(), WAD)
    exchange_position(books, owner, -most, notional)
    penalty = ratio_of(abs(notional), books.rules.liquidation_penalty)
    books.owe(owner, -penalty)
    reward = penalty
    if value >= 0:
        reward = penalty // 2
        books.owe(market.insurance_fund, penalty - reward)
    _check_insurance(states, books, owner)
    exchange_position(books, liquidator, most, reward - notional)
    require_free_collateral(books, liquidator)
    settle_bad_debt(books, owner)
    return books.applied(states)


def _check_begin(books: Books, action: LiquidatePosition) -> None:
    """Refuse what is refused before anything is settled."""
    if not -(UINT256_MAX // 2) - 1 <= action.size <= UINT256_MAX // 2:
        raise RevertError(NO_DATA)
    if books.rules.is_house_paused:
        raise refuse("Pausable: paused")
    if house_value(books, action.owner) >= maintenance(books, action.owner):
        raise refuse("CH_EAV")
    size = without_dust(books.account(action.owner).size)
    if size == 0:
        raise refuse("CH_PSZ")
    product = size * action.size
    if not -(UINT256_MAX // 2) - 1 <= product <= UINT256_MAX // 2:
        raise refuse("SignedSafeMath: multiplication overflow")
    if product < 0:
        raise refuse("CH_WLD")


def liquidatable(books: Books, owner: Address, value: int) -> int:
    """How much of a position may be taken, signed as the position. `value` is the account's.

    Source: `getLiquidatablePositionSize`.
    """
    needed, account = maintenance(books, owner), books.account(owner)
    size = without_dust(account.size)
    if value >= needed or size == 0:
        return 0
    worth = abs(worth_of(books, size))
    if worth <= _SMALL:
        return size
    share = MILLION
    if value >= needed // 2:
        counted = abs(position_value(books, account))
        share = min(to_uint(full_mul_div(counted, MILLION, 2 * worth), 24), MILLION)
    return mul_div(size, share, MILLION)


def exchange_position(books: Books, owner: Address, size: int, notional: int) -> None:
    """Change a position without a trade, and realise what it brings.

    Source: `_modifyPositionAndRealizePnl`.
    """
    account = books.account(owner)
    profit = 0
    if size != 0 and account.size != 0 and (account.size < 0) != (size < 0):
        profit = profit_of(account.size, account.open_notional, size, notional)
    realise(books, owner, size, notional, profit)


def _check_insurance(states: States, books: Books, owner: Address) -> None:
    """Refuse where the insurance fund could not pay what the account cannot."""
    market = books.market
    after = house_value(books, owner)
    if after >= 0:
        return
    fund = market.insurance_fund
    beside = tokens.balances(states, market.settlement).balance(fund)
    capacity = (stated_value(books, fund) + beside) * books.state.unit
    if capacity < -after:
        raise refuse("CH_IIC")


def settle_bad_debt(books: Books, owner: Address) -> None:
    """Let the insurance fund pay what an account without a position owes.

    Source: Vault.sol `settleBadDebt`.
    """
    fund = books.market.insurance_fund
    if owner == fund:
        raise refuse("V_CSI")
    account = books.account(owner)
    if account.is_registered:
        return
    value = in_settlement(settled_balance(books, owner), books.state.unit)
    if value >= 0:
        return
    books.put(owner, replace(account, margin=account.margin - value))
    insurer = books.account(fund)
    books.put(fund, replace(insurer, margin=insurer.margin + value))
