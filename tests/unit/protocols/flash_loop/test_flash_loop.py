"""A FlashLoop: what is read of it, how it is called, and what it refuses in words."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from eth_abi.abi import encode

from tests.support.desk import Desk, opened
from trimtab.core.abi import Answer, Call, selector, word
from trimtab.core.actions import EnterLoop, LeaveLoop, Loop, MintShares
from trimtab.core.adapter import Question
from trimtab.core.errors import DataError, InvariantViolation, MissingRead, NoRoute
from trimtab.core.market import Accounts
from trimtab.core.quantise import Timestamp
from trimtab.core.states import Reverted
from trimtab.lab.world import DEFAULT_WORLD
from trimtab.protocols.flash_loop import FlashLoop, FlashLoopAdapter
from trimtab.protocols.shared.ticks import MAX_SQRT_PRICE, MIN_SQRT_PRICE

LOOPS = FlashLoopAdapter()
FOREVER = Timestamp(2**40)


@pytest.fixture
def looping() -> Iterator[Desk]:
    """A desk with a FlashLoop."""
    with opened(replace(DEFAULT_WORLD, flash_loop=True)) as desk:
        yield desk


def market(desk: Desk) -> FlashLoop:
    found = desk.book.market("flash_loop")
    assert isinstance(found, FlashLoop)
    return found


def entering(desk: Desk, **changes: object) -> EnterLoop:
    where = (market(desk).id, desk.lender.id, desk.lender.id, desk.pool("WETH/USDC/500").id)
    tokens = (desk.token("WETH"), desk.token("USDC"))
    made = EnterLoop(desk.account, *where, *tokens, 10**9, 7, FOREVER)
    return replace(made, **changes)  # type: ignore[arg-type]


def leaving(desk: Desk) -> LeaveLoop:
    made = entering(desk)
    where = (made.market, made.lender, made.pool, made.exchange, made.collateral, made.debt)
    return LeaveLoop(desk.account, *where, 10**9, 10**18, FOREVER, limit=2**90)


def test_decode__its_factory__state_of_the_moment(looping: Desk) -> None:
    question = Question(market(looping), Accounts(()), looping.start.head)
    (read,) = LOOPS.reads(question)
    answer = looping.machine.static(read.to, read.data)
    assert LOOPS.decode(question, [answer]).timestamp == looping.start.head.timestamp
    assert LOOPS.reads(replace(question, round=1)) == ()


def test_decode__another_factory__refused_in_words(looping: Desk) -> None:
    question = Question(market(looping), Accounts(()), looping.start.head)
    with pytest.raises(DataError, match="exchanges in the pools of"):
        LOOPS.decode(question, [Answer(True, word(77))])


@pytest.mark.parametrize(
    "answers", [[], [Answer(False, b"")], [Answer(True, bytes(31))], [Answer(True, bytes(32))] * 2]
)
def test_decode__no_such_answer__missing_read(looping: Desk, answers: list[Answer]) -> None:
    question = Question(market(looping), Accounts(()), looping.start.head)
    with pytest.raises(MissingRead):
        LOOPS.decode(question, answers)


def expected_call(desk: Desk, action: Loop, name: str, bound: int, limit: int) -> Call:
    pool = desk.lender
    (share,) = (r.a_token for r in pool.reserves if r.token == action.collateral)
    key = "(address,address,address,address,address,uint24)"
    said = (pool.address, pool.address, action.collateral.address, share, action.debt.address, 500)
    data = encode(
        [key, "uint256", "uint256", "uint160", "uint256"],
        [said, action.loan, bound, limit, FOREVER],
    )
    signature = f"{name}({key},uint256,uint256,uint160,uint256)"
    return Call(market(desk).address, selector(signature) + data)


def test_encode__entering_and_leaving__as_the_abi_says(looping: Desk) -> None:
    enter, leave = entering(looping), leaving(looping)
    is_up = int(enter.debt.address, 16) > int(enter.collateral.address, 16)
    none = MAX_SQRT_PRICE - 1 if is_up else MIN_SQRT_PRICE + 1
    assert LOOPS.encode(looping.start, enter) == (expected_call(looping, enter, "enter", 7, none),)
    called = expected_call(looping, leave, "leave", 10**18, 2**90)
    assert LOOPS.encode(looping.start, leave) == (called,)


def test_apply__what_no_loop_can_be_made_at__no_route(looping: Desk) -> None:
    token, weth = looping.token("WBTC"), looping.book.market("erc20:WETH").id
    for changed, words in (
        ({"pool": weth}, "no lending pool of Aave's"),
        ({"lender": weth}, "no lending pool of Aave's"),
        ({"exchange": weth}, "no pool of Uniswap V3"),
        ({"collateral": token}, "does not exchange"),
    ):
        with pytest.raises(NoRoute, match=words):
            LOOPS.apply(looping.start, entering(looping, **changed))


def test_apply__undeclared_exchange__no_route(looping: Desk) -> None:
    known = replace(market(looping), exchanges=())
    states = replace(looping.start, markets={**looping.start.markets, known.id: known})
    with pytest.raises(NoRoute, match="is not declared of flash_loop"):
        LOOPS.apply(states, entering(looping))


def test_apply__late__the_contract_s_own_error(looping: Desk) -> None:
    now = looping.start[market(looping)].timestamp
    outcome = LOOPS.apply(looping.start, entering(looping, deadline=now - 1))
    assert outcome == Reverted(selector("Late(uint256,uint256)") + word(now) + word(now - 1))


def test_adapter__what_a_loop_is_not__a_violation_or_nothing(looping: Desk) -> None:
    found = market(looping)
    action = MintShares(looping.account, found.id, looping.token("WETH"), 1, looping.account)
    with pytest.raises(InvariantViolation):
        LOOPS.apply(looping.start, action)
    with pytest.raises(InvariantViolation):
        LOOPS.encode(looping.start, action)
    assert LOOPS.holdings(looping.start, found, looping.account) == ()
    assert LOOPS.audits(found, looping.start[found], looping.account) == ()
    assert LOOPS.emitters(found) == ()
