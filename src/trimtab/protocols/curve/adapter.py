"""The Curve adapter."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import cast

from trimtab.core.abi import Answer, Call, Log, Read, call_data, log_words, topic, topic_address
from trimtab.core.actions import (
    Action,
    AddLiquidity,
    Approve,
    RemoveLiquidity,
    RemoveLiquidityOne,
    Swap,
    Transfer,
)
from trimtab.core.adapter import Question
from trimtab.core.errors import InvariantViolation
from trimtab.core.market import Accounts, Audit, Holding, Market, pooled
from trimtab.core.quantise import Timestamp
from trimtab.core.states import Applied, Reverted, States
from trimtab.core.token import ZERO_ADDRESS, Address
from trimtab.protocols.curve import encode, reads
from trimtab.protocols.curve.market import StablePool, StableState
from trimtab.protocols.curve.model import events, verbs
from trimtab.protocols.shared import shares


class CurveAdapter:
    """A pool's balances, A and share token; see `trimtab.core.adapter.Adapter`."""

    def reads(self, question: Question[StableState]) -> tuple[Read, ...]:
        """Everything in one round."""
        return reads.reads(cast(StablePool, question.market), question)

    def decode(self, question: Question[StableState], answers: Sequence[Answer]) -> StableState:
        """The state that the answers give."""
        return reads.decode(cast(StablePool, question.market), question, answers)

    def accrue(self, state: StableState, at: Timestamp) -> StableState:
        """The state at a later moment: A follows its ramp by the clock alone."""
        return replace(state, timestamp=at)

    def apply(self, states: States, action: Action) -> Applied | Reverted:
        """What the pool's function for the action does."""
        pool = cast(StablePool, states.market(action.market))
        match action:
            case Swap():
                return verbs.checked(lambda: verbs.exchange(states, pool, action))
            case AddLiquidity():
                return verbs.checked(lambda: verbs.add_liquidity(states, pool, action))
            case RemoveLiquidity():
                return verbs.checked(lambda: verbs.remove_liquidity(states, pool, action))
            case RemoveLiquidityOne():
                return verbs.checked(lambda: verbs.remove_liquidity_one_coin(states, pool, action))
            case Transfer():
                return verbs.checked(lambda: verbs.transfer(states, pool, action))
            case Approve():
                return verbs.approve(states, pool, action)
            case _:
                raise InvariantViolation("INV-5 the adapter law", f"a stable pool cannot {action}")

    def observe(self, state: StableState, log: Log) -> StableState:
        """The state after a log of the pool, or of one of its coins."""
        first = log.topics[0] if log.topics else b""
        if log.address in state.coins:
            if first != _TRANSFER:
                return state
            return replace(state, last_transfer=(log.address, topic_address(log, 1)))
        follow = _FOLLOW.get(first) or _events(len(state.coins)).get(first)
        return state if follow is None else follow(state, log)

    def encode(self, states: States, action: Action) -> tuple[Call, ...]:
        """The one call of the action."""
        pool = cast(StablePool, states.market(action.market))
        match action:
            case Swap():
                return (encode.exchange(pool, action),)
            case AddLiquidity():
                return (encode.add_liquidity(pool, action),)
            case RemoveLiquidity():
                return (encode.remove_liquidity(pool, action),)
            case RemoveLiquidityOne():
                return (encode.remove_liquidity_one_coin(pool, action),)
            case Transfer():
                return (encode.transfer(pool, action),)
            case Approve():
                return (encode.approve(pool, action),)
            case _:
                raise InvariantViolation("INV-5 the adapter law", f"a stable pool cannot {action}")

    def holdings(
        self, states: States, market: Market[StableState], account: Address
    ) -> tuple[Holding, ...]:
        """The account's part of every coin."""
        pool, state = cast(StablePool, market), states[market]
        owned = state.shares.balance(account)
        if not owned:
            return ()
        worth = {
            coin: balance * owned // state.shares.supply
            for coin, balance in zip(pool.coins, state.balances, strict=True)
        }
        return shares.holdings(pool.id, state.shares, account, worth)

    def emitters(self, market: Market[StableState]) -> tuple[Address, ...]:
        """The pool, and its coins: their logs alone say in which coin a withdrawal was."""
        pool = cast(StablePool, market)
        return (pool.address, *(coin.address for coin in pool.coins))

    def audits(
        self, market: Market[StableState], state: StableState | None, account: Address
    ) -> tuple[Audit, ...]:
        """The share balance as the pool states it, for each coin's place."""
        pool = cast(StablePool, market)
        asked = Read(pool.address, call_data("balanceOf(address)", account))
        return tuple(Audit(pooled(pool.id, coin), asked) for coin in pool.coins)

    def narrow(self, state: StableState, accounts: Accounts) -> StableState:
        """The state with the shares of these accounts alone."""
        return replace(state, shares=state.shares.narrow(accounts))

    def taken_over(self, state: StableState, owned: StableState, accounts: Accounts) -> StableState:
        """The state with the owners' shares and allowances of `owned`."""
        return replace(state, shares=state.shares.taken_over(owned.shares, accounts.owners))


# ------------------------------------------------------------------------------------ events


def _transfer(state: StableState, log: Log) -> StableState:
    moved = state.shares.observed(log)
    if topic_address(log, 2) == ZERO_ADDRESS:
        # Nobody's shares still count, until an event that follows says that they were burnt.
        moved = replace(moved, supply=state.shares.supply)
    return replace(state, shares=moved)


def _approval(state: StableState, log: Log) -> StableState:
    return replace(state, shares=state.shares.observed(log))


def _exchange(state: StableState, log: Log) -> StableState:
    i, sold, j, bought = log_words(log)
    return events.exchanged(state, Timestamp(log.timestamp), i, sold, j, bought)


def _add(state: StableState, log: Log) -> StableState:
    added, fees, (_, supply) = _parts(state, log)
    return events.deposited(state, added, fees, supply)


def _remove(state: StableState, log: Log) -> StableState:
    taken, fees, rest = _parts(state, log)
    return events.withdrawn(state, taken, fees, rest[-1])


def _remove_one(state: StableState, log: Log) -> StableState:
    burnt, paid, supply = log_words(log)
    at = Timestamp(log.timestamp)
    return events.withdrawn_one(state, at, log.address, burnt, paid, supply)


def _ramp(state: StableState, log: Log) -> StableState:
    old, new, start, end = log_words(log)
    return events.ramped(state, (old, new), (start, end))


def _stop_ramp(state: StableState, log: Log) -> StableState:
    a, at = log_words(log)
    return events.ramped(state, (a, a), (at, at))


def _parts(
    state: StableState, log: Log
) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    """An amount and a fee for each coin, and what follows them."""
    told, count = log_words(log), len(state.coins)
    return told[:count], told[count : 2 * count], told[2 * count :]


Follow = Callable[[StableState, Log], StableState]
_TRANSFER = topic("Transfer(address,address,uint256)")
_FOLLOW: Mapping[bytes, Follow] = {
    _TRANSFER: _transfer,
    topic("Approval(address,address,uint256)"): _approval,
    topic("TokenExchange(address,int128,uint256,int128,uint256)"): _exchange,
    topic("RemoveLiquidityOne(address,uint256,uint256,uint256)"): _remove_one,
    topic("RampA(uint256,uint256,uint256,uint256)"): _ramp,
    topic("StopRampA(uint256,uint256)"): _stop_ramp,
}


def _events(count: int) -> Mapping[bytes, Follow]:
    """The events whose signature names the number of coins."""
    each = f"uint256[{count}]"
    return {
        topic(f"AddLiquidity(address,{each},{each},uint256,uint256)"): _add,
        topic(f"RemoveLiquidity(address,{each},{each},uint256)"): _remove,
        topic(f"RemoveLiquidityImbalance(address,{each},{each},uint256,uint256)"): _remove,
    }
