"""The bots that make the local world's market, and the manager's rivals."""

from trimtab.lab.agents.arbitrageur import Arbitrageur
from trimtab.lab.agents.borrower import Borrower
from trimtab.lab.agents.lender import Lender
from trimtab.lab.agents.liquidator import Liquidator
from trimtab.lab.agents.oracle_keeper import OracleKeeper
from trimtab.lab.agents.peg_arbitrageur import PegArbitrageur
from trimtab.lab.agents.perpetual import (
    PerpetualArbitrageur,
    PerpetualLiquidator,
    PerpetualTrader,
)
from trimtab.lab.agents.rivals import Hold, PeriodicRebalance, StaticLender
from trimtab.lab.agents.scene import Agent, Order, Scene, book_value, with_shares
from trimtab.lab.agents.staker import Staker
from trimtab.lab.agents.trader import Trader
from trimtab.lab.agents.validators import QueueOperator, Validators

__all__ = [
    "Agent",
    "Arbitrageur",
    "Borrower",
    "Hold",
    "Lender",
    "Liquidator",
    "OracleKeeper",
    "Order",
    "PegArbitrageur",
    "PeriodicRebalance",
    "PerpetualArbitrageur",
    "PerpetualLiquidator",
    "PerpetualTrader",
    "QueueOperator",
    "Scene",
    "Staker",
    "StaticLender",
    "Trader",
    "Validators",
    "book_value",
    "with_shares",
]
