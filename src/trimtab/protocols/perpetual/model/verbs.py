"""Margin in and out, and funding on demand. Source: Vault.sol, ClearingHouse.sol."""

from __future__ import annotations

from dataclasses import replace

from trimtab.core.abi import UINT256_MAX
from trimtab.core.actions import ALL, SettleFunding, Supply, Withdraw
from trimtab.core.errors import NoRoute
from trimtab.core.states import Applied, States
from trimtab.core.token import ZERO_ADDRESS, Token
from trimtab.protocols.perpetual.market import Perpetual
from trimtab.protocols.perpetual.model.arithmetic import in_settlement
from trimtab.protocols.perpetual.model.books import Books
from trimtab.protocols.perpetual.model.funding import settle
from trimtab.protocols.perpetual.model.margin import withdrawable
from trimtab.protocols.shared import tokens
from trimtab.protocols.shared.reverts import NO_DATA, RevertError, moved, refuse


def deposit(states: States, market: Perpetual, action: Supply) -> Applied:
    """Take tokens in as margin of an account, tracked or not. Source: `deposit`, `depositFor`.

    Raises NoRoute for a token that is not the settlement token.
    """
    check_token(market, action.token)
    books = Books.of(states, market)
    if books.rules.is_vault_paused:
        raise refuse("Pausable: paused")
    if action.on_behalf_of == ZERO_ADDRESS:
        raise refuse("V_DFZA")
    if action.amount == 0:
        raise refuse("V_ZA")
    token, vault = market.settlement, market.vault
    taken = moved(tokens.take(states, token, action.actor, vault, vault, action.amount))
    kept = tokens.balances(states, token).balance(vault)
    arrived = 0 if action.actor == vault else action.amount
    if kept + arrived > books.rules.cap:
        raise refuse("V_GTSTBC")
    if action.on_behalf_of in books.state.accounts:
        account = books.account(action.on_behalf_of)
        books.put(action.on_behalf_of, replace(account, margin=account.margin + action.amount))
    return books.applied(states, (taken,))


def withdraw(states: States, market: Perpetual, action: Withdraw) -> Applied:
    """Give margin out, all that is realised booked as margin first.

    `ALL` is what may be withdrawn. Raises NoRoute for a token that is not the settlement token,
    or a receiver that is not the actor. Source: `withdraw`, `withdrawAll`.
    """
    check_token(market, action.token)
    check_receiver(market, action)
    books, owner = Books.of(states, market), action.actor
    if books.rules.is_vault_paused:
        raise refuse("Pausable: paused")
    amount = withdrawable(books, owner) if action.amount is ALL else action.amount
    assert isinstance(amount, int)
    if not 0 <= amount <= UINT256_MAX:
        raise RevertError(NO_DATA)
    if books.account(owner).is_registered:
        settle(books, owner)
    if withdrawable(books, owner) < amount:
        raise refuse("V_NEFC")
    account = books.account(owner)
    realised = in_settlement(account.owed, books.state.unit)
    books.put(owner, replace(account, owed=0, margin=account.margin + realised - amount))
    sent = moved(tokens.send(states, market.settlement, market.vault, owner, amount))
    return books.applied(states, (sent,))


def settle_funding(states: States, market: Perpetual, action: SettleFunding) -> Applied:
    """Book an account's funding; nobody but the account may ask. Source: `settleAllFunding`."""
    books = Books.of(states, market)
    if action.actor not in (action.owner, market.vault):
        raise refuse("CH_OVOT")
    if books.account(action.owner).is_registered:
        settle(books, action.owner)
    return books.applied(states)


def check_token(market: Perpetual, token: Token) -> None:
    """Raise NoRoute unless this is the token that the market settles in."""
    if token != market.settlement:
        raise NoRoute(
            f"{market.name} takes margin in {market.settlement} only, not {token} at "
            f"{token.address}: other collateral is not modelled; swap it first"
        )


def check_receiver(market: Perpetual, action: Withdraw) -> None:
    """Raise NoRoute unless the actor itself receives what is withdrawn."""
    if action.to != action.actor:
        raise NoRoute(
            f"{market.name} pays margin out to its owner {action.actor} only, not to "
            f"{action.to}: withdraw it, then transfer it"
        )
