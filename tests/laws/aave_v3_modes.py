"""Drawn modes, leave, flash loans, and liquidations of who was driven under water."""

from collections.abc import Mapping
from typing import cast

from hypothesis import strategies as st

from tests.laws.aave_v3_amounts import amount, approval, quantity, rarely, wallet
from tests.laws.law import Draw
from trimtab.core.abi import UINT256_MAX
from trimtab.core.actions import (
    Action,
    Approve,
    Delegate,
    FlashLoan,
    Liquidate,
    SetEfficiencyMode,
    Transfer,
    UpdateAnswer,
    UseAsCollateral,
)
from trimtab.core.errors import PriceDisagreement
from trimtab.core.market import MarketId
from trimtab.core.states import States
from trimtab.core.token import ZERO_ADDRESS, Address, Token
from trimtab.protocols.aave_v3 import (
    LendingPool,
    LendingState,
    health_factor,
    normalised_debt,
    normalised_income,
    withdrawable,
)
from trimtab.protocols.chainlink import FeedState
from trimtab.protocols.shared.aave.bitmap import is_collateral, is_collateral_any
from trimtab.protocols.shared.aave.wad_ray import WAD, ray_mul

UNSEEN = Address("0x00000000000000000000000000000000000A11cE")
"""An account that nobody tracks."""

PREFERRED = (("USDC", "WETH", "WBTC"), ("CBETH", "WETH"), ("LDO",))
"""What each owner lends by preference: plain, of one category, isolated."""

Owners = tuple[Address, ...]


def action(
    draw: Draw, kind: str, states: States, pool: LendingPool, owners: Owners
) -> Action | None:
    """An action of this kind, if there is any."""
    match kind:
        case "liquidation":
            return _liquidation(draw, states, pool, owners)
        case "slump":
            return _slump(draw, states, pool, owners)
        case "mode":
            return _mode(draw, pool, owners)
        case "collateral":
            return _collateral(draw, states, pool, owners)
        case "shares":
            return _shares(draw, states, pool, owners)
        case "credit":
            return _credit(draw, states, pool, owners)
        case "leave":
            return _leave(draw, states, pool, owners)
        case "flash loan":
            return _flash_loan(draw, states, pool, owners)
        case _:
            return None


def urgent(draw: Draw, states: States, pool: LendingPool, owners: Owners) -> str | None:
    """Every other time, what the moment is good for: liquidations, or a slump before them."""
    if draw(st.booleans()):
        return None
    if _idle(states, pool, owners) and draw(st.integers(0, 3)) == 0:
        return "collateral"
    accounts = states[pool].accounts
    secured = [o for o in owners if is_collateral_any(accounts[o].user_configuration)]
    health = [_health(states, pool, owner) for owner in secured]
    if not health:
        return None
    if min(health) < WAD:
        return "liquidation"
    return "slump" if min(health) < UINT256_MAX and draw(st.integers(0, 4)) == 0 else None


def _idle(states: States, pool: LendingPool, owners: Owners) -> list[tuple[Address, Token]]:
    """Supplies of who has no collateral: isolated ones, for the most part."""
    accounts = states[pool].accounts
    return [
        (owner, token)
        for owner in owners
        if not is_collateral_any(accounts[owner].user_configuration)
        for token, scaled in accounts[owner].scaled_supplies.items()
        if scaled
    ]


def ready_to_borrow(draw: Draw, states: States, pool: LendingPool, owners: Owners) -> list[Address]:
    """Who has collateral; rarely, everybody."""
    accounts = states[pool].accounts
    ready = [o for o in owners if is_collateral_any(accounts[o].user_configuration)]
    return list(owners) if rarely(draw) else ready


def favourites(draw: Draw, pool: LendingPool, owners: Owners, owner: Address) -> list[Token]:
    """What an owner lends: mostly of one kind, so that modes are entered."""
    everything = [reserve.token for reserve in pool.reserves]
    wanted = PREFERRED[owners.index(owner) % len(PREFERRED)]
    preferred = [token for token in everything if token.symbol in wanted]
    return preferred if preferred and draw(st.integers(0, 3)) else everything


def of_the_mode(draw: Draw, state: LendingState, owner: Address) -> list[Token]:
    """What an owner may borrow in its efficiency mode; now and then, anything."""
    category = state.account(owner).efficiency_category
    everything = list(state.reserves)
    matching = [
        token
        for token, reserve in state.reserves.items()
        if reserve.configuration.is_borrowing_enabled
        and category in (0, reserve.configuration.efficiency_category)
    ]
    return matching if matching and draw(st.integers(0, 5)) else everything


def positions(
    draw: Draw, states: States, pool: LendingPool, owners: Owners, side: str
) -> list[tuple[Address, Token]]:
    """Who supplied or owes which token; rarely, who might."""
    everyone = rarely(draw)
    return [
        (owner, token)
        for owner in owners
        for token, scaled in _scaled(states, pool, owner, side).items()
        if scaled or everyone
    ]


def _scaled(states: States, pool: LendingPool, owner: Address, side: str) -> Mapping[Token, int]:
    account = states[pool].account(owner)
    return account.scaled_supplies if side == "supplies" else account.scaled_debts


# -------------------------------------------------------------------------------- liquidations


def _health(states: States, pool: LendingPool, owner: Address) -> int:
    """In wad; without debt, or where it cannot be valued, beyond all sums."""
    try:
        health = health_factor(states, pool, owner)
    except PriceDisagreement:
        return UINT256_MAX
    return UINT256_MAX if health is None else health


def _liquidation(draw: Draw, states: States, pool: LendingPool, owners: Owners) -> Action | None:
    """Mostly of a debt under water, for what is collateral of it."""
    indebted = positions(draw, states, pool, owners, "debts")
    accounts = states[pool].accounts
    sunk = [
        (owner, token)
        for owner, token in indebted
        if _health(states, pool, owner) < WAD
        and is_collateral_any(accounts[owner].user_configuration)
    ]
    if not (candidates := indebted if rarely(draw) else sunk):
        return None
    owner, debt_token = draw(st.sampled_from(candidates))
    state = states[pool]
    bits = state.account(owner).user_configuration
    everything = list(state.reserves)
    used = [t for t in everything if is_collateral(bits, state.reserve(t).reserve.id)]
    token = draw(st.sampled_from(everything if not used or rarely(draw) else used))
    actor = draw(st.sampled_from(owners))
    if first := approval(draw, states, pool, actor, debt_token):
        return first
    reserve = state.reserve(debt_token)
    scaled = state.account(owner).scaled_debts[debt_token]
    owed = ray_mul(scaled, normalised_debt(reserve, state.timestamp))
    debt = quantity(draw, owed, owed // 2, wallet(states, actor, debt_token))
    shares = draw(st.booleans())
    return Liquidate(actor, pool.id, owner, token, debt_token, debt, takes_shares=shares)


def _slump(draw: Draw, states: States, pool: LendingPool, owners: Owners) -> Action | None:
    """The price of a collateral falls to where health is just one, just below, or well below."""
    indebted = {owner for owner, _ in positions(draw, states, pool, owners, "debts")}
    standing = [
        o for o in owners if o in indebted and WAD <= _health(states, pool, o) < UINT256_MAX
    ]
    if not standing:
        return None
    owner = draw(st.sampled_from(standing))
    bits = states[pool].account(owner).user_configuration
    feeds = [r.feed for r in pool.reserves if is_collateral(bits, r.id)]
    if not feeds:
        return None
    feed = draw(st.sampled_from(feeds))
    edge = _edge(states, pool, owner, feed)
    fallen = draw(st.sampled_from((edge, edge - 1, edge * 97 // 100, edge * 9 // 10, edge // 2)))
    return UpdateAnswer(draw(st.sampled_from(owners)), feed, max(fallen, 1))


def _edge(states: States, pool: LendingPool, owner: Address, feed: MarketId) -> int:
    """A price at which the owner's health is one or above, and below one a unit lower.

    Found by bisection; 1 where no lower price would do.
    """
    state = cast(FeedState, states.state(feed))
    sunk, standing = 0, state.answer
    while standing - sunk > 1:
        middle = (sunk + standing) // 2
        at = FeedState(state.timestamp, middle, state.updated_at, state.round_id)
        if _health(states.with_states({feed: at}), pool, owner) >= WAD:
            standing = middle
        else:
            sunk = middle
    return standing


# --------------------------------------------------------------------------------------- modes


def _mode(draw: Draw, pool: LendingPool, owners: Owners) -> Action:
    declared = [category.id for category in pool.categories]
    number = draw(st.sampled_from((0, *declared, *declared)))
    if rarely(draw):
        number = draw(st.sampled_from((256, 2**128, UINT256_MAX)))
    index = draw(st.sampled_from((0, 1, 1, 2)))
    return SetEfficiencyMode(owners[index % len(owners)], pool.id, number)


def _collateral(draw: Draw, states: States, pool: LendingPool, owners: Owners) -> Action | None:
    """Mostly the other way round than it is."""
    idle = _idle(states, pool, owners)
    held = positions(draw, states, pool, owners, "supplies")
    if not held:
        return None
    actor, token = draw(st.sampled_from(idle if idle and draw(st.booleans()) else held))
    bits = states[pool].account(actor).user_configuration
    is_used = is_collateral(bits, states[pool].reserve(token).reserve.id)
    wanted = is_used if rarely(draw) else not is_used
    return UseAsCollateral(actor, pool.id, token, wanted)


# --------------------------------------------------------------------------------- others' hands


def _shares(draw: Draw, states: States, pool: LendingPool, owners: Owners) -> Action | None:
    held = positions(draw, states, pool, owners, "supplies")
    if not held:
        return None
    actor, token = draw(st.sampled_from(held))
    state = states[pool]
    reserve = state.reserve(token)
    scaled = state.account(actor).scaled_supplies[token]
    supplied = ray_mul(scaled, normalised_income(reserve, state.timestamp))
    free = withdrawable(states, pool, actor, token) if draw(st.booleans()) else supplied
    to = draw(st.sampled_from((*owners, *owners, UNSEEN, ZERO_ADDRESS, *pool.operators)))
    share = pool.share(reserve.reserve)
    return Transfer(actor, pool.id, share, to, amount(draw, supplied, supplied, free))


def _credit(draw: Draw, states: States, pool: LendingPool, owners: Owners) -> Action:
    actor = draw(st.sampled_from(owners))
    token = draw(st.sampled_from(of_the_mode(draw, states[pool], actor)))
    to = draw(st.sampled_from((*owners, *owners, *pool.operators, UNSEEN)))
    raw = amount(draw, 10**6 * token.unit, 1000 * token.unit, UINT256_MAX)
    return Delegate(actor, pool.id, token, to, min(raw, UINT256_MAX))


def _leave(draw: Draw, states: States, pool: LendingPool, owners: Owners) -> Action:
    actor, reserve = draw(st.sampled_from(owners)), draw(st.sampled_from(pool.reserves))
    to = draw(st.sampled_from((*owners, *pool.operators, UNSEEN, ZERO_ADDRESS)))
    raw = draw(st.sampled_from((0, 1, 10**18, UINT256_MAX)))
    return Approve(actor, pool.id, pool.share(reserve), to, raw)


def _flash_loan(draw: Draw, states: States, pool: LendingPool, owners: Owners) -> Action | None:
    """Mostly to a contract that pays back; an owner has no function to be called."""
    if not pool.receivers:
        return None
    reserve = draw(st.sampled_from(pool.reserves))
    lying = wallet(states, reserve.a_token, reserve.token)
    receivers = owners if rarely(draw) else pool.receivers
    raw = amount(draw, lying, lying, lying // 2)
    actor = draw(st.sampled_from(owners))
    return FlashLoan(actor, pool.id, reserve.token, raw, draw(st.sampled_from(receivers)))
