"""Drawn lending at the 3.6 line: sums on every edge, modes, credit, flash loans, liquidations."""

from typing import cast

from hypothesis import strategies as st

from tests.laws.law import Draw, Port
from trimtab.core.abi import UINT256_MAX
from trimtab.core.actions import (
    ALL,
    Action,
    Approve,
    Borrow,
    Delegate,
    FlashLoan,
    Liquidate,
    Quantity,
    Repay,
    SetEfficiencyMode,
    Supply,
    Transfer,
    UpdateAnswer,
    UseAsCollateral,
    Withdraw,
)
from trimtab.core.errors import PriceDisagreement
from trimtab.core.market import MarketId, token_market
from trimtab.core.states import States
from trimtab.core.token import ZERO_ADDRESS, Address, Token
from trimtab.lab.world import CREDIT_WORLD
from trimtab.protocols.aave_v36 import (
    LendingPool36,
    LendingState,
    account_summary,
    debt_balance,
    health_factor,
    normalised_debt,
    normalised_income,
    supply_balance,
    withdrawable,
)
from trimtab.protocols.chainlink import FeedState
from trimtab.protocols.erc20 import Erc20State
from trimtab.protocols.shared.aave.bitmap import is_borrowing_any, is_collateral
from trimtab.protocols.shared.aave.wad_ray import WAD, ray_mul_ceil, ray_mul_floor

UNSEEN = Address("0x00000000000000000000000000000000000A11cE")
"""An account that nobody tracks."""

LONGEST_WAIT = 3 * 365 * 24 * 3600
OTHERS = ("price", "donation", "delegate", "collateral", "mode", "flash loan", "shares")
WITH_SUPPLIES = (
    *(("supply",) * 5 + ("withdraw",) + ("borrow",) * 11),
    *("price", "donation", "collateral", "collateral", "mode", "mode"),
)
WITH_DEBTS = (
    *(("supply",) * 3 + ("withdraw",) * 3 + ("borrow",) * 6 + ("repay",) * 4),
    *(("liquidate",) + ("to the brink",) * 10 + OTHERS),
)
WHOLE = 10**8
"""The unit of the base currency."""

Owners = tuple[Address, ...]


def actions(draw: Draw, states: States, owners: Owners) -> Action:
    """Mostly one of the verbs; whoever can be liquidated mostly is."""
    pool = next(market for market in states.markets.values() if isinstance(market, LendingPool36))
    sick = [owner for owner in owners if _is_sick(states, pool, owner)]
    if sick and draw(st.integers(0, 3)):
        return _liquidate(draw, states, pool, draw(st.sampled_from(sick)), owners)
    held = _positions(draw, states, pool, owners, "supplies")
    owed = _positions(draw, states, pool, owners, "debts")
    kinds = WITH_DEBTS if owed else WITH_SUPPLIES if held else ("supply", "supply", *OTHERS)
    kind = draw(st.sampled_from(kinds))
    match kind:
        case "supply":
            return _supply(draw, states, pool, owners)
        case "withdraw":
            return _withdraw(draw, states, pool, draw(st.sampled_from(held or owed)), owners)
        case "borrow":
            able = [place for place in held if _borrowable(states, pool, *place)]
            some = held or owed
            owner, _ = draw(st.sampled_from(some if not able or _rarely(draw) else able))
            return _borrow(draw, states, pool, owner, owners)
        case "repay":
            return _repay(draw, states, pool, draw(st.sampled_from(owed)), owners)
        case "liquidate":
            return _liquidate(draw, states, pool, draw(st.sampled_from(owners)), owners)
        case "to the brink":
            return _brink(draw, states, pool, draw(st.sampled_from(owed))[0])
        case _:
            return _other(draw, states, pool, kind, owners)


PORT = Port(
    "aave_v36",
    actions,
    (
        *("Supply", "Withdraw", "Borrow", "Repay", "Delegate", "UseAsCollateral"),
        *("SetEfficiencyMode", "Liquidate", "FlashLoan", "Transfer", "Approve"),
    ),
    LONGEST_WAIT,
    ("aave_v36", "chainlink", "erc20"),
    world=CREDIT_WORLD,
)


def _positions(
    draw: Draw, states: States, pool: LendingPool36, owners: Owners, side: str
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


def _supply(draw: Draw, states: States, pool: LendingPool36, owners: Owners) -> Action:
    possible = [(owner, reserve.token) for owner in owners for reserve in pool.reserves]
    ready = [
        (owner, token)
        for owner, token in possible
        if _allowance(states, pool, owner, token) and _wallet(states, owner, token)
    ]
    chosen = possible if not ready or draw(st.integers(0, 2)) == 0 else ready
    actor, token = draw(st.sampled_from(chosen))
    if approval := _approval(draw, states, pool, actor, token):
        return approval
    state = states[pool]
    reserve = state.reserve(token)
    scaled = reserve.scaled_supply + reserve.accrued_to_treasury
    supplied = ray_mul_floor(scaled, normalised_income(reserve, state.timestamp))
    room = reserve.configuration.supply_cap * token.unit - supplied
    wallet, allowed = _wallet(states, actor, token), _allowance(states, pool, actor, token)
    small = _worth(states, reserve.reserve.feed, token, draw(st.integers(900, 5000)))
    amount = _amount(draw, wallet, small, small, min(wallet, allowed), room)
    others = (*((actor,) * 8), *owners, UNSEEN, reserve.reserve.a_token)
    on_behalf_of = draw(st.sampled_from(others))
    return Supply(actor, pool.id, token, amount, on_behalf_of)


def _withdraw(
    draw: Draw,
    states: States,
    pool: LendingPool36,
    position: tuple[Address, Token],
    owners: Owners,
) -> Action:
    (actor, token), state = position, states[pool]
    reserve = state.reserve(token)
    a_token = reserve.reserve.a_token
    supplied = supply_balance(state.account(actor), reserve, state.timestamp)
    quantity = _quantity(
        draw,
        supplied,
        supplied,
        withdrawable(states, pool, actor, token) if draw(st.booleans()) else supplied,
        reserve.virtual_balance,
    )
    to = draw(st.sampled_from((*((actor,) * 6), *owners, UNSEEN, ZERO_ADDRESS, a_token)))
    return Withdraw(actor, pool.id, token, quantity, to)


def _borrow(
    draw: Draw, states: States, pool: LendingPool36, owner: Address, owners: Owners
) -> Action:
    """A debt of the owner's, sometimes by somebody who may or may not have leave."""
    state = states[pool]
    free = [token for token in state.reserves if _may_borrow(state, owner, token)]
    token = draw(st.sampled_from(list(state.reserves) if _rarely(draw) or not free else free))
    reserve = state.reserve(token)
    owed = ray_mul_ceil(reserve.scaled_variable_debt, normalised_debt(reserve, state.timestamp))
    room = reserve.configuration.borrow_cap * token.unit - owed
    covered = _borrowable(states, pool, owner, token)
    account, marks = state.account(owner), [covered, covered, covered, reserve.virtual_balance]
    actor = draw(st.sampled_from((*((owner,) * 5), *owners)))
    if actor != owner:
        marks = [account.delegated[token, actor], covered]
        if not marks[0] and not _rarely(draw):
            amount = _amount(draw, covered, UINT256_MAX)
            return Delegate(owner, pool.id, token, actor, amount)
    return Borrow(actor, pool.id, token, _amount(draw, *marks, room), owner)


def _repay(
    draw: Draw,
    states: States,
    pool: LendingPool36,
    position: tuple[Address, Token],
    owners: Owners,
) -> Action:
    (owner, token), state = position, states[pool]
    actor = draw(st.sampled_from((owner, *owners)))
    if approval := _approval(draw, states, pool, actor, token):
        return approval
    owed = debt_balance(state.account(owner), state.reserve(token), state.timestamp)
    quantity = _quantity(draw, owed, owed, _wallet(states, actor, token))
    return Repay(actor, pool.id, token, quantity, owner)


def _liquidate(
    draw: Draw, states: States, pool: LendingPool36, owner: Address, owners: Owners
) -> Action:
    """Somebody's debt for somebody's collateral: of what there is, or rarely of anything."""
    state = states[pool]
    account, tokens = state.account(owner), list(state.reserves)
    held = [token for token in tokens if account.scaled_supplies[token]] or tokens
    owed = [token for token in tokens if account.scaled_debts[token]] or tokens
    collateral = draw(st.sampled_from(tokens if _rarely(draw) else held))
    debt = draw(st.sampled_from(tokens if _rarely(draw) else owed))
    others = [each for each in owners if each != owner]
    ready = [each for each in others if _allowance(states, pool, each, debt)] or others
    actor = draw(st.sampled_from((*(ready * 5), *others, owner)))
    if approval := _approval(draw, states, pool, actor, debt):
        return approval
    reserve = state.reserve(debt)
    whole = debt_balance(account, reserve, state.timestamp)
    dust = whole - _worth(states, reserve.reserve.feed, debt, 1000)
    quantity = _quantity(draw, whole, whole, whole // 2, dust, _wallet(states, actor, debt))
    takes_shares = draw(st.integers(0, 3)) == 0
    return Liquidate(actor, pool.id, owner, collateral, debt, quantity, takes_shares=takes_shares)


def _approval(
    draw: Draw, states: States, pool: LendingPool36, actor: Address, token: Token
) -> Action | None:
    """Mostly an approval where there is none, of everything or of about what the actor has."""
    if _allowance(states, pool, actor, token) or _rarely(draw):
        return None
    wallet = _wallet(states, actor, token)
    allowed = draw(st.sampled_from((*(UINT256_MAX,) * 7, wallet // 2 + 1)))
    return Approve(actor, token_market(token), token, pool.address, allowed)


# -------------------------------------------------------------------------------------- others


def _other(draw: Draw, states: States, pool: LendingPool36, kind: str, owners: Owners) -> Action:
    actor, state = draw(st.sampled_from(owners)), states[pool]
    token = draw(st.sampled_from(list(state.reserves)))
    match kind:
        case "price":
            return _price(draw, states, pool, actor)
        case "donation":
            return _donation(draw, states, pool, actor)
        case "delegate":
            to = draw(st.sampled_from((*owners, *pool.operators, UNSEEN)))
            return Delegate(actor, pool.id, token, to, _amount(draw, 100 * token.unit))
        case "collateral":
            held = [t for t, scaled in state.account(actor).scaled_supplies.items() if scaled]
            chosen = draw(st.sampled_from(held)) if held and not _rarely(draw) else token
            return UseAsCollateral(actor, pool.id, chosen, draw(st.integers(0, 2)) > 0)
        case "shares":
            return _shares(draw, states, pool, actor, owners)
        case "mode":
            numbers = (*pool.categories * 3, 0, 0, 256)
            return SetEfficiencyMode(actor, pool.id, draw(st.sampled_from(numbers)))
        case _:
            return _flash_loan(draw, states, pool, actor, token)


def _flash_loan(
    draw: Draw, states: States, pool: LendingPool36, actor: Address, token: Token
) -> Action:
    state = states[pool]
    reserve = state.reserve(token)
    supplied = ray_mul_floor(reserve.scaled_supply, normalised_income(reserve, state.timestamp))
    amount = _amount(draw, reserve.virtual_balance, reserve.virtual_balance, supplied)
    return FlashLoan(actor, pool.id, token, amount, pool.receivers[0])


def _shares(
    draw: Draw, states: States, pool: LendingPool36, actor: Address, owners: Owners
) -> Action:
    """aTokens that change hands, or leave to take them."""
    state = states[pool]
    held = [r for r in pool.reserves if state.account(actor).scaled_supplies[r.token]]
    reserve = draw(st.sampled_from(held or pool.reserves))
    supplied = supply_balance(state.account(actor), state.reserve(reserve.token), state.timestamp)
    share, amount = pool.share(reserve), _amount(draw, supplied, supplied)
    if draw(st.integers(0, 3)) == 0:
        spender = draw(st.sampled_from((*pool.operators, *pool.operators, UNSEEN, ZERO_ADDRESS)))
        return Approve(actor, pool.id, share, spender, amount)
    to = draw(st.sampled_from((*owners, UNSEEN, ZERO_ADDRESS)))
    return Transfer(actor, pool.id, share, to, amount)


def _donation(draw: Draw, states: States, pool: LendingPool36, actor: Address) -> Action:
    reserve = draw(st.sampled_from(pool.reserves))
    token = reserve.token
    amount = _amount(draw, _wallet(states, actor, token) // 100)
    return Transfer(actor, token_market(token), token, reserve.a_token, amount)


def _price(draw: Draw, states: States, pool: LendingPool36, actor: Address) -> Action:
    """A price that moves by up to a half or a double, comes back from folly, or goes there."""
    feed = draw(st.sampled_from(pool.parts))
    answer = _answer(states, feed)
    if not 0 < answer < 10**16:
        return UpdateAnswer(actor, feed, draw(st.integers(10**7, 10**13)))
    if _rarely(draw):
        return UpdateAnswer(actor, feed, draw(st.sampled_from([0, -1, 1, 2**200, 2**255 - 1])))
    return UpdateAnswer(actor, feed, 1 + answer * draw(st.integers(500, 2000)) // 1000)


def _brink(draw: Draw, states: States, pool: LendingPool36, owner: Address) -> Action:
    """A price of the owner's collateral that brings its health to about one, or far below."""
    state = states[pool]
    account, health = state.account(owner), _health(states, pool, owner)
    held = [
        token
        for token, scaled in account.scaled_supplies.items()
        if scaled and is_collateral(account.user_configuration, state.reserve(token).reserve.id)
    ]
    if health is None or not held or not 0 < health < 10_000 * WAD:
        return _price(draw, states, pool, owner)
    feed = state.reserve(draw(st.sampled_from(held))).reserve.feed
    aimed = draw(st.integers(*draw(st.sampled_from(((930, 1001), (951, 999), (100, 930))))))
    return UpdateAnswer(owner, feed, max(1, _answer(states, feed) * aimed * WAD // health // 1000))


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
        case 5 | 6 | 7:
            return min(max(0, int(mark + draw(st.integers(-2, 2)))), UINT256_MAX)
        case 8:
            return min(int(mark * draw(st.integers(10, 40)) // 10), UINT256_MAX)
        case _:
            return int(draw(st.sampled_from([0, 1, 2, 9, 2**128 - 1, 2**128, 2**255, UINT256_MAX])))


def _wallet(states: States, holder: Address, token: Token) -> int:
    return cast(Erc20State, states.state(token_market(token))).balance(holder)


def _allowance(states: States, pool: LendingPool36, owner: Address, token: Token) -> int:
    state = cast(Erc20State, states.state(token_market(token)))
    return state.allowance(owner, pool.address)


def _answer(states: States, feed: MarketId) -> int:
    return cast(FeedState, states.state(feed)).answer


def _worth(states: States, feed: MarketId, token: Token, dollars: int) -> int:
    """Base units of a token worth so many dollars."""
    price = _answer(states, feed)
    return dollars * WHOLE * token.unit // price if price > 0 else 0


def _health(states: States, pool: LendingPool36, owner: Address) -> int | None:
    try:
        return health_factor(states, pool, owner)
    except PriceDisagreement:
        return None


def _is_sick(states: States, pool: LendingPool36, owner: Address) -> bool:
    if not is_borrowing_any(states[pool].account(owner).user_configuration):
        return False
    health = _health(states, pool, owner)
    return health is not None and health < WAD


def _may_borrow(state: LendingState, owner: Address, token: Token) -> bool:
    """Whether the account's category has a place for a debt in the token."""
    category = state.category(state.account(owner).efficiency_category)
    reserve = state.reserve(token)
    if category is None:
        return reserve.configuration.is_borrowing_enabled
    return category.may_borrow(reserve.reserve.id)


def _borrowable(states: States, pool: LendingPool36, actor: Address, token: Token) -> int:
    """About as much as the actor's collateral covers."""
    price = _answer(states, states[pool].reserve(token).reserve.feed)
    try:
        data = account_summary(states, pool, actor)
    except PriceDisagreement:
        return 0
    room = data.total_collateral * data.loan_to_value // 10**4 - data.total_debt
    return max(room, 0) * token.unit // price if price > 0 else 0
