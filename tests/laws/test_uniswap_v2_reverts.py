"""Each bound of a pair and its router, on both sides: the model gives the chain's very bytes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import count

import pytest

from tests.laws.law import check_case
from tests.laws.pair_edges import DEEP, EMPTY, ONE_SIDED, Stage, edges
from tests.laws.uniswap_v2 import FOREVER
from trimtab.core.abi import UINT256_MAX
from trimtab.core.actions import (
    Action,
    AddLiquidity,
    Approve,
    RemoveLiquidity,
    Swap,
    SwapExactOut,
    Transfer,
)
from trimtab.core.market import token_market
from trimtab.core.quantise import Timestamp
from trimtab.core.states import Applied, Reverted
from trimtab.core.token import ZERO_ADDRESS, Address, Token
from trimtab.mandate.adapters import ADAPTERS
from trimtab.protocols.uniswap_v2 import Pair
from trimtab.protocols.uniswap_v2.market import UINT112_MAX

pytestmark = pytest.mark.chain


@pytest.fixture(scope="module")
def stage() -> Stage:
    return edges()


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

    def allow(self) -> Action:
        return Approve(self.actor, self.pair.id, self.pair.share, self.pair.router, UINT256_MAX)


Written = Callable[[Desk], tuple[Action, ...]]
LONG_AGO = Timestamp(1)
NO_LIQUIDITY = "UniswapV2Library: INSUFFICIENT_LIQUIDITY"
NOTHING_MINTED = "UniswapV2: INSUFFICIENT_LIQUIDITY_MINTED"
NOTHING_BURNED = "UniswapV2: INSUFFICIENT_LIQUIDITY_BURNED"
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


# ------------------------------------------------------------------------- the last that goes

DEEP_RESERVES = (50_000 * 10**6, 25 * 10**18)
ROOM = UINT112_MAX - DEEP_RESERVES[0]


def _sum_at_the_edge() -> tuple[int, int]:
    """A reserve against one unit, and a sale, of which the sum in a quote is 2**256 - 1."""
    for less in count(10**7):
        rest = UINT256_MAX - 997 * (UINT256_MAX // 997 - less)
        if rest % 1000 == 0:
            return rest // 1000, UINT256_MAX // 997 - less
    raise AssertionError("one in a thousand is")


def _product_at_the_edge(desk: Desk, *, reverse: bool, fits: bool) -> tuple[Action, ...]:
    """A gift and a sale after which the product that the pair checks just fits 256 bits, or not.

    What counts of the token sold is within 3 of the bound, so that one unit more or less of what
    came in would put the product on the other side.
    """
    sold, bought = DEEP_RESERVES[::-1] if reverse else DEEP_RESERVES
    for amount in count(10**15, 10**9) if reverse else count(10**9):
        out = 997 * amount * bought // (1000 * sold + 997 * amount)
        bound = -(-(2**256) // (1000 * (bought - out)))
        counted = 1000 * sold + 997 * amount
        gift = -(-(bound - counted) // 997)
        above = counted + 997 * gift - bound
        if above >= 994 if fits else above < 3:
            token = desk.pair.tokens[reverse]
            given = desk.give(token, desk.pair.address, gift - fits)
            return given, desk.swap(amount, reverse=reverse)
    raise AssertionError("three in a thousand do")


SUM_RESERVE, SUM_SALE = _sum_at_the_edge()
GOES = ""
BOUNDS: tuple[tuple[str, str, Written], ...] = (
    (DEEP, GOES, lambda d: (d.swap(ROOM),)),
    (DEEP, TOO_FULL, lambda d: (d.swap(ROOM + 1),)),
    (DEEP, TOO_FULL, lambda d: _product_at_the_edge(d, reverse=False, fits=True)),
    (DEEP, TOO_GREAT, lambda d: _product_at_the_edge(d, reverse=False, fits=False)),
    (DEEP, TOO_FULL, lambda d: _product_at_the_edge(d, reverse=True, fits=True)),
    (DEEP, TOO_GREAT, lambda d: _product_at_the_edge(d, reverse=True, fits=False)),
    (EMPTY, TOO_FULL, lambda d: (d.add(2**128 - 1, 2**128 + 1),)),
    (EMPTY, NOT_TAKEN, lambda d: (d.add(SUM_RESERVE, 1), d.swap(SUM_SALE))),
    (EMPTY, "ds-math-add-overflow", lambda d: (d.add(SUM_RESERVE + 1, 1), d.swap(SUM_SALE))),
    (EMPTY, GOES, lambda d: (d.add(1, 10**7), d.add(1, 10**7))),
    (EMPTY, GOES, lambda d: (d.add(1001, 1001),)),
    (DEEP, NOTHING_BURNED, lambda d: (d.remove(1),)),
    (EMPTY, NOTHING_BURNED, lambda d: (d.add(10**13, 10**3), d.allow(), d.remove(10**4))),
    (EMPTY, GOES, lambda d: (d.add(10**13, 10**3), d.allow(), d.remove(10**5))),
    (DEEP, GOES, lambda d: (replace(d, deadline=Timestamp(2**256 - 1)).swap(10**6),)),
    (DEEP, GOES, lambda d: (_to(d, d.pair.address).remove(10**9), d.swap(10**6))),
)

# --------------------------------------------------------------------------------- each revert

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
    (DEEP, NOT_TAKEN, lambda d: (d.swap(2**206, reverse=True),)),
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
    (DEEP, NOT_TAKEN, lambda d: (d.add(2**180, 2**255),)),
    (EMPTY, TOO_SMALL, lambda d: (d.add(1000, 999),)),
    (EMPTY, NOTHING_MINTED, lambda d: (d.add(1000, 1000),)),
    (EMPTY, NOT_TAKEN, lambda d: (d.add(2**221, 1),)),
    (EMPTY, TOO_GREAT, lambda d: (d.add(2**180, 2**112),)),
    (EMPTY, TOO_FULL, lambda d: (d.add(2**112, 2**112),)),
    (EMPTY, "0x", lambda d: (d.remove(0),)),
    (EMPTY, TOO_SMALL, lambda d: (d.remove(1),)),
    (DEEP, TOO_SMALL, lambda d: (d.remove(UINT256_MAX),)),
    (DEEP, NOTHING_BURNED, lambda d: (d.remove(0),)),
    (DEEP, A_SHORT, lambda d: (d.remove(10**9, (10**30, 0)),)),
    (DEEP, B_SHORT, lambda d: (d.remove(10**9, (0, 10**30)),)),
    (DEEP, TOO_SMALL, lambda d: (d.give(d.pair.share, d.actor, 2**120),)),
)


CASES = (*BOUNDS, *REVERTS)


@pytest.mark.parametrize("case", CASES, ids=[f"{n} {c[1]}" for n, c in enumerate(CASES)])
def test_model__at_each_bound__is_the_chain(case: tuple[str, str, Written], stage: Stage) -> None:
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
    assert (outcome.reason if isinstance(outcome, Reverted) else GOES) == reason


def test_stage__deep_pair__has_the_reserves_that_bounds_are_made_of(stage: Stage) -> None:
    found = stage.read()[stage.pair(DEEP)]
    assert (found.reserve0, found.reserve1) == DEEP_RESERVES
