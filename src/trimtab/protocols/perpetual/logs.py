"""What the logs of the exchange, its vault, its pool and its cache of prices tell.

Which account settled its funding is told only where it paid or was paid. One whose payment rounds
to nothing is found by the next block's own reads, as is what governance sets.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace

from trimtab.core.abi import Log, log_words, signed, topic, topic_address, word
from trimtab.core.quantise import Timestamp
from trimtab.core.token import Address
from trimtab.protocols.perpetual.market import AccountState, IndexState, PerpetualState
from trimtab.protocols.perpetual.model import index
from trimtab.protocols.perpetual.model.arithmetic import (
    WAD,
    in_settlement,
    price_x96,
    wad_of_x96,
    x96_of_wad,
)
from trimtab.protocols.perpetual.model.books import swept
from trimtab.protocols.perpetual.model.funding import REFERENCE_AGE, premium_x96
from trimtab.protocols.shared.reverts import RevertError
from trimtab.protocols.shared.ticks import MAX_TICK, MIN_TICK, sqrt_price_at_tick

_FUNDING_UPDATED = topic("FundingUpdated(address,uint256,uint256)")
_PRICE_UPDATED = topic("ChainlinkPriceUpdated(uint256,uint256,uint8)")
_LOG_OF_TICK = math.log(1.0001)
_SHORTEST_MEAN = 10


def observed_index(state: IndexState, log: Log) -> IndexState:
    """The cache after a log; one that contradicts the state is left to the next reads.

    Settling funding caches the mean: that the exchange asks for one of the interval that the
    cache keeps is assumed.
    """
    state = replace(state, timestamp=Timestamp(log.timestamp))
    if state.missing or not log.topics:
        return state
    try:
        if log.topics[0] == _PRICE_UPDATED:
            price, updated_at, _ = log_words(log)
            return index.taken_over(state, price, updated_at)
        if log.topics[0] == _FUNDING_UPDATED and topic_address(log, 1) == state.base:
            return index.mean_cached(state, state.interval)
    except RevertError:
        return state.unread()
    return state


def observed(state: PerpetualState, log: Log) -> PerpetualState:
    """The market after a log; one that leaves it alone is passed over."""
    follow = _FOLLOW.get(log.topics[0]) if log.topics else None
    return state if follow is None else follow(state, log)


# ------------------------------------------------------------------------------------ market


def _funding_updated(state: PerpetualState, log: Log) -> PerpetualState:
    if topic_address(log, 1) != state.base:
        return state
    market_mean, index_mean = log_words(log)
    now, growth = log.timestamp, state.growth
    if state.settled_at:
        mean_x96 = _mean_x96(state, market_mean, now)
        premium = premium_x96(mean_x96, index_mean, state.rules.most_funding)
        growth += premium * (now - state.settled_at)
    state = replace(state, settled_at=now, growth=growth)
    if now < state.reference_at + REFERENCE_AGE:
        return state
    return replace(state, reference_at=now, reference_tick=state.tick)


def _mean_x96(state: PerpetualState, mean: int, now: int) -> int:
    """The mean price times 2**96 of which the log has the rounded one, times 10**18.

    It is the pool's own price where the mean is over a moment, as while the market is young, and
    else a tick's. Where the rounded price is of no tick, it stands for itself.
    """
    age = now - state.first_traded if state.first_traded else 0
    is_spot = min(age, state.rules.funding_interval) < _SHORTEST_MEAN
    if is_spot and wad_of_x96(price_x96(state.sqrt_price_x96)) == mean:
        return price_x96(state.sqrt_price_x96)
    near = round(math.log(mean / WAD) / _LOG_OF_TICK) if mean else MIN_TICK
    for tick in range(max(near - 2, MIN_TICK), min(near + 2, MAX_TICK) + 1):
        found = price_x96(sqrt_price_at_tick(tick))
        if wad_of_x96(found) == mean:
            return found
    return x96_of_wad(mean)


def _swap(state: PerpetualState, log: Log) -> PerpetualState:
    _, _, price, _, tick = log_words(log)
    first = state.first_traded or log.timestamp
    return replace(state, sqrt_price_x96=price, tick=signed(tick), first_traded=first)


# ---------------------------------------------------------------------------------- accounts


def _changed(
    state: PerpetualState, owner: Address, change: Callable[[AccountState], AccountState]
) -> PerpetualState:
    account = state.accounts.get(owner)
    return state if account is None else state.with_account(owner, change(account))


def _position_changed(state: PerpetualState, log: Log) -> PerpetualState:
    if topic_address(log, 2) != state.base:
        return state
    size, notional, fee, _, profit, _ = map(signed, log_words(log))

    def change(account: AccountState) -> AccountState:
        changed = replace(
            account,
            size=account.size + size,
            open_notional=account.open_notional + notional - fee - profit,
            growth=state.growth,
            is_registered=True,
        )
        return swept(changed)

    return _changed(state, topic_address(log, 1), change)


def _position_liquidated(state: PerpetualState, log: Log) -> PerpetualState:
    """Who takes the whole of an own position over has one that counts for nothing."""
    owner = topic_address(log, 1)
    _, size, _, liquidator = log_words(log)
    is_own = word(liquidator) == word(owner) and topic_address(log, 2) == state.base

    def change(account: AccountState) -> AccountState:
        if abs(account.size) != size:
            return account
        return replace(account, growth=0, is_registered=False)

    return _changed(state, owner, change) if is_own else state


def _funding_paid(state: PerpetualState, log: Log) -> PerpetualState:
    if topic_address(log, 2) != state.base:
        return state
    owner = topic_address(log, 1)
    return _changed(state, owner, lambda account: replace(account, growth=state.growth))


def _profit(state: PerpetualState, log: Log) -> PerpetualState:
    (raw,) = map(signed, log_words(log))
    owner = topic_address(log, 1)
    return _changed(state, owner, lambda account: replace(account, owed=account.owed + raw))


def _deposited(state: PerpetualState, log: Log) -> PerpetualState:
    if topic_address(log, 1) != state.settlement.address:
        return state
    return _with_margin(state, topic_address(log, 2), log_words(log)[0])


def _with_margin(state: PerpetualState, owner: Address, raw: int) -> PerpetualState:
    return _changed(state, owner, lambda account: replace(account, margin=account.margin + raw))


def _withdrawn(state: PerpetualState, log: Log) -> PerpetualState:
    """All that was owed has become margin, funding included."""
    if topic_address(log, 1) != state.settlement.address:
        return state
    (raw,) = log_words(log)

    def change(account: AccountState) -> AccountState:
        margin = account.margin + in_settlement(account.owed, state.unit) - raw
        growth = state.growth if account.is_registered else account.growth
        return replace(account, margin=margin, owed=0, growth=growth)

    return _changed(state, topic_address(log, 2), change)


def _bad_debt_settled(state: PerpetualState, log: Log) -> PerpetualState:
    (raw,) = log_words(log)
    state = _with_margin(state, topic_address(log, 1), raw)
    return _with_margin(state, state.insurance_fund, -raw)


def _collateral_liquidated(state: PerpetualState, log: Log) -> PerpetualState:
    _, repaid, fee, _ = log_words(log)
    state = _with_margin(state, topic_address(log, 1), repaid)
    return _with_margin(state, state.insurance_fund, fee)


_FOLLOW: Mapping[bytes, Callable[[PerpetualState, Log], PerpetualState]] = {
    _FUNDING_UPDATED: _funding_updated,
    topic("Swap(address,address,int256,int256,uint160,uint128,int24)"): _swap,
    topic(
        "PositionChanged(address,address,int256,int256,uint256,int256,int256,uint256)"
    ): _position_changed,
    topic(
        "PositionLiquidated(address,address,uint256,uint256,uint256,address)"
    ): _position_liquidated,
    topic("FundingPaymentSettled(address,address,int256)"): _funding_paid,
    topic("PnlRealized(address,int256)"): _profit,
    topic("Deposited(address,address,uint256)"): _deposited,
    topic("Withdrawn(address,address,uint256)"): _withdrawn,
    topic("BadDebtSettled(address,uint256)"): _bad_debt_settled,
    topic(
        "CollateralLiquidated(address,address,address,uint256,uint256,uint256,uint24)"
    ): _collateral_liquidated,
}
