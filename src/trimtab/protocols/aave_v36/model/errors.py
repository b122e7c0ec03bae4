"""The custom errors of the pool and of what it is built from. Source: Errors.sol, SafeCast.sol."""

from trimtab.core.abi import selector, word
from trimtab.core.states import Reverted
from trimtab.core.token import Address
from trimtab.protocols.shared.reverts import RevertError

ASSET_NOT_BORROWABLE_IN_ISOLATION = "AssetNotBorrowableInIsolation()"
BORROWING_NOT_ENABLED = "BorrowingNotEnabled()"
BORROW_CAP_EXCEEDED = "BorrowCapExceeded()"
COLLATERAL_CANNOT_BE_LIQUIDATED = "CollateralCannotBeLiquidated()"
COLLATERAL_CANNOT_COVER_NEW_BORROW = "CollateralCannotCoverNewBorrow()"
DEBT_CEILING_EXCEEDED = "DebtCeilingExceeded()"
FLASH_LOAN_DISABLED = "FlashloanDisabled()"
HEALTH_FACTOR_LOWER_THAN_LIQUIDATION_THRESHOLD = "HealthFactorLowerThanLiquidationThreshold()"
HEALTH_FACTOR_NOT_BELOW_THRESHOLD = "HealthFactorNotBelowThreshold()"
INCONSISTENT_CATEGORY = "InconsistentEModeCategory()"
INVALID_AMOUNT = "InvalidAmount()"
INVALID_BURN_AMOUNT = "InvalidBurnAmount()"
INVALID_COLLATERAL_IN_CATEGORY = "InvalidCollateralInEmode(address,uint256)"
INVALID_DEBT_IN_CATEGORY = "InvalidDebtInEmode(address,uint256)"
LIQUIDATION_GRACE = "LiquidationGraceSentinelCheckFailed()"
LOAN_TO_VALUE_VALIDATION_FAILED = "LtvValidationFailed()"
MUST_NOT_LEAVE_DUST = "MustNotLeaveDust()"
NOT_BORROWABLE_IN_CATEGORY = "NotBorrowableInEMode()"
NOT_ENOUGH_AVAILABLE_USER_BALANCE = "NotEnoughAvailableUserBalance()"
NO_DEBT_OF_SELECTED_TYPE = "NoDebtOfSelectedType()"
NO_EXPLICIT_AMOUNT_TO_REPAY_ON_BEHALF = "NoExplicitAmountToRepayOnBehalf()"
RESERVE_FROZEN = "ReserveFrozen()"
RESERVE_INACTIVE = "ReserveInactive()"
RESERVE_PAUSED = "ReservePaused()"
SELF_LIQUIDATION = "SelfLiquidation()"
SILOED_BORROWING_VIOLATION = "SiloedBorrowingViolation()"
SPECIFIED_CURRENCY_NOT_BORROWED_BY_USER = "SpecifiedCurrencyNotBorrowedByUser()"
SUPPLY_CAP_EXCEEDED = "SupplyCapExceeded()"
SUPPLY_TO_ITSELF = "SupplyToAToken()"
UNDERLYING_BALANCE_ZERO = "UnderlyingBalanceZero()"
USER_IN_ISOLATION_MODE_OR_LTV_ZERO = "UserInIsolationModeOrLtvZero()"
WITHDRAW_TO_ITSELF = "WithdrawToAToken()"

_INSUFFICIENT_BORROW_ALLOWANCE = "InsufficientBorrowAllowance(address,uint256,uint256)"
_INSUFFICIENT_ALLOWANCE = "ERC20InsufficientAllowance(address,uint256,uint256)"
_OVERFLOWED_DOWNCAST = "SafeCastOverflowedUintDowncast(uint8,uint256)"


def error(signature: str, *arguments: int | Address) -> RevertError:
    """The revert with a custom error: its selector, then its arguments."""
    return RevertError(Reverted(selector(signature) + b"".join(map(word, arguments))))


def insufficient_borrow_allowance(to: Address, allowed: int, needed: int) -> RevertError:
    """The revert of a borrow above what was delegated."""
    return error(_INSUFFICIENT_BORROW_ALLOWANCE, to, allowed, needed)


def insufficient_allowance(spender: Address, allowed: int, needed: int) -> RevertError:
    """The revert of a taking above what was allowed."""
    return error(_INSUFFICIENT_ALLOWANCE, spender, allowed, needed)


def to_uint(value: int, bits: int) -> int:
    """The value, if it fits into so many bits. Source: OpenZeppelin's SafeCast.sol."""
    if value >> bits:
        raise error(_OVERFLOWED_DOWNCAST, bits, value)
    return value
