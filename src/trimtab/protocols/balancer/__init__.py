"""Balancer V2 weighted pools: swaps, joins and exits, through the vault."""

from trimtab.protocols.balancer.adapter import BalancerAdapter
from trimtab.protocols.balancer.market import Pause, WeightedPool, WeightedState
from trimtab.protocols.balancer.model import Quote, quote, quote_exact_out, spot_price

__all__ = [
    "BalancerAdapter",
    "Pause",
    "Quote",
    "WeightedPool",
    "WeightedState",
    "quote",
    "quote_exact_out",
    "spot_price",
]
