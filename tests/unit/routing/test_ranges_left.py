"""What a range still owes once all of its liquidity is gone, taken out by hand for example."""

from __future__ import annotations

from dataclasses import replace

from tests.laws.law import read_states
from tests.support.desk import NO_GAIN, Desk
from trimtab.core.actions import AddLiquidity, Collect, RemoveLiquidity
from trimtab.core.market import uncollected, wallet
from trimtab.core.states import States
from trimtab.mandate.adapters import ADAPTERS
from trimtab.protocols.uniswap_v3 import Pool
from trimtab.routing import draft, tokens_of
from trimtab.routing.approvals import with_approvals

REACH = 1_000


def states_with_range(desk: Desk, pool: Pool, ticks: tuple[int, ...]) -> States:
    """What the contracts tell now, of this range too."""
    accounts = replace(desk.accounts, ranges={pool.id: (ticks,)})
    return read_states(desk.machine, ADAPTERS, tuple(desk.book.markets.values()), accounts)


def burnt_range(desk: Desk, pool: Pool) -> tuple[int, ...]:
    """A range of the account from which all was removed and nothing collected."""
    for symbol, whole in (("USDC", 100_000), ("WETH", 10)):
        desk.give(symbol, whole * desk.token(symbol).unit)
    states, tokens, deadline = desk.states(), tokens_of(pool), desk.terms().deadline
    middle = states[pool].tick // pool.tick_spacing * pool.tick_spacing
    ticks = (middle - REACH, middle + REACH)
    amounts = tuple(token.unit * (10_000 if token.symbol == "USDC" else 5) for token in tokens)
    add = AddLiquidity(desk.account, pool.id, tokens, amounts, 0, deadline, ticks=ticks)
    for action in with_approvals(desk.account, states, (add,)):
        desk.act(action)
    ((_, position),) = states_with_range(desk, pool, ticks)[pool].positions.items()
    shares = position.liquidity
    desk.act(
        RemoveLiquidity(desk.account, pool.id, tokens, shares, (), deadline, desk.account, ticks)
    )
    return ticks


def test_draft__range_owes_but_holds_no_liquidity__collected_alone(desk: Desk) -> None:
    pool = desk.pool("WETH/USDC/500")
    ticks = burnt_range(desk, pool)
    states = states_with_range(desk, pool, ticks)
    before = desk.held(states)
    wishes = dict(before)
    for token in tokens_of(pool):
        owed = uncollected(pool.id, token, ticks)
        assert before[owed] > 0
        wishes[wallet(token)] += wishes.pop(owed)
        wishes[owed] = 0

    found = draft(desk.terms(), states, wishes, NO_GAIN)

    assert found is not None
    assert [type(action) for action in found.plan.actions] == [Collect]
    desk.execute(found.plan)
    after = desk.held(states_with_range(desk, pool, ticks))
    for token in tokens_of(pool):
        owed = uncollected(pool.id, token, ticks)
        assert after[wallet(token)] == before[wallet(token)] + before[owed]
        assert owed not in after
