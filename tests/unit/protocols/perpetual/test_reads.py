"""What is asked of a market, answers that are no market's, and what its logs tell."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import pytest

from tests.unit.protocols.perpetual.markets import (
    ALICE,
    BASE,
    BOB,
    EXCHANGE,
    FUND,
    HOUSE,
    INDEX,
    MARKET,
    NOW,
    STATE,
    USDC,
    WAD,
    having,
)
from trimtab.core.abi import Answer, Log, topic, word
from trimtab.core.adapter import Question
from trimtab.core.errors import DataError, MissingRead
from trimtab.core.market import Accounts, Head
from trimtab.core.token import ZERO_ADDRESS, Address
from trimtab.protocols.perpetual import PerpetualAdapter, PerpetualState
from trimtab.protocols.perpetual.adapter import AnyState
from trimtab.protocols.perpetual.identity import anatomy

ADAPTER = PerpetualAdapter()
ACCOUNTS = Accounts((ALICE, BOB))
FIRST = cast(Question[AnyState], Question(MARKET, ACCOUNTS, Head(1, 1, "0x", NOW)))
LATER = replace(FIRST, known=STATE)
IDENTITY = (
    *(MARKET.vault, MARKET.exchange, MARKET.order_book, MARKET.account_balance, FUND),
    *(MARKET.config, MARKET.quote, MARKET.registry, USDC.address, MARKET.price_feed),
    *(MARKET.index_address, ZERO_ADDRESS),
)
HOT, PER_ACCOUNT = 18, 7
ORDERS, COLLATERAL, BASES = 5, 6, 4


def said(*words: int | str) -> Answer:
    return Answer(True, b"".join(map(word, words)))


def listed(*items: int | str) -> Answer:
    return said(32, len(items), *items)


def answers(of: PerpetualState = STATE, *, is_open: int = 1) -> list[Answer]:
    """What the contracts of a market in this state answer to those who know nothing."""
    rules = of.rules
    of_config = (
        *(rules.initial_margin, rules.maintenance_margin, rules.liquidation_penalty),
        *(rules.most_funding, rules.funding_interval, rules.cap),
    )
    fees = (1_000, rules.pool_fee, rules.insurance_share, rules.most_spread)
    found = [said(each) for each in of_config]
    found += [said(rules.mark_interval, rules.premium_interval), said(MARKET.pool_address, *fees)]
    found += [said(each) for each in (rules.most_ticks, is_open, 0, 0)]
    kept = (of.first_traded, of.settled_at, of.growth, of.reference_tick, of.reference_at)
    found += [said(each) for each in kept]
    found.append(said(of.sqrt_price_x96, of.tick))
    for has in of.accounts.values():
        found += [said(has.margin), said(has.owed), said(has.size, has.open_notional, has.growth)]
        found.append(said(MARKET.pool_address, has.fee))
        found.append(listed(*((BASE,) if has.is_registered else ())))
        found += [listed(), listed()]
    return [*found, *(said(each) for each in IDENTITY)]


SHORT = having(
    ALICE, size=-WAD, open_notional=2_000 * WAD, owed=-7, growth=-(2**200), is_registered=True
)


def test_decode__whole_answers__the_state() -> None:
    assert len(ADAPTER.reads(FIRST)) == len(answers())
    assert ADAPTER.decode(FIRST, answers(SHORT)) == SHORT
    assert ADAPTER.decode(LATER, answers(SHORT)[: -len(IDENTITY)]) == SHORT


def test_reads__second_round__none() -> None:
    assert ADAPTER.reads(replace(LATER, round=1)) == ()


@pytest.mark.parametrize("at", range(len(answers())))
def test_decode__any_answer_refused__missing(at: int) -> None:
    given = answers()
    given[at] = Answer(False, b"")
    with pytest.raises(MissingRead):
        ADAPTER.decode(FIRST, given)


@pytest.mark.parametrize("at", range(len(IDENTITY)))
def test_decode__another_contract__refused(at: int) -> None:
    given = answers()
    given[at - len(IDENTITY)] = said(BOB)
    with pytest.raises(DataError, match="correct the declaration"):
        ADAPTER.decode(FIRST, given)


def test_decode__paused__refused() -> None:
    with pytest.raises(DataError, match="paused or closed"):
        ADAPTER.decode(FIRST, answers(is_open=0))


def test_decode__another_pool__refused() -> None:
    given = answers()
    given[7] = said(BOB, 0, 0, 0, 0)
    with pytest.raises(DataError, match="trades in the pool"):
        ADAPTER.decode(FIRST, given)


@pytest.mark.parametrize(
    "at, answer, why",
    [
        (ORDERS, listed(1), "open orders"),
        (COLLATERAL, listed(ALICE), "other collateral"),
        (BASES, listed(ALICE), "another market"),
        (BASES, listed(BASE, ALICE), "another market"),
        (BASES, listed(BASE, BASE), "another market"),
    ],
)
def test_decode__account_not_modelled__refused(at: int, answer: Answer, why: str) -> None:
    given = answers()
    given[HOT + PER_ACCOUNT + at] = answer
    with pytest.raises(DataError, match=why):
        ADAPTER.decode(FIRST, given)


def test_audits__margin_and_size__signed() -> None:
    margin, size = ADAPTER.audits(MARKET, None, ALICE)
    assert margin.value(said(-3)) == -3
    assert size.value(said(-WAD, 1, 2)) == -WAD
    assert ADAPTER.audits(INDEX, None, ALICE) == ()


def test_narrow__fewer_owners__the_fund_stays() -> None:
    narrowed = ADAPTER.narrow(STATE, Accounts((BOB,)))
    assert isinstance(narrowed, PerpetualState)
    assert set(narrowed.accounts) == {BOB, FUND}


def test_taken_over__owners__theirs_and_the_rest_as_it_is() -> None:
    taken = ADAPTER.taken_over(STATE, SHORT, Accounts((ALICE,)))
    assert isinstance(taken, PerpetualState)
    assert taken.account(ALICE) == SHORT.account(ALICE)
    assert taken.account(BOB) == STATE.account(BOB)


def test_anatomy__every_part__is_tied() -> None:
    found = anatomy(MARKET)
    assert len({part.address for part in found.parts}) == len(found.parts) == 11
    assert {each.expected for each in found.relations} >= {MARKET.pool_address, ZERO_ADDRESS}
    assert [part.role for part in anatomy(INDEX).parts] == ["index"]


# ----------------------------------------------------------------------------------------- logs


def log(where: Address, name: str, *indexed: str, data: tuple[int, ...] = ()) -> Log:
    topics = (topic(name), *(word(each) for each in indexed))
    return Log(where, topics, b"".join(map(word, data)), 1, NOW, "0x", 0)


def test_observe__bad_debt__from_the_fund() -> None:
    settled = log(MARKET.vault, "BadDebtSettled(address,uint256)", ALICE, data=(5,))
    after = ADAPTER.observe(STATE, settled)
    assert isinstance(after, PerpetualState)
    assert after.account(FUND).margin == STATE.account(FUND).margin - 5
    assert after.account(ALICE).margin == STATE.account(ALICE).margin + 5


@pytest.mark.parametrize(
    "found",
    [
        log(EXCHANGE, "FundingUpdated(address,uint256,uint256)", ALICE, data=(1, 1)),
        log(
            HOUSE,
            "PositionChanged(address,address,int256,int256,uint256,int256,int256,uint256)",
            ALICE,
            ALICE,
            data=(1, 1, 1, 1, 1, 1),
        ),
        log(MARKET.vault, "Deposited(address,address,uint256)", BOB, ALICE, data=(1,)),
        log(MARKET.vault, "Withdrawn(address,address,uint256)", BOB, ALICE, data=(1,)),
        log(HOUSE, "FundingPaymentSettled(address,address,int256)", ALICE, ALICE, data=(1,)),
        log(MARKET.account_balance, "PnlRealized(address,int256)", MARKET.vault, data=(1,)),
        log(HOUSE, "Paused(address)", data=(1,)),
    ],
)
def test_observe__other_markets_tokens_and_accounts__passed_over(found: Log) -> None:
    assert ADAPTER.observe(STATE, found) == STATE


def test_observe__mean_of_no_tick__stands_for_itself() -> None:
    early = replace(STATE, settled_at=NOW - 100)
    odd = log(
        EXCHANGE,
        "FundingUpdated(address,uint256,uint256)",
        BASE,
        data=(2_000 * WAD + 1, 2_000 * WAD),
    )
    after = ADAPTER.observe(early, odd)
    assert isinstance(after, PerpetualState)
    assert after.growth == 100 * ((2**96 * (2_000 * WAD + 1)) // WAD - (2**96 * 2_000))
    assert after.reference_at == after.settled_at == NOW
