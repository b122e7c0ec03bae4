"""Drawn swaps: nothing, dust, to a tick and one unit around it, and more than there is.

Between them ranges change, in which the swaps pay fees.
"""

from dataclasses import replace

from hypothesis import strategies as st

from tests.laws.law import Draw, Port
from tests.laws.uniswap_v3_ranges import change
from trimtab.core.abi import UINT256_MAX
from trimtab.core.actions import Action, Approve, Swap, SwapExactOut
from trimtab.core.market import token_market
from trimtab.core.quantise import Timestamp
from trimtab.core.states import States
from trimtab.core.token import ZERO_ADDRESS, Address, Token
from trimtab.protocols.erc20 import Erc20State
from trimtab.protocols.shared.ticks import sqrt_price_at_tick
from trimtab.protocols.uniswap_v3 import Pool, PoolState, amount_to_price
from trimtab.protocols.uniswap_v3.model.swap import (
    HIGHEST_LIMIT,
    INT256_MAX,
    LOWEST_LIMIT,
    last_price,
    swap,
)
from trimtab.protocols.uniswap_v3.model.walk import Walk, next_tick

FOREVER = Timestamp(2**40)
STRANGER = Address("0x" + "5" * 40)


def actions(draw: Draw, states: States, owners: tuple[Address, ...]) -> Action:
    """A swap in any pool, a change of a range, or an approval.

    Mostly one that can go through: by an actor whom the router may charge, in a direction in
    which there is a price left.
    """
    # Draws are compared with the middle of their range: Hypothesis favours the ends.
    pools = [market for market in states.markets.values() if isinstance(market, Pool)]
    places = [(pool, actor) for pool in pools for actor in owners]
    if draw(st.integers(0, 6)) in (2, 3, 4):
        able = [place for place in places if _is_able(states, *place)]
        opened = [(pool, key[0]) for pool in pools for key in states[pool].positions]
        if opened and draw(st.integers(0, 3)) != 1:
            return _change(draw, states, draw(st.sampled_from(opened)), owners)
        if able:
            return _change(draw, states, draw(st.sampled_from(able)), owners)
    sales = [
        (pool, actor, sold, bought)
        for pool, actor in places
        for sold, bought in ((pool.token0, pool.token1), (pool.token1, pool.token0))
    ]
    ready = [sale for sale in sales if _is_ready(states, *sale[:3])]
    is_ready = bool(ready) and draw(st.integers(0, 4)) != 2
    pool, actor, token_in, token_out = draw(st.sampled_from(ready if is_ready else sales))
    balance = _wallet(states, token_in).balance(actor)
    is_charged = _is_charged(states, actor, token_in, pool.router)
    if draw(st.integers(0, 40)) == 20 or (not is_charged and draw(st.integers(0, 2)) != 1):
        raw = draw(st.sampled_from([*[UINT256_MAX] * 12, balance, balance // 1000, 1, 0]))
        return Approve(actor, token_market(token_in), token_in, pool.router, raw)
    amount = draw(amounts(states[pool], pool, token_in, balance))
    is_limited = draw(st.integers(0, 8)) in (2, 4, 6)
    limit = draw(limits(states[pool], pool.is_zero_for_one(token_in))) if is_limited else 0
    sale = Swap(
        actor=actor,
        market=pool.id,
        token_in=token_in,
        token_out=token_out,
        amount_in=amount,
        min_out=0,
        deadline=draw(deadlines(states.timestamp)),
        recipient=draw(st.sampled_from(_recipients(pool, actor, owners))),
        limit=limit,
    )
    walk = _walk(states[pool], pool.is_zero_for_one(token_in), amount, limit)
    out = 0 if walk is None else walk.amount_out
    if draw(st.integers(0, 9)) % 3:
        return replace(sale, min_out=draw(st.sampled_from([0, 0, out, out + 1, max(0, out - 1)])))
    return _purchase(draw, states[pool], pool, sale, amount if walk is None else max(1, out))


def _purchase(draw: Draw, state: PoolState, pool: Pool, sale: Swap, there: int) -> SwapExactOut:
    """Instead of a sale the purchase of what it gives, of a little more or less, or of too much."""
    wanted = there
    if there < INT256_MAX // 4 and draw(st.integers(0, 9)) != 5:
        near = [there, there + 1, 2 * there + 10, there - 1, there]
        wanted = draw(st.sampled_from([2 * there + 10, there + 1] if sale.limit else near))
    walk = _walk(state, pool.is_zero_for_one(sale.token_in), -wanted, sale.limit)
    paid = 0 if walk is None else walk.amount_in
    return SwapExactOut(
        actor=sale.actor,
        market=sale.market,
        token_in=sale.token_in,
        token_out=sale.token_out,
        amount_out=wanted,
        max_in=draw(st.sampled_from([UINT256_MAX, UINT256_MAX, paid, paid + 1, max(0, paid - 1)])),
        deadline=sale.deadline,
        recipient=sale.recipient,
        limit=sale.limit,
    )


def _change(
    draw: Draw, states: States, place: tuple[Pool, Address], owners: tuple[Address, ...]
) -> Action:
    """A change of a range, or the approval without which none can be opened."""
    pool, actor = place
    tokens = (pool.token0, pool.token1)
    assert pool.minter is not None
    closed = [each for each in tokens if not _is_charged(states, actor, each, pool.minter)]
    is_open = any(key[0] == actor for key in states[pool].positions)
    if draw(st.integers(0, 30)) == 15 or (closed and not is_open and draw(st.integers(0, 5)) != 3):
        token = draw(st.sampled_from(closed or tokens))
        raw = draw(st.sampled_from([*[UINT256_MAX] * 12, 10**6, 1, 0]))
        return Approve(actor, token_market(token), token, pool.minter, raw)
    balance0, balance1 = (_wallet(states, token).balance(actor) for token in tokens)
    deadline = draw(deadlines(states.timestamp))
    recipients = _recipients(pool, actor, owners)
    return change(draw, states[pool], pool, actor, (balance0, balance1), deadline, recipients)


def _is_able(states: States, pool: Pool, actor: Address) -> bool:
    """Whether the actor has what a range is made of."""
    return pool.minter is not None and all(
        _wallet(states, token).balance(actor) > 0 for token in (pool.token0, pool.token1)
    )


def _recipients(pool: Pool, actor: Address, owners: tuple[Address, ...]) -> list[Address]:
    return [actor, *owners, STRANGER, ZERO_ADDRESS, pool.address]


def _wallet(states: States, token: Token) -> Erc20State:
    state = states.state(token_market(token))
    assert isinstance(state, Erc20State)
    return state


def _is_ready(states: States, pool: Pool, actor: Address, token: Token) -> bool:
    last = last_price(pool.is_zero_for_one(token))
    is_charged = _is_charged(states, actor, token, pool.router)
    return is_charged and states[pool].sqrt_price_x96 != last


def _is_charged(states: States, actor: Address, token: Token, spender: Address) -> bool:
    wallet = _wallet(states, token)
    return 2 * wallet.allowance(actor, spender) > wallet.balance(actor) > 0


def amounts(state: PoolState, pool: Pool, token_in: Token, balance: int) -> st.SearchStrategy[int]:
    """What to sell; one time in two what moves the price to a place where something happens."""

    def near(hops: int, off: int) -> int:
        return max(0, min(_amount_to_stop(state, pool, token_in, hops), balance) + off)

    to_stop = st.builds(near, st.integers(1, 24), st.integers(-2, 2))
    bounds = [0, 1, 2, balance, balance + 1, INT256_MAX, INT256_MAX + 1, UINT256_MAX]
    return st.one_of(
        to_stop,
        to_stop,
        to_stop,
        st.integers(0, max(1, balance)),
        st.integers(0, max(1, balance // 1000)),
        st.integers(1, 10**6),
        st.sampled_from(bounds),
    )


def deadlines(moment: Timestamp) -> st.SearchStrategy[Timestamp]:
    """Mostly far away, at times the moment itself and one second around it."""
    near = (moment, Timestamp(moment + 1), Timestamp(moment - 1))
    return st.sampled_from([*[FOREVER] * 20, *near])


def limits(state: PoolState, zero_for_one: bool) -> st.SearchStrategy[int]:
    """At the price, near it, at a stop and one unit around it, at bounds, and none."""
    price, off = state.sqrt_price_x96, -1 if zero_for_one else 1
    stop, _ = next_tick(state.initialized, state.tick, state.tick_spacing, zero_for_one)
    at_stop = sqrt_price_at_tick(stop)
    last = last_price(zero_for_one)
    near = [price + off, price + off * (price // 10**5), price + off * (price // 10)]
    beyond = [price, price - off, last + off, 2**160 - 1, 2**160, UINT256_MAX]
    stops = [at_stop, at_stop + 1, max(0, at_stop - 1)]
    return st.one_of(*map(st.sampled_from, (near, [0, last], stops, beyond, near)))


def _walk(state: PoolState, zero_for_one: bool, amount: int, limit: int) -> Walk | None:
    """The walk of a swap; none of one that no pool begins."""
    ahead = limit or last_price(zero_for_one)
    price = state.sqrt_price_x96
    reached = LOWEST_LIMIT <= ahead < price if zero_for_one else price < ahead <= HIGHEST_LIMIT
    if not reached or not -INT256_MAX <= amount <= INT256_MAX:
        return None
    return swap(state, zero_for_one, amount, ahead)


def _amount_to_stop(state: PoolState, pool: Pool, token_in: Token, hops: int) -> int:
    """What moves the price over this many initialised ticks or ends of the bitmap's words."""
    zero_for_one = pool.is_zero_for_one(token_in)
    tick, stop = state.tick, state.tick
    for _ in range(hops):
        stop, _ = next_tick(state.initialized, tick, pool.tick_spacing, zero_for_one)
        tick = stop - zero_for_one
    price = min(max(sqrt_price_at_tick(stop), LOWEST_LIMIT), HIGHEST_LIMIT)
    return amount_to_price(state, pool, price)[1]


PORT = Port(
    "uniswap_v3",
    actions,
    ("Swap", "SwapExactOut", "AddLiquidity", "RemoveLiquidity", "Collect"),
    protocols=("erc20", "uniswap_v3"),
)
