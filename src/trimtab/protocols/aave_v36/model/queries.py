"""What allocation, risk and agents ask of a pool. Everything is at the state's moment."""

from trimtab.core.actions import Withdraw
from trimtab.core.errors import PriceDisagreement
from trimtab.core.quantise import Ray, Timestamp, Wad
from trimtab.core.states import States
from trimtab.core.token import Address, Token
from trimtab.protocols.aave_v36.market import LendingPool36, ReserveState
from trimtab.protocols.aave_v36.model import supplying
from trimtab.protocols.aave_v36.model.account import AccountData, account_data
from trimtab.protocols.aave_v36.model.rates import usage_ratio
from trimtab.protocols.aave_v36.model.reserve import supply_balance, update_state, with_rates
from trimtab.protocols.shared.aave.wad_ray import ray_mul_ceil
from trimtab.protocols.shared.reverts import RevertError


def supply_rate(states: States, pool: LendingPool36, token: Token, extra_supplied: int = 0) -> Ray:
    """The rate per year that suppliers would earn after `extra_supplied` more base units.

    Exactly what the pool would store now after such a supply, or after a withdrawal where it is
    negative; it takes no view on whether either would be allowed. Raises ValueError for a
    withdrawal of more than the reserve's virtual balance.
    """
    return _after(states, pool, token, extra_supplied).liquidity_rate


def variable_borrow_rate(
    states: States, pool: LendingPool36, token: Token, extra_supplied: int = 0
) -> Ray:
    """The rate per year that borrowers would owe after `extra_supplied` more base units.

    As `supply_rate`.
    """
    return _after(states, pool, token, extra_supplied).variable_borrow_rate


def utilisation(states: States, pool: LendingPool36, token: Token, extra_supplied: int = 0) -> Ray:
    """The share of a reserve's debt in its debt and liquidity after `extra_supplied` more.

    As `supply_rate`.
    """
    reserve = _after(states, pool, token, extra_supplied)
    debt = ray_mul_ceil(reserve.scaled_variable_debt, reserve.variable_borrow_index)
    return usage_ratio(debt, reserve.virtual_balance)


def account_summary(states: States, pool: LendingPool36, account: Address) -> AccountData:
    """The account's collateral, debt and averages, as the pool's getUserAccountData sees them.

    Raises PriceDisagreement where the pool cannot value a position.
    """
    try:
        return account_data(states, states[pool], account)
    except RevertError:
        raise PriceDisagreement(
            f"{pool.name} cannot value what {account} has: a feed of its reserves answers a "
            "price that is not positive, or one beyond all sums"
        ) from None


def health_factor(states: States, pool: LendingPool36, account: Address) -> Wad | None:
    """Collateral at its liquidation thresholds over debt; None without debt.

    Below one the account can be liquidated. Raises PriceDisagreement as `account_summary`.
    """
    data = account_summary(states, pool, account)
    return data.health_factor if data.total_debt else None


def supplied(
    states: States, pool: LendingPool36, account: Address, token: Token, at: Timestamp
) -> int:
    """Base units that the account's supply of a token is worth at a moment, rounded down.

    The moment may lie before the states', but not before the reserve was last written.
    """
    state = states[pool]
    return supply_balance(state.account(account), state.reserve(token), at)


def withdrawable(states: States, pool: LendingPool36, account: Address, token: Token) -> int:
    """Base units of a token that the account can withdraw now, 0 if nothing.

    The model itself lets the amount go. It is all that balance and liquidity allow, or else,
    found by bisection, an amount of which one base unit more is refused.
    """
    state = states[pool]
    reserve = state.reserve(token)
    balance = supply_balance(state.account(account), reserve, state.timestamp)
    refused = min(balance, reserve.virtual_balance) + 1
    if _lets_go(states, pool, account, token, refused - 1):
        return refused - 1
    allowed = 0
    while refused - allowed > 1:
        middle = (allowed + refused) // 2
        if _lets_go(states, pool, account, token, middle):
            allowed = middle
        else:
            refused = middle
    return allowed


def _lets_go(
    states: States, pool: LendingPool36, account: Address, token: Token, amount: int
) -> bool:
    try:
        supplying.withdraw(states, pool, Withdraw(account, pool.id, token, amount, account))
    except RevertError:
        return False
    return True


def _after(states: States, pool: LendingPool36, token: Token, extra_supplied: int) -> ReserveState:
    reserve = update_state(states[pool].reserve(token), states[pool].timestamp)
    if extra_supplied < -reserve.virtual_balance:
        raise ValueError(
            f"{-extra_supplied} base units of {token.symbol} cannot leave the pool: "
            f"only {reserve.virtual_balance} lie in it"
        )
    return with_rates(reserve, added=max(extra_supplied, 0), taken=max(-extra_supplied, 0))
