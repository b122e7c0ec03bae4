"""The world of the demonstration: one protocol of every kind, all on one chain."""

from dataclasses import replace

from trimtab.core.quantise import Bps
from trimtab.lab.world.node import NodeSpec
from trimtab.lab.world.spec import DEFAULT_WORLD, PoolSpec, RateSpec, ReserveSpec, laddered
from trimtab.lab.world.spec_aave_v3 import CategorySpec, LendingRules, ReserveRules
from trimtab.lab.world.spec_morpho import LendingMarketSpec, MorphoSpec
from trimtab.lab.world.spec_perpetual import PerpetualSpec
from trimtab.lab.world.spec_vaults import StakeSpec, VaultSpec

DEMO_WORLD = replace(
    DEFAULT_WORLD,
    reserves=(
        *DEFAULT_WORLD.reserves,
        ReserveSpec(
            "stWETH",
            loan_to_value=Bps(7_500),
            liquidation_threshold=Bps(7_900),
            liquidation_bonus=Bps(10_700),
            reserve_factor=Bps(1_500),
            rates=RateSpec(Bps(4_500), Bps(25), Bps(700), Bps(30_000)),
            supplied=4_000,
            borrowed=0,
        ),
    ),
    lending=LendingRules(
        reserves=(ReserveRules("stWETH", is_borrowable=False, is_flash_loaned=False),),
        categories=(CategorySpec(1, ("WETH", "stWETH"), Bps(9_300), Bps(9_500), Bps(10_100)),),
        premium_to_protocol=Bps(0),
    ),
    pools=(
        *DEFAULT_WORLD.pools,
        PoolSpec("stWETH", "WETH", 100, laddered(1_000_000, 1_000, 100, 20)),
    ),
    stakes=(
        StakeSpec(
            "stWETH",
            "WETH",
            staked=20_000,
            price=2_000 * 10**8,
            heartbeat=86_400,
            kept=10_000,
            operator_agent=18,
        ),
    ),
    vaults=(VaultSpec("vUSDC", "USDC", supplied=1_000_000),),
    morpho=MorphoSpec(
        (
            LendingMarketSpec(
                "WETH",
                "USDC",
                lltv=Bps(8_600),
                rates="adaptive_curve",
                supplied=4_000_000,
                collateralised=3_000,
                borrowed=3_400_000,
            ),
        )
    ),
    perpetual=PerpetualSpec(
        name="ETH",
        feed="WETH",
        settlement="USDC",
        pool_fee=3_000,
        fee=1_000,
        insurance_share=100_000,
        insurance=100_000,
        margin=40_000_000,
        ladder=((5_000_000, 6_000), (5_000_000, 1_200), (4_000_000, 300)),
    ),
    flash_loop=True,
    node=NodeSpec(accounts=32),
)
"""The default world with an isolated market, a vault, a perpetual, and staked ether.

Staked ether is collateral, in a category with ether, and trades for it at the price of its feed: a
share begins at what a report of a thousandth made it worth, less a discount of a thousandth.
"""
