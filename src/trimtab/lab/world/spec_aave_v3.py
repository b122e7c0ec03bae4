"""What of a lending pool's reserves goes beyond collateral and a rate curve."""

from __future__ import annotations

from dataclasses import dataclass

from trimtab.core.quantise import Bps

_NOTHING = Bps(0)


@dataclass(frozen=True, slots=True)
class CategorySpec:
    """An efficiency mode category, of assets that move together."""

    id: int
    symbols: tuple[str, ...]
    loan_to_value: Bps
    liquidation_threshold: Bps
    liquidation_bonus: Bps
    priced_as: str | None = None
    """The symbol of the reserve whose price is that of all of them; None is each its own."""


@dataclass(frozen=True, slots=True)
class ReserveRules:
    """What else holds of one reserve. Caps are whole tokens, and 0 is none."""

    symbol: str
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
class LendingRules:
    """All such rules of a pool, with a contract that takes flash loans and pays them back."""

    reserves: tuple[ReserveRules, ...]
    categories: tuple[CategorySpec, ...]
    premium_to_protocol: Bps
    """The treasury's share of a flash loan's premium."""
