"""Kernels of a pool: what others' logs make of its reserves, to the last unit."""

from trimtab.protocols.aave_v3.maths.reserves import FollowedReserves, observe_all, rows_of

__all__ = ["FollowedReserves", "observe_all", "rows_of"]
