"""The world on which lenders, vaults, stakes and perpetuals are held to their contracts."""

from dataclasses import replace

from trimtab.lab.world.spec import DEFAULT_WORLD
from trimtab.lab.world.spec_perpetual import PerpetualSpec

CREDIT_WORLD = replace(
    DEFAULT_WORLD,
    perpetual=PerpetualSpec(
        name="ETH",
        feed="WETH",
        settlement="USDC",
        pool_fee=3_000,
        fee=1_000,
        insurance_share=100_000,
        insurance=20_000,
        margin=10_000_000,
        ladder=((2_000_000, 6_000), (500_000, 1_200), (200_000, 300)),
    ),
)
"""The world of the demonstration, and a perpetual."""
