"""What is asked of a pool, and how the answers become its state.

Every block: price, liquidity, fee growth, protocol fees, and owners' positions. Where nothing is
known, the pool's identity too, then the words of its bitmap, its initialised ticks, and the newest
of its observations, a page a round. A known state must already stand at the block, the events of it
folded in: where the chain's answers differ from it, the rest is not believed and is read anew.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

from eth_utils.crypto import keccak

from trimtab.core.abi import Answer, Read, call_data, signed, word, words
from trimtab.core.adapter import Question
from trimtab.core.errors import DataError, MissingRead
from trimtab.core.quantise import Timestamp
from trimtab.core.token import Address, address_from_bytes
from trimtab.protocols.uniswap_v3.market import (
    NOTHING,
    Observation,
    Oracle,
    Pool,
    PoolState,
    PositionKey,
    PositionState,
    TickState,
)

PAGE = 500
"""How many words of the bitmap, ticks or observations one round asks for."""

_INIT_CODE_HASH = bytes.fromhex("e34f199b19b2b4f47f68442619d555527d244f78a3297ea89325f843f87b8b54")
_HOT = (
    "slot0()",
    "liquidity()",
    "feeGrowthGlobal0X128()",
    "feeGrowthGlobal1X128()",
    "protocolFees()",
)
_IDENTITY = ("token0()", "token1()", "fee()", "tickSpacing()")
_ROUTER = ("factory()",)


def reads(pool: Pool, question: Question[PoolState]) -> tuple[Read, ...]:
    """The hot fields and, where nothing is known, who the pool is; then what is missing."""
    known = question.known
    if question.round:
        return tuple(Read(pool.address, data) for data in _missing_page(_begun(pool, question)))
    positions = tuple(_position(pool.address, key) for key in _keys(pool, question))
    if known is not None:
        return (*_asked(pool.address, _HOT), *positions)
    identity = (*_asked(pool.address, _IDENTITY), *_asked(pool.router, _ROUTER))
    return (*_asked(pool.address, _HOT), *positions, *identity)


def decode(pool: Pool, question: Question[PoolState], answers: Sequence[Answer]) -> PoolState:
    """The state so far, from a round's answers.

    Raises MissingRead for answers that are absent, short or refused, and DataError if the
    contracts are not those of the market.
    """
    known, asked = question.known, len(reads(pool, question))
    if len(answers) != asked:
        raise MissingRead(f"{len(answers)} answers to {asked} reads of {pool.name}")
    if question.round:
        return _decode_page(pool, _begun(pool, question), answers)
    keys = _keys(pool, question)
    now = replace(
        _decode_hot(pool, question.head.timestamp, answers),
        owners=question.accounts.owners,
        positions=_decode_positions(pool, keys, answers[len(_HOT) :]),
    )
    if known is None:
        _check_identity(pool, answers[len(_HOT) + len(keys) :])
        return now.unread()
    oracle = replace(now.oracle, observations=known.oracle.observations)
    folded = replace(now, initialized=known.initialized, ticks=known.ticks, oracle=oracle)
    is_current = known.is_whole and replace(known, timestamp=now.timestamp) == folded
    return folded if is_current else now.unread()


def position_read(pool: Pool, key: PositionKey) -> Read:
    """What asks for a position: liquidity, fee growth of both tokens, what is owed of both."""
    return _position(pool.address, key)


@cache
def _position(pool: Address, key: PositionKey) -> Read:
    owner, *ticks = key
    packed = bytes.fromhex(owner[2:]) + b"".join(at.to_bytes(3, "big", signed=True) for at in ticks)
    place = int.from_bytes(keccak(packed), "big")
    return Read(pool, call_data("positions(bytes32)", place))


def _keys(pool: Pool, question: Question[PoolState]) -> tuple[PositionKey, ...]:
    """The positions that are read: those known, and at first those in ranges that accounts name."""
    known, accounts = question.known, question.accounts
    keys = {key for key in known.positions if key[0] in accounts.owners} if known else set()
    if known is None or known.owners != accounts.owners:
        for lower, upper in accounts.ranges.get(pool.id, ()):
            keys |= {(owner, lower, upper) for owner in accounts.owners}
    return tuple(sorted(keys))


@cache
def _asked(address: Address, signatures: tuple[str, ...]) -> tuple[Read, ...]:
    """Reads without arguments, the same in every block: a few for each pool of a mandate."""
    return tuple(Read(address, call_data(signature)) for signature in signatures)


def _begun(pool: Pool, question: Question[PoolState]) -> PoolState:
    if question.known is None:
        raise MissingRead(
            f"round {question.round} of {pool.name} goes by the state of round 0, which is absent"
        )
    return question.known


def _missing_page(state: PoolState) -> list[bytes]:
    if state.missing_words:
        return [call_data("tickBitmap(int16)", at) for at in state.missing_words[:PAGE]]
    if ticks := state.missing_ticks:
        return [call_data("ticks(int24)", tick) for tick in ticks[:PAGE]]
    return [call_data("observations(uint256)", at) for at in state.oracle.missing[:PAGE]]


def _decode_page(pool: Pool, begun: PoolState, answers: Sequence[Answer]) -> PoolState:
    if begun.missing_words:
        return _decode_words(pool, begun, answers)
    if begun.missing_ticks:
        return _decode_ticks(pool, begun, answers)
    return replace(begun, oracle=_decode_observations(pool, begun.oracle, answers))


def _decode_hot(pool: Pool, timestamp: Timestamp, answers: Sequence[Answer]) -> PoolState:
    slot0, liquidity, growth0, growth1, protocol_fees = answers[: len(_HOT)]
    price, tick, index, cardinality, cardinality_next, fee_protocol, _ = words(
        slot0, 7, f"slot0 of {pool.name}"
    )
    fees0, fees1 = words(protocol_fees, 2, f"protocolFees of {pool.name}")
    return PoolState(
        timestamp=timestamp,
        fee=pool.fee,
        tick_spacing=pool.tick_spacing,
        sqrt_price_x96=price,
        tick=signed(tick),
        liquidity=words(liquidity, 1, f"liquidity of {pool.name}")[0],
        fee_growth_global0=words(growth0, 1, f"feeGrowthGlobal0X128 of {pool.name}")[0],
        fee_growth_global1=words(growth1, 1, f"feeGrowthGlobal1X128 of {pool.name}")[0],
        protocol_fees0=fees0,
        protocol_fees1=fees1,
        fee_protocol=fee_protocol,
        oracle=Oracle(index, cardinality, cardinality_next),
        minter=pool.minter,
    )


def _decode_positions(
    pool: Pool, keys: Sequence[PositionKey], answers: Sequence[Answer]
) -> dict[PositionKey, PositionState]:
    """The positions of which anything is left."""
    found = {}
    for key, answer in zip(keys, answers, strict=False):
        position = PositionState(*words(answer, 5, f"position {key} of {pool.name}"))
        if position != NOTHING:
            found[key] = position
    return found


def _check_identity(pool: Pool, answers: Sequence[Answer]) -> None:
    *of_pool, factory = answers
    pair = (pool.token0.address, pool.token1.address)
    expected: tuple[str | int, ...] = (*pair, pool.fee, pool.tick_spacing)
    for signature, answer, declared in zip(_IDENTITY, of_pool, expected, strict=True):
        (stated,) = words(answer, 1, f"{signature} of {pool.name}")
        if word(stated) != word(declared):
            shown = f"{stated:#042x}" if isinstance(declared, str) else stated
            raise DataError(
                f"{pool.name} at {pool.address} answers {signature} with {shown}, but it was "
                f"declared with {declared}: correct the declaration, or the address"
            )
    words(factory, 1, f"factory() of the router of {pool.name}")
    reached = _pool_reached(pool, factory.data[12:32])
    if reached != pool.address:
        raise DataError(
            f"the router {pool.router} would trade {pool.name} at {reached}, not at "
            f"{pool.address}: name the router of the factory that made the pool"
        )


def _pool_reached(pool: Pool, factory: bytes) -> Address:
    """The address that a router of this factory calls. Source: PoolAddress.sol."""
    key = word(pool.token0.address) + word(pool.token1.address) + word(pool.fee)
    made = keccak(b"\xff" + factory + keccak(key) + _INIT_CODE_HASH)
    return address_from_bytes(made)


def _decode_words(pool: Pool, known: PoolState, answers: Sequence[Answer]) -> PoolState:
    found = list(known.initialized)
    for at, answer in zip(known.missing_words, answers, strict=False):
        (bits,) = words(answer, 1, f"tickBitmap({at}) of {pool.name}")
        while bits:
            lowest = bits & -bits
            found.append(((at << 8) + lowest.bit_length() - 1) * known.tick_spacing)
            bits ^= lowest
    return replace(
        known,
        initialized=tuple(sorted(found)),
        missing_words=known.missing_words[len(answers) :],
    )


def _decode_ticks(pool: Pool, known: PoolState, answers: Sequence[Answer]) -> PoolState:
    ticks = dict(known.ticks)
    for tick, answer in zip(known.missing_ticks, answers, strict=False):
        gross, net, outside0, outside1 = words(answer, 4, f"ticks({tick}) of {pool.name}")
        if gross == 0:
            raise MissingRead(
                f"tick {tick} of {pool.name} is set in the bitmap but has no liquidity: "
                "the node answered from different blocks; ask again"
            )
        ticks[tick] = TickState(gross, signed(net), outside0, outside1)
    return replace(known, ticks=ticks)


def _decode_observations(pool: Pool, oracle: Oracle, answers: Sequence[Answer]) -> Oracle:
    """The ring with a page of it, oldest first; places that nothing was written to are left out.

    Raises MissingRead where nothing lies at the place of the newest.
    """
    found, asked = list(oracle.observations), oracle.missing[: len(answers)]
    for at, answer in zip(asked, answers, strict=True):
        what = f"observations({at}) of {pool.name}"
        timestamp, ticks, seconds_per_liquidity, is_written = words(answer, 4, what)
        if is_written:
            found.append(Observation(timestamp, signed(ticks), seconds_per_liquidity))
        elif at == oracle.index:
            raise MissingRead(
                f"{what} is the newest, but nothing is written there: "
                "the node answered from different blocks; ask again"
            )
    missing = oracle.missing[len(answers) :]
    return replace(oracle, observations=tuple(found), missing=missing)
