"""What the contract's logs tell of a market and of who may act for whom, folded in exactly.

Interest has a log of its own, which comes before that of the action it belongs to; one of the
adaptive curve tells its rate before both. What logs do not tell: that a market without a rate
model was called for nothing but its interest, which it has none of.
"""

from dataclasses import replace

from trimtab.core.abi import Log, log_words, topic, topic_address
from trimtab.core.quantise import Timestamp, Wad
from trimtab.core.token import Address
from trimtab.protocols.morpho.market import LendingState, MorphoState
from trimtab.protocols.morpho.model.accrual import with_fee_shares
from trimtab.protocols.morpho.model.arithmetic import zero_floor_sub

_ACCRUE_INTEREST = topic("AccrueInterest(bytes32,uint256,uint256,uint256)")
_BORROW_RATE_UPDATE = topic("BorrowRateUpdate(bytes32,uint256,uint256)")
_SUPPLY = topic("Supply(bytes32,address,address,uint256,uint256)")
_WITHDRAW = topic("Withdraw(bytes32,address,address,address,uint256,uint256)")
_BORROW = topic("Borrow(bytes32,address,address,address,uint256,uint256)")
_REPAY = topic("Repay(bytes32,address,address,uint256,uint256)")
_SUPPLY_COLLATERAL = topic("SupplyCollateral(bytes32,address,address,uint256)")
_WITHDRAW_COLLATERAL = topic("WithdrawCollateral(bytes32,address,address,address,uint256)")
_LIQUIDATE = topic("Liquidate(bytes32,address,address,uint256,uint256,uint256,uint256,uint256)")
_SET_FEE = topic("SetFee(bytes32,uint256)")
_SET_FEE_RECIPIENT = topic("SetFeeRecipient(address)")
_SET_AUTHORIZATION = topic("SetAuthorization(address,address,address,bool)")

_CALLED = frozenset(
    {_SUPPLY, _WITHDRAW, _BORROW, _REPAY, _WITHDRAW_COLLATERAL, _LIQUIDATE, _SET_FEE}
)
"""The logs of what brings interest to account first, where there is any."""


def observe_contract(state: MorphoState, log: Log) -> MorphoState:
    """The authorisations after a log of the contract."""
    if log.topics[:1] != (_SET_AUTHORIZATION,):
        return state
    owner, other = topic_address(log, 2), topic_address(log, 3)
    return state.with_authorisation(owner, other, bool(log_words(log)[0]))


def observe(state: LendingState, log: Log) -> LendingState:
    """The market after a log of the contract, or of its rate model."""
    if log.topics[:1] == (_SET_FEE_RECIPIENT,):
        return replace(state, fee_recipient=topic_address(log, 1))
    of_market = len(log.topics) > 1 and log.topics[1].hex() == state.market.market_id[2:]
    if not of_market:
        return state
    kind = log.topics[0]
    if log.address == state.market.rate_model:
        if kind != _BORROW_RATE_UPDATE:
            return state
        return replace(state, rate_at_target=log_words(log)[1])
    if kind in _CALLED or kind == _ACCRUE_INTEREST:
        state = replace(state, last_update=Timestamp(log.timestamp))
    return _after(state, kind, log)


def _after(state: LendingState, kind: bytes, log: Log) -> LendingState:
    told = log_words(log)
    match kind:
        case _ if kind == _ACCRUE_INTEREST:
            _, interest, fee_shares = told
            return _with_interest(state, interest, fee_shares)
        case _ if kind == _SET_FEE:
            return replace(state, fee=Wad(told[0]))
        case _ if kind == _SUPPLY:
            assets, shares = told
            return _supplied(state, topic_address(log, 3), assets, shares)
        case _ if kind == _WITHDRAW:
            _, assets, shares = told
            return _supplied(state, topic_address(log, 2), -assets, -shares)
        case _ if kind == _BORROW:
            _, assets, shares = told
            return _owing(state, topic_address(log, 2), assets, shares)
        case _ if kind == _REPAY:
            assets, shares = told
            return _owing(state, topic_address(log, 3), -assets, -shares)
        case _ if kind == _SUPPLY_COLLATERAL:
            return _with_collateral(state, topic_address(log, 3), told[0])
        case _ if kind == _WITHDRAW_COLLATERAL:
            return _with_collateral(state, topic_address(log, 2), -told[1])
        case _ if kind == _LIQUIDATE:
            return _liquidated(state, topic_address(log, 3), told)
        case _:
            return state


def _with_interest(state: LendingState, interest: int, fee_shares: int) -> LendingState:
    return replace(
        with_fee_shares(state, fee_shares),
        total_borrow_assets=state.total_borrow_assets + interest,
        total_supply_assets=state.total_supply_assets + interest,
        total_supply_shares=state.total_supply_shares + fee_shares,
    )


def _supplied(state: LendingState, owner: Address, assets: int, shares: int) -> LendingState:
    if position := state.positions.get(owner):
        changed = replace(position, supply_shares=position.supply_shares + shares)
        state = state.with_position(owner, changed)
    return replace(
        state,
        total_supply_assets=state.total_supply_assets + assets,
        total_supply_shares=state.total_supply_shares + shares,
    )


def _owing(state: LendingState, owner: Address, assets: int, shares: int) -> LendingState:
    if position := state.positions.get(owner):
        changed = replace(position, borrow_shares=position.borrow_shares + shares)
        state = state.with_position(owner, changed)
    return replace(
        state,
        total_borrow_assets=zero_floor_sub(state.total_borrow_assets, -assets),
        total_borrow_shares=state.total_borrow_shares + shares,
    )


def _with_collateral(state: LendingState, owner: Address, change: int) -> LendingState:
    if not (position := state.positions.get(owner)):
        return state
    changed = replace(position, collateral=position.collateral + change)
    return state.with_position(owner, changed)


def _liquidated(state: LendingState, owner: Address, told: tuple[int, ...]) -> LendingState:
    """What was repaid, then what was seized, then what none was left for."""
    assets, shares, seized, lost, lost_shares = told
    state = _with_collateral(_owing(state, owner, -assets, -shares), owner, -seized)
    state = _owing(state, owner, -lost, -lost_shares)
    return replace(state, total_supply_assets=state.total_supply_assets - lost)
