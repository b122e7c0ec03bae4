"""The Balancer adapter."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import cast

from trimtab.core.abi import (
    Answer,
    Call,
    Log,
    Read,
    call_data,
    log_words,
    signed,
    topic,
    topic_address,
)
from trimtab.core.actions import (
    Action,
    AddLiquidity,
    Approve,
    RemoveLiquidity,
    RemoveLiquidityOne,
    Swap,
    SwapExactOut,
    Transfer,
)
from trimtab.core.adapter import Question
from trimtab.core.errors import InvariantViolation
from trimtab.core.market import Accounts, Audit, Holding, Market, pooled
from trimtab.core.quantise import Timestamp
from trimtab.core.states import Applied, Reverted, States
from trimtab.core.token import Address
from trimtab.protocols.balancer import encode, reads
from trimtab.protocols.balancer.market import Pause, WeightedPool, WeightedState
from trimtab.protocols.balancer.model import events, vault
from trimtab.protocols.balancer.model.checked import Refusal
from trimtab.protocols.balancer.model.pool import worth
from trimtab.protocols.shared import shares

LAW = "INV-5 the adapter law"


class BalancerAdapter:
    """A pool's balances, fees and share token; see `trimtab.core.adapter.Adapter`."""

    def reads(self, question: Question[WeightedState]) -> tuple[Read, ...]:
        """Everything in one round."""
        return reads.reads(cast(WeightedPool, question.market), question)

    def decode(self, question: Question[WeightedState], answers: Sequence[Answer]) -> WeightedState:
        """The state that the answers give."""
        return reads.decode(cast(WeightedPool, question.market), question, answers)

    def accrue(self, state: WeightedState, at: Timestamp) -> WeightedState:
        """The state at a later moment: a pause may have ended, nothing else changes by time."""
        return replace(
            state,
            timestamp=at,
            vault_pause=state.vault_pause.at(at),
            pool_pause=state.pool_pause.at(at),
        )

    def apply(self, states: States, action: Action) -> Applied | Reverted:
        """What the vault, or the share token, does."""
        pool = cast(WeightedPool, states.market(action.market))
        try:
            return _applied(states, pool, action)
        except Refusal as refusal:
            return refusal.outcome

    def observe(self, state: WeightedState, log: Log) -> WeightedState:
        """The state after a log of the pool, or of the vault about it."""
        follow = _FOLLOW.get((log.address == state.pool.vault, *log.topics[:1]))
        if follow is None:
            return state
        is_of_pool = log.address == state.pool.address
        return follow(state, log) if is_of_pool or _is_about(state.pool, log) else state

    def encode(self, states: States, action: Action) -> tuple[Call, ...]:
        """The one call of the action."""
        pool = cast(WeightedPool, states.market(action.market))
        match action:
            case Swap():
                return (encode.swap(pool, action),)
            case SwapExactOut():
                return (encode.swap_exact_out(pool, action),)
            case AddLiquidity():
                return (encode.join(pool, action, states[pool].shares.supply == 0),)
            case RemoveLiquidity():
                return (encode.exit_all(pool, action),)
            case RemoveLiquidityOne():
                return (encode.exit_one(pool, action),)
            case Transfer():
                return (encode.transfer(pool, action),)
            case Approve():
                return (encode.approve(pool, action),)
            case _:
                raise InvariantViolation(LAW, f"a weighted pool cannot {action}")

    def holdings(
        self, states: States, market: Market[WeightedState], account: Address
    ) -> tuple[Holding, ...]:
        """The account's part of every token."""
        state = states[market]
        owned = state.shares.balance(account)
        if not owned:
            return ()
        parts = dict(zip(state.pool.tokens, worth(state, owned), strict=True))
        return shares.holdings(market.id, state.shares, account, parts)

    def emitters(self, market: Market[WeightedState]) -> tuple[Address, ...]:
        """The vault, which tells of all its pools, and the pool."""
        pool = cast(WeightedPool, market)
        return (pool.vault, pool.address)

    def audits(
        self, market: Market[WeightedState], state: WeightedState | None, account: Address
    ) -> tuple[Audit, ...]:
        """The share balance as the pool states it, for each token's place."""
        pool = cast(WeightedPool, market)
        asked = Read(pool.address, call_data("balanceOf(address)", account))
        return tuple(Audit(pooled(pool.id, token), asked) for token in pool.tokens)

    def narrow(self, state: WeightedState, accounts: Accounts) -> WeightedState:
        """The state with the shares of these accounts alone."""
        return replace(state, shares=state.shares.narrow(accounts))

    def taken_over(
        self, state: WeightedState, owned: WeightedState, accounts: Accounts
    ) -> WeightedState:
        """The state with the owners' shares and allowances of `owned`."""
        return replace(state, shares=state.shares.taken_over(owned.shares, accounts.owners))


def _applied(states: States, pool: WeightedPool, action: Action) -> Applied:
    match action:
        case Swap():
            return vault.swap(states, pool, action)
        case SwapExactOut():
            return vault.swap_exact_out(states, pool, action)
        case AddLiquidity():
            return vault.join(states, pool, action)
        case RemoveLiquidity():
            return vault.exit_all(states, pool, action)
        case RemoveLiquidityOne():
            return vault.exit_one(states, pool, action)
        case Transfer():
            return vault.transfer(states, pool, action)
        case Approve():
            return vault.approve(states, pool, action)
        case _:
            raise InvariantViolation(LAW, f"a weighted pool cannot {action}")


# ------------------------------------------------------------------------------------ events


def _is_about(pool: WeightedPool, log: Log) -> bool:
    """Whether the vault tells of this pool, or of itself."""
    return _PAUSED in log.topics or pool.pool_id in log.topics


def _swap(state: WeightedState, log: Log) -> WeightedState:
    i, j = (state.pool.place(topic_address(log, at)) for at in (2, 3))
    amount_in, amount_out = log_words(log)
    return events.swapped(state, i, amount_in, j, amount_out)


def _balances_changed(state: WeightedState, log: Log) -> WeightedState:
    """Three places, then arrays with their lengths before them: tokens, changes and fees."""
    count = len(state.balances)
    deltas = log_words(log)[5 + count : 5 + 2 * count]
    return events.balances_changed(state, tuple(map(signed, deltas)))


def _transfer(state: WeightedState, log: Log) -> WeightedState:
    (raw,) = log_words(log)
    return events.shares_moved(state, topic_address(log, 1), topic_address(log, 2), raw)


def _approval(state: WeightedState, log: Log) -> WeightedState:
    return replace(state, shares=state.shares.observed(log))


def _swap_fee(state: WeightedState, log: Log) -> WeightedState:
    (percentage,) = log_words(log)
    return events.swap_fee_set(state, percentage)


def _protocol_fee(state: WeightedState, log: Log) -> WeightedState:
    (percentage,) = log_words(log)
    is_of_swaps = int.from_bytes(log.topics[1], "big") == reads.SWAP_FEES
    return events.protocol_swap_fee_set(state, percentage) if is_of_swaps else state


def _recovery(state: WeightedState, log: Log) -> WeightedState:
    (is_recovering,) = log_words(log)
    return events.recovery_set(state, bool(is_recovering))


def _pool_paused(state: WeightedState, log: Log) -> WeightedState:
    return replace(state, pool_pause=_pause(state.pool_pause, log))


def _vault_paused(state: WeightedState, log: Log) -> WeightedState:
    return replace(state, vault_pause=_pause(state.vault_pause, log))


def _pause(pause: Pause, log: Log) -> Pause:
    (is_paused,) = log_words(log)
    return replace(pause, is_paused=bool(is_paused)).at(Timestamp(log.timestamp))


_PAUSED = topic("PausedStateChanged(bool)")
_FOLLOW: Mapping[tuple[bool | bytes, ...], Callable[[WeightedState, Log], WeightedState]] = {
    (True, topic("Swap(bytes32,address,address,uint256,uint256)")): _swap,
    (True, topic("PoolBalanceChanged(bytes32,address,address[],int256[],uint256[])")): (
        _balances_changed
    ),
    (True, _PAUSED): _vault_paused,
    (False, topic("Transfer(address,address,uint256)")): _transfer,
    (False, topic("Approval(address,address,uint256)")): _approval,
    (False, topic("SwapFeePercentageChanged(uint256)")): _swap_fee,
    (False, topic("ProtocolFeePercentageCacheUpdated(uint256,uint256)")): _protocol_fee,
    (False, topic("RecoveryModeStateChanged(bool)")): _recovery,
    (False, _PAUSED): _pool_paused,
}
