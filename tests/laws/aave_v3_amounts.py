"""Sums that the lending law draws around, and what the owners have for them."""

from typing import cast

from hypothesis import strategies as st

from tests.laws.law import Draw
from trimtab.core.abi import UINT256_MAX
from trimtab.core.actions import ALL, Action, Approve, Quantity
from trimtab.core.errors import PriceDisagreement
from trimtab.core.market import MarketId, token_market
from trimtab.core.states import States
from trimtab.core.token import Address, Token
from trimtab.protocols.aave_v3 import LendingPool, account_summary
from trimtab.protocols.chainlink import FeedState
from trimtab.protocols.erc20 import Erc20State


def approval(
    draw: Draw, states: States, pool: LendingPool, actor: Address, token: Token
) -> Action | None:
    """Mostly an approval where there is none, of everything or of about what the actor has."""
    if allowance(states, pool, actor, token) or rarely(draw):
        return None
    lying = wallet(states, actor, token)
    allowed = draw(st.sampled_from((*(UINT256_MAX,) * 7, lying // 2 + 1)))
    return Approve(actor, token_market(token), token, pool.address, allowed)


def rarely(draw: Draw) -> bool:
    """True one time in sixteen."""
    return bool(draw(st.integers(0, 15)) == 15)


def quantity(draw: Draw, *marks: int) -> Quantity:
    """An amount, or everything."""
    return amount(draw, *marks) if draw(st.integers(0, 5)) else ALL


def amount(draw: Draw, *marks: int) -> int:
    """Base units: a share of a mark, close to it, somewhat above it, tiny or absurd."""
    mark = draw(st.sampled_from([mark for mark in marks if mark > 0] or [10**6]))
    match draw(st.integers(0, 9)):
        case 0 | 1 | 2 | 3 | 4:
            return max(1, int(mark * draw(st.integers(1, 1000)) // 1000))
        case 5 | 6:
            return max(0, int(mark + draw(st.integers(-2, 2))))
        case 7:
            return int(mark * draw(st.integers(10, 40)) // 10)
        case 8:
            return int(draw(st.integers(0, 10)))
        case _:
            return int(draw(st.sampled_from([0, 1, 2**128, 2**255, UINT256_MAX])))


def wallet(states: States, holder: Address, token: Token) -> int:
    """What somebody has of a token."""
    return cast(Erc20State, states.state(token_market(token))).balance(holder)


def allowance(states: States, pool: LendingPool, owner: Address, token: Token) -> int:
    """What the pool may take of an owner's."""
    state = cast(Erc20State, states.state(token_market(token)))
    return state.allowance(owner, pool.address)


def answer(states: States, feed: MarketId) -> int:
    """What a feed answers."""
    return cast(FeedState, states.state(feed)).answer


def covered(states: States, pool: LendingPool, owner: Address, token: Token) -> int:
    """About as much as the owner's collateral covers, caps and modes aside."""
    price = answer(states, states[pool].reserve(token).reserve.feed)
    try:
        data = account_summary(states, pool, owner)
    except PriceDisagreement:
        return 0
    room = data.total_collateral * data.loan_to_value // 10**4 - data.total_debt
    return max(room, 0) * token.unit // price if price > 0 else 0
