"""A reserve's settings in one word, as every line of Aave V3 packs them."""

from dataclasses import dataclass

from trimtab.core.quantise import Bps


@dataclass(frozen=True, slots=True)
class ReserveConfiguration:
    """A reserve's settings as the pool packs them. Source: ReserveConfiguration.sol."""

    word: int

    @property
    def loan_to_value(self) -> Bps:
        """How much of its worth can be borrowed against it."""
        return Bps(self._bits(0, 16))

    @property
    def liquidation_threshold(self) -> Bps:
        """The share of its worth at which a debt against it may be liquidated."""
        return Bps(self._bits(16, 16))

    @property
    def liquidation_bonus(self) -> Bps:
        """What a liquidator gets of the debt repaid: 10500 is a bonus of 5 %."""
        return Bps(self._bits(32, 16))

    @property
    def decimals(self) -> int:
        """Decimals of the asset."""
        return self._bits(48, 8)

    @property
    def is_active(self) -> bool:
        """Whether the reserve is in use."""
        return self._bits(56, 1) != 0

    @property
    def is_frozen(self) -> bool:
        """Whether nobody can supply or borrow."""
        return self._bits(57, 1) != 0

    @property
    def is_borrowing_enabled(self) -> bool:
        """Whether the asset can be borrowed."""
        return self._bits(58, 1) != 0

    @property
    def is_paused(self) -> bool:
        """Whether nothing can be done."""
        return self._bits(60, 1) != 0

    @property
    def is_borrowable_in_isolation(self) -> bool:
        """Whether it can be borrowed against an isolated collateral."""
        return self._bits(61, 1) != 0

    @property
    def is_siloed(self) -> bool:
        """Whether whoever borrows it can borrow nothing else."""
        return self._bits(62, 1) != 0

    @property
    def is_flash_loan_enabled(self) -> bool:
        """Whether it can be borrowed within one transaction."""
        return self._bits(63, 1) != 0

    @property
    def reserve_factor(self) -> Bps:
        """The share of the interest that goes to the treasury."""
        return Bps(self._bits(64, 16))

    @property
    def borrow_cap(self) -> int:
        """The largest total debt, in whole tokens; 0 is none."""
        return self._bits(80, 36)

    @property
    def supply_cap(self) -> int:
        """The largest total supply, in whole tokens; 0 is none."""
        return self._bits(116, 36)

    @property
    def liquidation_protocol_fee(self) -> Bps:
        """The share of a liquidation's bonus that goes to the treasury."""
        return Bps(self._bits(152, 16))

    @property
    def efficiency_category(self) -> int:
        """The efficiency mode (e-mode) category; 0 is none."""
        return self._bits(168, 8)

    @property
    def debt_ceiling(self) -> int:
        """The isolation mode's debt ceiling; 0 is a reserve that is not isolated."""
        return self._bits(212, 40)

    def _bits(self, start: int, count: int) -> int:
        return (self.word >> start) & ((1 << count) - 1)
