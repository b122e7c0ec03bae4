from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from tests.unit.protocols.curve.stable_pools import (
    ACCOUNTS,
    ACTOR,
    AT,
    COINS,
    HEAD,
    POOL,
    account,
    stable_state,
)
from trimtab.core.abi import Answer, Read, call_data, word
from trimtab.core.adapter import Question
from trimtab.core.errors import DataError, MissingRead
from trimtab.protocols.curve import CurveAdapter, StableState, virtual_price

ADAPTER = CurveAdapter()
STATE = stable_state(10**12, 2 * 10**12, 10**24, 3 * 10**24, supply=7 * 10**24)
REVERTED = Answer(False, b"")
Answering = Callable[[Read], Answer]


def said(value: int | str) -> Answer:
    return Answer(True, word(value))


def chain(state: StableState) -> Answering:
    """A node that answers as the pool's contract in this state."""
    known: dict[bytes, int | str] = {
        call_data("fee()"): state.fee,
        call_data("admin_fee()"): state.admin_fee,
        call_data("initial_A()"): state.initial_a,
        call_data("future_A()"): state.future_a,
        call_data("initial_A_time()"): state.initial_a_time,
        call_data("future_A_time()"): state.future_a_time,
        call_data("totalSupply()"): state.shares.supply,
    }
    if state.shares.supply:
        known[call_data("get_virtual_price()")] = virtual_price(state, POOL)
    for index, (balance, coin) in enumerate(zip(state.balances, COINS, strict=True)):
        known[call_data("balances(uint256)", index)] = balance
        known[call_data("coins(uint256)", index)] = coin.address
    for owner, raw in state.shares.balances.items():
        known[call_data("balanceOf(address)", owner)] = raw
    for pair, raw in state.shares.allowances.items():
        known[call_data("allowance(address,address)", *pair)] = raw

    def answer(read: Read) -> Answer:
        assert read.to == AT
        return said(known[read.data]) if read.data in known else REVERTED

    return answer


def question(known: StableState | None = None) -> Question[StableState]:
    return Question(POOL, ACCOUNTS, HEAD, known)


def read(answering: Answering, known: StableState | None = None) -> StableState:
    asked = question(known)
    return ADAPTER.decode(asked, [answering(each) for each in ADAPTER.reads(asked)])


def but(answering: Answering, data: bytes, other: Answer) -> Answering:
    return lambda asked: other if asked.data == data else answering(asked)


def test_decode__nothing_known__the_whole_state() -> None:
    assert read(chain(STATE)) == STATE
    assert ADAPTER.reads(replace(question(STATE), round=1)) == ()


def test_decode__known__hot_fields_only() -> None:
    later = replace(STATE, balances=(10**12, 10**12, 10**24, 5 * 10**23), future_a=300)
    asked = {each.data for each in ADAPTER.reads(question(STATE))}
    assert call_data("get_virtual_price()") not in asked
    assert read(chain(later), STATE) == later


def test_decode__empty_pool__no_price_to_compare() -> None:
    empty = stable_state(0, 0, 0, 0, supply=0)
    assert read(chain(empty)) == empty


@pytest.mark.parametrize(
    "data, answer, why",
    [
        (call_data("coins(uint256)", 2), said(account("f")), "was declared with"),
        (call_data("coins(uint256)", 4), said(account("f")), "and more, but was declared"),
        (call_data("get_virtual_price()"), said(10**18 + 1), "rates of its own"),
    ],
)
def test_decode__another_pool__refused(data: bytes, answer: Answer, why: str) -> None:
    with pytest.raises(DataError, match=why):
        read(but(chain(STATE), data, answer))


@pytest.mark.parametrize("answer", [REVERTED, Answer(True, b""), Answer(True, bytes(31))])
@pytest.mark.parametrize(
    "data",
    [
        call_data("balances(uint256)", 0),
        call_data("future_A()"),
        call_data("coins(uint256)", 1),
        call_data("balanceOf(address)", ACTOR),
        call_data("get_virtual_price()"),
    ],
)
def test_decode__answer_missing__refused(data: bytes, answer: Answer) -> None:
    with pytest.raises(MissingRead):
        read(but(chain(STATE), data, answer))


def shorter(answers: Sequence[Answer]) -> Sequence[Answer]:
    return answers[:-1]


def longer(answers: Sequence[Answer]) -> Sequence[Answer]:
    return [*answers, said(1)]


@pytest.mark.parametrize("change", [shorter, longer])
def test_decode__other_count_of_answers__refused(
    change: Callable[[Sequence[Answer]], Sequence[Answer]],
) -> None:
    answers = [chain(STATE)(each) for each in ADAPTER.reads(question())]
    with pytest.raises(MissingRead, match=r"answers to .* reads of curve:A/B/C/D"):
        ADAPTER.decode(question(), change(answers))
