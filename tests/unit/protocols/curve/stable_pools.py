"""A pool of four coins, and states of it, for the tests of the model."""

from __future__ import annotations

from typing import Any

from trimtab.core.market import Accounts, Head, Market, MarketId, State, token_market
from trimtab.core.quantise import Timestamp
from trimtab.core.states import States
from trimtab.core.token import Address, Token
from trimtab.protocols.curve import StablePool, StableState
from trimtab.protocols.erc20 import Erc20, Erc20State
from trimtab.protocols.shared.shares import Shares


def account(digit: str) -> Address:
    return Address("0x" + digit * 40)


ACTOR, FRIEND, AT, FACTORY = (account(digit) for digit in "1289")
COINS = tuple(
    Token(1, account(digit), decimals, symbol)
    for digit, decimals, symbol in (("3", 6, "A"), ("4", 6, "B"), ("5", 18, "C"), ("6", 18, "D"))
)
POOL = StablePool(1, AT, "curve:A/B/C/D", COINS, FACTORY)
NOW = Timestamp(1_700_000_000)
HEAD = Head(1, 7, "0x07", NOW)
FOREVER = Timestamp(2**40)
ACCOUNTS = Accounts((ACTOR, FRIEND), (AT,))
SUPPLY = 4 * 10**24


def stable_state(*balances: int, fee: int = 4_000_000, supply: int = SUPPLY) -> StableState:
    """A pool with A of 200, in balance unless said otherwise; the actor has a quarter of it."""
    return StableState(
        timestamp=NOW,
        coins=tuple(coin.address for coin in COINS),
        rates=POOL.rates,
        balances=balances or (10**12, 10**12, 10**24, 10**24),
        fee=fee,
        admin_fee=5 * 10**9,
        initial_a=20_000,
        future_a=20_000,
        initial_a_time=0,
        future_a_time=0,
        shares=Shares(supply, {ACTOR: supply // 4, FRIEND: 0}, {(ACTOR, AT): 0, (FRIEND, AT): 0}),
    )


def all_states(state: StableState) -> States:
    """The pool in this state, and its coins: the actor has a million of each, all allowed."""
    markets: dict[MarketId, Market[Any]] = {
        POOL.id: POOL,
        **{token_market(coin): erc20(coin) for coin in COINS},
    }
    found: dict[MarketId, State] = {
        POOL.id: state,
        **{token_market(coin): held(coin, state) for coin in COINS},
    }
    return States(1, {1: HEAD}, markets, found)


def erc20(coin: Token) -> Erc20:
    return Erc20(1, coin.address, f"erc20:{coin}", coin)


def held(coin: Token, state: StableState) -> Erc20State:
    lying = state.balances[COINS.index(coin)]
    balances = {ACTOR: 10**6 * coin.unit, FRIEND: 0, AT: lying}
    return Erc20State(NOW, coin, balances, {(ACTOR, AT): 2**256 - 1, (FRIEND, AT): 0})
