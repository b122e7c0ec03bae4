"""Morpho's markets of the world on which lenders are held to their contracts.

One of every rate model, two of the same tokens, one that nobody has lent to; the first agent has
the fees.
"""

from trimtab.core.quantise import Bps
from trimtab.lab.world.spec_morpho import LendingMarketSpec, MorphoSpec

ISOLATED_MARKETS = MorphoSpec(
    markets=(
        LendingMarketSpec(
            "WETH",
            "USDC",
            lltv=Bps(8_600),
            fee=Bps(1_000),
            supplied=3_000_000,
            collateralised=1_000,
            borrowed=1_200_000,
        ),
        LendingMarketSpec(
            "WETH",
            "USDC",
            lltv=Bps(6_250),
            rates="none",
            supplied=100_000,
            collateralised=50,
            borrowed=20_000,
        ),
        LendingMarketSpec(
            "WBTC",
            "WETH",
            lltv=Bps(9_150),
            rates="adaptive_curve",
            fee=Bps(2_500),
            supplied=2_000,
            collateralised=100,
            borrowed=1_500,
        ),
        LendingMarketSpec("WBTC", "USDC", lltv=Bps(7_700), rates="adaptive_curve"),
    ),
    fee_agent=0,
)
