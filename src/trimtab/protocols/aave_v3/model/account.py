"""What an account owns and owes across all reserves, in the oracle's base currency.

Source: GenericLogic.sol and AaveOracle.sol. The base currency is the US dollar with 8 decimals.
"""

from dataclasses import dataclass
from typing import Protocol, cast

from trimtab.core.abi import UINT256_MAX
from trimtab.core.market import MarketId
from trimtab.core.quantise import Bps, Timestamp, Wad
from trimtab.core.states import States
from trimtab.core.token import Address
from trimtab.protocols.aave_v3.market import AccountState, LendingState, ReserveState
from trimtab.protocols.aave_v3.model.reserve import normalised_debt, normalised_income
from trimtab.protocols.shared.aave.bitmap import is_borrowing, is_collateral
from trimtab.protocols.shared.aave.wad_ray import percent_mul, ray_mul, wad_div
from trimtab.protocols.shared.reverts import NO_DATA, RevertError, checked


class PriceFeed(Protocol):
    """What the pool's oracle asks of a feed's state."""

    @property
    def answer(self) -> int:
        """The latest answer; the contract does not ask how old it is."""


@dataclass(frozen=True, slots=True)
class AccountData:
    """Sums over the reserves that an account uses; the averages are weighted by collateral."""

    total_collateral: int
    total_debt: int
    loan_to_value: Bps
    liquidation_threshold: Bps
    health_factor: Wad
    has_zero_ltv_collateral: bool


_NOTHING = AccountData(0, 0, Bps(0), Bps(0), Wad(UINT256_MAX), False)


def is_in_category(account: AccountState, reserve: ReserveState) -> bool:
    """Whether the account's efficiency mode holds for the reserve."""
    number = account.efficiency_category
    return number != 0 and number == reserve.configuration.efficiency_category


def asset_price(states: States, feed: MarketId) -> int:
    """The price of a whole token; an answer that is not positive reverts.

    The contract would ask its fallback oracle then, and there is none.
    """
    answer = cast(PriceFeed, states.state(feed)).answer
    if answer <= 0:
        raise RevertError(NO_DATA)
    return answer


def debt_price(
    states: States, state: LendingState, account: AccountState, reserve: ReserveState
) -> int:
    """The price of what the account owes or borrows, all of its category if it is in one."""
    category = state.category(account.efficiency_category)
    source = category.source.feed if category else None
    return asset_price(states, reserve.reserve.feed if source is None else source)


def supply_balance(account: AccountState, reserve: ReserveState, now: Timestamp) -> int:
    """Base units that the account's supply is worth, half up."""
    scaled = account.scaled_supplies[reserve.reserve.token]
    return ray_mul(scaled, normalised_income(reserve, now))


def debt_balance(account: AccountState, reserve: ReserveState, now: Timestamp) -> int:
    """Base units that the account owes at the variable rate, half up."""
    scaled = account.scaled_debts[reserve.reserve.token]
    return ray_mul(scaled, normalised_debt(reserve, now)) if scaled else 0


def account_data(states: States, state: LendingState, owner: Address) -> AccountData:
    """The account's sums at the state's moment, each position rounded down in base currency.

    `state` is the pool as it stands within an action; prices come from `states`.
    """
    account = state.account(owner)
    configuration = account.user_configuration
    if configuration == 0:
        return _NOTHING
    category = state.category(account.efficiency_category)
    source = category.source.feed if category else None
    common = asset_price(states, source) if source is not None else None
    collateral = debt = weighted_ltv = weighted_threshold = 0
    has_zero_ltv = False
    for reserve in state.reserves.values():
        borrowing = is_borrowing(configuration, reserve.reserve.id)
        collateralised = is_collateral(configuration, reserve.reserve.id)
        if not (borrowing or collateralised):
            continue
        within = category if is_in_category(account, reserve) else None
        settings = reserve.configuration
        unit = 10**settings.decimals
        price = common if within and common else asset_price(states, reserve.reserve.feed)
        if collateralised and settings.liquidation_threshold != 0:
            value = checked(supply_balance(account, reserve, state.timestamp) * price) // unit
            collateral = checked(collateral + value)
            limits = within or settings
            if settings.loan_to_value != 0:
                weighted_ltv = checked(weighted_ltv + value * limits.loan_to_value)
            else:
                has_zero_ltv = True
            weighted = value * limits.liquidation_threshold
            weighted_threshold = checked(weighted_threshold + weighted)
        if borrowing:
            owed = checked(debt_balance(account, reserve, state.timestamp) * price) // unit
            debt = checked(debt + owed)
    return _averaged(collateral, debt, weighted_ltv, weighted_threshold, has_zero_ltv)


def _averaged(
    collateral: int, debt: int, weighted_ltv: int, weighted_threshold: int, has_zero_ltv: bool
) -> AccountData:
    """Sums in base currency, with averages cut to basis points: the health factor is of those."""
    loan_to_value = weighted_ltv // collateral if collateral else 0
    threshold = weighted_threshold // collateral if collateral else 0
    health_factor = UINT256_MAX if debt == 0 else wad_div(percent_mul(collateral, threshold), debt)
    return AccountData(
        total_collateral=collateral,
        total_debt=debt,
        loan_to_value=Bps(loan_to_value),
        liquidation_threshold=Bps(threshold),
        health_factor=Wad(health_factor),
        has_zero_ltv_collateral=has_zero_ltv,
    )
