from dataclasses import replace

import pytest

from tests.support.desk import Desk
from trimtab.core.abi import Log
from trimtab.core.adapter import Question, adapter_of
from trimtab.core.errors import MissingRead
from trimtab.core.market import Market, MarketId, State
from trimtab.core.reading import Reading, Rounds, decode, emitters, prepared
from trimtab.core.states import States
from trimtab.lab.world import minted
from trimtab.mandate.adapters import ADAPTERS
from trimtab.protocols.chainlink import Feed


def reading(desk: Desk, known: States | None = None, logs: tuple[Log, ...] = ()) -> Reading:
    """What the machine answers now; what is hot only, where something is known."""
    head = replace(desk.start.head, timestamp=desk.next_moment)
    rounds = {
        market.id: rounds_of(desk, market, known, logs) for market in desk.book.markets.values()
    }
    return Reading(head, known is None, rounds, logs, {}, 0)


def rounds_of(
    desk: Desk, market: Market[State], known: States | None, logs: tuple[Log, ...]
) -> Rounds:
    adapter = adapter_of(ADAPTERS, market)
    earlier = known.states[market.id] if known else None
    head = replace(desk.start.head, timestamp=desk.next_moment)
    question = Question(market, desk.accounts, head, prepared(ADAPTERS, market, earlier, logs))
    rounds = []
    while asked := adapter.reads(question):
        answers = tuple(desk.machine.static(read.to, read.data) for read in asked)
        rounds.append(answers)
        state = adapter.decode(question, answers)
        question = replace(question, known=state, round=question.round + 1)
    return tuple(rounds)


def decoded(desk: Desk, seen: Reading, known: States | None = None) -> States:
    return decode(ADAPTERS, tuple(desk.book.markets.values()), desk.accounts, known, seen)


def test_decode__full_reading__the_states_that_the_contracts_have(desk: Desk) -> None:
    seen = reading(desk)
    assert decoded(desk, seen).states == desk.ahead().states


def test_decode__hot_reading_with_logs__as_a_full_one(desk: Desk) -> None:
    call = minted(desk.token("USDC").address, desk.account, 7)
    _, _, logs = desk.machine.call(desk.other, call.to, call.data)
    hot = reading(desk, desk.start, logs)
    assert decoded(desk, hot, desk.start).states == decoded(desk, reading(desk)).states


def test_decode__full_reading__nothing_known_is_used(desk: Desk) -> None:
    lies: dict[MarketId, State] = {}
    known = replace(desk.start, states=lies)
    assert decoded(desk, reading(desk), known).states == desk.ahead().states


def test_decode__market_without_answers__named_with_its_block(desk: Desk) -> None:
    seen = replace(reading(desk), rounds={})
    with pytest.raises(MissingRead, match=r"nothing was read of erc20:USDC at block \d+"):
        decoded(desk, seen)


def test_emitters__markets__each_contract_once(desk: Desk) -> None:
    markets = tuple(desk.book.markets.values())
    found = emitters(ADAPTERS, (*markets, *markets))
    assert len(found) == len(set(found))
    logging = {market for market in markets if not isinstance(market, Feed)}
    assert {market.address for market in logging} <= set(found)
    assert set(found).isdisjoint({market.address for market in set(markets) - logging})
