"""What an account is worth, what it needs, and what it may take out.

Source: Vault.sol, AccountBalance.sol, ClearingHouse.sol.
"""

from __future__ import annotations

from dataclasses import replace

from trimtab.core.token import Address
from trimtab.protocols.perpetual.market import AccountState
from trimtab.protocols.perpetual.model.arithmetic import (
    WAD,
    in_settlement,
    mul_div,
    ratio_of,
)
from trimtab.protocols.perpetual.model.books import Books, swept, without_dust
from trimtab.protocols.perpetual.model.funding import growth_now, payment_of
from trimtab.protocols.shared.reverts import refuse


def settled_balance(books: Books, owner: Address) -> int:
    """Margin with all that is realised, funding included, in quote units.

    Source: `_getSettlementTokenBalanceAndUnrealizedPnl`.
    """
    account = books.account(owner)
    funding = payment_of(account, growth_now(books)) if account.is_registered else 0
    return account.margin * books.state.unit - funding + account.owed


def position_value(books: Books, account: AccountState) -> int:
    """A position at the mark price, in quote units. Source: `getTotalPositionValue`."""
    return worth_of(books, account.size) if account.is_registered else 0


def worth_of(books: Books, size: int) -> int:
    """A position of a size at the mark price, in quote units."""
    size = without_dust(size)
    return mul_div(size, books.mark_price(), WAD) if size else 0


def unrealised(books: Books, account: AccountState) -> int:
    """What closing at the mark price would bring, in quote units."""
    if not account.is_registered:
        return 0
    return position_value(books, account) + account.open_notional


def account_value(books: Books, owner: Address) -> int:
    """What the account is worth, in quote units."""
    return settled_balance(books, owner) + unrealised(books, books.account(owner))


def stated_value(books: Books, owner: Address) -> int:
    """What the account is worth, rounded down to base units of the settlement token."""
    return in_settlement(account_value(books, owner), books.state.unit)


def house_value(books: Books, owner: Address) -> int:
    """What the clearing house says an account is worth: stated, again in quote units."""
    return stated_value(books, owner) * books.state.unit


def debt_value(books: Books, account: AccountState) -> int:
    """What the account has sold and not got back, in quote units. Source: `getTotalDebtValue`."""
    if not account.is_registered:
        return 0
    base = mul_div(account.size, books.mark_price(), WAD) if account.size < 0 else 0
    return abs(min(account.open_notional, 0) + base)


def free_collateral(books: Books, owner: Address, ratio: int) -> int:
    """What is left beyond so many millionths of the debt, in quote units; negative if none is.

    Source: `_getFreeCollateralByRatio`.
    """
    account = books.account(owner)
    balance = settled_balance(books, owner)
    value = balance + unrealised(books, account)
    return min(balance, value) - ratio_of(debt_value(books, account), ratio)


def require_free_collateral(books: Books, owner: Address) -> None:
    """Refuse an account that has too little for its debt by the initial margin."""
    if free_collateral(books, owner, books.rules.initial_margin) < 0:
        raise refuse("CH_NEFCI")


def withdrawable(books: Books, owner: Address) -> int:
    """What may be withdrawn, in base units of the settlement token.

    Source: `getFreeCollateralByToken`.
    """
    if account_value(books, owner) < 0:
        return 0
    free = max(free_collateral(books, owner, books.rules.initial_margin), 0)
    balance = settled_balance(books, owner)
    if free == 0 or balance <= 0:
        return 0
    return in_settlement(min(free, balance), books.state.unit)


def maintenance(books: Books, owner: Address) -> int:
    """What the account has to be worth so as not to be liquidated, in quote units."""
    size = abs(position_value(books, books.account(owner)))
    return ratio_of(size, books.rules.maintenance_margin)


# ---------------------------------------------------------------------------- changing positions


def realise(books: Books, owner: Address, size: int, notional: int, profit: int) -> None:
    """Change a position, turn a part of its notional into profit, and forget dust.

    Source: `settleBalanceAndDeregister`.
    """
    account = books.account(owner)
    changed = replace(
        account,
        size=account.size + size,
        open_notional=account.open_notional + notional - profit,
        owed=account.owed + profit,
    )
    books.put(owner, swept(changed))


def profit_of(size: int, open_notional: int, base: int, quote: int) -> int:
    """What trading `base` for `quote` realises of a position that it reduces or turns around.

    Source: Exchange.sol `_getPnlToBeRealized`.
    """
    closed = mul_div(abs(base), WAD, abs(size))
    if closed <= WAD:
        return quote + mul_div(open_notional, closed, WAD)
    return open_notional + mul_div(quote, WAD, closed)
