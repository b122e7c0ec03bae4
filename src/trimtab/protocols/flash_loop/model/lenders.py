"""What a FlashLoop asks of lending pools of either line, and of their aTokens."""

from __future__ import annotations

from dataclasses import replace

from trimtab.core.actions import Borrow, FlashLoan, Repay, Supply, Transfer, Withdraw
from trimtab.core.errors import NoRoute
from trimtab.core.market import Market, State
from trimtab.core.states import Applied, Reverted, States
from trimtab.core.token import Address, Token
from trimtab.protocols import aave_v3, aave_v36
from trimtab.protocols.aave_v3.model import flash_loan
from trimtab.protocols.aave_v3.model import tokens as a_tokens
from trimtab.protocols.aave_v3.model.account import supply_balance
from trimtab.protocols.aave_v36.model import borrowing
from trimtab.protocols.aave_v36.model import tokens as a_tokens36
from trimtab.protocols.shared.reverts import RevertError

LendingPool = aave_v3.LendingPool | aave_v36.LendingPool36

_AAVE_V3, _AAVE_V36 = aave_v3.AaveV3Adapter(), aave_v36.AaveV36Adapter()


def lending_pool(market: Market[State]) -> LendingPool:
    """The market, if it is a lending pool of Aave's. Raises NoRoute for any other one."""
    if not isinstance(market, aave_v3.LendingPool | aave_v36.LendingPool36):
        raise NoRoute(f"{market.name} is no lending pool of Aave's: loops are made at those alone")
    return market


def share_of(pool: LendingPool, token: Token) -> Token:
    """The aToken of a token. Raises NoRoute for one that is no reserve of the pool."""
    shares: dict[Token, Token] = {}
    if isinstance(pool, aave_v3.LendingPool):
        shares = {reserve.token: pool.share(reserve) for reserve in pool.reserves}
    else:
        shares = {reserve.token: pool.share(reserve) for reserve in pool.reserves}
    if token not in shares:
        raise NoRoute(f"{token} at {token.address} is no declared reserve of {pool.name}")
    return shares[token]


# --------------------------------------------------------------------------------- the loan


def lend(states: States, pool: LendingPool, loan: FlashLoan) -> tuple[Applied, int]:
    """What a lender does before it calls the receiver back, and the premium."""
    if isinstance(pool, aave_v3.LendingPool):
        return flash_loan.lend(states, pool, loan)
    return borrowing.lend(states, pool, loan)


def paid_back(states: States, pool: LendingPool, loan: FlashLoan, premium: int) -> Applied:
    """What a lender does after that."""
    if isinstance(pool, aave_v3.LendingPool):
        return flash_loan.paid_back(states, pool, loan, premium)
    return borrowing.paid_back(states, pool, loan, premium)


# ------------------------------------------------------------------------------ the position


def apply(
    states: States, pool: LendingPool, action: Supply | Withdraw | Borrow | Repay | Transfer
) -> Applied | Reverted:
    """What an action does at the pool, or with its aTokens."""
    if isinstance(pool, aave_v3.LendingPool):
        return _AAVE_V3.apply(states, action)
    return _AAVE_V36.apply(states, action)


def take_shares(
    states: States, pool: LendingPool, spender: Address, action: Transfer
) -> Applied | Reverted:
    """What an aToken's transferFrom does, by a spender whom the actor has given leave."""
    try:
        if isinstance(pool, aave_v3.LendingPool):
            return a_tokens.transfer_from(states, pool, spender, action)
        return a_tokens36.transfer_from(states, pool, spender, action)
    except RevertError as error:
        return error.outcome


def shares(states: States, pool: LendingPool, owner: Address, token: Token) -> int:
    """Base units that an account's aTokens of a token are worth."""
    if isinstance(pool, aave_v3.LendingPool):
        state = states[pool]
        return supply_balance(state.account(owner), state.reserve(token), state.timestamp)
    newer = states[pool]
    return aave_v36.supply_balance(newer.account(owner), newer.reserve(token), newer.timestamp)


# -------------------------------------------------------------------------------- the visitor


def visited(states: States, pool: LendingPool, visitor: Address) -> States:
    """The states in which a contract is an account of the pool, without anything there."""
    if isinstance(pool, aave_v3.LendingPool):
        state = states[pool]
        nothing = dict.fromkeys(state.reserves, 0)
        account = aave_v3.AccountState(0, nothing, nothing)
        return states.with_states({pool.id: state.with_account(visitor, account)})
    newer = states[pool]
    nothing = dict.fromkeys(newer.reserves, 0)
    account36 = aave_v36.AccountState(0, 0, nothing, nothing, {})
    return states.with_states({pool.id: newer.with_account(visitor, account36)})


def left(states: States, pool: LendingPool, visitor: Address) -> States:
    """The states in which it is none any more."""
    if isinstance(pool, aave_v3.LendingPool):
        state = states[pool]
        others = {owner: has for owner, has in state.accounts.items() if owner != visitor}
        return states.with_states({pool.id: replace(state, accounts=others)})
    newer = states[pool]
    others36 = {owner: has for owner, has in newer.accounts.items() if owner != visitor}
    return states.with_states({pool.id: replace(newer, accounts=others36)})
