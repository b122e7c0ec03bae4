"""One reserve of a pool and its states, without a chain: amounts so small that roundings show."""

from trimtab.core.market import Head, MarketId, token_market
from trimtab.core.quantise import Ray, Timestamp
from trimtab.core.states import States
from trimtab.core.token import Address, Token
from trimtab.protocols.aave_v3 import (
    AccountState,
    LendingPool,
    LendingState,
    RateStrategy,
    Reserve,
    ReserveConfiguration,
    ReserveState,
)
from trimtab.protocols.erc20 import Erc20State

NOW = Timestamp(1_700_000_000)
RAY = 10**27
PERCENT = 10**25


def account(digit: str) -> Address:
    return Address("0x" + digit * 40)


OWNER = account("1")
TOKEN = Token(1, account("3"), 0, "WHOLE")
RESERVE = Reserve(
    token=TOKEN,
    a_token=account("4"),
    variable_debt_token=account("5"),
    stable_debt_token=account("6"),
    rate_strategy=account("7"),
    feed=MarketId("chainlink:1:0x"),
    id=0,
)
POOL = LendingPool(1, account("8"), "the pool", account("9"), account("a"), (RESERVE,))
OPEN = 1 << 56 | 1 << 58
"""The settings of an active reserve that can be borrowed, of no decimals."""


def reserve_state(
    *, index: int = RAY, supplied: int = 0, owed: int = 0, settings: int = OPEN
) -> ReserveState:
    """The reserve with both indices at `index`, in ray, and scaled amounts."""
    return ReserveState(
        reserve=RESERVE,
        configuration=ReserveConfiguration(settings),
        strategy=RateStrategy(*(Ray(percent * PERCENT) for percent in (80, 0, 4, 75, 5, 2, 60))),
        liquidity_index=Ray(index),
        liquidity_rate=Ray(0),
        variable_borrow_index=Ray(index),
        variable_borrow_rate=Ray(0),
        stable_borrow_rate=Ray(0),
        last_update=NOW,
        accrued_to_treasury=0,
        scaled_supply=supplied,
        scaled_variable_debt=owed,
    )


def lending_state(reserve: ReserveState, *, supplied: int = 0, owed: int = 0) -> LendingState:
    """The pool of that reserve, with one account's scaled amounts."""
    position = AccountState(0, {TOKEN: supplied}, {TOKEN: owed})
    return LendingState(NOW, {TOKEN: reserve}, {OWNER: position})


def states(lending: LendingState, *, lying: int) -> States:
    """The pool and what lies in it."""
    wallets = Erc20State(NOW, TOKEN, {RESERVE.a_token: lying}, {})
    heads = {1: Head(1, 1, "0x1", NOW)}
    return States(1, heads, {POOL.id: POOL}, {POOL.id: lending, token_market(TOKEN): wallets})
