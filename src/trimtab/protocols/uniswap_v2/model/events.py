"""What a pair's events tell of its state, exactly. Source: UniswapV2Pair.sol."""

from dataclasses import replace

from trimtab.core.abi import Log, log_words, topic, topic_address
from trimtab.core.token import ZERO_ADDRESS
from trimtab.protocols.uniswap_v2.market import PairState
from trimtab.protocols.uniswap_v2.model.pair import moved, spent, synced, with_k_last

_TRANSFER = topic("Transfer(address,address,uint256)")
_SYNC = topic("Sync(uint112,uint112)")
_MINT = topic("Mint(address,uint256,uint256)")
_BURN = topic("Burn(address,uint256,uint256,address)")


def observe(state: PairState, log: Log) -> PairState:
    """The state after a log of the pair; one that leaves it alone is passed over."""
    match log.topics[:1]:
        case (head,) if head == _TRANSFER:
            return _transfer(state, log)
        case (head,) if head == _SYNC:
            reserve0, reserve1 = log_words(log)
            return synced(state, reserve0, reserve1, log.timestamp)
        case (head,) if head == _MINT:
            return with_k_last(state)
        case (head,) if head == _BURN:
            return with_k_last(_burn(state, log))
        case _:
            return replace(state, shares=state.shares.observed(log))


def _transfer(state: PairState, log: Log) -> PairState:
    source, target = topic_address(log, 1), topic_address(log, 2)
    (raw,) = log_words(log)
    state = moved(state, log.address, source, target, raw)
    is_given = target == log.address and source != ZERO_ADDRESS
    return replace(state, given=(log.transaction, source, raw)) if is_given else state


def _burn(state: PairState, log: Log) -> PairState:
    """The allowance that a router spent, which no log tells: it took the shares, then burnt."""
    sender = topic_address(log, 1)
    if state.given is None or state.given[0] != log.transaction:
        return state
    _, owner, raw = state.given
    if (owner, sender) in state.shares.allowances:
        state = spent(state, owner, sender, raw)
    return replace(state, given=None)
