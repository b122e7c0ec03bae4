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


def asset_price(states: States, feed: MarketId) -> int:
    """The price of a whole token; an answer that is not positive reverts.

    The contract would ask its fallback oracle then, and there is none.
    """
    answer = cast(PriceFeed, states.state(feed)).answer
    if answer <= 0:
        raise RevertError(NO_DATA)
    return answer


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
    collateral = debt = weighted_ltv = weighted_threshold = 0
    has_zero_ltv = False
    for reserve in state.reserves.values():
        borrowing = is_borrowing(configuration, reserve.reserve.id)
        collateralised = is_collateral(configuration, reserve.reserve.id)
        if not (borrowing or collateralised):
            continue
        price = asset_price(states, reserve.reserve.feed)
        settings = reserve.configuration
        unit = 10**settings.decimals
        if collateralised and settings.liquidation_threshold != 0:
            value = checked(supply_balance(account, reserve, state.timestamp) * price) // unit
            collateral = checked(collateral + value)
            weighted_ltv = checked(weighted_ltv + value * settings.loan_to_value)
            weighted_threshold = checked(
                weighted_threshold + value * settings.liquidation_threshold
            )
            has_zero_ltv = has_zero_ltv or settings.loan_to_value == 0
        if borrowing:
            owed = checked(debt_balance(account, reserve, state.timestamp) * price) // unit
            debt = checked(debt + owed)
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
