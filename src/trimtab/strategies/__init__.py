"""Bundled strategies: pure functions from a view to a target."""

from trimtab.strategies.concentrated_liquidity import ConcentratedLiquidity
from trimtab.strategies.constant_mix import ConstantMix
from trimtab.strategies.lending_yield import LendingYield

__all__ = ["ConcentratedLiquidity", "ConstantMix", "LendingYield"]
