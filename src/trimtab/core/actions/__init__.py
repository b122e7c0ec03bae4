"""Actions: what an actor does to a market, as data."""

from trimtab.core.actions.credit import (
    Borrow,
    Delegate,
    FlashLoan,
    Liquidate,
    MintShares,
    RedeemShares,
    Repay,
    SetEfficiencyMode,
    Supply,
    UseAsCollateral,
    Withdraw,
)
from trimtab.core.actions.exchange import (
    AddLiquidity,
    Collect,
    Liquidity,
    RemoveLiquidity,
    RemoveLiquidityOne,
    Swap,
    SwapExactOut,
)
from trimtab.core.actions.loop import EnterLoop, LeaveLoop, Loop
from trimtab.core.actions.perpetual import (
    ClosePosition,
    LiquidatePosition,
    OpenPosition,
    SettleFunding,
)
from trimtab.core.actions.quantity import (
    ALL,
    All,
    Quantity,
)
from trimtab.core.actions.staking import (
    ClaimWithdrawal,
    FinaliseWithdrawals,
    ReportRewards,
    RequestWithdrawal,
    Stake,
)
from trimtab.core.actions.tokens import (
    Approve,
    Transfer,
    UpdateAnswer,
)

Credit = (
    Supply
    | Withdraw
    | Borrow
    | Repay
    | Delegate
    | UseAsCollateral
    | SetEfficiencyMode
    | Liquidate
    | FlashLoan
    | MintShares
    | RedeemShares
)
Staking = Stake | RequestWithdrawal | ClaimWithdrawal | ReportRewards | FinaliseWithdrawals
Perpetual = OpenPosition | ClosePosition | LiquidatePosition | SettleFunding
Action = (
    Transfer
    | Approve
    | UpdateAnswer
    | Swap
    | SwapExactOut
    | Liquidity
    | Credit
    | Staking
    | Perpetual
    | Loop
)

__all__ = [
    "ALL",
    "Action",
    "AddLiquidity",
    "All",
    "Approve",
    "Borrow",
    "ClaimWithdrawal",
    "ClosePosition",
    "Collect",
    "Credit",
    "Delegate",
    "EnterLoop",
    "FinaliseWithdrawals",
    "FlashLoan",
    "LeaveLoop",
    "Liquidate",
    "LiquidatePosition",
    "Liquidity",
    "Loop",
    "MintShares",
    "OpenPosition",
    "Perpetual",
    "Quantity",
    "RedeemShares",
    "RemoveLiquidity",
    "RemoveLiquidityOne",
    "Repay",
    "ReportRewards",
    "RequestWithdrawal",
    "SetEfficiencyMode",
    "SettleFunding",
    "Stake",
    "Staking",
    "Supply",
    "Swap",
    "SwapExactOut",
    "Transfer",
    "UpdateAnswer",
    "UseAsCollateral",
    "Withdraw",
]
