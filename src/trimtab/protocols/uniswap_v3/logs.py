"""What the logs of a pool tell, told to the model."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from trimtab.core.abi import Log, log_words, signed, topic, topic_address, word
from trimtab.core.token import address_from_bytes
from trimtab.protocols.uniswap_v3.market import PoolState, PositionKey
from trimtab.protocols.uniswap_v3.model import events
from trimtab.protocols.uniswap_v3.model.positions import collected

_MINT = topic("Mint(address,address,int24,int24,uint128,uint256,uint256)")


def observed(state: PoolState, log: Log) -> PoolState:
    """The state after an event of the pool; one that leaves it alone is passed over.

    A state that is not whole cannot follow an event: all that does not change every block is to be
    read. Which ranges owners open is told by their events alone, so those are followed even then.
    """
    follow = _FOLLOW.get(log.topics[0]) if log.topics else None
    if follow is None:
        return state
    if not state.is_whole and log.topics[0] != _MINT:
        return state.unread()
    return follow(state, log)


def _initialize(state: PoolState, log: Log) -> PoolState:
    price, tick = log_words(log)
    return events.initialized(state, price, signed(tick), log.timestamp)


def _swap(state: PoolState, log: Log) -> PoolState:
    amount0, amount1, price, liquidity, tick = log_words(log)
    moved = (signed(amount0), signed(amount1), price, liquidity, signed(tick))
    return events.swapped(state, *moved, log.timestamp)


def _mint(state: PoolState, log: Log) -> PoolState:
    sender, amount, *_ = log_words(log)
    minter = address_from_bytes(word(sender))
    return events.minted(state, _key(log), amount, minter, log.timestamp)


def _burn(state: PoolState, log: Log) -> PoolState:
    return events.burned(state, _key(log), log_words(log)[0], log.timestamp)


def _collect(state: PoolState, log: Log) -> PoolState:
    _, amount0, amount1 = log_words(log)
    return collected(state, _key(log), (amount0, amount1))


def _flash(state: PoolState, log: Log) -> PoolState:
    return events.flashed(state, *log_words(log)[2:4])


def _set_fee_protocol(state: PoolState, log: Log) -> PoolState:
    return events.fee_protocol_set(state, *log_words(log)[2:4])


def _collect_protocol(state: PoolState, log: Log) -> PoolState:
    return events.protocol_collected(state, *log_words(log)[:2])


def _grow(state: PoolState, log: Log) -> PoolState:
    _, cardinality_next = log_words(log)
    return replace(state, oracle=replace(state.oracle, cardinality_next=cardinality_next))


def _key(log: Log) -> PositionKey:
    lower, upper = (signed(int.from_bytes(at, "big")) for at in log.topics[2:4])
    return topic_address(log, 1), lower, upper


_FOLLOW: Mapping[bytes, Callable[[PoolState, Log], PoolState]] = {
    topic("Initialize(uint160,int24)"): _initialize,
    topic("Swap(address,address,int256,int256,uint160,uint128,int24)"): _swap,
    _MINT: _mint,
    topic("Burn(address,int24,int24,uint128,uint256,uint256)"): _burn,
    topic("Collect(address,address,int24,int24,uint128,uint128)"): _collect,
    topic("Flash(address,address,uint256,uint256,uint256,uint256)"): _flash,
    topic("SetFeeProtocol(uint8,uint8,uint8,uint8)"): _set_fee_protocol,
    topic("CollectProtocol(address,address,uint128,uint128)"): _collect_protocol,
    topic("IncreaseObservationCardinalityNext(uint16,uint16)"): _grow,
}
