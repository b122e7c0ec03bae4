"""What a pool's logs tell, folded in exactly.

The pool logs the amounts as it was given them, and what is scaled follows from an amount and the
index that the reserve had by then. It logs a reserve's new rates after it has brought the
reserve to the log's moment and before it says what was done, so that the debts are still those
over which interest ran. What tokens log is not needed, but for transfers and for credit.

What logs do not tell: settings that governance changes. They come with the next reading.
"""

from collections.abc import Callable
from dataclasses import replace

from trimtab.core.abi import Log, log_words, topic, topic_address
from trimtab.core.quantise import Ray, Timestamp
from trimtab.core.token import Address, address_from_bytes
from trimtab.protocols.aave_v36.market import AccountState, LendingState, ReserveState
from trimtab.protocols.aave_v36.model.reserve import update_state
from trimtab.protocols.aave_v36.model.tokens import less_allowed
from trimtab.protocols.shared.aave.bitmap import (
    with_borrowing,
    with_collateral,
    without_borrowing,
    without_collateral,
)
from trimtab.protocols.shared.aave.wad_ray import (
    ray_div_ceil,
    ray_div_floor,
    ray_mul_ceil,
)

_NO_DEBT_MODE = 0


def observe(state: LendingState, log: Log) -> LendingState:
    """The state after a log of the pool, or of an aToken or variable debt token of it."""
    kind = log.topics[0]
    if kind == _CATEGORY_SET:
        return _after_category(state, log)
    for reserve in state.reserves.values():
        if log.address == reserve.reserve.a_token:
            return _after_share_log(state, reserve, log)
        if log.address == reserve.reserve.variable_debt_token:
            return _after_delegation(state, reserve, log) if kind == _DELEGATED else state
    if kind == _LIQUIDATED:
        return _after_liquidation(state, log)
    if kind not in _OF_A_RESERVE:
        return state
    asset = topic_address(log, 2 if kind in _NAMED_SECOND else 1)
    found = next((r for t, r in state.reserves.items() if t.address == asset), None)
    return state if found is None else _OF_A_RESERVE[kind](state, found, log)


# ----------------------------------------------------------------------------- accounts alone


def _after_category(state: LendingState, log: Log) -> LendingState:
    owner = topic_address(log, 1)
    if owner not in state.accounts:
        return state
    changed = replace(state.account(owner), efficiency_category=log_words(log)[0])
    return state.with_account(owner, changed)


def _after_share_log(state: LendingState, reserve: ReserveState, log: Log) -> LendingState:
    """What an aToken tells: of leave, and of shares, which an operator has by its leave alone."""
    if log.topics[0] not in (_BALANCE_TRANSFER, _APPROVAL):
        return state
    token, (owner, to) = reserve.reserve.token, (topic_address(log, 1), topic_address(log, 2))
    if log.topics[0] == _APPROVAL:
        if owner not in state.accounts:
            return state
        allowed = state.account(owner).with_allowed(token, to, log_words(log)[0])
        return state.with_account(owner, allowed)
    scaled, index = log_words(log)
    if owner in state.accounts:
        account = less_allowed(state.account(owner), token, to, scaled, Ray(index))
        state = state.with_account(owner, account)
    state = state.with_supply_changed(owner, token, -scaled)
    return state.with_supply_changed(to, token, scaled)


def _after_delegation(state: LendingState, reserve: ReserveState, log: Log) -> LendingState:
    owner, to = topic_address(log, 1), topic_address(log, 2)
    if owner not in state.accounts:
        return state
    account = state.account(owner)
    changed = account.with_delegated(reserve.reserve.token, to, log_words(log)[0])
    return state.with_account(owner, changed)


def _after_collateral(state: LendingState, reserve: ReserveState, log: Log) -> LendingState:
    owner = topic_address(log, 2)
    if owner not in state.accounts:
        return state
    account = state.account(owner)
    change = with_collateral if log.topics[0] == _COLLATERAL_ENABLED else without_collateral
    bits = change(account.user_configuration, reserve.reserve.id)
    return state.with_account(owner, account.with_configuration(bits))


# ----------------------------------------------------------------------------------- reserves


def _after_rates(state: LendingState, reserve: ReserveState, log: Log) -> LendingState:
    liquidity_rate, _, borrow_rate, liquidity_index, borrow_index = log_words(log)
    return state.with_reserve(
        replace(
            update_state(reserve, Timestamp(log.timestamp)),
            liquidity_rate=Ray(liquidity_rate),
            variable_borrow_rate=Ray(borrow_rate),
            liquidity_index=Ray(liquidity_index),
            variable_borrow_index=Ray(borrow_index),
        )
    )


def _after_supply(state: LendingState, reserve: ReserveState, log: Log) -> LendingState:
    amount, owner = log_words(log)[1], topic_address(log, 2)
    scaled = ray_div_floor(amount, reserve.liquidity_index)
    return _supplied(state, reserve, owner, scaled, amount)


def _after_withdrawal(state: LendingState, reserve: ReserveState, log: Log) -> LendingState:
    amount, owner = log_words(log)[0], topic_address(log, 2)
    scaled = ray_div_ceil(amount, reserve.liquidity_index)
    return _supplied(state, reserve, owner, -scaled, -amount)


def _after_borrow(state: LendingState, reserve: ReserveState, log: Log) -> LendingState:
    amount, owner = log_words(log)[1], topic_address(log, 2)
    actor = address_from_bytes(log.data[:32])
    scaled = ray_div_ceil(amount, reserve.variable_borrow_index)
    if actor != owner and owner in state.accounts:
        account = _after_credit(state.account(owner), reserve, actor, scaled)
        state = state.with_account(owner, account)
    return _owed(state, reserve, owner, scaled, -amount)


def _after_credit(
    account: AccountState, reserve: ReserveState, to: Address, scaled: int
) -> AccountState:
    """The account once somebody borrowed on its credit: the tokens log nothing of that."""
    token, index = reserve.reserve.token, reserve.variable_borrow_index
    before = account.scaled_debts[token]
    grown = ray_mul_ceil(before + scaled, index) - ray_mul_ceil(before, index)
    allowed = account.delegated.get((token, to), 0)
    return account.with_delegated(token, to, allowed - min(grown, allowed))


def _after_repayment(state: LendingState, reserve: ReserveState, log: Log) -> LendingState:
    (amount, is_by_shares), owner = log_words(log), topic_address(log, 2)
    scaled = ray_div_floor(amount, reserve.variable_borrow_index)
    state = _owed(state, reserve, owner, -scaled, 0 if is_by_shares else amount)
    if not is_by_shares:
        return state
    reserve = state.reserve(reserve.reserve.token)
    burnt = ray_div_ceil(amount, reserve.liquidity_index)
    return _supplied(state, reserve, topic_address(log, 3), -burnt, 0)


def _after_flash_loan(state: LendingState, reserve: ReserveState, log: Log) -> LendingState:
    """A flash loan that became a debt is told by its borrow."""
    _, _, mode, premium = log_words(log)
    if mode != _NO_DEBT_MODE:
        return state
    share = ray_div_floor(premium, reserve.liquidity_index)
    changed = replace(
        reserve,
        accrued_to_treasury=reserve.accrued_to_treasury + share,
        virtual_balance=reserve.virtual_balance + premium,
        latest_accrual=0,
    )
    return state.with_reserve(changed)


def _after_treasury(state: LendingState, reserve: ReserveState, _: Log) -> LendingState:
    scaled = reserve.accrued_to_treasury
    changed = replace(reserve, accrued_to_treasury=0, scaled_supply=reserve.scaled_supply + scaled)
    token = reserve.reserve.token
    return state.with_reserve(changed).with_supply_changed(reserve.treasury, token, scaled)


def _after_isolated_debt(state: LendingState, reserve: ReserveState, log: Log) -> LendingState:
    return state.with_reserve(replace(reserve, isolated_debt=log_words(log)[0]))


def _after_deficit(state: LendingState, reserve: ReserveState, log: Log) -> LendingState:
    """What was written off; how much of the debt went with it, the liquidation tells at its end."""
    amount = log_words(log)[0]
    written_off = reserve.written_off + amount
    return state.with_reserve(
        replace(reserve, deficit=reserve.deficit + amount, written_off=written_off)
    )


def _after_cover(state: LendingState, reserve: ReserveState, log: Log) -> LendingState:
    amount, owner = log_words(log)[1], address_from_bytes(log.data[:32])
    scaled = ray_div_ceil(amount, reserve.liquidity_index)
    changed = replace(reserve, deficit=reserve.deficit - amount)
    return _supplied(state, changed, owner, -scaled, 0)


# -------------------------------------------------------------------------------- liquidation


def _after_liquidation(state: LendingState, log: Log) -> LendingState:
    """A liquidation is over: collateral and debts that went with it are gone.

    The reserves may not have been told of yet, where no rates changed, and one that is both the
    collateral and the debt gave the treasury its share twice.
    """
    repaid, seized, _, takes_shares = log_words(log)
    owner = topic_address(log, 3)
    names = (topic_address(log, 1), topic_address(log, 2))
    collateral, debt = (
        next((t for t in state.reserves if t.address == name), None) for name in names
    )
    if collateral is not None:
        reserve = update_state(state.reserve(collateral), Timestamp(log.timestamp))
        twice = reserve.latest_accrual if collateral == debt else 0
        accrued = reserve.accrued_to_treasury + twice
        reserve = replace(reserve, accrued_to_treasury=accrued)
        scaled = 0 if takes_shares else ray_div_ceil(seized, reserve.liquidity_index)
        cash = 0 if takes_shares else seized
        state = _supplied(state, reserve, owner, -scaled, -cash)
    for token in state.reserves:
        reserve = state.reserve(token)
        paid = repaid if token == debt else 0
        if gone := paid + reserve.written_off:
            scaled = ray_div_floor(gone, reserve.variable_borrow_index)
            state = _owed(state, replace(reserve, written_off=0), owner, -scaled, paid)
    return state


# ---------------------------------------------------------------------------------- positions


def _supplied(
    state: LendingState, reserve: ReserveState, owner: Address, scaled: int, cash: int
) -> LendingState:
    """The pool after a supply changed, and what lies in the reserve with it."""
    changed = replace(
        reserve,
        scaled_supply=reserve.scaled_supply + scaled,
        virtual_balance=reserve.virtual_balance + cash,
        latest_accrual=0,
    )
    return state.with_reserve(changed).with_supply_changed(owner, reserve.reserve.token, scaled)


def _owed(
    state: LendingState, reserve: ReserveState, owner: Address, scaled: int, cash: int
) -> LendingState:
    """The pool after a debt changed; whether one is owed at all has no log of its own."""
    changed = replace(
        reserve,
        scaled_variable_debt=reserve.scaled_variable_debt + scaled,
        virtual_balance=reserve.virtual_balance + cash,
        latest_accrual=0,
    )
    state = state.with_reserve(changed)
    if owner not in state.accounts:
        return state
    token, account = reserve.reserve.token, state.account(owner)
    owed = account.scaled_debts[token] + scaled
    change = with_borrowing if owed else without_borrowing
    bits = change(account.user_configuration, reserve.reserve.id)
    return state.with_account(owner, account.with_debt(token, owed).with_configuration(bits))


_APPROVAL = topic("Approval(address,address,uint256)")
_BALANCE_TRANSFER = topic("BalanceTransfer(address,address,uint256,uint256)")
_DELEGATED = topic("BorrowAllowanceDelegated(address,address,address,uint256)")
_CATEGORY_SET = topic("UserEModeSet(address,uint8)")
_COLLATERAL_ENABLED = topic("ReserveUsedAsCollateralEnabled(address,address)")
_COLLATERAL_DISABLED = topic("ReserveUsedAsCollateralDisabled(address,address)")
_DEFICIT_CREATED = topic("DeficitCreated(address,address,uint256)")
_FLASH_LOAN = topic("FlashLoan(address,address,address,uint256,uint8,uint256,uint16)")
_LIQUIDATED = topic("LiquidationCall(address,address,address,uint256,uint256,address,bool)")

_OF_A_RESERVE: dict[bytes, Callable[[LendingState, ReserveState, Log], LendingState]] = {
    _COLLATERAL_ENABLED: _after_collateral,
    _COLLATERAL_DISABLED: _after_collateral,
    _DEFICIT_CREATED: _after_deficit,
    topic("DeficitCovered(address,address,uint256)"): _after_cover,
    topic("IsolationModeTotalDebtUpdated(address,uint256)"): _after_isolated_debt,
    topic("MintedToTreasury(address,uint256)"): _after_treasury,
    topic("ReserveDataUpdated(address,uint256,uint256,uint256,uint256,uint256)"): _after_rates,
    topic("Supply(address,address,address,uint256,uint16)"): _after_supply,
    topic("Withdraw(address,address,address,uint256)"): _after_withdrawal,
    topic("Borrow(address,address,address,uint256,uint8,uint256,uint16)"): _after_borrow,
    topic("Repay(address,address,address,uint256,bool)"): _after_repayment,
    _FLASH_LOAN: _after_flash_loan,
}
"""What the pool logs of one reserve, by the event."""

_NAMED_SECOND = frozenset({_DEFICIT_CREATED, _FLASH_LOAN})
"""Events that name an account before the reserve."""
