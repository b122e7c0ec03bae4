"""Drawn lending actions: sums on and around every edge that the pool has for an account."""

from typing import cast

from hypothesis import strategies as st

from tests.laws.law import Draw, Port
from trimtab.core.abi import UINT256_MAX
from trimtab.core.actions import (
    ALL,
    Action,
    Approve,
    Borrow,
    Quantity,
    Repay,
    Supply,
    Transfer,
    UpdateAnswer,
    Withdraw,
)
from trimtab.core.errors import PriceDisagreement
from trimtab.core.market import MarketId, token_market
from trimtab.core.states import States
from trimtab.core.token import ZERO_ADDRESS, Address, Token
from trimtab.protocols.aave_v3 import (
    LendingPool,
    account_summary,
    normalised_debt,
    normalised_income,
    withdrawable,
)
from trimtab.protocols.chainlink import FeedState
from trimtab.protocols.erc20 import Erc20State
from trimtab.protocols.shared.aave.wad_ray import ray_mul

UNSEEN = Address("0x00000000000000000000000000000000000A11cE")
"""An account that nobody tracks."""

LONGEST_WAIT = 3 * 365 * 24 * 3600
VERBS = ("supply", "withdraw", "borrow", "repay")
KINDS = (*VERBS * 6, "price", "price", "donation")


def actions(draw: Draw, states: States, owners: tuple[Address, ...]) -> Action:
    """Mostly one of the four verbs; else a donation to the pool, or a price that moves."""
    pool = next(market for market in states.markets.values() if isinstance(market, LendingPool))
    match draw(st.sampled_from(KINDS)):
        case "withdraw" if held := _positions(draw, states, pool, owners, "supplies"):
            return _withdraw(draw, states, pool, draw(st.sampled_from(held)), owners)
        case "borrow" if held := _positions(draw, states, pool, owners, "supplies"):
            return _borrow(draw, states, pool, draw(st.sampled_from(held))[0])
        case "repay" if owed := _positions(draw, states, pool, owners, "debts"):
            return _repay(draw, states, pool, draw(st.sampled_from(owed)), owners)
        case "price":
            return _price(draw, states, pool, draw(st.sampled_from(owners)))
        case "donation":
            return _donation(draw, states, pool, draw(st.sampled_from(owners)))
        case _:
            return _supply(draw, states, pool, owners)


PORT = Port(
    "aave_v3",
    actions,
    ("Supply", "Withdraw", "Borrow", "Repay"),
    LONGEST_WAIT,
    ("aave_v3", "chainlink", "erc20"),
)


def _positions(
    draw: Draw, states: States, pool: LendingPool, owners: tuple[Address, ...], side: str
) -> list[tuple[Address, Token]]:
    """Who supplied or owes which token; rarely, who might."""
    accounts, everyone = states[pool].accounts, _rarely(draw)
    scaled = {
        (owner, token): amount
        for owner in owners
        for token, amount in (
            accounts[owner].scaled_supplies if side == "supplies" else accounts[owner].scaled_debts
        ).items()
    }
    return [place for place in scaled if scaled[place] or everyone]


# --------------------------------------------------------------------------------------- verbs


def _supply(draw: Draw, states: States, pool: LendingPool, owners: tuple[Address, ...]) -> Action:
    possible = [(owner, reserve.token) for owner in owners for reserve in pool.reserves]
    ready = [
        (owner, token)
        for owner, token in possible
        if _allowance(states, pool, owner, token) and _wallet(states, owner, token)
    ]
    chosen = possible if not ready or _rarely(draw) else ready
    actor, token = draw(st.sampled_from(chosen))
    if approval := _approval(draw, states, pool, actor, token):
        return approval
    state = states[pool]
    reserve = state.reserve(token)
    scaled = reserve.scaled_supply + reserve.accrued_to_treasury
    supplied = ray_mul(scaled, normalised_income(reserve, state.timestamp))
    room = reserve.configuration.supply_cap * token.unit - supplied
    wallet, allowed = _wallet(states, actor, token), _allowance(states, pool, actor, token)
    amount = _amount(draw, wallet, wallet, min(wallet, allowed), room)
    on_behalf_of = draw(st.sampled_from((actor, actor, *owners, UNSEEN)))
    return Supply(actor, pool.id, token, amount, on_behalf_of)


def _withdraw(
    draw: Draw,
    states: States,
    pool: LendingPool,
    position: tuple[Address, Token],
    owners: tuple[Address, ...],
) -> Action:
    (actor, token), state = position, states[pool]
    supplies = state.account(actor).scaled_supplies
    reserve = state.reserve(token)
    a_token = reserve.reserve.a_token
    supplied = ray_mul(supplies[token], normalised_income(reserve, state.timestamp))
    quantity = _quantity(
        draw,
        supplied,
        supplied,
        withdrawable(states, pool, actor, token) if draw(st.booleans()) else supplied,
        _wallet(states, a_token, token),
    )
    to = draw(st.sampled_from((*((actor,) * 6), *owners, UNSEEN, ZERO_ADDRESS, a_token)))
    return Withdraw(actor, pool.id, token, quantity, to)


def _borrow(draw: Draw, states: States, pool: LendingPool, actor: Address) -> Action:
    state = states[pool]
    token = draw(st.sampled_from(list(state.reserves)))
    reserve = state.reserve(token)
    owed = ray_mul(reserve.scaled_variable_debt, normalised_debt(reserve, state.timestamp))
    room = reserve.configuration.borrow_cap * token.unit - owed
    covered = _borrowable(states, pool, actor, token)
    lying = _wallet(states, reserve.reserve.a_token, token)
    return Borrow(actor, pool.id, token, _amount(draw, covered, covered, lying, room), actor)


def _repay(
    draw: Draw,
    states: States,
    pool: LendingPool,
    position: tuple[Address, Token],
    owners: tuple[Address, ...],
) -> Action:
    (owner, token), state = position, states[pool]
    actor = draw(st.sampled_from((owner, *owners)))
    if approval := _approval(draw, states, pool, actor, token):
        return approval
    reserve = state.reserve(token)
    owed = ray_mul(
        state.account(owner).scaled_debts[token], normalised_debt(reserve, state.timestamp)
    )
    quantity = _quantity(draw, owed, owed, _wallet(states, actor, token))
    return Repay(actor, pool.id, token, quantity, owner)


def _approval(
    draw: Draw, states: States, pool: LendingPool, actor: Address, token: Token
) -> Action | None:
    """Mostly an approval where there is none, of everything or of about what the actor has."""
    if _allowance(states, pool, actor, token) or _rarely(draw):
        return None
    wallet = _wallet(states, actor, token)
    allowed = draw(st.sampled_from((*(UINT256_MAX,) * 7, wallet // 2 + 1)))
    return Approve(actor, token_market(token), token, pool.address, allowed)


# -------------------------------------------------------------------------------------- others


def _donation(draw: Draw, states: States, pool: LendingPool, actor: Address) -> Action:
    reserve = draw(st.sampled_from(pool.reserves))
    token = reserve.token
    amount = _amount(draw, _wallet(states, actor, token) // 100)
    return Transfer(actor, token_market(token), token, reserve.a_token, amount)


def _price(draw: Draw, states: States, pool: LendingPool, actor: Address) -> Action:
    """A price that moves by up to a half or a double, comes back from folly, or goes there."""
    feed = draw(st.sampled_from(pool.parts))
    answer = _answer(states, feed)
    if not 0 < answer < 10**16:
        return UpdateAnswer(actor, feed, draw(st.integers(10**7, 10**13)))
    if _rarely(draw):
        return UpdateAnswer(actor, feed, draw(st.sampled_from([0, -1, 1, 2**200, 2**255 - 1])))
    return UpdateAnswer(actor, feed, 1 + answer * draw(st.integers(500, 2000)) // 1000)


# --------------------------------------------------------------------------------------- drawn


def _rarely(draw: Draw) -> bool:
    """True one time in sixteen."""
    return bool(draw(st.integers(0, 15)) == 15)


def _quantity(draw: Draw, *marks: int) -> Quantity:
    return _amount(draw, *marks) if draw(st.integers(0, 5)) else ALL


def _amount(draw: Draw, *marks: int) -> int:
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


def _wallet(states: States, holder: Address, token: Token) -> int:
    return cast(Erc20State, states.state(token_market(token))).balance(holder)


def _allowance(states: States, pool: LendingPool, owner: Address, token: Token) -> int:
    state = cast(Erc20State, states.state(token_market(token)))
    return state.allowance(owner, pool.address)


def _answer(states: States, feed: MarketId) -> int:
    return cast(FeedState, states.state(feed)).answer


def _borrowable(states: States, pool: LendingPool, actor: Address, token: Token) -> int:
    """About as much as the actor's collateral covers."""
    price = _answer(states, states[pool].reserve(token).reserve.feed)
    try:
        data = account_summary(states, pool, actor)
    except PriceDisagreement:
        return 0
    room = data.total_collateral * data.loan_to_value // 10**4 - data.total_debt
    return max(room, 0) * token.unit // price if price > 0 else 0
