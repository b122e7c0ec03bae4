"""The law of pairs at their edges: empty, one-sided, with a protocol fee, too full, at the end of
32 and 256 bits. The stage of the others has two deep pairs without a fee.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.laws.law import Tally, check_case, read_states, run_sequence
from tests.laws.machines import fund
from tests.laws.uniswap_v2 import FOREVER, PORT
from tests.support import evm
from trimtab.core.abi import UINT256_MAX, call_data
from trimtab.core.actions import (
    Action,
    AddLiquidity,
    RemoveLiquidity,
    Swap,
    SwapExactOut,
    Transfer,
)
from trimtab.core.market import Accounts, Market, State, token_market, tracked
from trimtab.core.quantise import Timestamp
from trimtab.core.states import Applied, Reverted, States
from trimtab.core.token import ZERO_ADDRESS, Address, Token
from trimtab.lab.world import DEFAULT_WORLD, Deployment, LocalWorld, PairSpec, local_world
from trimtab.mandate.adapters import ADAPTERS
from trimtab.mandate.book import read_book
from trimtab.protocols.erc20 import Erc20
from trimtab.protocols.uniswap_v2 import Pair

pytestmark = pytest.mark.chain

CASES, STEPS = 800, 40
DEEP, EMPTY, ONE_SIDED = "WETH/USDC", "WBTC/USDC", "WBTC/WETH"
EDGES = replace(
    DEFAULT_WORLD,
    pools=(),
    pairs=(
        PairSpec("WETH", "USDC", 100_000),
        PairSpec("WBTC", "USDC", 0),
        PairSpec("WBTC", "WETH", 0),
    ),
)
LAST_DAY = 2**32 - 86_400
PRICE_SLOTS = (9, 10)
"""Where a pair keeps its cumulative prices."""


@dataclass(frozen=True, slots=True)
class Stage:
    """The world in process, its markets and who acts."""

    machine: evm.Evm
    markets: tuple[Market[State], ...]
    accounts: Accounts
    deployment: Deployment

    def pair(self, name: str) -> Pair:
        (found,) = (each for each in self.markets if each.name == f"uniswap_v2:{name}")
        assert isinstance(found, Pair)
        return found

    def send(self, sender: Address, to: Address, signature: str, *arguments: int | str) -> None:
        ok, returned, _ = self.machine.call(sender, to, call_data(signature, *arguments))
        assert ok, Reverted(returned).reason

    def read(self, *but: str) -> States:
        markets = [each for each in self.markets if each.name not in but]
        return read_states(self.machine, ADAPTERS, markets, self.accounts)


@pytest.fixture(scope="module")
def stage() -> Stage:
    """A deep pair that is about to reach every bound, an empty one, and one of one token."""
    with local_world(EDGES) as world:
        owners = world.deployment.agents[:3]
        fund(world, owners)
        book = read_book(world.deployment.to_json(), "the world of edges")
        markets = tuple(m for m in book.markets.values() if isinstance(m, Erc20 | Pair))
        _make_rich(world, owners[2])
        for slot in PRICE_SLOTS:
            place = book.markets[f"uniswap_v2:{DEEP}"].address, hex(slot)
            assert world.rpc("anvil_setStorageAt", *place, hex(UINT256_MAX - 10**6))
        world.mine()
        loaded = evm.load(world.rpc)
        stage = Stage(loaded, markets, tracked(owners, markets), world.deployment)
    _share_out(stage)
    one_sided = stage.pair(ONE_SIDED)
    gift = ("transfer(address,uint256)", one_sided.address, 12_345)
    stage.send(owners[0], one_sided.token0.address, *gift)
    stage.send(owners[0], one_sided.address, "sync()")
    return stage


def _make_rich(world: LocalWorld, owner: Address) -> None:
    """More of every token than pairs can count."""
    world.mine(
        world.funding(owner, "WETH", 2**113),
        world.funding(owner, "USDC", 2**220),
        world.funding(owner, "WBTC", 2**113),
    )


def _share_out(stage: Stage) -> None:
    """Shares of the deep pair for all, and whatever the router may want of them."""
    pair, provider = stage.pair(DEEP), stage.deployment.liquidity_provider
    for owner in stage.accounts.owners:
        stage.send(provider, pair.address, "transfer(address,uint256)", owner, 10**12)
        for each in (pair.share, *pair.tokens, stage.pair(EMPTY).token1):
            allowed = ("approve(address,uint256)", pair.router, UINT256_MAX)
            stage.send(owner, each.address, *allowed)


# ------------------------------------------------------------------------------- any sequence


@pytest.mark.parametrize("setting", ["on", "off again", "to the pair"])
def test_model__protocol_fee__equals_the_chain(
    setting: str, stage: Stage, record_property: Callable[[str, object], None]
) -> None:
    machine, tally = stage.machine, Tally()
    untouched = machine.snapshot()
    try:
        _turn_fee(stage, setting)
        machine.set_time(LAST_DAY)
        _hold(stage, tally)
    finally:
        machine.revert(untouched)
    reached = ", ".join(f"{count} {what}" for what, count in tally.reached.most_common(12))
    words = f"law uniswap_v2, fee {setting}: {tally.cases} cases, 0 mismatches; {reached}"
    record_property("told", words)
    assert tally.cases >= CASES
    assert set(PORT.kinds) - set(tally.reached) == set()


def _turn_fee(stage: Stage, setting: str) -> None:
    """Let the protocol take its part, or have taken it until now, or give it to the pair."""
    pair, provider = stage.pair(DEEP), stage.deployment.liquidity_provider
    taker = pair.address if setting == "to the pair" else stage.accounts.owners[0]
    stage.send(stage.deployment.deployer, pair.factory, "setFeeTo(address)", taker)
    # A burn notes k, without which nothing is owed later.
    stage.send(provider, pair.address, "transfer(address,uint256)", pair.address, 10**12)
    stage.send(provider, pair.address, "burn(address)", provider)
    if setting == "off again":
        stage.send(stage.deployment.deployer, pair.factory, "setFeeTo(address)", ZERO_ADDRESS)


def _hold(stage: Stage, tally: Tally) -> None:
    machine, moment = stage.machine, stage.machine.time
    states = stage.read(f"uniswap_v2:{ONE_SIDED}")
    assert states[stage.pair(DEEP)].k_last > 0

    @settings(max_examples=CASES // STEPS)
    @given(st.data())
    def law(data: st.DataObject) -> None:
        before = machine.snapshot()
        try:
            scene = (states, stage.accounts, PORT, tally, STEPS)
            run_sequence(data.draw, machine, ADAPTERS, *scene)
        finally:
            machine.revert(before)
            machine.set_time(moment)

    law()


# --------------------------------------------------------------------------------- each revert


@dataclass(frozen=True, slots=True)
class Desk:
    """Writes actions of one actor on one pair."""

    pair: Pair
    actor: Address
    recipient: Address
    deadline: Timestamp = FOREVER

    def swap(self, amount_in: int, min_out: int = 0, *, reverse: bool = False) -> Action:
        tokens = self.pair.tokens[::-1] if reverse else self.pair.tokens
        until, to = self.deadline, self.recipient
        return Swap(self.actor, self.pair.id, *tokens, amount_in, min_out, until, to)

    def buy(self, amount_out: int, max_in: int = UINT256_MAX) -> Action:
        tokens, until, to = self.pair.tokens, self.deadline, self.recipient
        return SwapExactOut(self.actor, self.pair.id, *tokens, amount_out, max_in, until, to)

    def add(self, amount0: int, amount1: int, least: tuple[int, ...] = ()) -> Action:
        common = (self.actor, self.pair.id, self.pair.tokens)
        return AddLiquidity(*common, (amount0, amount1), 0, self.deadline, least)

    def remove(self, shares: int, least: tuple[int, int] = (0, 0)) -> Action:
        common = (self.actor, self.pair.id, self.pair.tokens)
        return RemoveLiquidity(*common, shares, least, self.deadline, self.recipient)

    def give(self, token: Token, to: Address, amount: int) -> Action:
        market = self.pair.id if token == self.pair.share else token_market(token)
        return Transfer(self.actor, market, token, to, amount)


Written = Callable[[Desk], tuple[Action, ...]]
LONG_AGO = Timestamp(1)
NO_LIQUIDITY = "UniswapV2Library: INSUFFICIENT_LIQUIDITY"
NOTHING_MINTED = "UniswapV2: INSUFFICIENT_LIQUIDITY_MINTED"
NOT_TAKEN = "TransferHelper: TRANSFER_FROM_FAILED"
TOO_GREAT, TOO_SMALL = "ds-math-mul-overflow", "ds-math-sub-underflow"
TOO_FULL = "UniswapV2: OVERFLOW"
A_SHORT, B_SHORT = (f"UniswapV2Router: INSUFFICIENT_{side}_AMOUNT" for side in "AB")


def _late(desk: Desk) -> Desk:
    return replace(desk, deadline=LONG_AGO)


def _to(desk: Desk, recipient: Address) -> Desk:
    return replace(desk, recipient=recipient)


def _filling(desk: Desk, amount: int = 2**112) -> Action:
    """More of token0 in the pair than a reserve can say."""
    return desk.give(desk.pair.token0, desk.pair.address, amount)


REVERTS: tuple[tuple[str, str, Written], ...] = (
    (DEEP, "UniswapV2Router: EXPIRED", lambda d: (_late(d).swap(1),)),
    (DEEP, "UniswapV2Router: EXPIRED", lambda d: (_late(d).buy(1),)),
    (DEEP, "UniswapV2Router: EXPIRED", lambda d: (_late(d).add(1, 1),)),
    (DEEP, "UniswapV2Router: EXPIRED", lambda d: (_late(d).remove(1),)),
    (DEEP, "UniswapV2Library: INSUFFICIENT_INPUT_AMOUNT", lambda d: (d.swap(0),)),
    (DEEP, "UniswapV2Library: INSUFFICIENT_OUTPUT_AMOUNT", lambda d: (d.buy(0),)),
    (EMPTY, NO_LIQUIDITY, lambda d: (d.swap(1),)),
    (EMPTY, NO_LIQUIDITY, lambda d: (d.buy(1),)),
    (ONE_SIDED, NO_LIQUIDITY, lambda d: (d.swap(1),)),
    (ONE_SIDED, NO_LIQUIDITY, lambda d: (d.buy(1),)),
    (ONE_SIDED, NO_LIQUIDITY, lambda d: (d.add(9, 9),)),
    (DEEP, TOO_GREAT, lambda d: (d.swap(UINT256_MAX // 997 + 1),)),
    (DEEP, TOO_GREAT, lambda d: (d.swap(UINT256_MAX // 997),)),
    (EMPTY, "ds-math-add-overflow", lambda d: (d.add(10**7, 1), d.swap(UINT256_MAX // 997))),
    (DEEP, TOO_GREAT, lambda d: (d.buy(UINT256_MAX),)),
    (DEEP, TOO_SMALL, lambda d: (d.buy(2**128),)),
    (DEEP, "0x", lambda d: (d.buy(25 * 10**18),)),
    (DEEP, "UniswapV2Router: INSUFFICIENT_OUTPUT_AMOUNT", lambda d: (d.swap(10**6, 10**30),)),
    (DEEP, "UniswapV2Router: EXCESSIVE_INPUT_AMOUNT", lambda d: (d.buy(10**15, 0),)),
    (DEEP, NOT_TAKEN, lambda d: (d.swap(2**150, reverse=True),)),
    (DEEP, "UniswapV2: INSUFFICIENT_OUTPUT_AMOUNT", lambda d: (d.swap(1, reverse=True),)),
    (DEEP, "UniswapV2: INVALID_TO", lambda d: (_to(d, d.pair.token0.address).swap(10**6),)),
    (DEEP, "UniswapV2: INVALID_TO", lambda d: (_to(d, d.pair.token1.address).buy(10**6),)),
    (DEEP, "UniswapV2: TRANSFER_FAILED", lambda d: (_to(d, ZERO_ADDRESS).swap(10**6),)),
    (DEEP, "UniswapV2: TRANSFER_FAILED", lambda d: (_to(d, ZERO_ADDRESS).remove(10**9),)),
    (DEEP, TOO_FULL, lambda d: (_filling(d), d.swap(10**6))),
    (DEEP, TOO_FULL, lambda d: (_filling(d), d.add(10**9, 10**30))),
    (DEEP, TOO_FULL, lambda d: (_filling(d, 2**113), d.remove(10**3))),
    (DEEP, TOO_GREAT, lambda d: (_filling(d, 2**180), d.swap(10**6))),
    (DEEP, TOO_GREAT, lambda d: (_filling(d, 2**219), d.add(10**9, 10**30))),
    (DEEP, TOO_GREAT, lambda d: (_filling(d, 2**219), d.remove(10**12))),
    (DEEP, "UniswapV2Library: INSUFFICIENT_AMOUNT", lambda d: (d.add(0, 10**6),)),
    (DEEP, "UniswapV2Library: INSUFFICIENT_AMOUNT", lambda d: (d.add(10**6, 0),)),
    (DEEP, B_SHORT, lambda d: (d.add(10**6, 10**30, (0, 10**29)),)),
    (DEEP, A_SHORT, lambda d: (d.add(10**9, 10**15, (10**9, 0)),)),
    (DEEP, NOTHING_MINTED, lambda d: (d.add(10**9, 1),)),
    (DEEP, NOT_TAKEN, lambda d: (d.add(2**130, 2**180),)),
    (EMPTY, TOO_SMALL, lambda d: (d.add(1000, 999),)),
    (EMPTY, NOTHING_MINTED, lambda d: (d.add(1000, 1000),)),
    (EMPTY, NOT_TAKEN, lambda d: (d.add(2**221, 1),)),
    (EMPTY, TOO_GREAT, lambda d: (d.add(2**180, 2**112),)),
    (EMPTY, TOO_FULL, lambda d: (d.add(2**112, 2**112),)),
    (EMPTY, "0x", lambda d: (d.remove(0),)),
    (EMPTY, TOO_SMALL, lambda d: (d.remove(1),)),
    (DEEP, TOO_SMALL, lambda d: (d.remove(UINT256_MAX),)),
    (DEEP, "UniswapV2: INSUFFICIENT_LIQUIDITY_BURNED", lambda d: (d.remove(0),)),
    (DEEP, A_SHORT, lambda d: (d.remove(10**9, (10**30, 0)),)),
    (DEEP, B_SHORT, lambda d: (d.remove(10**9, (0, 10**30)),)),
    (DEEP, TOO_SMALL, lambda d: (d.give(d.pair.share, d.actor, 2**120),)),
)


@pytest.mark.parametrize("case", REVERTS, ids=[f"{n} {c[1]}" for n, c in enumerate(REVERTS)])
def test_model__each_revert__is_the_chains(case: tuple[str, str, Written], stage: Stage) -> None:
    name, reason, written = case
    rich = stage.accounts.owners[2]
    before = stage.machine.snapshot()
    try:
        states = stage.read()
        *first, last = written(Desk(stage.pair(name), rich, rich))
        for action in first:
            states, outcome = check_case(stage.machine, ADAPTERS, states, stage.accounts, action)
            assert isinstance(outcome, Applied), outcome.reason
        _, outcome = check_case(stage.machine, ADAPTERS, states, stage.accounts, last)
    finally:
        stage.machine.revert(before)
    assert isinstance(outcome, Reverted)
    assert outcome.reason == reason
