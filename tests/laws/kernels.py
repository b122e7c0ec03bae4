"""The law of kernels, once for all of them: each equals its model, to the last unit.

A law draws cases, and yields what the model says and what the kernel says of each. How many and
from which seed is its caller's business: a few thousand in the suite, a million in the long run.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from tests.laws import kernels_aave_v3_events as aave_v3_events
from tests.laws import kernels_balancer as balancer
from tests.laws import kernels_curve as curve
from tests.laws import kernels_morpho_logs as morpho_logs
from tests.laws import kernels_perpetual_logs as perpetual_logs
from tests.laws import kernels_uniswap_v2 as uniswap_v2
from tests.laws import kernels_uniswap_v3 as uniswap_v3
from tests.laws import kernels_uniswap_v3_events as uniswap_v3_events
from tests.laws.kernel_cases import Case


@dataclass(frozen=True, slots=True)
class Law:
    """How kernels are compared with their model: which, by their names, and how cases are drawn.

    `cases` are compared in the suite, `many` in the long run.
    """

    drawn: Callable[[random.Random, int], Iterator[Case]]
    drives: frozenset[str]
    cases: int = 3_000
    many: int = 1_000_000


LAWS: Mapping[str, Law] = {
    "aave_v3 logs": Law(aave_v3_events.events, aave_v3_events.EVENTS, 1_000, 100_000),
    "aave_v3 runs of logs": Law(aave_v3_events.runs, aave_v3_events.EVENTS, 100, 5_000),
    "balancer quotes": Law(balancer.compared, balancer.QUOTES, many=200_000),
    "curve quotes": Law(curve.compared, curve.QUOTES),
    "morpho logs": Law(morpho_logs.logs, morpho_logs.LOGS, 1_000, 100_000),
    "morpho runs of logs": Law(morpho_logs.runs, morpho_logs.LOGS, 100, 5_000),
    "perpetual logs": Law(perpetual_logs.logs, perpetual_logs.LOGS, 1_000, 100_000),
    "perpetual runs of logs": Law(perpetual_logs.runs, perpetual_logs.LOGS, 100, 5_000),
    "uniswap_v2 quotes": Law(uniswap_v2.compared, uniswap_v2.QUOTES),
    "uniswap_v3 boundaries": Law(uniswap_v3.boundaries, uniswap_v3.QUOTES, 1_000, 100_000),
    "uniswap_v3 events": Law(uniswap_v3_events.events, uniswap_v3_events.EVENTS, 1_000, 100_000),
    "uniswap_v3 quotes": Law(uniswap_v3.quotes, uniswap_v3.QUOTES),
}


def broken(name: str, seed: int, count: int) -> tuple[int, list[str]]:
    """How many cases were compared, and the first few that differ."""
    law, compared = LAWS[name], 0
    found: list[str] = []
    for case in law.drawn(random.Random(seed), count):
        compared += 1
        if case.expected != case.actual:
            found.append(f"{name}, seed {seed}: {case}")
            if len(found) == 3:
                break
    return compared, found
