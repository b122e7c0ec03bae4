"""What the protocol takes, what the oracle sums, and amounts that a one-sided pair refuses."""

from __future__ import annotations

from dataclasses import replace
from math import isqrt

import pytest

from tests.unit.protocols.uniswap_v2.pairs import ALICE, BOB, FOREVER, NOW, pair, state, states
from trimtab.core.abi import UINT256_MAX
from trimtab.core.actions import AddLiquidity
from trimtab.core.states import Applied, reverted
from trimtab.core.token import ZERO_ADDRESS
from trimtab.protocols.shared.shares import Shares
from trimtab.protocols.uniswap_v2 import PairState, UniswapV2Adapter
from trimtab.protocols.uniswap_v2.model.pair import protocol_shares, synced

ADAPTER = UniswapV2Adapter()


def test_protocol_shares__k_has_grown__a_sixth_of_the_growth() -> None:
    of = state(400, 900, k_last=90_000, fee_to=BOB, shares=Shares(10**6, {}, {}))
    grown, before = 600, 300
    minted = protocol_shares(of)
    assert minted == 10**6 * (grown - before) // (5 * grown + before) == 90_909
    # Source: whitepaper, section 2.4: the part of all shares is a sixth of the growth of the root.
    assert 6 * minted * grown <= (10**6 + minted) * (grown - before)
    assert 6 * (minted + 1) * grown > (10**6 + minted + 1) * (grown - before)


@pytest.mark.parametrize(
    "of",
    [
        state(400, 900, k_last=0, fee_to=BOB),
        state(400, 900, k_last=90_000, fee_to=ZERO_ADDRESS),
        state(400, 900, k_last=360_000, fee_to=BOB),
        state(400, 900, k_last=360_601, fee_to=BOB),
        state(400, 900, k_last=10**9, fee_to=BOB),
    ],
    ids=["never noted", "nobody", "not grown", "grown below the root", "shrunk"],
)
def test_protocol_shares__nothing_to_share__none(of: PairState) -> None:
    assert protocol_shares(of) == 0


def test_protocol_shares__least_k__noted_all_the_same() -> None:
    of = state(400, 900, k_last=1, fee_to=BOB, shares=Shares(10**6, {}, {}))
    assert protocol_shares(of) == 10**6 * 599 // (5 * 600 + 1)
    assert isqrt(1) == 1


@pytest.mark.parametrize("reserves", [(0, 5), (5, 0)])
def test_add__one_sided__refused(reserves: tuple[int, int]) -> None:
    market = pair()
    added = AddLiquidity(ALICE, market.id, market.tokens, (9, 9), 0, FOREVER)
    found = ADAPTER.apply(states(market, state(*reserves)), added)
    assert found == reverted("UniswapV2Library: INSUFFICIENT_LIQUIDITY")


def test_add__bound_left_open__as_bounds_of_nothing() -> None:
    market, before = pair(), states(pair(), state())
    added = AddLiquidity(ALICE, market.id, market.tokens, (10**6, 10**15), 0, FOREVER)
    bounded = replace(added, least_amounts=(0, 0))
    found = ADAPTER.apply(before, added)
    assert isinstance(found, Applied)
    assert found == ADAPTER.apply(before, bounded)
    assert ADAPTER.encode(before, added) == ADAPTER.encode(before, bounded)


def test_synced__same_second__only_reserves_move() -> None:
    of = state(3, 5, updated_at=NOW, price0_cumulative=7)
    assert synced(of, 8, 9, NOW) == replace(of, reserve0=8, reserve1=9)


def test_synced__over_the_end_of_32_bits__seconds_go_on() -> None:
    moved = synced(state(1, 1, updated_at=2**32 - 10), 1, 1, 2**32 + 5)
    assert (moved.updated_at, moved.price0_cumulative) == (5, 15 * 2**112)


def test_synced__sum_over_the_end_of_256_bits__wraps() -> None:
    moved = synced(state(1, 1, price0_cumulative=UINT256_MAX), 1, 1, NOW)
    assert moved.price0_cumulative == 12 * 2**112 - 1
