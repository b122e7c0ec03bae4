"""How to get there: from wished amounts to an ordered plan of exact actions."""

from trimtab.routing.gas import GAS_OF
from trimtab.routing.planner import Draft, Purpose, draft
from trimtab.routing.route import BestSinglePool, Part, Router
from trimtab.routing.trades import Terms, Trade

__all__ = [
    "GAS_OF",
    "BestSinglePool",
    "Draft",
    "Part",
    "Purpose",
    "Router",
    "Terms",
    "Trade",
    "draft",
]
