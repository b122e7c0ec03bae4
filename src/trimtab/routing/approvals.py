"""What a plan's actions may take from the account: allowed just before them, and never after."""

from __future__ import annotations

from collections.abc import Iterator

from trimtab.core.actions import (
    Action,
    AddLiquidity,
    All,
    Approve,
    EnterLoop,
    LeaveLoop,
    RemoveLiquidity,
    Repay,
    Supply,
    Swap,
    SwapExactOut,
)
from trimtab.core.market import token_market
from trimtab.core.states import States
from trimtab.core.token import Address, Token
from trimtab.protocols.erc20 import Allowing, Erc20, approvals
from trimtab.protocols.staking import StakingPool
from trimtab.protocols.uniswap_v2 import Pair
from trimtab.risk import is_lender, owed
from trimtab.routing.exchanges import spender_of
from trimtab.routing.loops import leaves


def with_approvals(
    account: Address, states: States, moves: tuple[Action, ...]
) -> tuple[Action, ...]:
    """The moves behind the approvals that they need, and what may be left of those taken back.

    Sums are exact. What a move takes by a bound and not by an amount, it may leave allowed: such
    an allowance is set to nothing at the end, so that none outlives the plan.
    """
    required: dict[tuple[Token, Address], int] = {}
    bounded: dict[tuple[Token, Address], None] = {}
    for move in moves:
        for token, raw, is_exact in _taken(states, move):
            spender = spender_of(states.market(move.market), move)
            required[token, spender] = required.get((token, spender), 0) + raw
            if not is_exact:
                bounded[token, spender] = None
    tokens: dict[Token, Allowing] = {}
    for market in states.markets.values():
        if isinstance(market, Erc20):
            tokens[market.token] = states[market]
        elif isinstance(market, StakingPool):
            tokens[market.share] = states[market]
    ended = (Approve(account, token_market(token), token, to, 0) for token, to in bounded)
    of_loops = [
        pair for m in moves if isinstance(m, EnterLoop | LeaveLoop) for pair in leaves(states, m)
    ]
    return (
        *_of_shares(account, states, moves),
        *approvals(account, required, tokens),
        *(given for given, _ in of_loops),
        *moves,
        *ended,
        *(taken for _, taken in of_loops),
    )


def _of_shares(account: Address, states: States, moves: tuple[Action, ...]) -> Iterator[Approve]:
    """The approvals of shares that a router takes to remove liquidity: what a pair wants."""
    required: dict[Pair, int] = {}
    for move in moves:
        pair = states.market(move.market)
        if isinstance(move, RemoveLiquidity) and isinstance(pair, Pair):
            required[pair] = required.get(pair, 0) + move.shares
    for pair, shares in required.items():
        if states[pair].shares.allowance(account, pair.router) != shares:
            yield Approve(account, pair.id, pair.share, pair.router, shares)


def grown(owed: int) -> int:
    """The most that a debt of so much may be once a plan lands: a thousandth and a unit more."""
    return owed + owed // 1000 + 1


def _taken(states: States, move: Action) -> Iterator[tuple[Token, int, bool]]:
    """Each token that an action takes by allowance, how much, and whether exactly so."""
    match move:
        case Swap():
            yield move.token_in, move.amount_in, not move.limit
        case SwapExactOut():
            yield move.token_in, move.max_in, False
        case Supply():
            yield move.token, move.amount, True
        case Repay(amount=All()):
            lender = states.market(move.market)
            assert is_lender(lender), f"{lender.name} lends nothing"
            yield move.token, grown(owed(states, lender, move.on_behalf_of, move.token)), False
        case Repay(amount=int(raw)):
            yield move.token, raw, True
        case AddLiquidity():
            for token, raw in zip(move.tokens, move.amounts, strict=True):
                if raw:
                    yield token, raw, False
        case _:
            return
