"""What a pool's logs tell: indices, rates, scaled amounts and flags, folded in exactly.

A pool updates a reserve before it changes anything else of it, so the first log of a debt or of
the rates in a block brings the reserve to the log's moment, the treasury's share included.
Scaled amounts follow from the logs alone: the value less the interest that it contains is the
amount, and the amount over the index, half up, is what was minted or burnt. The borrowing flag
has no log of its own: it is set where a debt begins and cleared where all of it is burnt.

What logs do not tell: settings that governance changes, stable debt and unbacked aTokens. They
come with the next reading.
"""

from dataclasses import replace

from trimtab.core.abi import Log, log_words, topic, topic_address
from trimtab.core.quantise import Ray, Timestamp
from trimtab.core.token import Address
from trimtab.protocols.aave_v3.market import LendingState, ReserveState
from trimtab.protocols.aave_v3.model.reserve import treasury_paid, update_state
from trimtab.protocols.shared.aave.bitmap import (
    with_borrowing,
    with_collateral,
    without_borrowing,
    without_collateral,
)
from trimtab.protocols.shared.aave.wad_ray import percent_mul, ray_div, ray_mul

_MINT = topic("Mint(address,address,uint256,uint256,uint256)")
_BURN = topic("Burn(address,address,uint256,uint256,uint256)")
_BALANCE_TRANSFER = topic("BalanceTransfer(address,address,uint256,uint256)")
_RESERVE_DATA_UPDATED = topic("ReserveDataUpdated(address,uint256,uint256,uint256,uint256,uint256)")
_MINTED_TO_TREASURY = topic("MintedToTreasury(address,uint256)")
_COLLATERAL_ENABLED = topic("ReserveUsedAsCollateralEnabled(address,address)")
_COLLATERAL_DISABLED = topic("ReserveUsedAsCollateralDisabled(address,address)")
_EFFICIENCY_MODE_SET = topic("UserEModeSet(address,uint8)")
_ISOLATED_DEBT_UPDATED = topic("IsolationModeTotalDebtUpdated(address,uint256)")
_FLASH_LOAN = topic("FlashLoan(address,address,address,uint256,uint8,uint256,uint16)")
_APPROVAL = topic("Approval(address,address,uint256)")
_CREDIT_DELEGATED = topic("BorrowAllowanceDelegated(address,address,address,uint256)")


def observe(state: LendingState, log: Log) -> LendingState:
    """The state after a log of the pool, or of an aToken or variable debt token of it."""
    for reserve in state.reserves.values():
        if log.address == reserve.reserve.a_token:
            return _after_supply_log(state, reserve, log)
        if log.address == reserve.reserve.variable_debt_token:
            return _after_debt_log(state, reserve, log)
    return _after_pool_log(state, log)


def _after_pool_log(state: LendingState, log: Log) -> LendingState:
    kind = log.topics[0]
    if kind == _EFFICIENCY_MODE_SET:
        return _with_category(state, log)
    if kind not in _ASSET_TOPICS:
        return state
    asset = topic_address(log, _ASSET_TOPICS[kind])
    reserve = next((r for t, r in state.reserves.items() if t.address == asset), None)
    if reserve is None:
        return state
    if kind == _RESERVE_DATA_UPDATED:
        return state.with_reserve(_with_logged_rates(reserve, log))
    if kind == _MINTED_TO_TREASURY:
        return state.with_reserve(replace(reserve, accrued_to_treasury=0))
    if kind == _ISOLATED_DEBT_UPDATED:
        return state.with_reserve(replace(reserve, isolated_debt=log_words(log)[0]))
    if kind == _FLASH_LOAN:
        return state.with_reserve(_with_logged_premium(state, reserve, log))
    owner = topic_address(log, 2)
    if owner not in state.accounts:
        return state
    account = state.account(owner)
    change = with_collateral if kind == _COLLATERAL_ENABLED else without_collateral
    changed = change(account.user_configuration, reserve.reserve.id)
    return state.with_account(owner, account.with_configuration(changed))


_ASSET_TOPICS = {
    _RESERVE_DATA_UPDATED: 1,
    _MINTED_TO_TREASURY: 1,
    _ISOLATED_DEBT_UPDATED: 1,
    _COLLATERAL_ENABLED: 1,
    _COLLATERAL_DISABLED: 1,
    _FLASH_LOAN: 2,
}
"""Which topic of a log of the pool names the asset."""


def _with_category(state: LendingState, log: Log) -> LendingState:
    owner = topic_address(log, 1)
    if owner not in state.accounts:
        return state
    (category,) = log_words(log)
    return state.with_account(owner, replace(state.account(owner), efficiency_category=category))


def _with_logged_premium(state: LendingState, reserve: ReserveState, log: Log) -> ReserveState:
    """The treasury's part of a flash loan's premium, after the log of the reserve's new index."""
    _, _, _, premium = log_words(log)
    raw = percent_mul(premium, state.premium_to_protocol)
    return treasury_paid(reserve, raw, reserve.liquidity_index)


def _with_logged_rates(reserve: ReserveState, log: Log) -> ReserveState:
    """The reserve with the log's rates and indices; a flash loan's fee moves an index too."""
    supply_rate, stable_rate, variable_rate, supply_index, variable_index = log_words(log)
    return replace(
        update_state(reserve, Timestamp(log.timestamp)),
        liquidity_rate=Ray(supply_rate),
        stable_borrow_rate=Ray(stable_rate),
        variable_borrow_rate=Ray(variable_rate),
        liquidity_index=Ray(supply_index),
        variable_borrow_index=Ray(variable_index),
    )


def _after_supply_log(state: LendingState, reserve: ReserveState, log: Log) -> LendingState:
    if log.topics[0] == _BALANCE_TRANSFER:
        scaled = log_words(log)[0]
        source, target = topic_address(log, 1), topic_address(log, 2)
        return _supplied(_supplied(state, reserve, source, -scaled), reserve, target, scaled)
    if log.topics[0] == _APPROVAL:
        owner, spender, raw = _leave(log)
        if owner not in state.accounts:
            return state
        allowed = state.account(owner).with_allowed(reserve.reserve.token, spender, raw)
        return state.with_account(owner, allowed)
    if log.topics[0] not in (_MINT, _BURN):
        return state
    owner, amount, index = _minted(log)
    change = _scaled(amount, index)
    changed = replace(reserve, scaled_supply=reserve.scaled_supply + change)
    return _supplied(state.with_reserve(changed), reserve, owner, change)


def _after_debt_log(state: LendingState, reserve: ReserveState, log: Log) -> LendingState:
    if log.topics[0] == _CREDIT_DELEGATED:
        owner, to, raw = _leave(log)
        if owner not in state.accounts:
            return state
        delegated = state.account(owner).with_delegated(reserve.reserve.token, to, raw)
        return state.with_account(owner, delegated)
    if log.topics[0] not in (_MINT, _BURN):
        return state
    owner, amount, index = _minted(log)
    change = _scaled(amount, index)
    reserve = update_state(reserve, Timestamp(log.timestamp))
    owed = reserve.scaled_variable_debt + change
    state = state.with_reserve(replace(reserve, scaled_variable_debt=owed))
    if owner not in state.accounts:
        return state
    token, account = reserve.reserve.token, state.account(owner)
    before = account.scaled_debts[token]
    account = account.with_debt(token, before + change)
    configuration = account.user_configuration
    if before == 0:
        configuration = with_borrowing(configuration, reserve.reserve.id)
    if amount == -ray_mul(before, index):
        configuration = without_borrowing(configuration, reserve.reserve.id)
    account = replace(account, user_configuration=configuration)
    return state.with_account(owner, account)


def _supplied(
    state: LendingState, reserve: ReserveState, owner: Address, change: int
) -> LendingState:
    if owner not in state.accounts:
        return state
    token, account = reserve.reserve.token, state.account(owner)
    return state.with_account(
        owner, account.with_supply(token, account.scaled_supplies[token] + change)
    )


def _minted(log: Log) -> tuple[Address, int, Ray]:
    """Whose balance changed, by how many base units without interest, and at what index.

    A burn of less than the interest that it brings to account is logged as a mint.
    """
    value, interest, index = log_words(log)
    if log.topics[0] == _MINT:
        return topic_address(log, 2), value - interest, Ray(index)
    return topic_address(log, 1), -(value + interest), Ray(index)


def _leave(log: Log) -> tuple[Address, Address, int]:
    """Who lets whom take or borrow how much."""
    return topic_address(log, 1), topic_address(log, 2), log_words(log)[0]


def _scaled(amount: int, index: Ray) -> int:
    return ray_div(amount, index) if amount >= 0 else -ray_div(-amount, index)
