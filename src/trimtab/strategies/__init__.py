"""Bundled strategies: pure functions from a view to a target."""

from trimtab.strategies.basis_trade import BasisTrade
from trimtab.strategies.concentrated_liquidity import ConcentratedLiquidity
from trimtab.strategies.constant_mix import ConstantMix
from trimtab.strategies.hedged_liquidity import HedgedLiquidity
from trimtab.strategies.lending_yield import LendingYield
from trimtab.strategies.leveraged_staking import LeveragedStaking

__all__ = [
    "BasisTrade",
    "ConcentratedLiquidity",
    "ConstantMix",
    "HedgedLiquidity",
    "LendingYield",
    "LeveragedStaking",
]
