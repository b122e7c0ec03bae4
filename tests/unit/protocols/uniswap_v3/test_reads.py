from collections.abc import Callable
from dataclasses import astuple, replace

import pytest
from eth_abi.packed import encode_packed
from eth_utils.crypto import keccak

from tests.unit.protocols.uniswap_v3.pools import (
    ACTOR,
    FRIEND,
    HEAD,
    POOL,
    WHOLE,
    account,
    pool_state,
)
from trimtab.core.abi import Answer, Read, call_data, selector, signed, word
from trimtab.core.adapter import Question
from trimtab.core.errors import DataError, MissingRead
from trimtab.core.market import Accounts
from trimtab.core.quantise import Timestamp
from trimtab.core.token import address_from_bytes
from trimtab.protocols.uniswap_v3 import (
    Observation,
    Oracle,
    Pool,
    PoolState,
    PositionState,
    UniswapV3Adapter,
)
from trimtab.protocols.uniswap_v3.market import KEPT, bitmap_words
from trimtab.protocols.uniswap_v3.reads import PAGE, position_read

ADAPTER = UniswapV3Adapter()
FACTORY = account("7")
INIT_CODE_HASH = "e34f199b19b2b4f47f68442619d555527d244f78a3297ea89325f843f87b8b54"
Answering = Callable[[Read], Answer]


def made_by(factory: str, pool: Pool) -> Pool:
    """The pool at the address to which a router of this factory sends its swaps."""
    key = keccak(word(pool.token0.address) + word(pool.token1.address) + word(pool.fee))
    code = b"\xff" + bytes.fromhex(factory[2:]) + key + bytes.fromhex(INIT_CODE_HASH)
    return replace(pool, address=address_from_bytes(keccak(code)))


REAL = made_by(FACTORY, POOL)
RANGE, OTHER_RANGE = (-60, 60), (600, 15_360)
HELD = {(ACTOR, *RANGE): PositionState(7, 8, 9, 10, 11), (ACTOR, *OTHER_RANGE): PositionState(5)}
ACCOUNTS = Accounts((ACTOR, FRIEND), ranges={REAL.id: (RANGE, OTHER_RANGE)})
STATE = replace(
    pool_state((-887_220, 887_220, WHOLE), (-60, 60, WHOLE), (600, 15_360, WHOLE)),
    fee_growth_global0=2**256 - 1,
    fee_growth_global1=5,
    protocol_fees0=6,
    protocol_fees1=7,
    fee_protocol=0x54,
    positions=HELD,
    oracle=Oracle(2, 5, 7, tuple(Observation(at, -at, at) for at in (1, 2, 3))),
)


def words(*values: int | str) -> Answer:
    return Answer(True, b"".join(map(word, values)))


def chain(pool: Pool, state: PoolState) -> Answering:
    """A node that answers as the pool's contract and its router in this state."""

    def bitmap(at: int) -> Answer:
        bits = [tick // state.tick_spacing - (at << 8) for tick in state.initialized]
        return words(sum(1 << bit for bit in bits if 0 <= bit < 256))

    def tick(at: int) -> Answer:
        found = state.ticks[at]
        outside = (found.fee_growth_outside0, found.fee_growth_outside1)
        return words(found.liquidity_gross, found.liquidity_net, *outside, 1, 2, 3, 1)

    def observation(at: int) -> Answer:
        age = (oracle.index - at) % oracle.cardinality
        if age >= len(oracle.observations):
            return words(1, 0, 0, 0)
        found = oracle.observations[-1 - age]
        return words(found.timestamp, found.tick_cumulative, found.seconds_per_liquidity, 1)

    def position(place: int) -> Answer:
        return places.get(place, words(0, 0, 0, 0, 0))

    oracle = state.oracle
    ring = (oracle.index, oracle.cardinality, oracle.cardinality_next)
    places = {
        int.from_bytes(keccak(encode_packed(["address", "int24", "int24"], key)), "big"): words(
            *astuple(found)
        )
        for key, found in state.positions.items()
    }
    argued = {
        "tickBitmap(int16)": bitmap,
        "ticks(int24)": tick,
        "observations(uint256)": observation,
    }
    fixed = {
        "slot0()": words(state.sqrt_price_x96, state.tick, *ring, state.fee_protocol, 1),
        "liquidity()": words(state.liquidity),
        "feeGrowthGlobal0X128()": words(state.fee_growth_global0),
        "feeGrowthGlobal1X128()": words(state.fee_growth_global1),
        "protocolFees()": words(state.protocol_fees0, state.protocol_fees1),
        "token0()": words(pool.token0.address),
        "token1()": words(pool.token1.address),
        "fee()": words(pool.fee),
        "tickSpacing()": words(pool.tick_spacing),
        "factory()": words(FACTORY),
    }
    by_selector = {selector(signature): answer for signature, answer in fixed.items()}
    by_argument = {selector(signature): answers for signature, answers in argued.items()}

    def answer(read: Read) -> Answer:
        assert read.to == (pool.router if read.data == call_data("factory()") else pool.address)
        if read.data in by_selector:
            return by_selector[read.data]
        at = int.from_bytes(read.data[4:], "big")
        if read.data[:4] == selector("positions(bytes32)"):
            return position(at)
        return by_argument[read.data[:4]](signed(at))

    return answer


def asked(
    answering: Answering,
    known: PoolState | None = None,
    pool: Pool = REAL,
    accounts: Accounts = ACCOUNTS,
) -> tuple[PoolState, list[int]]:
    """The state after every round, and how many reads each round took."""
    question, counts = Question(pool, accounts, HEAD, known), []
    while reads := ADAPTER.reads(question):
        counts.append(len(reads))
        state = ADAPTER.decode(question, [answering(read) for read in reads])
        question = replace(question, known=state, round=question.round + 1)
    assert question.known is not None
    return question.known, counts


def test_reads__nothing_known__identity_then_bitmap_then_ticks() -> None:
    assert asked(chain(REAL, STATE)) == (STATE, [14, len(bitmap_words(60)), 6, 5])


def test_reads__many_words__in_pages() -> None:
    pool = made_by(FACTORY, replace(POOL, fee=500, tick_spacing=10))
    state = pool_state((-887_270, 887_270, WHOLE), fee=500, spacing=10)
    found, counts = asked(chain(pool, state), pool=pool, accounts=Accounts((ACTOR, FRIEND)))
    assert found == state
    assert counts == [10, PAGE, len(bitmap_words(10)) - PAGE, 2, 1]


@pytest.mark.parametrize(
    "spacing, ends",
    [
        (1, (-3_466, 3_465)),
        (10, (-347, 346)),
        (60, (-58, 57)),
        (200, (-18, 17)),
        (578, (-6, 5)),  # its last tick is the last of a word
    ],
)
def test_bitmap_words__every_spacing__hold_the_outermost_ticks(
    spacing: int, ends: tuple[int, int]
) -> None:
    words = bitmap_words(spacing)
    last = 887_272 // spacing
    assert (words[0], words[-1]) == ends == (-last >> 8, last >> 8)
    assert len(words) == ends[1] - ends[0] + 1


def test_reads__known_and_current__only_what_is_hot() -> None:
    later = replace(STATE, timestamp=Timestamp(HEAD.timestamp - 12))
    found, counts = asked(chain(REAL, STATE), later)
    assert (found, counts) == (STATE, [7])
    assert found.timestamp == HEAD.timestamp


@pytest.mark.parametrize(
    "known",
    [
        replace(STATE, liquidity=STATE.liquidity + 1),
        replace(STATE, fee_growth_global0=1),
        replace(STATE, protocol_fees1=8),
        replace(STATE, fee_protocol=0),
        replace(STATE, ticks={}),
        STATE.unread(),
    ],
    ids=["liquidity", "growth", "fees", "divisors", "ticks unread", "words unread"],
)
def test_reads__known_differs_or_is_partial__ticks_read_anew(known: PoolState) -> None:
    assert asked(chain(REAL, STATE), known) == (STATE, [7, len(bitmap_words(60)), 6, 5])


def changed(answering: Answering, signature: str, answer: Answer) -> Answering:
    prefix = call_data(signature) if signature.endswith("()") else selector(signature)
    return lambda read: answer if read.data.startswith(prefix) else answering(read)


@pytest.mark.parametrize(
    "signature, answer, error, message",
    [
        ("slot0()", Answer(False, b""), MissingRead, "slot0 of the pool reverted"),
        ("slot0()", words(1, 2), MissingRead, "slot0 of the pool answered 64 bytes"),
        ("liquidity()", Answer(True, b""), MissingRead, "liquidity of the pool answered 0"),
        ("token0()", words(account("8")), DataError, r"answers token0\(\) with 0x88888888"),
        ("token1()", words(account("8")), DataError, r"but it was declared with 0x44444444"),
        ("fee()", words(500), DataError, "with 500, but it was declared with 3000"),
        ("tickSpacing()", words(10), DataError, "with 10, but it was declared with 60"),
        ("factory()", words(account("8")), DataError, "the router 0x6+ would trade the pool at"),
        ("factory()", Answer(False, b""), MissingRead, "factory.. of the router"),
        ("factory()", Answer(True, bytes(31)), MissingRead, "factory.. of the router"),
        ("tickBitmap(int16)", Answer(False, b""), MissingRead, r"tickBitmap\(-58\)"),
        ("ticks(int24)", words(0, 0, 0, 0), MissingRead, "tick -887220 of the pool is set"),
    ],
)
def test_decode__answer_that_cannot_be__refused_in_words(
    signature: str, answer: Answer, error: type[DataError], message: str
) -> None:
    with pytest.raises(error, match=message):
        asked(changed(chain(REAL, STATE), signature, answer))


def test_decode__fewer_answers_than_reads__refused() -> None:
    question = Question(REAL, Accounts(()), HEAD)
    with pytest.raises(MissingRead, match="9 answers to 10 reads"):
        ADAPTER.decode(question, [words(1)] * 9)


def test_reads__later_round_without_a_state__refused() -> None:
    with pytest.raises(MissingRead, match="round 1 of the pool"):
        ADAPTER.reads(Question(REAL, Accounts(()), HEAD, None, 1))


# ------------------------------------------------------------------------- oracle and positions


def test_reads__ring_of_many__newest_kept_in_pages() -> None:
    observations = tuple(Observation(at, at, at) for at in range(1, KEPT + 1))
    oracle = Oracle(300, 5_000, 6_000, observations)
    found, counts = asked(chain(REAL, replace(STATE, oracle=oracle)))
    assert found.oracle == oracle
    assert counts[3:] == [PAGE, KEPT - PAGE]


def test_reads__ring_with_room__what_was_written() -> None:
    oracle = Oracle(1, 600, 600, (Observation(4, 0, 0), Observation(5, 0, 0)))
    found, counts = asked(chain(REAL, replace(STATE, oracle=oracle)))
    assert found.oracle == oracle
    assert counts[3:] == [PAGE, KEPT - PAGE]


def test_decode__newest_observation_unwritten__refused() -> None:
    answering = changed(chain(REAL, STATE), "observations(uint256)", words(1, 0, 0, 0))
    with pytest.raises(MissingRead, match=r"observations\(2\) of the pool is the newest"):
        asked(answering)


@pytest.mark.parametrize(
    "oracle",
    [
        replace(STATE.oracle, index=3),
        replace(STATE.oracle, cardinality=6),
        replace(STATE.oracle, cardinality_next=8),
    ],
)
def test_reads__ring_differs__read_anew(oracle: Oracle) -> None:
    known = replace(STATE, oracle=oracle)
    found, counts = asked(chain(REAL, STATE), known)
    assert (found, len(counts)) == (STATE, 4)


def test_reads__position_differs__read_anew_and_position_as_it_is() -> None:
    known = STATE.with_position((ACTOR, *RANGE), PositionState(6, 8, 9, 10, 11))
    found, counts = asked(chain(REAL, STATE), known)
    assert (found, len(counts)) == (STATE, 4)


def test_reads__position_known_but_gone__left_out() -> None:
    other = (FRIEND, -120, 120)
    known = STATE.with_position(other, PositionState(6))
    found, counts = asked(chain(REAL, STATE), known)
    assert counts[0] == 8
    assert found == STATE


def test_reads__other_owners_than_known__their_ranges_too() -> None:
    known = replace(STATE, owners=(FRIEND,), positions={})
    found, counts = asked(chain(REAL, STATE), known)
    assert counts[0] == 9
    assert found == STATE
    alone, _ = asked(chain(REAL, STATE), STATE, accounts=Accounts((FRIEND,)))
    assert alone == replace(STATE, owners=(FRIEND,), positions={})


def test_reads__position__by_its_packed_key() -> None:
    key = (ACTOR, -887_220, 15_360)
    packed = encode_packed(["address", "int24", "int24"], key)
    data = selector("positions(bytes32)") + keccak(packed)
    assert position_read(REAL, key) == Read(REAL.address, data)


def test_decode__position_refused__in_words() -> None:
    answering = changed(chain(REAL, STATE), "positions(bytes32)", Answer(False, b""))
    with pytest.raises(MissingRead, match=r"position .* of the pool reverted"):
        asked(answering)
