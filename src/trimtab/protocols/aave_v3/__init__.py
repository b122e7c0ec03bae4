"""Aave V3, the 3.0.2 line: all that is done at it at variable rates."""

from trimtab.protocols.aave_v3.adapter import AaveV3Adapter
from trimtab.protocols.aave_v3.market import (
    AccountState,
    CategorySource,
    EfficiencyCategory,
    LendingPool,
    LendingState,
    RateStrategy,
    Reserve,
    ReserveState,
)
from trimtab.protocols.aave_v3.model.account import AccountData
from trimtab.protocols.aave_v3.model.liquidation import Seizure
from trimtab.protocols.aave_v3.model.queries import (
    account_summary,
    borrowable,
    health_factor,
    seizure,
    supplied,
    supply_rate,
    utilisation,
    variable_borrow_rate,
    withdrawable,
)
from trimtab.protocols.aave_v3.model.reserve import normalised_debt, normalised_income
from trimtab.protocols.shared.aave.configuration import ReserveConfiguration

__all__ = [
    "AaveV3Adapter",
    "AccountData",
    "AccountState",
    "CategorySource",
    "EfficiencyCategory",
    "LendingPool",
    "LendingState",
    "RateStrategy",
    "Reserve",
    "ReserveConfiguration",
    "ReserveState",
    "Seizure",
    "account_summary",
    "borrowable",
    "health_factor",
    "normalised_debt",
    "normalised_income",
    "seizure",
    "supplied",
    "supply_rate",
    "utilisation",
    "variable_borrow_rate",
    "withdrawable",
]
