"""Pools and their states, put together from positions."""

from dataclasses import replace

from trimtab.core.market import Head, token_market
from trimtab.core.quantise import Timestamp
from trimtab.core.states import States
from trimtab.core.token import Address, Token
from trimtab.protocols.erc20 import Erc20, Erc20State
from trimtab.protocols.shared.ticks import Q96, tick_at_sqrt_price
from trimtab.protocols.uniswap_v3 import Observation, Oracle, Pool, PoolState
from trimtab.protocols.uniswap_v3.model.liquidity import liquidity_changed

NOW = Timestamp(1_700_000_000)
FOREVER = Timestamp(2**40)
WHOLE = 10**18
MAX = 2**256 - 1


def account(digit: str) -> Address:
    return Address("0x" + digit * 40)


ACTOR, FRIEND = account("1"), account("2")
TOKEN0 = Token(1, account("3"), 18, "ZERO")
TOKEN1 = Token(1, account("4"), 18, "ONE")
MINTER = account("8")
POOL = Pool(1, account("5"), "the pool", TOKEN0, TOKEN1, 3_000, 60, account("6"), MINTER)
HEAD = Head(1, 1, "0x1", NOW)


def pool_state(
    *positions: tuple[int, int, int], price: int = Q96, fee: int = 3_000, spacing: int = 60
) -> PoolState:
    """A pool at a price with positions of (lower tick, upper tick, liquidity), before any fee.

    The positions are nobody's that is tracked: the actor and the friend have none.
    """
    state = PoolState(
        timestamp=NOW,
        fee=fee,
        tick_spacing=spacing,
        sqrt_price_x96=price,
        tick=tick_at_sqrt_price(price),
        liquidity=0,
        fee_growth_global0=0,
        fee_growth_global1=0,
        protocol_fees0=0,
        protocol_fees1=0,
        fee_protocol=0,
        oracle=Oracle(0, 1, 1, (Observation(NOW - 100, 0, 0),)),
        minter=MINTER,
        owners=(ACTOR, FRIEND),
    )
    for position in positions:
        state = liquidity_changed(state, *position)
    return state


UNPRICED = replace(pool_state(), sqrt_price_x96=0, tick=0, oracle=Oracle())
PLAIN = pool_state((-60_000, 60_000, 1_000 * WHOLE))


def states(
    state: PoolState,
    *,
    balance: int = WHOLE,
    allowance: int = MAX,
    custody: int = 10_000 * WHOLE,
) -> States:
    """The pool among its tokens: what the actor has and allows of either, and what the pool has."""
    markets = (Erc20(1, TOKEN0.address, "0", TOKEN0), Erc20(1, TOKEN1.address, "1", TOKEN1), POOL)
    wallets = {
        token_market(token): Erc20State(
            NOW,
            token,
            {ACTOR: balance, POOL.address: custody},
            {(ACTOR, POOL.router): allowance, (ACTOR, MINTER): allowance},
        )
        for token in (TOKEN0, TOKEN1)
    }
    return States(1, {1: HEAD}, {m.id: m for m in markets}, {**wallets, POOL.id: state})
