"""The world on which exchanges of every kind are held to their contracts."""

from dataclasses import replace

from trimtab.core.quantise import Bps
from trimtab.lab.world.spec import (
    DEFAULT_WORLD,
    PairSpec,
    StablePoolSpec,
    TokenSpec,
    WeightedPoolSpec,
)

_DOLLAR = 10**8

EXCHANGE_WORLD = replace(
    DEFAULT_WORLD,
    tokens=(
        *DEFAULT_WORLD.tokens,
        TokenSpec("USDT", 6, 1 * _DOLLAR, heartbeat=86_400),
        TokenSpec("DAI", 18, 1 * _DOLLAR, heartbeat=86_400),
        TokenSpec("FRAX", 18, 1 * _DOLLAR, heartbeat=86_400),
    ),
    pairs=(PairSpec("WETH", "USDC", 2_000_000), PairSpec("USDC", "USDT", 1_000_000)),
    stable_pools=(
        StablePoolSpec(("USDC", "USDT", "DAI", "FRAX"), 200, fee=4_000_000, supplied=2_000_000),
    ),
    weighted_pools=(
        WeightedPoolSpec(("WETH", "USDC"), (80, 20), fee=Bps(30), worth=5_000_000),
        WeightedPoolSpec(("WBTC", "WETH", "DAI"), (50, 25, 25), fee=Bps(100), worth=2_000_000),
    ),
)
"""The default world with three more dollars and a pool of every exchange."""
