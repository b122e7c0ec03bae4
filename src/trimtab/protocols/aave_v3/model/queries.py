"""What allocation, risk and agents ask of a pool. Everything is at the state's moment."""

from collections.abc import Callable

from trimtab.core.actions import Borrow, Liquidate, SetEfficiencyMode, Withdraw
from trimtab.core.errors import PriceDisagreement
from trimtab.core.quantise import Ray, Timestamp, Wad
from trimtab.core.states import Applied, States
from trimtab.core.token import Address, Token
from trimtab.protocols.aave_v3.market import LendingPool, ReserveState
from trimtab.protocols.aave_v3.model import verbs
from trimtab.protocols.aave_v3.model.account import AccountData, account_data, supply_balance
from trimtab.protocols.aave_v3.model.collateral import set_efficiency_mode
from trimtab.protocols.aave_v3.model.liquidation import Seizure, seizure_of
from trimtab.protocols.aave_v3.model.rates import Liquidity, usage_ratio
from trimtab.protocols.aave_v3.model.reserve import update_interest_rates, update_state
from trimtab.protocols.shared.aave.wad_ray import ray_mul
from trimtab.protocols.shared.reverts import RevertError
from trimtab.protocols.shared.tokens import balances


def supply_rate(states: States, pool: LendingPool, token: Token, extra_supplied: int = 0) -> Ray:
    """The rate per year that suppliers would earn after `extra_supplied` more base units.

    Exactly what the pool would store now after such a supply, or after a withdrawal where it is
    negative; it takes no view on whether either would be allowed. Raises ValueError for a
    withdrawal of more than the reserve's liquidity.
    """
    return _after(states, pool, token, extra_supplied).liquidity_rate


def variable_borrow_rate(
    states: States, pool: LendingPool, token: Token, extra_supplied: int = 0
) -> Ray:
    """The rate per year that borrowers would owe after `extra_supplied` more base units.

    As `supply_rate`.
    """
    return _after(states, pool, token, extra_supplied).variable_borrow_rate


def utilisation(states: States, pool: LendingPool, token: Token, extra_supplied: int = 0) -> Ray:
    """The share of a reserve's debt in its debt and liquidity after `extra_supplied` more.

    As `supply_rate`.
    """
    reserve = update_state(states[pool].reserve(token), states[pool].timestamp)
    total_debt = ray_mul(reserve.scaled_variable_debt, reserve.variable_borrow_index)
    return usage_ratio(total_debt, _liquidity(states, reserve, extra_supplied))


def account_summary(states: States, pool: LendingPool, account: Address) -> AccountData:
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


def health_factor(states: States, pool: LendingPool, account: Address) -> Wad | None:
    """Collateral at its liquidation thresholds over debt, half up; None without debt.

    Below one the account can be liquidated. Raises PriceDisagreement as `account_summary`.
    """
    data = account_summary(states, pool, account)
    return data.health_factor if data.total_debt else None


def supplied(
    states: States, pool: LendingPool, account: Address, token: Token, at: Timestamp
) -> int:
    """Base units that the account's supply of a token is worth at a moment, half up.

    The moment may lie before the states', but not before the reserve was last written.
    """
    state = states[pool]
    return supply_balance(state.account(account), state.reserve(token), at)


def withdrawable(states: States, pool: LendingPool, account: Address, token: Token) -> int:
    """Base units of a token that the account can withdraw now, 0 if nothing.

    The model itself lets the amount go. It is all that balance and liquidity allow, or else,
    found by bisection, an amount of which one base unit more is refused. Since the contract cuts
    the average threshold to a basis point, some amounts above may pass again; the largest of
    them is worth less than a basis point of the collateral over the token's threshold more.
    """
    state = states[pool]
    reserve = state.reserve(token)
    balance = supply_balance(state.account(account), reserve, state.timestamp)
    lying = balances(states, token).balance(reserve.reserve.a_token)

    def lets_go(amount: int) -> bool:
        withdrawal = Withdraw(account, pool.id, token, amount, account)
        return _goes(lambda: verbs.withdraw(states, pool, withdrawal))

    return _largest(lets_go, min(balance, lying))


def borrowable(
    states: States, pool: LendingPool, account: Address, token: Token, category: int | None = None
) -> int:
    """Base units of a token that the account can borrow now against its collateral, 0 if nothing.

    With a `category` it first changes its efficiency mode; nothing if it may not. The model
    itself lets the amount go, and refuses one base unit more: collateral, caps, a debt ceiling
    and liquidity bound it, and the modes that the account is in may forbid it altogether.
    """
    if category is not None:
        try:
            chosen = SetEfficiencyMode(account, pool.id, category)
            states = states.fold(set_efficiency_mode(states, pool, chosen))
        except RevertError:
            return 0

    def lets_go(amount: int) -> bool:
        borrowing = Borrow(account, pool.id, token, amount, account)
        return _goes(lambda: verbs.borrow(states, pool, borrowing))

    lying = balances(states, token).balance(states[pool].reserve(token).reserve.a_token)
    return _largest(lets_go, lying)


def seizure(states: States, pool: LendingPool, action: Liquidate) -> Seizure | None:
    """What a liquidation would move now, None if it is refused.

    With a debt of ALL it tells the most there is. Whether the liquidator can pay, and whether
    the amounts are too small to be burnt, is not asked.
    """
    state = states[pool]
    updated = update_state(state.reserve(action.debt_token), state.timestamp)
    try:
        return seizure_of(states, state.with_reserve(updated), action)
    except RevertError:
        return None


def _goes(apply: Callable[[], Applied]) -> bool:
    try:
        apply()
    except RevertError:
        return False
    return True


def _largest(lets_go: Callable[[int], bool], bound: int) -> int:
    """The bound, if it goes, or else an amount that does, of which one more does not."""
    if lets_go(bound):
        return bound
    allowed, refused = 0, bound
    while refused - allowed > 1:
        middle = (allowed + refused) // 2
        if lets_go(middle):
            allowed = middle
        else:
            refused = middle
    return allowed


def _after(states: States, pool: LendingPool, token: Token, extra_supplied: int) -> ReserveState:
    reserve = update_state(states[pool].reserve(token), states[pool].timestamp)
    return update_interest_rates(reserve, _liquidity(states, reserve, extra_supplied))


def _liquidity(states: States, reserve: ReserveState, extra_supplied: int) -> Liquidity:
    token = reserve.reserve.token
    lying = balances(states, token).balance(reserve.reserve.a_token)
    if extra_supplied < -lying:
        raise ValueError(
            f"{-extra_supplied} base units of {token.symbol} cannot leave the pool: "
            f"only {lying} lie in it"
        )
    return Liquidity(lying + extra_supplied)
