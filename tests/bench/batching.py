"""Batches of exact quotes on two cores: pairs, stable pools and weighted pools.

The callers' threads take slices of one batch; kernels hold no lock. A few answers of each are
compared with the model's.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt

from tests.bench.quoting import deep_pool
from tests.bench.rows import Row, figure
from tests.unit.protocols.balancer import weighted_pools as weighted
from tests.unit.protocols.curve import stable_pools as stable
from tests.unit.protocols.uniswap_v2 import pairs
from trimtab.protocols import balancer, curve, uniswap_v2
from trimtab.protocols.balancer import maths as of_weighted
from trimtab.protocols.curve import maths as of_stable
from trimtab.protocols.shared.limbs import packed, unpacked
from trimtab.protocols.uniswap_v2 import maths as of_pairs
from trimtab.protocols.uniswap_v3.maths import PoolQuotes

Amounts = npt.NDArray[np.uint64]
Batch = Callable[[Amounts], Amounts]

THREADS, ROUNDS = 2, 7
CHECKED = 50


def paired() -> tuple[Batch, Callable[[int], int], int]:
    """A pair of 2,000 to 1: its batch, its model, and the most that is sold."""
    pair, state = pairs.pair(), pairs.state()
    return (
        lambda rows: of_pairs.quotes(state, pair, pairs.USDC, rows)[0],
        lambda amount: uniswap_v2.quote(state, pair, pairs.USDC, amount).amount_out,
        10**9,
    )


def balanced() -> tuple[Batch, Callable[[int], int], int]:
    """A stable pool of four coins with A of 200."""
    state = stable.stable_state()
    of = of_stable.direction(state, stable.NOW, 0, 2)
    first, third = stable.COINS[0], stable.COINS[2]
    return (
        lambda rows: of_stable.quotes(of, rows)[0],
        lambda amount: curve.quote(state, stable.POOL, first, third, amount).amount_out,
        5 * 10**11,
    )


def weighed() -> tuple[Batch, Callable[[int], int], int]:
    """A weighted pool of three tokens, 25 against 50, whose powers have no shortcut."""
    state = weighted.weighted_state()
    first, third = weighted.TOKENS[0], weighted.TOKENS[2]
    return (
        lambda rows: of_weighted.quotes(state, weighted.POOL, first, third, rows)[0],
        lambda amount: balancer.quote(state, weighted.POOL, first, third, amount).amount_out,
        10**11,
    )


def timed(batch: Batch, amounts: list[int]) -> float:
    """Microseconds a quote, the median over rounds."""
    slices = np.array_split(packed(amounts), THREADS)
    batch(slices[0][:1])
    found = []
    with ThreadPoolExecutor(THREADS) as pool:
        for _ in range(ROUNDS):
            started = time.perf_counter()
            list(pool.map(batch, slices))
            found.append(time.perf_counter() - started)
    return 1e6 * statistics.median(found) / len(amounts)


def rows(count: int = 200_000) -> list[Row]:
    """Each protocol's quotes, and those of a V3 pool across some forty ticks."""
    dice, found = random.Random(3), []
    kinds = (
        ("V2 pair", paired, 1e6),
        ("stable pool", balanced, 1e5),
        ("weighted pool", weighed, 1e5),
    )
    for name, made, a_second in kinds:
        batch, model, most = made()
        amounts = [dice.randrange(1, most) for _ in range(count)]
        assert unpacked(batch(packed(amounts[:CHECKED]))) == [*map(model, amounts[:CHECKED])]
        took = timed(batch, amounts)
        found.append(figure(f"a quote of a {name}, two cores", took, "us", ROUNDS, 1e6 / a_second))
    quotes = PoolQuotes(deep_pool(random.Random(7)))
    took = timed(
        lambda rows: quotes.sold(True, rows).amount_out,
        [dice.randrange(1, 10**20) for _ in range(count)],
    )
    found.append(figure("a quote of a V3 pool, two cores", took, "us", ROUNDS))
    return found
