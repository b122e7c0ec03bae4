"""Kernels of a market: what others' logs make of its totals, to the last unit."""

from trimtab.protocols.morpho.maths.markets import FollowedMarket, observe_all, rows_of

__all__ = ["FollowedMarket", "observe_all", "rows_of"]
