"""The bots that make the local world's market, and the manager's rivals."""

from trimtab.lab.agents.arbitrageur import Arbitrageur
from trimtab.lab.agents.borrower import Borrower
from trimtab.lab.agents.lender import Lender
from trimtab.lab.agents.liquidator import Liquidator
from trimtab.lab.agents.oracle_keeper import OracleKeeper
from trimtab.lab.agents.rivals import Hold, PeriodicRebalance, StaticLender
from trimtab.lab.agents.scene import Agent, Order, Scene, book_value
from trimtab.lab.agents.trader import Trader

__all__ = [
    "Agent",
    "Arbitrageur",
    "Borrower",
    "Hold",
    "Lender",
    "Liquidator",
    "OracleKeeper",
    "Order",
    "PeriodicRebalance",
    "Scene",
    "StaticLender",
    "Trader",
    "book_value",
]
