"""Kernels of pools: exact quotes at the speed of the machine, and the events of others."""

from trimtab.protocols.uniswap_v3.maths.quotes import PoolQuotes, Quotes

__all__ = ["PoolQuotes", "Quotes"]
