from dataclasses import replace

import pytest
from eth_abi.abi import encode

from tests.unit.protocols.uniswap_v3.pools import (
    ACTOR,
    FOREVER,
    FRIEND,
    MINTER,
    NOW,
    PLAIN,
    POOL,
    TOKEN0,
    TOKEN1,
    UNPRICED,
    WHOLE,
    pool_state,
    states,
)
from trimtab.core.abi import Call, selector
from trimtab.core.actions import Action, AddLiquidity, Approve, Collect, RemoveLiquidity, Swap
from trimtab.core.errors import ConfigError, NoRoute
from trimtab.core.market import Accounts, Holding, pooled, token_market, uncollected
from trimtab.core.quantise import Timestamp
from trimtab.core.states import Applied, Movement, Reverted, States, reverted
from trimtab.core.token import ZERO_ADDRESS
from trimtab.protocols.shared.ticks import MAX_TICK, MIN_TICK, Q96, sqrt_price_at_tick
from trimtab.protocols.uniswap_v3 import (
    Pool,
    PoolState,
    PositionState,
    UniswapV3Adapter,
    amounts_of,
    cost_of,
    fees_owed,
    liquidity_for_amounts,
)
from trimtab.protocols.uniswap_v3.market import PositionKey
from trimtab.protocols.uniswap_v3.model.positions import mint
from trimtab.protocols.uniswap_v3.model.swap import swap

ADAPTER = UniswapV3Adapter()
PAIR = (TOKEN0, TOKEN1)
RANGE = (-600, 600)
KEY: PositionKey = (ACTOR, *RANGE)
AMOUNTS = (10**9, 2 * 10**9)
ADD = AddLiquidity(ACTOR, POOL.id, PAIR, AMOUNTS, 0, FOREVER, ticks=RANGE)
REMOVE = RemoveLiquidity(ACTOR, POOL.id, PAIR, 10**9, (), FOREVER, FRIEND, RANGE)
COLLECT = Collect(ACTOR, POOL.id, PAIR, RANGE, (2**128 - 1, 2**128 - 1), FRIEND)
BOUGHT = liquidity_for_amounts(PLAIN, RANGE, AMOUNTS)
LATE = Timestamp(NOW - 1)
POOR = {"balance": 0, "allowance": 0}


def opened(liquidity: int, **owed: int) -> PoolState:
    """The pool with a range of the actor's, which the pool owes something."""
    done = mint(PLAIN, KEY, liquidity, NOW)
    assert not isinstance(done, Reverted)
    return done[0].with_position(KEY, replace(done[0].positions[KEY], **owed))


def applied(action: Action, among: States) -> tuple[PoolState, tuple[Movement, ...]]:
    outcome = ADAPTER.apply(among, action)
    assert isinstance(outcome, Applied)
    state = outcome.changed[POOL.id]
    assert isinstance(state, PoolState)
    return state, outcome.movements


def error(signature: str, *values: object) -> Reverted:
    types = [each for each in signature.partition("(")[2][:-1].split(",") if each]
    return Reverted(selector(signature) + encode(types, values))


# ------------------------------------------------------------------------------------ adding


def test_add__plain__as_much_as_both_buy_paid_through_the_minter() -> None:
    state, movements = applied(ADD, states(PLAIN))
    cost0, cost1 = cost_of(PLAIN, RANGE, BOUGHT)
    assert movements == (
        Movement(TOKEN0, ACTOR, POOL.address, cost0, spender=MINTER),
        Movement(TOKEN1, ACTOR, POOL.address, cost1, spender=MINTER),
    )
    assert state == mint_of(BOUGHT)
    assert cost0 == AMOUNTS[0]


def mint_of(liquidity: int) -> PoolState:
    done = mint(PLAIN, KEY, liquidity, NOW)
    assert not isinstance(done, Reverted)
    return done[0]


@pytest.mark.parametrize("ticks, paid", [((600, 1_200), TOKEN0), ((-1_200, -600), TOKEN1)])
def test_add__beside_the_price__one_token_alone(ticks: tuple[int, int], paid: object) -> None:
    _, movements = applied(replace(ADD, ticks=ticks), states(PLAIN))
    assert [movement.token for movement in movements] == [paid]


@pytest.mark.parametrize(
    "change, among, expected",
    [
        ({"least": 2**128, "deadline": LATE}, POOR, Reverted(b"")),
        ({"least": -1}, {}, Reverted(b"")),
        (
            {"least": 2**128 - 1, "deadline": LATE},
            POOR,
            error("Late(uint256,uint256)", NOW, LATE),
        ),
        ({"amounts": (2**256 - 1, 1), "least": 2}, POOR, error("Overflow()")),
        ({"amounts": (1, 2**256 - 1)}, POOR, error("Overflow()")),
        ({"ticks": (60, 60), "least": 2}, POOR, error("Overflow()")),
        ({"ticks": (MAX_TICK, MAX_TICK + 9)}, POOR, error("Overflow()")),
        (
            {"least": BOUGHT + 1, "ticks": RANGE},
            POOR,
            error("TooLittle(uint128,uint128)", BOUGHT, BOUGHT + 1),
        ),
        ({"ticks": RANGE[::-1]}, POOR, reverted("TLU")),
        ({"ticks": (MIN_TICK - 1, 60)}, POOR, reverted("TLM")),
        ({"ticks": (60, MAX_TICK + 1)}, POOR, reverted("TUM")),
        ({"amounts": (0, 0)}, POOR, Reverted(b"")),
        ({}, {"allowance": AMOUNTS[0] - 1}, error("PaymentFailed(address)", TOKEN0.address)),
        ({}, {"balance": AMOUNTS[0] - 1}, error("PaymentFailed(address)", TOKEN0.address)),
        (
            {"ticks": (-1_200, -600)},
            {"balance": 2 * 10**9 - 1},
            error("PaymentFailed(address)", TOKEN1.address),
        ),
    ],
)
def test_add__several_faults__the_contracts_first(
    change: dict[str, object], among: dict[str, int], expected: Reverted
) -> None:
    action = replace(ADD, **change)  # type: ignore[arg-type]
    assert ADAPTER.apply(states(PLAIN, **among), action) == expected


def test_add__liquidity_of_128_bits_and_one_more__refused_by_the_pool_and_by_the_minter() -> None:
    state = pool_state(price=sqrt_price_at_tick(600_000))
    width = sqrt_price_at_tick(540_000) - Q96
    action = replace(ADD, ticks=(0, 540_000), amounts=(0, -(-(2**128 - 1) * width // Q96)))
    assert liquidity_for_amounts(state, (0, 540_000), action.amounts) == 2**128 - 1
    assert ADAPTER.apply(states(state), action) == Reverted(b"")
    more = replace(action, amounts=(0, -(-(2**128) * width // Q96)))
    assert ADAPTER.apply(states(state), more) == error("Overflow()")


def test_add__at_its_bounds__goes_through() -> None:
    applied(replace(ADD, deadline=NOW, least=BOUGHT), states(PLAIN, allowance=AMOUNTS[0]))


def test_add__pool_without_price__refused_by_the_pool() -> None:
    assert ADAPTER.apply(states(UNPRICED), replace(ADD, ticks=(60, 120))) == reverted("LOK")


def test_add__pool_without_a_minter__no_route() -> None:
    bare = replace(POOL, minter=None)
    among = states(PLAIN)
    among = replace(among, markets={**among.markets, POOL.id: bare})
    with pytest.raises(NoRoute, match="takes no liquidity: the address book names no `minter`"):
        ADAPTER.apply(among, ADD)
    with pytest.raises(NoRoute, match="deploy RangeMinter"):
        ADAPTER.encode(among, ADD)


# ---------------------------------------------------------------------- removing and collecting


def test_remove__some__owed_and_nothing_moves() -> None:
    state, movements = applied(replace(REMOVE, deadline=LATE), states(opened(WHOLE)))
    assert movements == ()
    gone0, gone1 = amounts_of(PLAIN, RANGE, REMOVE.shares)
    position = state.positions[KEY]
    assert (position.owed0, position.owed1) == (gone0, gone1)


def test_remove__of_nobodys_range__refused() -> None:
    assert ADAPTER.apply(states(PLAIN), REMOVE) == reverted("LS")


def test_collect__all__paid_out_to_the_recipient() -> None:
    state, movements = applied(COLLECT, states(opened(7, owed0=5, owed1=6)))
    assert movements == (
        Movement(TOKEN0, POOL.address, FRIEND, 5),
        Movement(TOKEN1, POOL.address, FRIEND, 6),
    )
    assert state == opened(7)


@pytest.mark.parametrize("most, left", [((4, 6), (1, 0)), ((0, 2), (5, 4)), ((5, 0), (0, 6))])
def test_collect__part__the_rest_stays_owed(most: tuple[int, int], left: tuple[int, int]) -> None:
    among = states(opened(7, owed0=5, owed1=6))
    state, movements = applied(replace(COLLECT, most=most), among)
    assert state == opened(7, owed0=left[0], owed1=left[1])
    paid = {movement.token: movement.raw for movement in movements}
    assert paid == {t: raw for t, raw in zip(PAIR, most, strict=True) if raw}


def test_collect__nobodys_range__nothing() -> None:
    assert applied(COLLECT, states(PLAIN)) == (PLAIN, ())


def test_collect__refused_by_a_token_or_the_pool__as_the_contract() -> None:
    among = states(opened(7, owed1=6))
    assert ADAPTER.apply(among, replace(COLLECT, recipient=ZERO_ADDRESS)) == reverted("TF")
    assert ADAPTER.apply(states(UNPRICED), COLLECT) == reverted("LOK")


BROAD = 2**23
WRONG: list[tuple[AddLiquidity | RemoveLiquidity | Collect, str]] = [
    (replace(ADD, tokens=PAIR[::-1]), "holds ZERO and ONE, not"),
    (replace(REMOVE, tokens=(TOKEN0,)), "holds ZERO and ONE, not"),
    (replace(COLLECT, tokens=()), "holds ZERO and ONE, not"),
    (replace(ADD, ticks=()), "has no range"),
    (replace(ADD, ticks=(1, 2, 3)), "has no range"),
    (replace(REMOVE, ticks=(-BROAD - 1, 60)), "has no range"),
    (replace(COLLECT, ticks=(60, BROAD)), "has no range"),
    (replace(ADD, amounts=(1,)), "cannot be given amounts"),
    (replace(ADD, amounts=(-1, 1)), "cannot be given amounts"),
    (replace(ADD, amounts=(1, 2**256)), "cannot be given amounts"),
    (replace(ADD, least_amounts=(1, 1)), "knows no least amounts"),
    (replace(REMOVE, shares=-1), "cannot be given shares"),
    (replace(REMOVE, shares=2**128), "cannot be given shares"),
    (replace(REMOVE, least=(0, 0)), "knows no `least` amounts"),
    (replace(COLLECT, most=(1,)), "cannot be given most"),
    (replace(COLLECT, most=(1, 2**128)), "cannot be given most"),
]


@pytest.mark.parametrize("action, message", WRONG)
def test_ranges__what_the_contracts_cannot_check__no_route(
    action: AddLiquidity | RemoveLiquidity | Collect, message: str
) -> None:
    for ask in (ADAPTER.apply, ADAPTER.encode):
        with pytest.raises(NoRoute, match=message):
            ask(states(opened(WHOLE)), action)


def test_ranges__widest_numbers_that_fit__asked_of_the_contracts() -> None:
    among = states(opened(WHOLE))
    assert ADAPTER.apply(among, replace(REMOVE, shares=2**128 - 1)) == Reverted(b"")
    edge = replace(REMOVE, ticks=(-BROAD, BROAD - 1))
    assert ADAPTER.apply(among, edge) == reverted("TLM")
    applied(replace(COLLECT, ticks=(-BROAD, BROAD - 1)), among)


# ----------------------------------------------------------------------------------- encoding

MINT = "(address,address,uint24,int24,int24,uint160,uint160)"


@pytest.mark.parametrize(
    "ticks, roots",
    [
        (RANGE, RANGE),
        (RANGE[::-1], RANGE),
        ((MIN_TICK - 1, MAX_TICK + 1), (MIN_TICK, MAX_TICK)),
    ],
)
def test_encode__add__the_minters_call_with_roots(
    ticks: tuple[int, int], roots: tuple[int, int]
) -> None:
    prices = map(sqrt_price_at_tick, roots)
    place = (TOKEN0.address, TOKEN1.address, 3_000, *ticks, *prices)
    types = [MINT, "uint256", "uint256", "uint128", "uint256"]
    data = selector(f"mint({','.join(types)})") + encode(types, [place, *AMOUNTS, 7, FOREVER])
    calls = ADAPTER.encode(states(PLAIN), replace(ADD, ticks=ticks, least=7))
    assert calls == (Call(MINTER, data),)


def test_encode__remove_and_collect__the_pools_own_calls() -> None:
    types = ["int24", "int24", "uint128"]
    data = selector(f"burn({','.join(types)})") + encode(types, [*RANGE, 10**9])
    assert ADAPTER.encode(states(PLAIN), REMOVE) == (Call(POOL.address, data),)
    types = ["address", "int24", "int24", "uint128", "uint128"]
    order = [FRIEND, *RANGE, 2**128 - 1, 2**128 - 1]
    data = selector(f"collect({','.join(types)})") + encode(types, order)
    assert ADAPTER.encode(states(PLAIN), COLLECT) == (Call(POOL.address, data),)


@pytest.mark.parametrize("action", [ADD, REMOVE, COLLECT])
def test_spender__of_an_action__router_for_swaps_and_minter_for_liquidity(action: Action) -> None:
    sale = Swap(ACTOR, POOL.id, TOKEN0, TOKEN1, 1, 0, FOREVER, ACTOR)
    assert POOL.spender(sale) == POOL.router
    if isinstance(action, AddLiquidity):
        assert POOL.spender(action) == MINTER
        bare: Pool = replace(POOL, minter=None)
    else:
        bare = POOL
    with pytest.raises(NoRoute, match="nobody who takes tokens for"):
        bare.spender(action)
    with pytest.raises(NoRoute, match="nobody who takes tokens for"):
        POOL.spender(Approve(ACTOR, token_market(TOKEN0), TOKEN0, MINTER, 1))


# ----------------------------------------------------------------------------------- holdings


def grown(state: PoolState) -> PoolState:
    """The pool after a sale of either token."""
    for zero_for_one, tick in ((True, -500), (False, 500)):
        state = swap(state, zero_for_one, WHOLE, sqrt_price_at_tick(tick)).arrived(state)
    return state


def test_holdings__range_in_use__worth_of_liquidity_and_fees() -> None:
    state = grown(opened(3_000 * WHOLE, owed1=5))
    position = state.positions[KEY]
    principal, owed = (
        amounts_of(state, RANGE, position.liquidity),
        fees_owed(state, RANGE, position),
    )
    assert owed[0] > 0
    assert owed[1] > 5
    expected = {
        Holding(pooled(POOL.id, TOKEN0, RANGE), 3_000 * WHOLE, principal[0]),
        Holding(pooled(POOL.id, TOKEN1, RANGE), 3_000 * WHOLE, principal[1]),
        Holding(uncollected(POOL.id, TOKEN0, RANGE), 0, owed[0]),
        Holding(uncollected(POOL.id, TOKEN1, RANGE), 5, owed[1]),
    }
    found = ADAPTER.holdings(states(state), POOL, ACTOR)
    assert set(found) == expected
    assert len(found) == 4
    assert ADAPTER.holdings(states(state), POOL, FRIEND) == ()


def test_holdings__beside_the_price__liquidity_in_both_places_and_nothing_owed() -> None:
    far: PositionKey = (ACTOR, 600, 1_200)
    done = mint(PLAIN, far, WHOLE, NOW)
    assert not isinstance(done, Reverted)
    found = ADAPTER.holdings(states(done[0]), POOL, ACTOR)
    assert [(each.place.token, each.shares, each.raw > 0) for each in found] == [
        (TOKEN0, WHOLE, True),
        (TOKEN1, WHOLE, False),
    ]


def test_holdings__only_owed__uncollected_alone() -> None:
    state = PLAIN.with_position(KEY, PositionState(0, 1, 2, 3, 0))
    place = uncollected(POOL.id, TOKEN0, RANGE)
    assert ADAPTER.holdings(states(state), POOL, ACTOR) == (Holding(place, 3, 3),)


def test_audits__of_a_range__the_words_of_its_position() -> None:
    state = opened(7, owed0=5)
    found = ADAPTER.audits(POOL, state, ACTOR)
    assert {audit.place: audit.word for audit in found} == {
        pooled(POOL.id, TOKEN0, RANGE): 0,
        pooled(POOL.id, TOKEN1, RANGE): 0,
        uncollected(POOL.id, TOKEN0, RANGE): 3,
        uncollected(POOL.id, TOKEN1, RANGE): 4,
    }
    (read,) = {audit.read for audit in found}
    assert read.to == POOL.address
    assert ADAPTER.audits(POOL, state, FRIEND) == ADAPTER.audits(POOL, None, ACTOR) == ()


# ------------------------------------------------------------------------------- whose it is


def test_narrow__to_one_owner__that_owners_ranges() -> None:
    other: PositionKey = (FRIEND, *RANGE)
    state = opened(7).with_position(other, PositionState(5))
    found = ADAPTER.narrow(state, Accounts((FRIEND,)))
    assert found == replace(state, owners=(FRIEND,), positions={other: PositionState(5)})


def test_taken_over__ranges_of_owners__theirs_alone_in_the_live_pool() -> None:
    other: PositionKey = (FRIEND, *RANGE)
    live = opened(7).with_position(other, PositionState(5))
    owned = opened(9, owed0=1).with_position(other, PositionState(6))
    found = ADAPTER.taken_over(live, owned, Accounts((ACTOR,)))
    assert found == live.with_position(KEY, owned.positions[KEY])
    gone = replace(owned, positions={})
    assert ADAPTER.taken_over(live, gone, Accounts((ACTOR,))).positions == {other: PositionState(5)}


def test_taken_over__range_that_the_live_pool_has_not__refused_in_words() -> None:
    with pytest.raises(ConfigError, match="lies from tick -600 to 600, where the live pool"):
        ADAPTER.taken_over(PLAIN, opened(7), Accounts((ACTOR,)))
    alone = pool_state((*RANGE, 5))
    owned = opened(7)
    assert ADAPTER.taken_over(alone, owned, Accounts((ACTOR,))).positions == owned.positions
    owed = PLAIN.with_position(KEY, PositionState(0, 0, 0, 3, 0))
    assert ADAPTER.taken_over(PLAIN, owed, Accounts((ACTOR,))) == owed
