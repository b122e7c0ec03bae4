"""Kernels of a perpetual market: what others' logs make of it, to the last unit."""

from trimtab.protocols.perpetual.maths.markets import FollowedMarket, observe_all, rows_of

__all__ = ["FollowedMarket", "observe_all", "rows_of"]
