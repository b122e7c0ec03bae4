"""What is asked of a pool of the 3.6 line, what it becomes, and what is refused when it is read."""

from dataclasses import replace

import pytest

from tests.unit.protocols.aave_v36.lending import (
    CATEGORY,
    CURVE,
    DOLLARS,
    ETHER,
    NOW,
    OPERATOR,
    OTHER,
    OWNER,
    POOL,
    RESERVES,
    TREASURY,
    governed,
    limits,
    positions,
    question,
    said_by,
    settings,
    totals,
    whole,
)
from trimtab.core.abi import Answer
from trimtab.core.errors import DataError, MissingRead
from trimtab.core.market import Accounts
from trimtab.protocols.aave_v36 import AaveV36Adapter

AAVE = AaveV36Adapter()


def test_reads__cold__as_many_as_are_decoded() -> None:
    assert len(AAVE.reads(question())) == len(whole())


def test_reads__known__without_what_governance_sets() -> None:
    known = AAVE.decode(question(), whole())
    assert len(AAVE.reads(question(known))) == len(whole()) - len(governed())
    assert AAVE.decode(question(known), whole()[len(governed()) :]) == known
    assert AAVE.reads(replace(question(), round=1)) == ()


def test_decode__answers__each_in_its_place() -> None:
    state = AAVE.decode(question(), whole())
    ether = state.reserve(ETHER)
    assert (state.timestamp, state.flash_loan_premium) == (NOW, 5)
    assert state.categories == {1: CATEGORY}
    assert (ether.curve, ether.treasury, ether.reserve) == (CURVE, TREASURY, RESERVES[1])
    assert (ether.liquidity_rate, ether.variable_borrow_rate) == (1, 2)
    assert (ether.accrued_to_treasury, ether.isolated_debt) == (3, 4)
    assert (ether.virtual_balance, ether.deficit, ether.grace_until) == (5, 6, 7)
    assert (ether.scaled_supply, ether.scaled_variable_debt) == (8, 9)
    owner = state.account(OWNER)
    assert owner.scaled_supplies == {DOLLARS: 10, ETHER: 15}
    assert owner.scaled_debts == {DOLLARS: 11, ETHER: 16}
    assert owner.delegated == {
        (DOLLARS, OTHER): 12,
        (DOLLARS, OPERATOR): 13,
        (ETHER, OTHER): 17,
        (ETHER, OPERATOR): 18,
    }
    assert owner.allowed == {(DOLLARS, OPERATOR): 14, (ETHER, OPERATOR): 19}


@pytest.mark.parametrize(
    "changed, words",
    [
        ("provider", "addresses provider of the pool is"),
        ("strategy", "rate strategy of the pool is"),
        ("oracle", "price oracle of the pool is"),
        ("sentinel", "has a price oracle sentinel"),
        ("currency", "expected US dollars"),
        ("unit", "expected US dollars"),
        ("fallback", "has a fallback oracle"),
    ],
)
def test_decode__pool_that_has_what_is_not_modelled__refused_in_words(
    changed: str, words: str
) -> None:
    answers = [*governed(**{changed: 77}), *whole()[len(governed()) :]]
    with pytest.raises(DataError, match=words):
        AAVE.decode(question(), answers)


def test_decode__another_price_source__refused_in_words() -> None:
    answers = whole()
    answers[7] = said_by(77)
    with pytest.raises(DataError, match="price feed of USD in the pool"):
        AAVE.decode(question(), answers)


@pytest.mark.parametrize(
    "changed, value, words",
    [
        ("a_token", 77, "aToken of USD"),
        ("debt_token", 77, "variable debt token of USD"),
        ("id", 1, "has the id 1, not 0"),
        ("configuration", settings(8), "has 8 decimals, but the token was declared with 6"),
    ],
)
def test_decode__reserve_that_is_not_the_declared__refused_in_words(
    changed: str, value: int, words: str
) -> None:
    answers = [*governed(), *limits(), *totals(0, **{changed: value}), *totals(1)]
    with pytest.raises(DataError, match=words):
        AAVE.decode(question(), [*answers, *positions(), *positions()])


@pytest.mark.parametrize(
    "first, words",
    [
        (positions(category=9), "efficiency mode 9, which is not declared"),
        (positions(bits=1 << 4), "uses reserves that are not declared"),
    ],
)
def test_decode__account_that_uses_what_is_not_declared__refused_in_words(
    first: list[Answer], words: str
) -> None:
    with pytest.raises(DataError, match=words):
        AAVE.decode(question(), whole(first=first))


@pytest.mark.parametrize("broken", [Answer(False, b""), Answer(True, b"\0" * 31)])
@pytest.mark.parametrize("number", range(len(whole())))
def test_decode__answer_absent_or_short__missing_read(number: int, broken: Answer) -> None:
    answers = whole()
    answers[number] = broken
    with pytest.raises(MissingRead):
        AAVE.decode(question(), answers)


def test_decode__fewer_answers_than_asked__missing_read() -> None:
    with pytest.raises(MissingRead, match="fewer than it was asked for"):
        AAVE.decode(question(), whole()[:-1])


def test_narrow__one_owner__as_if_it_alone_were_read() -> None:
    state = AAVE.decode(question(), whole())
    narrowed = AAVE.narrow(state, Accounts((OTHER,)))
    assert list(narrowed.accounts) == [OTHER]
    assert {to for _, to in narrowed.account(OTHER).delegated} == {OPERATOR}
    assert narrowed.reserves == state.reserves


def test_taken_over__positions_of_a_book__others_and_totals_stay() -> None:
    state = AAVE.decode(question(), whole())
    changed = replace(state.account(OTHER).with_supply(ETHER, 999), efficiency_category=1)
    owned = AAVE.narrow(state.with_account(OTHER, changed), Accounts((OTHER,)))
    taken = AAVE.taken_over(state, owned, Accounts((OTHER,)))
    assert taken.account(OTHER).scaled_supplies[ETHER] == 999
    assert taken.account(OTHER).delegated == state.account(OTHER).delegated
    assert taken.account(OTHER).allowed == state.account(OTHER).allowed
    assert (taken.account(OWNER), taken.reserves) == (state.account(OWNER), state.reserves)


def test_emitters__pool__with_every_token_of_it() -> None:
    tokens = [t for r in RESERVES for t in (r.a_token, r.variable_debt_token)]
    assert AAVE.emitters(POOL) == (POOL.address, *tokens)
