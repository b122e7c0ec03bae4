"""The Uniswap V2 adapter."""

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

from trimtab.core.abi import Answer, Call, Log, Read, call_data
from trimtab.core.actions import (
    Action,
    AddLiquidity,
    Approve,
    RemoveLiquidity,
    Swap,
    SwapExactOut,
    Transfer,
)
from trimtab.core.adapter import Question
from trimtab.core.market import Accounts, Audit, Holding, Market, pooled
from trimtab.core.quantise import Timestamp
from trimtab.core.states import Applied, Reverted, States
from trimtab.core.token import Address
from trimtab.protocols.shared import shares
from trimtab.protocols.uniswap_v2 import encode, model, reads
from trimtab.protocols.uniswap_v2.market import Pair, PairState
from trimtab.protocols.uniswap_v2.model import events, router
from trimtab.protocols.uniswap_v2.model.checked import RevertError
from trimtab.protocols.uniswap_v2.model.routes import PairAction, known


class UniswapV2Adapter:
    """A pair's reserves, oracle and shares; see `trimtab.core.adapter.Adapter`."""

    def reads(self, question: Question[PairState]) -> tuple[Read, ...]:
        """The whole pair, in one round."""
        return reads.reads(cast(Pair, question.market), question)

    def decode(self, question: Question[PairState], answers: Sequence[Answer]) -> PairState:
        """The state that the answers give."""
        return reads.decode(cast(Pair, question.market), question, answers)

    def accrue(self, state: PairState, at: Timestamp) -> PairState:
        """The state at a later moment: stored prices move only when the pair is called."""
        return replace(state, timestamp=at)

    def apply(self, states: States, action: Action) -> Applied | Reverted:
        """A swap, a change of liquidity, or what an owner does with shares."""
        pair = cast(Pair, states.market(action.market))
        try:
            return _applied(states, pair, known(pair, action))
        except RevertError as error:
            return error.outcome

    def observe(self, state: PairState, log: Log) -> PairState:
        """The state after an event of the pair."""
        return events.observe(state, log)

    def encode(self, states: States, action: Action) -> tuple[Call, ...]:
        """The one call of the action."""
        pair = cast(Pair, states.market(action.market))
        return (encode.encoded(pair, known(pair, action)),)

    def holdings(
        self, states: States, market: Market[PairState], account: Address
    ) -> tuple[Holding, ...]:
        """The account's part of the pair, in each of its tokens."""
        pair, state = cast(Pair, market), states[market]
        owned = state.shares.balance(account)
        if not owned:
            return ()
        parts = dict(zip(pair.tokens, model.amounts_of(state, owned), strict=True))
        return shares.holdings(pair.id, state.shares, account, parts)

    def emitters(self, market: Market[PairState]) -> tuple[Address, ...]:
        """The pair itself."""
        return (market.address,)

    def audits(
        self, market: Market[PairState], state: PairState | None, account: Address
    ) -> tuple[Audit, ...]:
        """The shares as the pair states them, for each of its tokens."""
        pair = cast(Pair, market)
        read = Read(pair.address, call_data("balanceOf(address)", account))
        return tuple(Audit(pooled(pair.id, token), read) for token in pair.tokens)

    def narrow(self, state: PairState, accounts: Accounts) -> PairState:
        """The pair with the shares of these accounts."""
        return replace(state, shares=state.shares.narrow(accounts))

    def taken_over(self, state: PairState, owned: PairState, accounts: Accounts) -> PairState:
        """The pair with the shares that the owners have in `owned`."""
        return replace(state, shares=state.shares.taken_over(owned.shares, accounts.owners))


def _applied(states: States, pair: Pair, action: PairAction) -> Applied:
    match action:
        case Swap():
            return router.swap(states, pair, action)
        case SwapExactOut():
            return router.swap_exact_out(states, pair, action)
        case AddLiquidity():
            return router.add_liquidity(states, pair, action)
        case RemoveLiquidity():
            return router.remove_liquidity(states, pair, action)
        case Transfer():
            moved = router.transferred(states[pair], pair, action.actor, action.to, action.amount)
            return Applied({pair.id: moved})
        case Approve():
            state = states[pair]
            allowed = state.shares.allowed(action.actor, action.spender, action.amount)
            return Applied({pair.id: replace(state, shares=allowed)})
