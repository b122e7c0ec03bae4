"""Drawn changes of ranges: around the price and beside it, of nothing, of all and of one more."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.laws.law import Draw
from trimtab.core.abi import UINT256_MAX
from trimtab.core.actions import AddLiquidity, Collect, RemoveLiquidity
from trimtab.core.market import Ticks
from trimtab.core.quantise import Timestamp
from trimtab.core.token import Address
from trimtab.protocols.shared.ticks import MAX_TICK, MIN_TICK
from trimtab.protocols.uniswap_v3 import Pool, PoolState, cost_of, liquidity_for_amounts
from trimtab.protocols.uniswap_v3.market import NOTHING, PositionState
from trimtab.protocols.uniswap_v3.model.liquidity import most_per_tick

UINT128_MAX = 2**128 - 1
INT128_MAX = 2**127 - 1
NEAR = (-60, -10, -3, -2, -1, 0, 1, 2, 40)
WIDTHS = (1, 2, 3, 12, 60)


def change(
    draw: Draw,
    state: PoolState,
    pool: Pool,
    actor: Address,
    balances: tuple[int, int],
    deadline: Timestamp,
    recipients: list[Address],
) -> AddLiquidity | RemoveLiquidity | Collect:
    """An addition, a removal or a collection, mostly of a range that the actor has."""
    own = [key[1:] for key in state.positions if key[0] == actor]
    anybodys = [key[1:] for key in state.positions]
    kind = draw(st.integers(0, 8))
    if kind in (3, 6) or not anybodys:
        ticks = draw(st.sampled_from(own)) if own and draw(st.booleans()) else draw(ranges(state))
        return _addition(draw, state, pool, actor, ticks, balances, deadline)
    if kind in (2, 5, 8):
        owing = [key[1:] for key, each in state.positions.items() if each.owed0 or each.owed1]
        own = [ticks for ticks in own if ticks in owing] or own
    strange = draw(st.integers(0, 20)) == 10
    ticks = draw(ranges(state)) if strange else draw(st.sampled_from(own or anybodys))
    position = state.positions.get((actor, *_pair(ticks)), NOTHING)
    if kind in (0, 1, 4, 7):
        return RemoveLiquidity(
            actor=actor,
            market=pool.id,
            tokens=(pool.token0, pool.token1),
            shares=draw(_shares(position)),
            least=(),
            deadline=deadline,
            recipient=actor,
            ticks=ticks,
        )
    return Collect(
        actor=actor,
        market=pool.id,
        tokens=(pool.token0, pool.token1),
        ticks=ticks,
        most=(draw(_most(position.owed0)), draw(_most(position.owed1))),
        recipient=draw(st.sampled_from(recipients)),
    )


def ranges(state: PoolState) -> st.SearchStrategy[Ticks]:
    """Ranges around the price, below it and above it, everywhere, and such as no pool has."""
    spacing = state.tick_spacing
    middle = state.tick // spacing
    last = MAX_TICK // spacing * spacing

    def beside(off: int, width: int) -> Ticks:
        lower = min(max((middle + off) * spacing, -last), last - spacing)
        return lower, min(lower + width * spacing, last)

    near = st.builds(beside, st.sampled_from(NEAR), st.sampled_from(WIDTHS))
    at = middle * spacing
    odd = st.sampled_from(
        [
            (at, at),
            (at + spacing, at),
            (at + 1, at + spacing),
            (at, at + spacing + 1),
            (MIN_TICK - 1, at),
            (at, MAX_TICK + 1),
            (-(2**23), 2**23 - 1),
            (MIN_TICK, MAX_TICK),
        ]
    )
    return st.one_of(near, near, st.just((-last, last)), near, odd, near)


def _addition(
    draw: Draw,
    state: PoolState,
    pool: Pool,
    actor: Address,
    ticks: Ticks,
    balances: tuple[int, int],
    deadline: Timestamp,
) -> AddLiquidity:
    amounts = tuple(draw(_amount(balance)) for balance in balances)
    if _is_range(ticks) and draw(st.integers(0, 3)):
        # What the liquidity that both buy takes: nothing is left over, or a unit of one is.
        liquidity = liquidity_for_amounts(state, ticks, amounts)
        if draw(st.integers(0, 9)) == 5:
            most = most_per_tick(state.tick_spacing)
            liquidity = draw(st.sampled_from([most, most + 1, INT128_MAX, INT128_MAX + 1]))
        off = draw(st.sampled_from([(0, 0), (0, 1), (1, 0), (-1, 0), (0, -1)]))
        exact = zip(cost_of(state, ticks, liquidity), off, strict=True)
        amounts = tuple(min(max(0, raw + more), UINT256_MAX) for raw, more in exact)
    bought = liquidity_for_amounts(state, ticks, amounts) if _is_range(ticks) else 0
    bought = min(bought, UINT256_MAX - 1)
    least = [0, bought, bought + 1, UINT128_MAX, UINT128_MAX + 1]
    return AddLiquidity(
        actor=actor,
        market=pool.id,
        tokens=(pool.token0, pool.token1),
        amounts=amounts,
        least=draw(st.sampled_from(least)) if draw(st.integers(0, 8)) in (3, 4, 5) else 0,
        deadline=deadline,
        ticks=ticks,
    )


def _is_range(ticks: Ticks) -> bool:
    return MIN_TICK <= ticks[0] < ticks[1] <= MAX_TICK


def _amount(balance: int) -> st.SearchStrategy[int]:
    some = st.integers(max(1, balance // 10**6), max(1, balance // 50))
    bounds = [0, 1, balance, balance + 1, 2**128, UINT256_MAX]
    return st.one_of(some, some, some, st.integers(0, 10**6), st.sampled_from(bounds), some)


def _shares(position: PositionState) -> st.SearchStrategy[int]:
    there = position.liquidity
    bounds = [0, 1, there + 1, INT128_MAX, INT128_MAX + 1, UINT128_MAX, there]
    return st.one_of(st.integers(0, there), st.sampled_from(bounds), st.just(there))


def _most(owed: int) -> st.SearchStrategy[int]:
    return st.sampled_from([UINT128_MAX, owed, owed + 1, max(0, owed - 1), 0, 1, UINT128_MAX])


def _pair(ticks: Ticks) -> tuple[int, int]:
    lower, upper = ticks
    return lower, upper
