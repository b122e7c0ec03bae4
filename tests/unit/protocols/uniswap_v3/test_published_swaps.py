"""Swaps that the protocol published with its own tests, the pools rebuilt from theirs."""

import csv
import re
from dataclasses import dataclass
from decimal import Decimal
from math import isqrt
from pathlib import Path

import pytest

from tests.unit.protocols.uniswap_v3.pools import WHOLE, pool_state
from trimtab.protocols.shared.ticks import MIN_SQRT_PRICE
from trimtab.protocols.uniswap_v3 import PoolState
from trimtab.protocols.uniswap_v3.model.swap import INT256_MAX, last_price, swap

LEAST, MOST = -887_220, 887_220
EVERYWHERE = (LEAST, MOST, 2 * WHOLE)
POOLS = {
    "low fee, 1:1 price, 2e18 max range liquidity": pool_state(
        (-887_270, 887_270, 2 * WHOLE), fee=500, spacing=10
    ),
    "medium fee, 1:1 price, 2e18 max range liquidity": pool_state(EVERYWHERE),
    "high fee, 1:1 price, 2e18 max range liquidity": pool_state(
        (-887_200, 887_200, 2 * WHOLE), fee=10_000, spacing=200
    ),
    "medium fee, 10:1 price, 2e18 max range liquidity": pool_state(
        EVERYWHERE, price=isqrt(10 << 192)
    ),
    "medium fee, 1:1 price, additional liquidity around current price": pool_state(
        EVERYWHERE, (LEAST, -60, 2 * WHOLE), (60, MOST, 2 * WHOLE)
    ),
    "medium fee, token0 liquidity only": pool_state((0, 120_000, 2 * WHOLE)),
    "medium fee, token1 liquidity only": pool_state((-120_000, 0, 2 * WHOLE)),
    # 2**-127 to forty decimals, as the publisher's arithmetic had it
    "close to min price": pool_state(EVERYWHERE, price=isqrt((59 << 192) // 10**40)),
    "initialized at the min ratio": pool_state(EVERYWHERE, price=MIN_SQRT_PRICE),
    "max full range liquidity at 1:1 price with default fee": pool_state(
        (LEAST, MOST, (2**128 - 1) // (2 * 14_787 + 1))
    ),
}
CASE = re.compile(
    r"swap (?:exactly (?P<paid>[\d.]+) )?token(?P<sold>[01])"
    r" for (?:exactly (?P<wanted>[\d.]+) )?token[01](?: to price (?P<limit>[\d.]+))?$"
)


@dataclass(frozen=True, slots=True)
class Published:
    """One row: a swap of a pool, and what it did."""

    pool: str
    zero_for_one: bool
    amount: int
    limit: int
    row: dict[str, str]


def read(row: dict[str, str]) -> Published:
    """The case that a row tells."""
    found = CASE.search(row["case"].removeprefix(row["pool"]))
    assert found is not None, row["case"]
    zero_for_one = found["sold"] == "0"
    amount = INT256_MAX if found["paid"] is None else raw(found["paid"])
    if found["wanted"] is not None:
        amount = -raw(found["wanted"])
    limit = last_price(zero_for_one)
    if found["limit"] is not None:
        limit = isqrt((raw(found["limit"]) << 192) // WHOLE)
    return Published(row["pool"], zero_for_one, amount, limit, row)


def raw(whole: str) -> int:
    return int(Decimal(whole).scaleb(18))


@pytest.mark.data
def test_swaps__published_by_the_protocol__equal(real_data: Path) -> None:
    path = real_data / "29_univ3_core_vectors" / "pool_swap_cases.csv"
    with path.open(newline="", encoding="utf-8") as lines:
        cases = [read(row) for row in csv.DictReader(lines)]
    assert len(cases) == 160
    assert sum(case.amount < 0 for case in cases) == 60
    refused = 0
    for case in cases:
        state = POOLS[case.pool]
        price, is_down = state.sqrt_price_x96, case.zero_for_one
        if case.limit >= price if is_down else case.limit <= price:
            assert case.row["swapError"].endswith("revert SPL")
            refused += 1
            continue
        check(case, state)
    print(f"{len(cases) - refused} swaps equal, {refused} refused")


def check(case: Published, state: PoolState) -> None:
    walk = swap(state, case.zero_for_one, case.amount, case.limit)
    after = walk.arrived(state)
    amounts = walk.amount_in, -walk.amount_out
    amount0, amount1 = amounts if case.zero_for_one else amounts[::-1]
    expected = [
        int(case.row[name])
        for name in (
            "amount0Delta",
            "amount1Delta",
            "feeGrowthGlobal0X128Delta",
            "feeGrowthGlobal1X128Delta",
            "tickBefore",
            "tickAfter",
        )
    ]
    growths = after.fee_growth_global0, after.fee_growth_global1
    assert expected == [amount0, amount1, *growths, state.tick, after.tick], case.row["case"]
