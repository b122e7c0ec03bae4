"""What agents order, over a small market by hand."""

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.lab.market import (
    ALICE,
    DEEP_POOL,
    FEEDS,
    LENDER,
    NOW,
    POOL,
    POOLS,
    PRICES,
    USDC,
    WETH,
    scene,
    with_pool_price,
)
from trimtab.core.actions import Action, Borrow, Repay, Supply, Swap, UpdateAnswer, Withdraw
from trimtab.core.adapter import walk
from trimtab.core.market import Place, wallet
from trimtab.core.prices import Prices, Quote
from trimtab.core.quantise import Timestamp
from trimtab.core.states import Reverted, States
from trimtab.lab.agents import (
    Agent,
    Arbitrageur,
    Borrower,
    Hold,
    Lender,
    OracleKeeper,
    PeriodicRebalance,
    Scene,
    StaticLender,
    Trader,
    book_value,
)
from trimtab.lab.agents.scene import holdings_in
from trimtab.lab.streams import stream
from trimtab.mandate.adapters import ADAPTERS
from trimtab.protocols.aave_v3 import health_factor, utilisation
from trimtab.protocols.uniswap_v3 import spot_price

MILLION = 10**6
RICH = {USDC: MILLION * USDC.unit, WETH: 500 * WETH.unit}
BORROWER = Borrower("borrower", ALICE, LENDER, USDC, WETH, mean=0.8, reversion=0.5, noise=0.0)
LENDING = Lender("lender", ALICE, LENDER, USDC, mean=0.5, reversion=0.5, noise=0.0)
ARBITRAGEUR = Arbitrageur("arbitrageur", ALICE, (POOL,), native="WETH")
EQUAL = {USDC: Fraction(1, 2), WETH: Fraction(1, 2)}


def actions(agent: Agent, at: Scene, seed: int = 1) -> list[Action]:
    orders = agent.act(at, stream(seed, agent.name, at.block))
    assert orders == agent.act(at, stream(seed, agent.name, at.block))
    assert all(order.tip > 0 for order in orders)
    found = [order.action for order in orders]
    return [action for action in found if isinstance(action, Action)]


def after(at: Scene, done: list[Action]) -> States:
    outcome = walk(ADAPTERS, at.states, done)
    assert not isinstance(outcome, Reverted), outcome.reason
    return outcome[0]


# ---------------------------------------------------------------------------- oracle keeper


@pytest.mark.parametrize(
    "outside, age, expected",
    [
        (2_000 * 10**8, 3_599, None),
        (2_000 * 10**8, 3_600, 2_000 * 10**8),
        (2_010 * 10**8, 600, None),
        (2_010 * 10**8 + 1, 600, 2_010 * 10**8 + 1),
        (1_989 * 10**8, 600, 1_989 * 10**8),
    ],
)
def test_oracle_keeper__deviation_or_heartbeat__updates(
    outside: int, age: int, expected: int | None
) -> None:
    at = scene({}, outside=PRICES | {"WETH": outside})
    feed = FEEDS[WETH]
    aged = replace(at.states[feed], updated_at=Timestamp(NOW - age))
    at = replace(at, states=at.states.with_states({feed.id: aged}))
    keeper = OracleKeeper("keeper", ALICE, (feed,))
    wanted = [] if expected is None else [UpdateAnswer(ALICE, feed.id, expected)]
    assert actions(keeper, at) == wanted


# ------------------------------------------------------------------------------ arbitrageur


@pytest.mark.parametrize("dollars", [1_500, 1_900, 1_990, 2_010, 2_100, 3_000])
def test_arbitrageur__pool_off__ends_at_the_edge_of_the_fee(dollars: int) -> None:
    at = with_pool_price(scene(RICH), dollars)
    done = actions(ARBITRAGEUR, at)
    assert len(done) == 1
    left, outside = Fraction(999_500, 10**6), at.price(USDC, WETH)
    price = spot_price(after(at, done)[POOL], POOL)
    edge = outside * left if dollars > 2_000 else outside / left
    assert abs(price / edge - 1) < Fraction(1, 10**9)


@pytest.mark.parametrize("dollars", [1_999, 2_000, 2_001])
def test_arbitrageur__inside_of_the_fee__stays(dollars: int) -> None:
    assert actions(ARBITRAGEUR, with_pool_price(scene(RICH), dollars)) == []


def test_arbitrageur__gain_below_the_gas__stays() -> None:
    at = with_pool_price(scene(RICH), 2_010)
    assert actions(ARBITRAGEUR, at) != []
    assert actions(ARBITRAGEUR, replace(at, base_fee=10**14)) == []


def test_arbitrageur__small_stock__sells_all_of_it_at_a_gain() -> None:
    at = with_pool_price(scene({USDC: 1_000 * USDC.unit}), 1_500)
    (swap,) = actions(ARBITRAGEUR, at)
    assert isinstance(swap, Swap)
    assert (swap.token_in, swap.amount_in) == (USDC, 1_000 * USDC.unit)
    assert at.dollars(WETH, swap.min_out) >= 1_000
    assert at.balance(ALICE, WETH) == 0
    gained = after(at, [swap])
    assert (
        replace(at, states=gained).dollars(WETH, holdings_in(gained, ALICE)[wallet(WETH)]) > 1_300
    )


# ----------------------------------------------------------------------------------- trader


@given(st.integers(0, 2**32))
def test_trader__any_seed__within_its_stock_and_accepted(seed: int) -> None:
    at = scene({USDC: 5_000 * USDC.unit, WETH: 3 * WETH.unit})
    trader = Trader("trader", ALICE, POOLS, per_block=2.0)
    for swap in actions(trader, at, seed):
        assert isinstance(swap, Swap)
        assert 0 < swap.amount_in <= at.balance(ALICE, swap.token_in)
        assert swap.min_out > 0
        after(at, [swap])


def test_trader__many_blocks__both_ways_and_all_pools_at_its_rate() -> None:
    trader = Trader("trader", ALICE, POOLS, per_block=1.5)
    at = scene(RICH)
    swaps = [swap for seed in range(400) for swap in actions(trader, at, seed)]
    ways = {(swap.token_in, swap.market) for swap in swaps if isinstance(swap, Swap)}
    assert ways == {(token, pool.id) for token in (USDC, WETH) for pool in POOLS}
    assert 500 < len(swaps) < 700


def test_trader__empty_wallet__nothing() -> None:
    trader = Trader("trader", ALICE, POOLS, per_block=5.0)
    assert [actions(trader, scene({}), seed) for seed in range(20)] == [[]] * 20


# -------------------------------------------------------------------------- borrower, lender


def test_borrower__collateral_in_the_wallet__supplied_first() -> None:
    assert actions(BORROWER, scene({WETH: 5 * WETH.unit})) == [
        Supply(ALICE, LENDER.id, WETH, 5 * WETH.unit, ALICE)
    ]


def test_borrower__below_its_mean__borrows_half_the_way() -> None:
    at = scene({}, supplied={WETH: 500 * WETH.unit})
    (borrowing,) = actions(BORROWER, at)
    assert isinstance(borrowing, Borrow)
    used = utilisation(after(at, [borrowing]), LENDER, USDC)
    assert abs(used - 65 * 10**25) < 10**20


def test_borrower__above_its_mean__repays_what_it_owes_but_one() -> None:
    owed = 400_000 * USDC.unit
    at = scene({USDC: 900_000 * USDC.unit}, {WETH: 500 * WETH.unit}, {USDC: owed})
    modest = replace(BORROWER, mean=0.1)
    assert actions(modest, at) == [Repay(ALICE, LENDER.id, USDC, owed - 1, ALICE)]


def test_borrower__too_little_collateral__does_not_borrow() -> None:
    assert actions(BORROWER, scene({}, supplied={WETH: 50 * WETH.unit})) == []


def test_borrower__unhealthy__repays_a_quarter_though_its_mean_is_above() -> None:
    owed = 65_000 * USDC.unit
    at = scene({USDC: 30_000 * USDC.unit}, {WETH: 50 * WETH.unit}, {USDC: owed})
    before = health_factor(at.states, LENDER, ALICE)
    (repayment,) = actions(BORROWER, at)
    assert repayment == Repay(ALICE, LENDER.id, USDC, owed // 4, ALICE)
    improved = health_factor(after(at, [repayment]), LENDER, ALICE)
    assert before is not None
    assert improved is not None
    assert before < 14 * 10**17 < improved


def test_lender__all_idle__supplies_half_of_the_way_to_its_mean() -> None:
    at = scene({USDC: 1_000 * USDC.unit})
    assert actions(LENDING, at) == [Supply(ALICE, LENDER.id, USDC, 250 * USDC.unit, ALICE)]


def test_lender__all_lent__withdraws_at_most_what_lies_there() -> None:
    at = scene({}, supplied={USDC: 8 * MILLION * USDC.unit})
    (withdrawal,) = actions(replace(LENDING, mean=0.0, reversion=1.0), at)
    assert withdrawal == Withdraw(ALICE, LENDER.id, USDC, 8 * MILLION * USDC.unit, ALICE)
    borrowed_out = scene(
        {}, {USDC: MILLION * USDC.unit, WETH: 5_000 * WETH.unit}, {USDC: 1_200_000 * USDC.unit}
    )
    (withdrawal,) = actions(replace(LENDING, mean=0.0, reversion=1.0), borrowed_out)
    assert withdrawal == Withdraw(ALICE, LENDER.id, USDC, 300_000 * USDC.unit, ALICE)


def test_lender__nothing__does_nothing() -> None:
    assert actions(LENDING, scene({})) == []


# ----------------------------------------------------------------------------------- rivals


def test_hold__anything__nothing() -> None:
    assert actions(Hold("hold", ALICE), scene(RICH)) == []


def test_periodic_rebalance__uneven_book__meets_its_weights_but_for_fees() -> None:
    at = scene({USDC: 1_000 * USDC.unit})
    rival = PeriodicRebalance("rebalance", ALICE, EQUAL, POOLS)
    (swap,) = actions(rival, at)
    assert isinstance(swap, Swap)
    assert (swap.token_in, swap.amount_in) == (USDC, 500 * USDC.unit)
    assert swap.market == POOL.id
    then = replace(at, states=after(at, [swap]))
    assert 499 < then.dollars(WETH, then.balance(ALICE, WETH)) < 500


def test_periodic_rebalance__large_sale__takes_the_deeper_pool_that_gives_more() -> None:
    rival = PeriodicRebalance("rebalance", ALICE, EQUAL, POOLS)
    (swap,) = actions(rival, scene({USDC: 400_000 * USDC.unit}))
    assert isinstance(swap, Swap)
    assert swap.market == DEEP_POOL.id


@pytest.mark.parametrize("block, acts", [(1, True), (2, False), (24, False), (25, True)])
def test_periodic_rebalance__other_blocks__rests(block: int, acts: bool) -> None:
    rival = PeriodicRebalance("rebalance", ALICE, EQUAL, POOLS)
    assert bool(actions(rival, scene({USDC: 10_000 * USDC.unit}, block=block))) is acts


def test_static_lender__its_tokens__supplied_as_they_are() -> None:
    at = scene(RICH)
    rival = StaticLender("lender", ALICE, LENDER, (USDC, WETH))
    done = actions(rival, at)
    assert done == [Supply(ALICE, LENDER.id, token, RICH[token], ALICE) for token in (USDC, WETH)]
    assert actions(rival, replace(at, states=after(at, done))) == []


def test_static_lender__into_one_token__sells_slices_until_all_is_lent() -> None:
    at = scene({USDC: 1_000 * USDC.unit, WETH: 10 * WETH.unit})
    rival = StaticLender(
        "lender", ALICE, LENDER, (USDC, WETH), into=USDC, pools=POOLS, slice_dollars=15_000
    )
    for _ in range(3):
        at = replace(at, states=after(at, actions(rival, at)))
    held = holdings_in(at.states, ALICE)
    assert set(held) == {Place(LENDER.id, USDC)}
    assert 20_000 * USDC.unit < held[Place(LENDER.id, USDC)] < 21_000 * USDC.unit
    assert actions(rival, at) == []


def test_book_value__wallet_supply_and_debt__summed() -> None:
    at = scene({USDC: 7}, {WETH: 3 * WETH.unit}, {USDC: 1_000 * USDC.unit})
    ether = Quote(Fraction(2_000 * USDC.unit, WETH.unit), "test", NOW)
    prices = Prices(USDC, NOW, {USDC: Quote(Fraction(1), "test", NOW), WETH: ether})
    assert book_value(at.states, ALICE, prices) == 7 + 5_000 * USDC.unit
