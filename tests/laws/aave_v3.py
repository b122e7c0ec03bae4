"""Drawn lending actions: sums on and around every edge that the pool has for an account."""

from hypothesis import strategies as st

from tests.laws import aave_v3_modes as modes
from tests.laws.aave_v3_amounts import (
    allowance,
    amount,
    answer,
    approval,
    covered,
    quantity,
    rarely,
    wallet,
)
from tests.laws.law import Draw, Port
from trimtab.core.actions import Action, Borrow, Repay, Supply, Transfer, UpdateAnswer, Withdraw
from trimtab.core.market import token_market
from trimtab.core.states import States
from trimtab.core.token import ZERO_ADDRESS, Address, Token
from trimtab.lab.world import CREDIT_WORLD
from trimtab.protocols.aave_v3 import (
    LendingPool,
    borrowable,
    normalised_debt,
    normalised_income,
    withdrawable,
)
from trimtab.protocols.shared.aave.wad_ray import ray_mul

UNSEEN = modes.UNSEEN
LONGEST_WAIT = 365 * 24 * 3600
KINDS = (
    *("borrow",) * 12,
    *("repay",) * 8,
    *("supply",) * 6,
    *("withdraw", "shares") * 3,
    *("liquidation", "slump", "price", "mode", "collateral", "credit", "flash loan") * 2,
    *("leave", "donation"),
)
"""What is drawn how often."""


def actions(draw: Draw, states: States, owners: tuple[Address, ...]) -> Action:
    """Mostly something done at the pool; else a donation to it, or a price that moves."""
    pool = next(market for market in states.markets.values() if isinstance(market, LendingPool))
    kind = modes.urgent(draw, states, pool, owners) or draw(st.sampled_from(KINDS))
    match kind:
        case "withdraw" if held := modes.positions(draw, states, pool, owners, "supplies"):
            return _withdraw(draw, states, pool, draw(st.sampled_from(held)), owners)
        case "borrow" if ready := modes.ready_to_borrow(draw, states, pool, owners):
            return _borrow(draw, states, pool, draw(st.sampled_from(ready)), owners)
        case "repay" if owed := modes.positions(draw, states, pool, owners, "debts"):
            return _repay(draw, states, pool, draw(st.sampled_from(owed)), owners)
        case "price":
            return _price(draw, states, pool, draw(st.sampled_from(owners)))
        case "donation":
            return _donation(draw, states, pool, draw(st.sampled_from(owners)))
        case _:
            other = modes.action(draw, kind, states, pool, owners)
            return other or _supply(draw, states, pool, owners)


PORT = Port(
    "aave_v3",
    actions,
    (
        *("Supply", "Withdraw", "Borrow", "Repay", "Liquidate", "FlashLoan"),
        *("UseAsCollateral", "SetEfficiencyMode", "Delegate", "Transfer", "Approve"),
    ),
    LONGEST_WAIT,
    ("aave_v3", "chainlink", "erc20"),
    CREDIT_WORLD,
)


# --------------------------------------------------------------------------------------- verbs


def _supply(draw: Draw, states: States, pool: LendingPool, owners: tuple[Address, ...]) -> Action:
    possible = [
        (owner, token) for owner in owners for token in modes.favourites(draw, pool, owners, owner)
    ]
    ready = [
        (owner, token)
        for owner, token in possible
        if allowance(states, pool, owner, token) and wallet(states, owner, token)
    ]
    chosen = possible if not ready or rarely(draw) else ready
    actor, token = draw(st.sampled_from(chosen))
    if first := approval(draw, states, pool, actor, token):
        return first
    state = states[pool]
    reserve = state.reserve(token)
    scaled = reserve.scaled_supply + reserve.accrued_to_treasury
    supplied = ray_mul(scaled, normalised_income(reserve, state.timestamp))
    room = reserve.configuration.supply_cap * token.unit - supplied
    lying, allowed = wallet(states, actor, token), allowance(states, pool, actor, token)
    raw = amount(draw, lying, lying, min(lying, allowed), room)
    on_behalf_of = draw(st.sampled_from((*(actor,) * 6, *owners, UNSEEN)))
    return Supply(actor, pool.id, token, raw, on_behalf_of)


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
    raw = quantity(
        draw,
        supplied,
        supplied,
        withdrawable(states, pool, actor, token) if draw(st.booleans()) else supplied,
        wallet(states, a_token, token),
    )
    to = draw(st.sampled_from((*((actor,) * 6), *owners, UNSEEN, ZERO_ADDRESS, a_token)))
    return Withdraw(actor, pool.id, token, raw, to)


def _borrow(
    draw: Draw,
    states: States,
    pool: LendingPool,
    owner: Address,
    owners: tuple[Address, ...],
) -> Action:
    """Mostly for oneself, of what there is; else as the debt of another, who may not want it."""
    state = states[pool]
    token = draw(st.sampled_from(modes.of_the_mode(draw, state, owner)))
    reserve = state.reserve(token)
    owed = ray_mul(reserve.scaled_variable_debt, normalised_debt(reserve, state.timestamp))
    room = reserve.configuration.borrow_cap * token.unit - owed
    most = covered(states, pool, owner, token)
    if draw(st.integers(0, 3)) == 0:
        most = borrowable(states, pool, owner, token)
    lent = [
        to
        for (of, to), raw in state.account(owner).delegated.items()
        if of == token and raw and to in owners
    ]
    actor = draw(st.sampled_from((owner, *lent) if not rarely(draw) else owners))
    credit = state.account(owner).delegated.get((token, actor), most)
    lying = wallet(states, reserve.reserve.a_token, token)
    marks = (most, most, min(most, credit), min(most, lying), min(most, room), room)
    return Borrow(actor, pool.id, token, amount(draw, *marks), owner)


def _repay(
    draw: Draw,
    states: States,
    pool: LendingPool,
    position: tuple[Address, Token],
    owners: tuple[Address, ...],
) -> Action:
    (owner, token), state = position, states[pool]
    actor = draw(st.sampled_from((owner, *owners)))
    if first := approval(draw, states, pool, actor, token):
        return first
    reserve = state.reserve(token)
    owed = ray_mul(
        state.account(owner).scaled_debts[token], normalised_debt(reserve, state.timestamp)
    )
    raw = quantity(draw, owed, owed, wallet(states, actor, token))
    return Repay(actor, pool.id, token, raw, owner)


# -------------------------------------------------------------------------------------- others


def _donation(draw: Draw, states: States, pool: LendingPool, actor: Address) -> Action:
    reserve = draw(st.sampled_from(pool.reserves))
    token = reserve.token
    raw = amount(draw, wallet(states, actor, token) // 100)
    return Transfer(actor, token_market(token), token, reserve.a_token, raw)


def _price(draw: Draw, states: States, pool: LendingPool, actor: Address) -> Action:
    """A price that moves by up to a half or a double, comes back from folly, or goes there."""
    feed = draw(st.sampled_from(pool.parts))
    said = answer(states, feed)
    if not 0 < said < 10**16:
        return UpdateAnswer(actor, feed, draw(st.integers(10**7, 10**13)))
    if rarely(draw):
        return UpdateAnswer(actor, feed, draw(st.sampled_from([0, -1, 1, 2**200, 2**255 - 1])))
    return UpdateAnswer(actor, feed, 1 + said * draw(st.integers(500, 2000)) // 1000)
