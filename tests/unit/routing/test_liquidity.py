"""Liquidity put into and taken out of pools of every exchange, on their bytecode."""

from __future__ import annotations

from fractions import Fraction

import pytest

from tests.support.desk import NO_GAIN, Desk
from trimtab.core.actions import AddLiquidity, Approve, RemoveLiquidity
from trimtab.core.market import Place, pooled, wallet
from trimtab.core.plan import Plan
from trimtab.core.states import States
from trimtab.routing import Exchange, draft, tokens_of
from trimtab.routing.bounds import least_balances

NAMES = (
    "uniswap_v2:WETH/USDC",
    "curve:USDC/USDT/DAI/FRAX",
    "balancer:WETH/USDC",
)
FUNDS = {"USDC": 200_000, "WETH": 100, "USDT": 100_000, "DAI": 100_000, "FRAX": 100_000}


@pytest.fixture
def funded(exchange_desk: Desk) -> Desk:
    for symbol, whole in FUNDS.items():
        exchange_desk.give(symbol, whole * exchange_desk.token(symbol).unit)
    return exchange_desk


def exchange(desk: Desk, name: str) -> Exchange:
    return next(each for each in desk.exchanges if each.name == name)


def kept(desk: Desk, states: States) -> dict[Place, int]:
    """Wishes that leave the book as it is."""
    return dict(desk.held(states))


def put(desk: Desk, pool: Exchange, dollars: int) -> Plan | None:
    """A plan that moves so many dollars of each token from the wallet into the pool."""
    states = desk.ahead()
    wishes, prices = kept(desk, states), desk.prices(states)
    for token in tokens_of(pool):
        raw = int(Fraction(dollars * 10**6) / prices.price(token))
        place = pooled(pool.id, token)
        wishes[place] = wishes.get(place, 0) + raw
        wishes[wallet(token)] -= raw
    found = draft(desk.terms(), states, wishes, NO_GAIN)
    return None if found is None else found.plan


def out(desk: Desk, pool: Exchange, part: Fraction) -> Plan:
    """A plan that takes a part of the liquidity back into the wallet."""
    states = desk.ahead()
    wishes = kept(desk, states)
    for token in tokens_of(pool):
        place = pooled(pool.id, token)
        raw = int(wishes[place] * part)
        wishes[place] -= raw
        wishes[wallet(token)] += raw
    found = draft(desk.terms(), states, wishes, NO_GAIN)
    assert found is not None
    return found.plan


def executed(desk: Desk, plan: Plan) -> None:
    """Run the plan: what it changes is what it says, and nothing stays allowed."""
    before = desk.states()
    after = desk.execute(plan)
    assert desk.changes(before, after) == plan.expected
    for market in after.markets.values():
        allowances = getattr(after[market], "allowances", None)
        shares = getattr(after[market], "shares", None)
        for each in (allowances, None if shares is None else shares.allowances):
            left = {pair: raw for pair, raw in (each or {}).items() if pair[0] == desk.account}
            assert not any(left.values()), f"{market.name} can still take {left}"


@pytest.mark.parametrize("name", NAMES)
def test_draft__liquidity_wished__put_in_and_nothing_stays_allowed(funded: Desk, name: str) -> None:
    pool = exchange(funded, name)
    plan = put(funded, pool, 10_000)
    assert plan is not None
    assert [type(action) for action in plan.actions].count(AddLiquidity) == 1
    executed(funded, plan)
    states = funded.states()
    worth = sum(
        raw * funded.prices(states).price(place.token)
        for place, raw in funded.held(states).items()
        if place.is_pooled
    )
    # Pools of two tokens take them in their own proportion: 80 to 20 at the weighted one.
    least = 10_000 * len(tokens_of(pool)) * (Fraction(6, 10) if "balancer" in name else 0.98)
    assert worth >= least * 10**6


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("part", [Fraction(1, 3), Fraction(1)], ids=["a third", "all"])
def test_draft__less_liquidity_wished__taken_out(funded: Desk, name: str, part: Fraction) -> None:
    pool = exchange(funded, name)
    plan = put(funded, pool, 10_000)
    assert plan is not None
    executed(funded, plan)
    before = funded.held(funded.states())
    removal = out(funded, pool, part)
    (action,) = (each for each in removal.actions if isinstance(each, RemoveLiquidity))
    assert all(action.least)
    executed(funded, removal)
    after = funded.held(funded.states())
    for token in tokens_of(pool):
        place = pooled(pool.id, token)
        taken = before[place] - after.get(place, 0)
        assert abs(taken - before[place] * part) <= before[place] // 10**6 + 2
        got = after[wallet(token)] - before[wallet(token)]
        # Both parts are rounded down, at the weighted pool to 18 digits of the share.
        assert 0 <= taken - got <= 1 + (before[place] // 10**12 if "balancer" in name else 0)


@pytest.mark.parametrize("name", NAMES)
def test_draft__price_of_the_pool_moved_away__nothing_put_in(funded: Desk, name: str) -> None:
    pool = exchange(funded, name)
    symbol = next(token.symbol for token in tokens_of(pool) if token.symbol != "USDC")
    funded.reprice(symbol, Fraction(12, 10))
    prices = funded.prices(funded.states())
    states = funded.ahead()
    wishes = kept(funded, states)
    for token in tokens_of(pool):
        wishes[pooled(pool.id, token)] = 10**9
        wishes[wallet(token)] -= 10**9
    found = draft(funded.terms(prices=prices), states, wishes, NO_GAIN)
    assert found is None or not any(isinstance(a, AddLiquidity) for a in found.plan.actions)


@pytest.mark.parametrize("name", NAMES)
def test_draft__less_than_its_gas__left_alone(funded: Desk, name: str) -> None:
    assert put(funded, exchange(funded, name), 0) is None


@pytest.mark.parametrize("name", NAMES)
def test_least_balances__liquidity__bounded_by_what_it_may_take(funded: Desk, name: str) -> None:
    plan = put(funded, exchange(funded, name), 10_000)
    assert plan is not None
    states = funded.ahead()
    (added,) = (each for each in plan.actions if isinstance(each, AddLiquidity))
    bounds = {b.token: b.least for b in least_balances(states, funded.account, plan.actions)}
    for token, raw in zip(added.tokens, added.amounts, strict=True):
        assert bounds[token] == funded.held(states)[wallet(token)] - raw


def test_draft__approvals__taken_back_where_a_pool_may_take_less(funded: Desk) -> None:
    plan = put(funded, exchange(funded, "uniswap_v2:WETH/USDC"), 10_000)
    assert plan is not None
    last = [each for each in plan.actions if isinstance(each, Approve)][-2:]
    assert [each.amount for each in last] == [0, 0]
