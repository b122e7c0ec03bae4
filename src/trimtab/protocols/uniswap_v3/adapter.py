"""The Uniswap V3 adapter."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import cast

from trimtab.core.abi import Answer, Call, Log, Read, log_words, signed, topic
from trimtab.core.actions import Action, Swap, SwapExactOut
from trimtab.core.adapter import Question
from trimtab.core.errors import InvariantViolation
from trimtab.core.market import Accounts, Audit, Holding, Market
from trimtab.core.quantise import Timestamp
from trimtab.core.states import Applied, Reverted, States
from trimtab.core.token import Address
from trimtab.protocols.uniswap_v3 import encode, model, reads
from trimtab.protocols.uniswap_v3.market import Pool, PoolState
from trimtab.protocols.uniswap_v3.model import events
from trimtab.protocols.uniswap_v3.model.swap import HIGHEST_LIMIT, LOWEST_LIMIT


class UniswapV3Adapter:
    """A pool's price, liquidity, fees and ticks; see `trimtab.core.adapter.Adapter`."""

    def reads(self, question: Question[PoolState]) -> tuple[Read, ...]:
        """The hot fields; then, where they are missing, words of the bitmap and ticks."""
        return reads.reads(cast(Pool, question.market), question)

    def decode(self, question: Question[PoolState], answers: Sequence[Answer]) -> PoolState:
        """The state that the answers give, on top of what is known."""
        return reads.decode(cast(Pool, question.market), question, answers)

    def accrue(self, state: PoolState, at: Timestamp) -> PoolState:
        """The state at a later moment: nothing that is kept of a pool changes by time."""
        return replace(state, timestamp=at)

    def apply(self, states: States, action: Action) -> Applied | Reverted:
        """A swap through the router."""
        pool = cast(Pool, states.market(action.market))
        match action:
            case Swap():
                return model.exact_input_single(states, pool, action)
            case SwapExactOut():
                return model.exact_output_single(states, pool, action)
            case _:
                raise _foreign(action)

    def observe(self, state: PoolState, log: Log) -> PoolState:
        """The state after an event of the pool; one that leaves it alone is passed over.

        A state that is not whole cannot follow an event: its ticks are all to be read.
        """
        follow = _FOLLOW.get(log.topics[0]) if log.topics else None
        if follow is None:
            return state
        return follow(state, log) if state.is_whole else state.unread()

    def encode(self, states: States, action: Action) -> tuple[Call, ...]:
        """The router's call."""
        pool = cast(Pool, states.market(action.market))
        match action:
            case Swap():
                return (encode.exact_input_single(pool, action),)
            case SwapExactOut():
                return (encode.exact_output_single(pool, action),)
            case _:
                raise _foreign(action)

    def holdings(
        self, states: States, market: Market[PoolState], account: Address
    ) -> tuple[Holding, ...]:
        """Nothing: positions are not kept."""
        return ()

    def emitters(self, market: Market[PoolState]) -> tuple[Address, ...]:
        """The pool itself."""
        return (market.address,)

    def audits(
        self, market: Market[PoolState], state: PoolState | None, account: Address
    ) -> tuple[Audit, ...]:
        """Nothing, as of `holdings`."""
        return ()

    def narrow(self, state: PoolState, accounts: Accounts) -> PoolState:
        """The state itself: it has nothing of any account."""
        return state

    def taken_over(self, state: PoolState, owned: PoolState, accounts: Accounts) -> PoolState:
        """The state itself, as of `narrow`."""
        return state


def _foreign(action: Action) -> InvariantViolation:
    return InvariantViolation("INV-5 the adapter law", f"a pool cannot {action}")


# ------------------------------------------------------------------------------------ events


def _initialize(state: PoolState, log: Log) -> PoolState:
    price, tick = log_words(log)
    return events.initialized(state, price, signed(tick))


def _swap(state: PoolState, log: Log) -> PoolState:
    amount0, amount1, price, liquidity, tick = log_words(log)
    if not LOWEST_LIMIT <= price <= HIGHEST_LIMIT:
        return state.unread()  # no swap ends there, and no walk of it would
    return events.swapped(state, signed(amount0), signed(amount1), price, liquidity, signed(tick))


def _mint(state: PoolState, log: Log) -> PoolState:
    return events.liquidity_changed(state, *_range(log), log_words(log)[1])


def _burn(state: PoolState, log: Log) -> PoolState:
    return events.liquidity_changed(state, *_range(log), -log_words(log)[0])


def _flash(state: PoolState, log: Log) -> PoolState:
    return events.flashed(state, *log_words(log)[2:4])


def _set_fee_protocol(state: PoolState, log: Log) -> PoolState:
    return events.fee_protocol_set(state, *log_words(log)[2:4])


def _collect_protocol(state: PoolState, log: Log) -> PoolState:
    return events.protocol_collected(state, *log_words(log)[:2])


def _range(log: Log) -> tuple[int, int]:
    lower, upper = (signed(int.from_bytes(at, "big")) for at in log.topics[2:4])
    return lower, upper


_FOLLOW: Mapping[bytes, Callable[[PoolState, Log], PoolState]] = {
    topic("Initialize(uint160,int24)"): _initialize,
    topic("Swap(address,address,int256,int256,uint160,uint128,int24)"): _swap,
    topic("Mint(address,address,int24,int24,uint128,uint256,uint256)"): _mint,
    topic("Burn(address,int24,int24,uint128,uint256,uint256)"): _burn,
    topic("Flash(address,address,uint256,uint256,uint256,uint256)"): _flash,
    topic("SetFeeProtocol(uint8,uint8,uint8,uint8)"): _set_fee_protocol,
    topic("CollectProtocol(address,address,uint128,uint128)"): _collect_protocol,
}
