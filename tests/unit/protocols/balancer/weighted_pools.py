"""A pool of three tokens, and states of it, for the tests of the model."""

from __future__ import annotations

from typing import Any

from trimtab.core.market import Accounts, Head, Market, MarketId, State, token_market
from trimtab.core.quantise import Timestamp
from trimtab.core.states import States
from trimtab.core.token import Address, Token
from trimtab.protocols.balancer import Pause, WeightedPool, WeightedState
from trimtab.protocols.balancer.model.pool import scaled
from trimtab.protocols.balancer.model.weighted import invariant_down
from trimtab.protocols.erc20 import Erc20, Erc20State
from trimtab.protocols.shared.shares import Shares


def account(digit: str) -> Address:
    return Address("0x" + digit * 40)


ACTOR, FRIEND, AT, VAULT, FACTORY, COLLECTOR = (account(digit) for digit in "126789")
ROUTER = Address("0x" + "0" * 39 + "4")
TOKENS = tuple(
    Token(1, account(digit), decimals, symbol)
    for digit, decimals, symbol in (("3", 6, "A"), ("4", 6, "B"), ("5", 18, "C"))
)
POOL_ID = bytes.fromhex("66" * 20 + "0001" + "00" * 10)
POOL = WeightedPool(
    chain=1,
    address=AT,
    name="balancer:A/B/C",
    vault=VAULT,
    factory=FACTORY,
    fees_collector=COLLECTOR,
    pool_id=POOL_ID,
    tokens=TOKENS,
    weights=(25 * 10**16, 25 * 10**16, 50 * 10**16),
)
NOW = Timestamp(1_700_000_000)
HEAD = Head(1, 7, "0x07", NOW)
FOREVER = Timestamp(2**40)
ACCOUNTS = Accounts((ACTOR, FRIEND), (VAULT, ROUTER))
BALANCES = (10**12, 3 * 10**12, 5 * 10**24)
OPEN = Pause(False, Timestamp(NOW + 1000))


def weighted_state(*balances: int, protocol_swap_fee: int = 5 * 10**17) -> WeightedState:
    """A pool in which no fees are due; the actor has a quarter of it."""
    raws = balances or BALANCES
    invariant = invariant_down(POOL.weights, scaled(POOL, raws)) if all(raws) else 0
    supply = 3 * invariant
    return WeightedState(
        timestamp=NOW,
        pool=POOL,
        balances=raws,
        swap_fee=3 * 10**15,
        protocol_swap_fee=protocol_swap_fee,
        last_invariant=invariant,
        is_recovering=False,
        vault_pause=OPEN,
        pool_pause=OPEN,
        shares=Shares(
            supply, {ACTOR: supply // 4, FRIEND: 0}, {(ACTOR, ROUTER): 0, (FRIEND, ROUTER): 7}
        ),
    )


def all_states(state: WeightedState) -> States:
    """The pool in this state, and its tokens: the actor has a million of each, all allowed."""
    markets: dict[MarketId, Market[Any]] = {
        POOL.id: POOL,
        **{token_market(token): erc20(token) for token in TOKENS},
    }
    found: dict[MarketId, State] = {
        POOL.id: state,
        **{token_market(token): held(token, state) for token in TOKENS},
    }
    return States(1, {1: HEAD}, markets, found)


def erc20(token: Token) -> Erc20:
    return Erc20(1, token.address, f"erc20:{token}", token)


def held(token: Token, state: WeightedState) -> Erc20State:
    lying = state.balances[TOKENS.index(token)]
    balances = {ACTOR: 10**6 * token.unit, FRIEND: 0, VAULT: lying}
    return Erc20State(NOW, token, balances, {(ACTOR, VAULT): 2**256 - 1, (FRIEND, VAULT): 0})
