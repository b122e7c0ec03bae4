"""What is asked of a pair, and answers that are no pair's."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.protocols.uniswap_v2.pairs import ALICE, BOB, CHAIN, NOW, ROUTER, pair, state
from trimtab.core.abi import Answer, word
from trimtab.core.adapter import Question
from trimtab.core.errors import DataError, MissingRead
from trimtab.core.market import Accounts, Head
from trimtab.core.token import ZERO_ADDRESS
from trimtab.protocols.uniswap_v2 import PairState, UniswapV2Adapter

ADAPTER = UniswapV2Adapter()
HERE = pair()
ACCOUNTS = Accounts((ALICE, BOB), (ROUTER, ZERO_ADDRESS))
FIRST: Question[PairState] = Question(HERE, ACCOUNTS, Head(CHAIN, 1, "0x", NOW))
LATER = replace(FIRST, known=state())


def answers(of: PairState, *, identity: bool = True) -> list[Answer]:
    """What the contracts of a pair in this state answer."""
    shares = of.shares
    reserves = b"".join(map(word, (of.reserve0, of.reserve1, of.updated_at)))
    numbers: list[int | str] = [of.price0_cumulative, of.price1_cumulative, of.k_last, of.fee_to]
    numbers += [of.held, shares.supply, shares.balance(ALICE), shares.balance(BOB)]
    numbers += [shares.allowance(ALICE, ROUTER), shares.allowance(BOB, ROUTER)]
    if identity:
        numbers += [HERE.token0.address, HERE.token1.address, HERE.factory, HERE.factory]
        numbers.append(HERE.address)
    return [Answer(True, reserves), *(Answer(True, word(each)) for each in numbers)]


@pytest.mark.parametrize("question", [FIRST, LATER], ids=["first", "later"])
def test_decode__whole_answers__the_state(question: Question[PairState]) -> None:
    said = state(k_last=7, fee_to=BOB, held=3, price0_cumulative=2**255)
    given = answers(said, identity=question.known is None)
    assert len(ADAPTER.reads(question)) == len(given)
    assert ADAPTER.decode(question, given) == said


def test_reads__second_round__none() -> None:
    assert ADAPTER.reads(replace(LATER, round=1)) == ()


@pytest.mark.parametrize("at", range(len(answers(state()))))
def test_decode__any_answer_refused_or_short__missing(at: int) -> None:
    for bad in (Answer(False, b""), Answer(True, b"\0" * 31)):
        given = answers(state())
        given[at] = bad
        with pytest.raises(MissingRead, match=r"uniswap_v2:WETH/USDC"):
            ADAPTER.decode(FIRST, given)


def test_decode__an_answer_too_few__missing() -> None:
    with pytest.raises(MissingRead, match="15 answers to 16 reads of uniswap_v2:WETH/USDC"):
        ADAPTER.decode(FIRST, answers(state())[:-1])


@pytest.mark.parametrize("at", range(1, 6))
def test_decode__other_contracts__said_and_declared(at: int) -> None:
    given = answers(state())
    given[-at] = Answer(True, word(BOB))
    with pytest.raises(DataError, match="correct the declaration, or the address"):
        ADAPTER.decode(FIRST, given)


def test_decode__reserve_of_113_bits__refused() -> None:
    given = answers(state(2**112, 1))
    with pytest.raises(MissingRead, match="which no pair can have"):
        ADAPTER.decode(FIRST, given)
    assert ADAPTER.decode(FIRST, answers(state(2**112 - 1, 1))).reserve0 == 2**112 - 1
