"""How to get there: from wished amounts to an ordered plan of exact actions."""

from trimtab.routing.deleverage import deleverage
from trimtab.routing.drafting import Draft, Purpose
from trimtab.routing.drafts import draft
from trimtab.routing.exchanges import Exchange, fee_rate, is_exchange, tokens_of
from trimtab.routing.gas import GAS_OF
from trimtab.routing.loops import flash_loan_premiums
from trimtab.routing.route import BestSinglePool, Part, Router
from trimtab.routing.trades import Terms, Trade

__all__ = [
    "GAS_OF",
    "BestSinglePool",
    "Draft",
    "Exchange",
    "Part",
    "Purpose",
    "Router",
    "Terms",
    "Trade",
    "deleverage",
    "draft",
    "fee_rate",
    "flash_loan_premiums",
    "is_exchange",
    "tokens_of",
]
