"""What a lending pool of the 3.6 line is made of. Amounts and caps are whole tokens."""

from __future__ import annotations

from dataclasses import dataclass

from trimtab.core.quantise import Bps

_NOTHING = Bps(0)


@dataclass(frozen=True, slots=True)
class CurveSpec:
    """The utilisation curve of one reserve."""

    optimal_utilisation: Bps
    base: Bps
    slope1: Bps
    slope2: Bps


@dataclass(frozen=True, slots=True)
class LendingReserveSpec:
    """A reserve. A cap or ceiling of 0 is none; `supplied` is the liquidity provider's."""

    symbol: str
    loan_to_value: Bps
    liquidation_threshold: Bps
    liquidation_bonus: Bps
    """What a liquidator gets of the debt repaid: 10500 is a bonus of 5 %."""
    reserve_factor: Bps
    rates: CurveSpec
    supplied: int
    borrowed: int
    supply_cap: int = 0
    borrow_cap: int = 0
    liquidation_fee: Bps = _NOTHING
    """The treasury's share of a liquidation's bonus."""
    debt_ceiling: int = 0
    """What may be owed against it, in hundredths of whole tokens; 0 is no isolation."""
    is_borrowable: bool = True
    is_borrowable_in_isolation: bool = False
    is_siloed: bool = False
    is_flash_loaned: bool = True


@dataclass(frozen=True, slots=True)
class EfficiencyModeSpec:
    """A category with limits of its own; which assets they hold for, and which it may borrow."""

    id: int
    loan_to_value: Bps
    liquidation_threshold: Bps
    liquidation_bonus: Bps
    collateral: tuple[str, ...]
    borrowable: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LendingPoolSpec:
    """A whole pool, with a contract that takes its flash loans and pays them back."""

    reserves: tuple[LendingReserveSpec, ...]
    efficiency_modes: tuple[EfficiencyModeSpec, ...]
    flash_loan_premium: Bps

    @property
    def symbols(self) -> list[str]:
        """The tokens that it needs."""
        return [reserve.symbol for reserve in self.reserves]
