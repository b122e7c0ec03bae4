"""What an account owns and owes across all reserves, in the oracle's base currency.

Source: GenericLogic.sol and AaveOracle.sol. The base currency is the US dollar with 8 decimals.
"""

from dataclasses import dataclass
from typing import Protocol, cast

from trimtab.core.abi import UINT256_MAX
from trimtab.core.market import MarketId
from trimtab.core.quantise import Bps, Wad
from trimtab.core.states import States
from trimtab.core.token import Address
from trimtab.protocols.aave_v36.market import (
    AccountState,
    EfficiencyCategory,
    LendingState,
    ReserveState,
)
from trimtab.protocols.aave_v36.model.isolation import loan_to_value
from trimtab.protocols.aave_v36.model.reserve import debt_balance, supply_balance
from trimtab.protocols.shared.aave.bitmap import is_borrowing, is_collateral
from trimtab.protocols.shared.aave.wad_ray import PERCENTAGE_FACTOR, mul_div_ceil, wad_div
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


def account_data(states: States, state: LendingState, owner: Address) -> AccountData:
    """The account's sums at the state's moment: collateral rounded down, each debt up.

    `state` is the pool as it stands within an action; prices come from `states`.
    """
    account = state.account(owner)
    category = state.category(account.efficiency_category)
    collateral = debt = by_ltv = by_threshold = 0
    has_zero_ltv = False
    for reserve in state.reserves.values():
        borrowing = is_borrowing(account.user_configuration, reserve.reserve.id)
        collateralised = is_collateral(account.user_configuration, reserve.reserve.id)
        if not (borrowing or collateralised):
            continue
        price = asset_price(states, reserve.reserve.feed)
        if collateralised:
            value = _collateral_value(state, account, reserve, price)
            collateral = checked(collateral + value)
            ltv = loan_to_value(reserve, category)
            has_zero_ltv = has_zero_ltv or ltv == 0
            by_ltv = checked(by_ltv + checked(value * ltv))
            threshold = _threshold(reserve, category)
            by_threshold = checked(by_threshold + checked(value * threshold))
        if borrowing:
            owed = debt_balance(account, reserve, state.timestamp)
            debt = checked(debt + mul_div_ceil(owed, price, reserve.unit))
    return AccountData(
        total_collateral=collateral,
        total_debt=debt,
        loan_to_value=Bps(by_ltv // collateral if collateral else 0),
        liquidation_threshold=Bps(by_threshold // collateral if collateral else 0),
        health_factor=_health_factor(by_threshold, debt),
        has_zero_ltv_collateral=has_zero_ltv,
    )


def _collateral_value(
    state: LendingState, account: AccountState, reserve: ReserveState, price: int
) -> int:
    return checked(supply_balance(account, reserve, state.timestamp) * price) // reserve.unit


def _threshold(reserve: ReserveState, category: EfficiencyCategory | None) -> Bps:
    if category is not None and category.has_collateral(reserve.reserve.id):
        return category.liquidation_threshold
    return reserve.configuration.liquidation_threshold


def _health_factor(by_threshold: int, debt: int) -> Wad:
    """Collateral at its thresholds over debt; the sum is divided once, so nothing is cut first."""
    return Wad(wad_div(by_threshold, debt) // PERCENTAGE_FACTOR if debt else UINT256_MAX)
