"""Reduce-only: what may still be done where code is no longer that on which the law was proven."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from trimtab.core.actions import (
    Action,
    AddLiquidity,
    Approve,
    Borrow,
    ClaimWithdrawal,
    ClosePosition,
    Collect,
    EnterLoop,
    FlashLoan,
    LeaveLoop,
    Liquidate,
    MintShares,
    RedeemShares,
    RemoveLiquidity,
    RemoveLiquidityOne,
    Repay,
    RequestWithdrawal,
    SettleFunding,
    Stake,
    Supply,
    Swap,
    SwapExactOut,
    Transfer,
    UseAsCollateral,
    Withdraw,
)
from trimtab.core.market import Market, MarketId, State, token_market
from trimtab.core.token import Token
from trimtab.protocols.chainlink import Sequencer

Changed = frozenset[MarketId]


def reduces(action: Action, reduce_only: Changed) -> bool:
    """Whether an action may be done while some markets may only be left.

    What takes capital out of them may: withdraw, repay, remove liquidity, sell their token
    elsewhere, and the approvals for that. Nothing may go into them, and no pool among them may
    be traded with.
    """
    return _into(action).isdisjoint(reduce_only)


def _into(action: Action) -> set[MarketId]:
    """The markets that an action puts capital into, or trusts."""
    match action:
        case Withdraw() | Repay() | Approve() | RedeemShares() | UseAsCollateral(is_used=False):
            return set()
        case LeaveLoop():
            return {action.market, action.lender, action.exchange}
        case EnterLoop():
            venues = {action.market, action.lender, action.pool, action.exchange}
            return {*venues, token_market(action.collateral), token_market(action.debt)}
        case RequestWithdrawal() | ClaimWithdrawal() | ClosePosition() | SettleFunding():
            return set()
        case RemoveLiquidity() | RemoveLiquidityOne() | Collect():
            return set()
        case AddLiquidity():
            return {action.market, *map(token_market, action.tokens)}
        case Swap() | SwapExactOut():
            return {action.market, token_market(action.token_out)}
        case Supply() | Borrow() | Transfer() | MintShares() | Stake() | FlashLoan():
            return {action.market, token_market(action.token)}
        case Liquidate():
            return {action.market, token_market(action.collateral_token)}
        case _:
            return {action.market}


def adding(actions: Iterable[Action], reduce_only: Changed) -> tuple[Action, ...]:
    """The actions that may not be done while some markets may only be left."""
    return tuple(action for action in actions if not reduces(action, reduce_only))


def affected(
    markets: Iterable[Market[State]], feeds: Mapping[Token, Market[State]], changed: Changed
) -> Changed:
    """The markets that may only be left because these ones changed, themselves included.

    A market whose storage others read takes them along, as a feed does the lending pools that
    it prices, and so does a feed the token that it values. By a sequencer's uptime feed every
    price is believed.
    """
    markets = tuple(markets)
    if any(isinstance(market, Sequencer) and market.id in changed for market in markets):
        changed |= {feed.id for feed in feeds.values()}
    priced = {token_market(token) for token, feed in feeds.items() if feed.id in changed}
    reading = {market.id for market in markets if not changed.isdisjoint(market.parts)}
    return changed | priced | reading
