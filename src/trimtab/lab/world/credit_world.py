"""The world on which lenders, vaults, stakes and perpetuals are held to their contracts."""

from dataclasses import replace

from trimtab.lab.world.credit_lending import LENDING_RESERVES, LENDING_RULES, LENDING_TOKENS
from trimtab.lab.world.credit_lending36 import LENDING_POOL_36
from trimtab.lab.world.credit_morpho import ISOLATED_MARKETS
from trimtab.lab.world.spec import DEFAULT_WORLD
from trimtab.lab.world.spec_perpetual import PerpetualSpec
from trimtab.lab.world.spec_vaults import StakeSpec, VaultSpec

CREDIT_WORLD = replace(
    DEFAULT_WORLD,
    flash_loop=True,
    tokens=(*DEFAULT_WORLD.tokens, *LENDING_TOKENS),
    reserves=LENDING_RESERVES,
    lending=LENDING_RULES,
    lending36=LENDING_POOL_36,
    perpetual=PerpetualSpec(
        name="ETH",
        feed="WETH",
        settlement="USDC",
        pool_fee=3_000,
        fee=1_000,
        insurance_share=100_000,
        insurance=100_000,
        margin=10_000_000,
        ladder=((2_000_000, 6_000), (500_000, 1_200), (200_000, 300)),
    ),
    vaults=(
        VaultSpec("vUSDC", "USDC", supplied=1_000_000, donated=12_345),
        VaultSpec("vWETH", "WETH", offset=6, supplied=500),
        VaultSpec("vWBTC", "WBTC"),
    ),
    morpho=ISOLATED_MARKETS,
    stakes=(StakeSpec("stWETH", "WETH", staked=2, price=1_990 * 10**8, heartbeat=86_400),),
)
"""The world of the demonstration, a perpetual, and vaults.

Of these one was given to, one has finer shares than its asset, and one is empty."""
