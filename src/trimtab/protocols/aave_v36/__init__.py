"""Aave V3, the 3.6 line: supplies, variable debts, efficiency modes, liquidations, flash loans."""

from trimtab.protocols.aave_v36.adapter import AaveV36Adapter
from trimtab.protocols.aave_v36.market import (
    AccountState,
    EfficiencyCategory,
    LendingPool36,
    LendingState,
    RateCurve,
    Reserve,
    ReserveState,
)
from trimtab.protocols.aave_v36.model.account import AccountData
from trimtab.protocols.aave_v36.model.queries import (
    account_summary,
    health_factor,
    supplied,
    supply_rate,
    utilisation,
    variable_borrow_rate,
    withdrawable,
)
from trimtab.protocols.aave_v36.model.reserve import (
    debt_balance,
    normalised_debt,
    normalised_income,
    supply_balance,
)

__all__ = [
    "AaveV36Adapter",
    "AccountData",
    "AccountState",
    "EfficiencyCategory",
    "LendingPool36",
    "LendingState",
    "RateCurve",
    "Reserve",
    "ReserveState",
    "account_summary",
    "debt_balance",
    "health_factor",
    "normalised_debt",
    "normalised_income",
    "supplied",
    "supply_balance",
    "supply_rate",
    "utilisation",
    "variable_borrow_rate",
    "withdrawable",
]
