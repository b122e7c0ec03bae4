"""Morpho Blue: isolated markets of one token lent against one other."""

from trimtab.protocols.morpho.adapter import MorphoAdapter
from trimtab.protocols.morpho.market import (
    LendingMarket,
    LendingState,
    Morpho,
    MorphoState,
    Position,
    RateModel,
    id_of,
)
from trimtab.protocols.morpho.model.liquidation import liquidation_incentive_factor
from trimtab.protocols.morpho.model.queries import (
    borrow_rate,
    borrowable,
    expected,
    health_factor,
    liquidity,
    owed,
    supplied,
    supply_rate,
    utilisation,
    withdrawable,
)
from trimtab.protocols.morpho.oracles import (
    FeedOracle,
    FeedOracleState,
    OracleState,
    PriceOracle,
)

__all__ = [
    "FeedOracle",
    "FeedOracleState",
    "LendingMarket",
    "LendingState",
    "Morpho",
    "MorphoAdapter",
    "MorphoState",
    "OracleState",
    "Position",
    "PriceOracle",
    "RateModel",
    "borrow_rate",
    "borrowable",
    "expected",
    "health_factor",
    "id_of",
    "liquidation_incentive_factor",
    "liquidity",
    "owed",
    "supplied",
    "supply_rate",
    "utilisation",
    "withdrawable",
]
