"""Ranges and the oracle of a pool, asked of the real contracts: refusals, worth, and the past."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import reduce

import pytest
from eth_abi.abi import decode, encode

from tests.laws.law import check_case, opened_ranges, read_states
from tests.laws.machines import fund
from tests.support import evm
from trimtab.core.abi import Call, call_data, selector
from trimtab.core.actions import Action, AddLiquidity, Approve, Collect, RemoveLiquidity, Swap
from trimtab.core.adapter import accrue
from trimtab.core.errors import MissingRead, NoRoute
from trimtab.core.market import Accounts, token_market, tracked
from trimtab.core.quantise import Timestamp
from trimtab.core.states import Applied, Reverted, States, reverted
from trimtab.core.token import ZERO_ADDRESS, Address, Token
from trimtab.lab.world import DEFAULT_WORLD, PoolSpec, PositionSpec, local_world
from trimtab.mandate.adapters import ADAPTERS
from trimtab.mandate.book import read_book
from trimtab.protocols.erc20 import Erc20
from trimtab.protocols.uniswap_v3 import (
    Pool,
    PoolState,
    UniswapV3Adapter,
    cost_of,
    liquidity_for_amounts,
    mean_tick,
    observe,
)
from trimtab.protocols.uniswap_v3.market import KEPT
from trimtab.protocols.uniswap_v3.model.liquidity import most_per_tick

pytestmark = pytest.mark.chain

FOREVER = Timestamp(2**40)
MAX128, MAX256 = 2**128 - 1, 2**256 - 1
POSITIONS = (PositionSpec(400_000, 3_000), PositionSpec(90_000, 60))
WORLD = replace(DEFAULT_WORLD, pools=(PoolSpec("WETH", "USDC", 3_000, POSITIONS),))


Range = tuple[int, int]


@dataclass(slots=True)
class Scene:
    """A pool whose owner may trade and mint, and the states that it and the model agree on."""

    machine: evm.Evm
    pool: Pool
    accounts: Accounts
    states: States

    @property
    def owner(self) -> Address:
        return self.accounts.owners[0]

    @property
    def state(self) -> PoolState:
        return self.states[self.pool]

    @property
    def tokens(self) -> tuple[Token, Token]:
        return self.pool.token0, self.pool.token1

    def near(self, below: int, above: int) -> Range:
        """The range from so many tick spacings below the price to so many above it."""
        spacing = self.pool.tick_spacing
        middle = self.state.tick // spacing * spacing
        return middle + below * spacing, middle + above * spacing

    def act(self, action: Action) -> Applied | Reverted:
        """What an action does, the same by the model and on the chain."""
        self.states, outcome = check_case(
            self.machine, ADAPTERS, self.states, self.accounts, action
        )
        return outcome

    def later(self, seconds: int) -> None:
        moment = Timestamp(self.machine.time + seconds)
        self.machine.set_time(moment)
        head = replace(self.states.head, timestamp=moment)
        self.states = replace(
            accrue(ADAPTERS, self.states, moment), heads={self.states.clock: head}
        )

    def add(self, ticks: Range, amounts: tuple[int, int], least: int = 0) -> AddLiquidity:
        return AddLiquidity(
            self.owner, self.pool.id, self.tokens, amounts, least, FOREVER, ticks=ticks
        )

    def remove(self, ticks: Range, shares: int) -> RemoveLiquidity:
        return RemoveLiquidity(
            self.owner, self.pool.id, self.tokens, shares, (), FOREVER, self.owner, ticks
        )

    def collect(self, ticks: Range, most: tuple[int, int] = (MAX128, MAX128)) -> Collect:
        return Collect(self.owner, self.pool.id, self.tokens, ticks, most, self.owner)

    def sell(self, zero_for_one: bool, amount: int) -> Swap:
        sold, bought = self.tokens if zero_for_one else self.tokens[::-1]
        return Swap(self.owner, self.pool.id, sold, bought, amount, 0, FOREVER, self.owner)

    def sent(self, to: Address, data: bytes) -> None:
        """A transaction of the owner's that the model is told of by its logs alone."""
        ok, returned, logs = self.machine.call(self.owner, to, data)
        assert ok, Reverted(returned).reason
        state = reduce(UniswapV3Adapter().observe, logs, self.state)
        self.states = self.states.with_states({self.pool.id: state})


@pytest.fixture(scope="module")
def stage() -> Scene:
    with local_world(WORLD) as world:
        owners = world.deployment.agents[:2]
        fund(world, owners)
        book = read_book(world.deployment.to_json(), "the world")
        markets = tuple(m for m in book.markets.values() if isinstance(m, Erc20 | Pool))
        machine = evm.load(world.rpc)
    accounts = tracked(owners, markets)
    (pool,) = (market for market in markets if isinstance(market, Pool))
    scene = Scene(machine, pool, accounts, read_states(machine, ADAPTERS, markets, accounts))
    for token in scene.tokens:
        for spender in pool.spenders:
            approval = Approve(scene.owner, token_market(token), token, spender, MAX256)
            assert isinstance(scene.act(approval), Applied)
    return scene


@pytest.fixture
def scene(stage: Scene) -> Iterator[Scene]:
    """The scene, before anything was done."""
    before, moment = stage.machine.snapshot(), stage.machine.time
    yield replace(stage)
    stage.machine.revert(before)
    stage.machine.set_time(moment)


# --------------------------------------------------------------------------------- refusals


def _error(signature: str, *values: object) -> Reverted:
    types = signature.partition("(")[2][:-1].split(",")
    return Reverted(selector(signature) + (encode(types, values) if values else b""))


def test_refusals__of_minter_and_pool__equal_in_their_bytes(scene: Scene) -> None:
    ticks, far = scene.near(-2, 3), scene.near(20, 21)
    below, above = ticks
    amounts = tuple(token.unit // 100 for token in scene.tokens)
    plain = scene.add(ticks, (amounts[0], amounts[1]))
    bought = liquidity_for_amounts(scene.state, ticks, amounts)
    most, now = most_per_tick(scene.pool.tick_spacing), scene.states.timestamp
    past = Timestamp(now - 1)
    stranger = scene.accounts.owners[1]
    huge = cost_of(scene.state, far, most + 1)
    twice = (2 * huge[0], 0)
    wide = cost_of(scene.state, far, 2**127)
    cases: list[tuple[Action, Reverted]] = [
        (replace(plain, least=MAX128 + 1), Reverted(b"")),
        (replace(plain, deadline=past), _error("Late(uint256,uint256)", now, past)),
        (
            replace(plain, least=bought + 1),
            _error("TooLittle(uint128,uint128)", bought, bought + 1),
        ),
        (replace(plain, amounts=(MAX256, MAX256)), _error("Overflow()")),
        (replace(plain, amounts=(MAX256, 0)), _error("Overflow()")),
        (replace(plain, ticks=(below, below)), _error("Overflow()")),
        (replace(plain, ticks=(above, below)), reverted("TLU")),
        (replace(plain, ticks=(-887_273, above)), reverted("TLM")),
        (replace(plain, ticks=(below, 887_273)), reverted("TUM")),
        (replace(plain, ticks=(-(2**23), 2**23 - 1)), reverted("TLM")),
        (replace(plain, ticks=(below + 1, above)), Reverted(b"")),
        (replace(plain, ticks=(below, above - 1)), Reverted(b"")),
        (replace(plain, amounts=(0, 0)), Reverted(b"")),
        (replace(plain, ticks=far, amounts=huge), reverted("LO")),
        (replace(plain, ticks=(far[0] + 1, far[1]), amounts=twice), reverted("LO")),
        (replace(plain, ticks=far, amounts=wide), Reverted(b"")),
        (replace(plain, actor=stranger), _error("PaymentFailed(address)", scene.tokens[0].address)),
        (scene.remove(ticks, 0), reverted("NP")),
        (scene.remove(ticks, 1), reverted("LS")),
        (scene.remove(ticks, 2**127 - 1), reverted("LS")),
        (scene.remove(ticks, 2**127), Reverted(b"")),
        (scene.remove((above, below), 0), reverted("TLU")),
        (scene.remove((-887_273, above), 0), reverted("TLM")),
        (scene.remove((below, 887_273), 0), reverted("TUM")),
        (scene.remove((below + 1, above), 0), reverted("NP")),
        (scene.remove((below + 1, above), 1), reverted("LS")),
    ]
    for action, expected in cases:
        assert scene.act(action) == expected, action
    assert isinstance(scene.act(scene.collect((above, below))), Applied)
    assert isinstance(scene.act(replace(plain, least=bought)), Applied)
    assert scene.act(scene.remove(ticks, bought + 1)) == reverted("LS")
    assert isinstance(scene.act(scene.remove(ticks, bought)), Applied)
    nobody = replace(scene.collect(ticks), recipient=ZERO_ADDRESS)
    assert scene.act(nobody) == reverted("TF")
    assert isinstance(scene.act(replace(nobody, most=(0, 0))), Applied)


def test_burn__numbers_wider_than_their_words__taken_for_their_low_bits(scene: Scene) -> None:
    """Why such numbers are refused before they are sent: the pool would do something else."""
    ticks = scene.near(-2, 3)
    assert isinstance(scene.act(scene.add(ticks, (10**9, 10**18))), Applied)
    (position,) = scene.state.positions.values()
    with pytest.raises(NoRoute, match="cannot be given shares"):
        scene.act(scene.remove(ticks, MAX128 + 8))
    with pytest.raises(NoRoute, match="has no range"):
        scene.act(scene.remove((ticks[0] - 2**24, ticks[1]), 7))
    wrapped = (ticks[0] + 2**24, ticks[1] - 2**24)
    scene.sent(scene.pool.address, call_data("burn(int24,int24,uint128)", *wrapped, MAX128 + 8))
    (burned,) = scene.state.positions.values()
    assert burned.liquidity == position.liquidity - 7


# ------------------------------------------------------------------------------------ worth


@pytest.mark.parametrize("seed", [1, 2])
def test_holdings__of_ranges__what_the_pool_then_pays(scene: Scene, seed: int) -> None:
    rng = random.Random(seed)
    ranges = [scene.near(-3, 4), scene.near(-8, -1), scene.near(1, 9), scene.near(-40, 40)]
    for ticks in ranges:
        amounts = (10 ** rng.randrange(6, 10), 10 ** rng.randrange(15, 18))
        assert isinstance(scene.act(scene.add(ticks, amounts)), Applied)
    for _ in range(12):
        scene.later(12)
        is_sale = rng.random() < 0.5
        worth = 2_000 * scene.tokens[0].unit if is_sale else scene.tokens[1].unit
        scene.act(scene.sell(is_sale, worth * rng.randrange(1, 50) // 3))
        if rng.random() < 0.4:
            ticks = rng.choice(ranges)
            there = scene.state.positions[scene.owner, ticks[0], ticks[1]].liquidity
            scene.act(scene.remove(ticks, there // rng.choice([3, 7])))
    adapter = UniswapV3Adapter()
    holdings = adapter.holdings(scene.states, scene.pool, scene.owner)
    for ticks in ranges:
        here = [each for each in holdings if each.place.ticks == ticks]
        (liquidity,) = {each.shares for each in here if each.place.is_pooled}
        principal = tuple(each.raw for each in here if each.place.is_pooled)
        due = {each.place.token: each.raw for each in here if each.place.is_uncollected}
        owed = tuple(due.get(token, 0) for token in scene.tokens)
        burn = call_data("burn(int24,int24,uint128)", *ticks, liquidity)
        answer = scene.machine.static(scene.pool.address, burn, sender=scene.owner)
        assert decode(["uint256", "uint256"], answer.data) == principal
        before = scene.machine.snapshot()
        ok, _, _ = scene.machine.call(
            scene.owner,
            scene.pool.address,
            call_data("burn(int24,int24,uint128)", *ticks, 0),
        )
        assert ok
        signature = "collect(address,int24,int24,uint128,uint128)"
        collect = call_data(signature, scene.owner, *ticks, MAX128, MAX128)
        answer = scene.machine.static(scene.pool.address, collect, sender=scene.owner)
        assert decode(["uint256", "uint256"], answer.data) == owed
        scene.machine.revert(before)
    audits = adapter.audits(scene.pool, scene.state, scene.owner)
    said = {
        audit.place: decode(
            ["uint256"] * 5, scene.machine.static(audit.read.to, audit.read.data).data
        )[audit.word]
        for audit in audits
    }
    assert {each.place: each.audited for each in holdings}.items() <= said.items()
    assert sum(bool(shares) for shares in said.values()) == sum(
        bool(each.shares) for each in holdings
    )


def test_read__ranges_that_the_accounts_name__found_from_cold(scene: Scene) -> None:
    first, second = scene.near(-2, 3), scene.near(4, 5)
    for ticks in (first, second):
        assert isinstance(scene.act(scene.add(ticks, (10**9, 10**18))), Applied)
    markets = tuple(scene.states.markets.values())
    cold = replace(scene.accounts, ranges={scene.pool.id: (first, scene.near(7, 9))})
    found = read_states(scene.machine, ADAPTERS, markets, cold)
    key = (scene.owner, *first)
    assert found[scene.pool].positions == {key: scene.state.positions[key]}
    whole = replace(scene.accounts, ranges=opened_ranges(scene.states))
    found = read_states(scene.machine, ADAPTERS, markets, whole)
    assert found[scene.pool] == scene.state


# ----------------------------------------------------------------------------------- oracle


def _said(scene: Scene, ages: Sequence[int]) -> Reverted | tuple[tuple[int, ...], tuple[int, ...]]:
    """What the pool answers to `observe`."""
    data = selector("observe(uint32[])") + encode(["uint32[]"], [ages])
    answer = scene.machine.static(scene.pool.address, data)
    if not answer.ok:
        return Reverted(answer.data)
    ticks, seconds = decode(["int56[]", "uint160[]"], answer.data)
    return tuple(ticks), tuple(seconds)


def _grow(scene: Scene, to: int) -> None:
    data = call_data("increaseObservationCardinalityNext(uint16)", to)
    scene.sent(scene.pool.address, data)


def _live(scene: Scene, rng: random.Random, turns: int, wait: Callable[[], int]) -> None:
    """Swaps to and fro, which move the tick, and a range now and then, each under the law."""
    ticks = scene.near(-3, 4)
    for turn in range(turns):
        scene.later(wait())
        if turn % 5 == 4:
            outcome = scene.act(scene.add(ticks, (10**8, 10**17)))
        else:
            zero_for_one = turn % 2 == 0
            worth = 2_000 * scene.tokens[0].unit if zero_for_one else scene.tokens[1].unit
            outcome = scene.act(scene.sell(zero_for_one, worth * rng.randrange(1, 50) // 10))
        assert isinstance(outcome, Applied)


def test_observe__any_age__as_the_pool_answers(scene: Scene) -> None:
    rng = random.Random(7)
    answers = set[bool]()
    for size in (1, 1, 4, 9, 9, 30):
        _grow(scene, size)
        _live(scene, rng, 12, lambda: rng.choice([0, 1, 12, 300, 86_400]))
        past = [scene.state.timestamp - each.timestamp for each in scene.state.oracle.observations]
        ages = {age + off for age in past for off in (-1, 0, 1) if age + off >= 0}
        ages |= {0, 1, *(rng.randrange(0, max(past) + 2) for _ in range(20))}
        for age in sorted(ages):
            answer = observe(scene.state, (age,))
            assert answer == _said(scene, [age]), age
            answers.add(isinstance(answer, Reverted))
        together = sorted(age for age in ages if age <= max(past))
        assert observe(scene.state, together) == _said(scene, together)
        assert observe(scene.state, [0, max(past) + 1]) == reverted("OLD")
    assert answers == {True, False}
    assert len(scene.state.oracle.observations) > 9


def test_observe__timestamps_past_their_32_bits__as_the_pool_answers(scene: Scene) -> None:
    rng = random.Random(3)
    _grow(scene, 40)
    scene.later(2**32 - 500 - scene.machine.time)
    _live(scene, rng, 30, lambda: rng.randrange(1, 60))
    now = scene.state.timestamp
    assert now > 2**32 > now - 1_500
    stamps = [each.timestamp for each in scene.state.oracle.observations]
    assert stamps != sorted(stamps)
    for age in (*range(0, 1_000, 13), now - 2**32, now - 2**32 - 1, now - 2**32 + 1):
        assert observe(scene.state, (age,)) == _said(scene, [age]), age
    markets = tuple(scene.states.markets.values())
    cold = replace(scene.accounts, ranges=opened_ranges(scene.states))
    assert read_states(scene.machine, ADAPTERS, markets, cold)[scene.pool] == scene.state


def test_observe__ring_longer_than_is_kept__newest_read_and_older_missing(scene: Scene) -> None:
    rng = random.Random(5)
    _grow(scene, KEPT + 90)
    swaps = 0
    while scene.state.oracle.index < KEPT + 20:
        scene.machine.set_time(scene.machine.time + 12)
        zero_for_one = swaps % 2 == 0
        sold, bought = scene.tokens if zero_for_one else scene.tokens[::-1]
        signature = (
            "exactInputSingle((address,address,uint24,address,uint256,uint256,uint256,uint160))"
        )
        worth = 2_000 * sold.unit if zero_for_one else sold.unit
        amount = worth * rng.randrange(10, 20) // 10
        order = (sold.address, bought.address, 3_000, scene.owner, FOREVER, amount, 0, 0)
        scene.sent(scene.pool.router, call_data(signature, *order))
        swaps += 1
    markets = tuple(scene.states.markets.values())
    found = read_states(scene.machine, ADAPTERS, markets, scene.accounts)
    state = found[scene.pool]
    assert state.oracle == scene.state.oracle
    assert len(state.oracle.observations) == KEPT
    oldest = (state.timestamp - state.oracle.observations[0].timestamp) % 2**32
    scene.states = found
    assert observe(state, (oldest,)) == _said(scene, [oldest])
    assert not isinstance(_said(scene, [oldest + 1]), Reverted)
    with pytest.raises(MissingRead, match=f"only its newest {KEPT}"):
        observe(state, (oldest + 1,))


def test_mean_tick__of_a_while__between_the_ticks_of_it(scene: Scene) -> None:
    rng = random.Random(9)
    _grow(scene, 30)
    seen = []
    for _ in range(10):
        _live(scene, rng, 1, lambda: 60)
        seen.append(scene.state.tick)
    scene.later(60)
    said = _said(scene, [500, 0])
    assert not isinstance(said, Reverted)
    assert mean_tick(scene.state, 500) == (said[0][1] - said[0][0]) // 500
    assert min(seen) <= mean_tick(scene.state, 500) <= max(seen)


def test_sent__call__told_by_its_logs(scene: Scene) -> None:
    call = Call(scene.pool.address, call_data("increaseObservationCardinalityNext(uint16)", 5))
    scene.sent(call.to, call.data)
    markets = tuple(scene.states.markets.values())
    again = read_states(scene.machine, ADAPTERS, markets, scene.accounts, scene.states)
    assert again[scene.pool] == scene.state
    assert scene.state.oracle.cardinality_next == 5
