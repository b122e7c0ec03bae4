"""Reserves of every kind that a lending pool of the 3.0 line knows."""

from trimtab.core.quantise import Bps
from trimtab.lab.world.spec import DEFAULT_WORLD, RateSpec, ReserveSpec, TokenSpec
from trimtab.lab.world.spec_aave_v3 import CategorySpec, LendingRules, ReserveRules

_DOLLAR = 10**8
_WETH_CURVE = RateSpec(Bps(8_000), Bps(0), Bps(330), Bps(8_000))
_STEEP_CURVE = RateSpec(Bps(4_500), Bps(100), Bps(700), Bps(30_000))

LENDING_TOKENS = (
    TokenSpec("CBETH", 18, 2_040 * _DOLLAR, heartbeat=86_400),
    TokenSpec("LDO", 18, 2 * _DOLLAR, heartbeat=3_600),
    TokenSpec("GUSD", 2, 1 * _DOLLAR, heartbeat=86_400),
)
"""Staked ether, a token of governance, and a dollar of two decimals."""

LENDING_RESERVES = (
    *DEFAULT_WORLD.reserves,
    ReserveSpec(
        "CBETH",
        loan_to_value=Bps(6_700),
        liquidation_threshold=Bps(7_400),
        liquidation_bonus=Bps(10_750),
        reserve_factor=Bps(1_500),
        rates=_WETH_CURVE,
        supplied=1_000,
        borrowed=0,
    ),
    ReserveSpec(
        "LDO",
        loan_to_value=Bps(5_000),
        liquidation_threshold=Bps(6_000),
        liquidation_bonus=Bps(11_000),
        reserve_factor=Bps(2_000),
        rates=_STEEP_CURVE,
        supplied=300_000,
        borrowed=0,
    ),
    ReserveSpec(
        "GUSD",
        loan_to_value=Bps(0),
        liquidation_threshold=Bps(0),
        liquidation_bonus=Bps(0),
        reserve_factor=Bps(1_000),
        rates=_STEEP_CURVE,
        supplied=3_000_000,
        borrowed=0,
    ),
)

LENDING_RULES = LendingRules(
    reserves=(
        ReserveRules(
            "USDC",
            supply_cap=20_000_000,
            borrow_cap=15_000_000,
            liquidation_fee=Bps(1_000),
            is_borrowable_in_isolation=True,
        ),
        ReserveRules("WETH", supply_cap=9_000, borrow_cap=3_000, liquidation_fee=Bps(1_000)),
        ReserveRules(
            "CBETH", liquidation_fee=Bps(2_000), is_borrowable=False, is_flash_loaned=False
        ),
        ReserveRules("LDO", liquidation_fee=Bps(1_000), debt_ceiling=200_000 * 100),
        ReserveRules("GUSD", is_borrowable_in_isolation=True, is_siloed=True),
    ),
    categories=(
        CategorySpec(1, ("WETH", "CBETH"), Bps(9_000), Bps(9_300), Bps(10_100), priced_as="WETH"),
        CategorySpec(2, ("USDC", "GUSD"), Bps(9_300), Bps(9_500), Bps(10_200)),
    ),
    premium_to_protocol=Bps(2_500),
)
"""Ether and staked ether at one price, dollars each at its own; a ceiling for the token of
governance, an asset that is borrowed alone, one that is not, and caps within reach."""
