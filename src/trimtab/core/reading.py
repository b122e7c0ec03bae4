"""What the chain answered for one tick, and the states that it decodes to: nothing is lost."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from trimtab.core.abi import Answer, Log
from trimtab.core.adapter import Adapters, Question, adapter_of, decoded, followed
from trimtab.core.errors import MissingRead
from trimtab.core.market import Accounts, Head, Market, MarketId, Place, State
from trimtab.core.states import Done, States
from trimtab.core.token import Address

Rounds = tuple[tuple[Answer, ...], ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """Raw answers pinned to one block; decoding them again gives the same states.

    `logs` are those of the markets' contracts after the previous reading up to this block, in
    order. `audit` holds, per place of the account, the balance that the chain itself states.
    `full` tells that nothing known before was used.
    """

    head: Head
    full: bool
    rounds: Mapping[MarketId, Rounds]
    logs: tuple[Log, ...]
    audit: Mapping[Place, int]
    base_fee: int


@dataclass(frozen=True, slots=True)
class Observation:
    """A reading with its states.

    `age` is how many seconds the block lies behind the newest that was known when it was read.
    `done` is what happened since the previous reading where models and not logs tell it.
    """

    states: States
    reading: Reading
    age: int = 0
    done: tuple[Done, ...] | None = None

    @property
    def events(self) -> tuple[Log | Done, ...]:
        """What happened since the previous reading, in order."""
        return self.reading.logs if self.done is None else self.done


def prepared(
    adapters: Adapters, market: Market[State], known: State | None, logs: tuple[Log, ...]
) -> State | None:
    """What is known of a market before its reads: the earlier state, its logs folded in."""
    if known is None:
        return None
    adapter = adapter_of(adapters, market)
    emitters = frozenset(adapter.emitters(market))
    return followed(adapter, market, known, [log for log in logs if log.address in emitters])


def decode(
    adapters: Adapters,
    markets: tuple[Market[State], ...],
    accounts: Accounts,
    known: States | None,
    reading: Reading,
) -> States:
    """The states that a reading gives, on top of what was known before unless it is full.

    Raises MissingRead where the reading lacks answers for a market.
    """
    states: dict[MarketId, State] = {}
    for market in markets:
        adapter = adapter_of(adapters, market)
        earlier = None if reading.full or known is None else known.states.get(market.id)
        state = prepared(adapters, market, earlier, reading.logs)
        question = Question(market, accounts, reading.head, state)
        for number, answers in enumerate(reading.rounds.get(market.id, ())):
            question = replace(question, known=state, round=number)
            state = decoded(adapter, question, answers)
        if state is None:
            raise MissingRead(f"nothing was read of {market.name} at block {reading.head.number}")
        states[market.id] = state
    chain = reading.head.chain
    identities = {market.id: market for market in markets}
    return States(chain, {chain: reading.head}, identities, states)


def emitters(adapters: Adapters, markets: tuple[Market[State], ...]) -> tuple[Address, ...]:
    """Every contract whose logs some market understands, each once, in order."""
    return tuple(
        dict.fromkeys(
            emitter
            for market in markets
            for emitter in adapter_of(adapters, market).emitters(market)
        )
    )
