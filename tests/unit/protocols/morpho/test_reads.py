from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from tests.unit.protocols.morpho.isolated import (
    ACCOUNTS,
    ACTOR,
    ADAPTIVE,
    AT,
    CONTRACT,
    CURVE,
    FEED,
    FRIEND,
    HEAD,
    MARKET,
    NOW,
    OTHER,
    PRICE,
    lending_state,
)
from trimtab.core.abi import Answer, Read, call_data, word
from trimtab.core.adapter import Question, decoded
from trimtab.core.errors import DataError, MissingRead
from trimtab.core.market import Accounts, Market
from trimtab.core.token import Address
from trimtab.protocols.morpho import LendingMarket, LendingState, MorphoAdapter, MorphoState
from trimtab.protocols.morpho.oracles import AnyState

ADAPTER = MorphoAdapter()
Answering = Callable[[Read], Answer]


def asking(market: Market[Any], known: AnyState | None = None) -> Question[AnyState]:
    return Question(market, ACCOUNTS, HEAD, known)


def said(*values: int | str) -> Answer:
    return Answer(True, b"".join(word(value) for value in values))


def chain(state: LendingState) -> dict[tuple[Address, bytes], Answer]:
    """What the contracts answer in this state."""
    market, number = state.market, int(state.market.market_id, 16)
    totals = (
        state.total_supply_assets,
        state.total_supply_shares,
        state.total_borrow_assets,
        state.total_borrow_shares,
        state.last_update,
        state.fee,
    )
    known = {
        (AT, call_data("market(bytes32)", number)): said(*totals),
        (AT, call_data("feeRecipient()")): said(state.fee_recipient),
        (AT, call_data("idToMarketParams(bytes32)", number)): said(*market.parameters),
        (CURVE, call_data("rateAtTarget(bytes32)", number)): said(state.rate_at_target or 0),
        (CURVE, call_data("MORPHO()")): said(AT),
    }
    for owner, held in state.positions.items():
        asked = call_data("position(bytes32,address)", number, owner)
        known[AT, asked] = said(held.supply_shares, held.borrow_shares, held.collateral)
    return known


def read(state: LendingState, known: LendingState | None = None) -> LendingState:
    return decode(state.market, chain(state), known)


def decode(
    market: LendingMarket,
    answers: dict[tuple[Address, bytes], Answer],
    known: LendingState | None = None,
) -> LendingState:
    question = asking(market, known)
    given = [answers[each.to, each.data] for each in ADAPTER.reads(question)]
    assert ADAPTER.reads(replace(question, round=1)) == ()
    found = decoded(ADAPTER, question, given)
    assert isinstance(found, LendingState)
    return found


@pytest.mark.parametrize("market", [MARKET, ADAPTIVE])
def test_decode__what_the_contract_says__is_the_state(market: LendingMarket) -> None:
    state = lending_state(market=market)
    assert read(state) == state
    assert read(state, known=state) == state


def test_reads__once_known__no_identity() -> None:
    state = lending_state(market=ADAPTIVE)
    cold = ADAPTER.reads(asking(ADAPTIVE))
    hot = ADAPTER.reads(asking(ADAPTIVE, state))
    assert len(cold) - len(hot) == 2
    assert cold[: len(hot)] == hot


def test_decode__market_that_was_not_created__refused() -> None:
    number = int(MARKET.market_id, 16)
    answers = chain(lending_state())
    answers[AT, call_data("market(bytes32)", number)] = said(0, 0, 0, 0, 0, 0)
    answers[AT, call_data("idToMarketParams(bytes32)", number)] = said(0, 0, 0, 0, 0)
    with pytest.raises(DataError, match="has the parameters"):
        decode(MARKET, answers)
    with pytest.raises(DataError, match="was not created"):
        decode(MARKET, answers, known=lending_state())


def test_decode__rate_model_of_another_contract__refused() -> None:
    answers = chain(lending_state(market=ADAPTIVE))
    answers[CURVE, call_data("MORPHO()")] = said(OTHER)
    with pytest.raises(DataError, match="would refuse every call"):
        decode(ADAPTIVE, answers)


@pytest.mark.parametrize(
    "totals",
    [
        (1, 1, 1, 1, NOW + 1, 0),
        (1, 1, 1, 1, NOW, 25 * 10**16 + 1),
        (2**128, 1, 1, 1, NOW, 0),
        (1, 1, 1, 2**255, NOW, 0),
    ],
)
def test_decode__totals_that_cannot_be__missing(totals: tuple[int, ...]) -> None:
    answers = chain(lending_state())
    answers[AT, call_data("market(bytes32)", int(MARKET.market_id, 16))] = said(*totals)
    with pytest.raises(MissingRead, match="called in the past"):
        decode(MARKET, answers)


@pytest.mark.parametrize("bad", [Answer(False, b""), Answer(True, b""), Answer(True, bytes(31))])
def test_decode__any_answer_refused_or_short__missing(bad: Answer) -> None:
    state = lending_state(market=ADAPTIVE)
    question = asking(ADAPTIVE)
    answers = [chain(state)[each.to, each.data] for each in ADAPTER.reads(question)]
    for at in range(len(answers)):
        with pytest.raises(MissingRead):
            decoded(ADAPTER, question, [*answers[:at], bad, *answers[at + 1 :]])
    with pytest.raises(MissingRead, match="answers to"):
        decoded(ADAPTER, question, answers[:-1])


# -------------------------------------------------------------------- the contract, the oracle


def authorised(*words: int) -> Sequence[Answer]:
    return [said(word) for word in words]


def test_contract__pairs__owners_with_all_others() -> None:
    question = asking(CONTRACT)
    assert ADAPTER.reads(question) == tuple(
        Read(AT, call_data("isAuthorized(address,address)", *pair))
        for pair in [(ACTOR, FRIEND), (ACTOR, AT), (FRIEND, ACTOR), (FRIEND, AT)]
    )
    found = decoded(ADAPTER, question, authorised(0, 0, 1, 0))
    assert isinstance(found, MorphoState)
    assert found.is_authorised(FRIEND, ACTOR)
    assert not found.is_authorised(ACTOR, FRIEND)
    assert found.is_authorised(OTHER, OTHER)
    with pytest.raises(MissingRead, match="is not tracked"):
        found.is_authorised(OTHER, ACTOR)


@pytest.mark.parametrize("answers", [authorised(0, 0, 1, 2), authorised(0, 0, 1), authorised()])
def test_contract__neither_yes_nor_no__missing(answers: Sequence[Answer]) -> None:
    with pytest.raises(MissingRead, match="expected as many, of 0 or 1"):
        decoded(ADAPTER, asking(CONTRACT), answers)


def test_oracle__price__as_it_states_it() -> None:
    question = asking(FEED)
    (asked,) = ADAPTER.reads(question)
    assert asked == Read(FEED.address, call_data("price()"))
    assert ADAPTER.decode(question, [said(PRICE)]).timestamp == NOW
    with pytest.raises(MissingRead, match="reverted"):
        decoded(ADAPTER, question, [Answer(False, b"")])


# --------------------------------------------------------------------------------- parts of it


def test_narrow__fewer_accounts__as_if_only_they_were_read() -> None:
    alone = Accounts((FRIEND,), (AT,))
    state = lending_state()
    narrowed = ADAPTER.narrow(state, alone)
    assert narrowed == replace(state, positions={FRIEND: state.position(FRIEND)})
    assert ADAPTER.taken_over(state, narrowed, alone) == state
    contract = MorphoState(
        NOW,
        dict.fromkeys([(ACTOR, FRIEND), (ACTOR, AT), (FRIEND, ACTOR), (FRIEND, AT)], False),
    )
    mine = ADAPTER.narrow(contract, alone)
    assert isinstance(mine, MorphoState)
    assert list(mine.authorisations) == [(FRIEND, AT)]
    changed = mine.with_authorisation(FRIEND, AT, True)
    taken = ADAPTER.taken_over(contract, changed, alone)
    assert taken == contract.with_authorisation(FRIEND, AT, True)
