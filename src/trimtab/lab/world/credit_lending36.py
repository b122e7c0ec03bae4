"""A lending pool of the 3.6 line with reserves of every kind."""

from trimtab.core.quantise import Bps
from trimtab.lab.world.spec_aave_v36 import (
    CurveSpec,
    EfficiencyModeSpec,
    LendingPoolSpec,
    LendingReserveSpec,
)

_WETH_CURVE = CurveSpec(Bps(8_000), Bps(0), Bps(330), Bps(8_000))
_STEEP_CURVE = CurveSpec(Bps(4_500), Bps(100), Bps(700), Bps(30_000))

LENDING_POOL_36 = LendingPoolSpec(
    reserves=(
        LendingReserveSpec(
            "USDC",
            loan_to_value=Bps(7_700),
            liquidation_threshold=Bps(8_000),
            liquidation_bonus=Bps(10_450),
            reserve_factor=Bps(1_000),
            rates=CurveSpec(Bps(9_000), Bps(0), Bps(600), Bps(6_000)),
            supplied=10_000_000,
            borrowed=6_000_000,
            supply_cap=20_000_000,
            borrow_cap=12_000_000,
            liquidation_fee=Bps(1_000),
            is_borrowable_in_isolation=True,
        ),
        LendingReserveSpec(
            "WETH",
            loan_to_value=Bps(8_050),
            liquidation_threshold=Bps(8_300),
            liquidation_bonus=Bps(10_500),
            reserve_factor=Bps(1_500),
            rates=_WETH_CURVE,
            supplied=5_000,
            borrowed=1_500,
            borrow_cap=4_000,
            liquidation_fee=Bps(1_000),
        ),
        LendingReserveSpec(
            "WBTC",
            loan_to_value=Bps(7_000),
            liquidation_threshold=Bps(7_500),
            liquidation_bonus=Bps(10_625),
            reserve_factor=Bps(2_000),
            rates=_STEEP_CURVE,
            supplied=200,
            borrowed=0,
            is_borrowable_in_isolation=True,
            is_siloed=True,
        ),
        LendingReserveSpec(
            "CBETH",
            loan_to_value=Bps(6_700),
            liquidation_threshold=Bps(7_400),
            liquidation_bonus=Bps(10_750),
            reserve_factor=Bps(1_500),
            rates=_WETH_CURVE,
            supplied=1_000,
            borrowed=0,
            liquidation_fee=Bps(2_000),
            is_borrowable=False,
            is_flash_loaned=False,
        ),
        LendingReserveSpec(
            "LDO",
            loan_to_value=Bps(5_000),
            liquidation_threshold=Bps(6_000),
            liquidation_bonus=Bps(11_000),
            reserve_factor=Bps(2_000),
            rates=_STEEP_CURVE,
            supplied=300_000,
            borrowed=10_000,
            liquidation_fee=Bps(1_000),
            debt_ceiling=200_000 * 100,
        ),
    ),
    efficiency_modes=(
        EfficiencyModeSpec(
            1,
            loan_to_value=Bps(9_000),
            liquidation_threshold=Bps(9_300),
            liquidation_bonus=Bps(10_100),
            collateral=("WETH", "CBETH"),
            borrowable=("WETH", "CBETH"),
        ),
        EfficiencyModeSpec(
            2,
            loan_to_value=Bps(8_800),
            liquidation_threshold=Bps(9_000),
            liquidation_bonus=Bps(10_200),
            collateral=("USDC",),
            borrowable=("USDC", "WBTC", "LDO"),
        ),
    ),
    flash_loan_premium=Bps(5),
)
"""Staked ether is borrowed in its category alone, bitcoin beside nothing else, and the token of
governance stands for debts up to a ceiling, and beside no other collateral."""
