"""The port of a protocol, and how states are moved through many of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Generic, Protocol, TypeVar, cast, runtime_checkable

from trimtab.core.abi import Answer, Call, Log, Read
from trimtab.core.actions import Action
from trimtab.core.errors import ConfigError, MissingRead
from trimtab.core.market import Accounts, Audit, Head, Holding, Market, State
from trimtab.core.quantise import Timestamp
from trimtab.core.states import Applied, Reverted, States
from trimtab.core.token import Address

S = TypeVar("S", bound=State)


@dataclass(frozen=True, slots=True)
class Question(Generic[S]):
    """What is asked of the chain about one market at one block.

    `round` 0 asks for what changes every block (everything, where nothing is `known`); later
    rounds ask for what `known`, by then this block's state so far, says is still missing.
    """

    market: Market[S]
    accounts: Accounts
    head: Head
    known: S | None = None
    round: int = 0


class Adapter(Protocol[S]):
    """A protocol, twice: as the chain runs it and as we model it.

    The adapter law (INV-5): for every sequence of moments, actors and actions, the decoded
    chain equals the folded `accrue` and `apply`, states and movements, to the last unit, and a
    revert is equal in its return data.
    """

    def reads(self, question: Question[S]) -> tuple[Read, ...]:
        """The reads of this round; none when the state is whole."""

    def decode(self, question: Question[S], answers: Sequence[Answer]) -> S:
        """The state that the round's answers give, on top of what is known.

        Raises MissingRead for an answer that is absent, short or refused.
        """

    def accrue(self, state: S, at: Timestamp) -> S:
        """The state with its clock moved on, and nothing else."""

    def apply(self, states: States, action: Action) -> Applied | Reverted:
        """What the action does to the states, which stand at one moment, by the model."""

    def observe(self, state: S, log: Log) -> S:
        """The state after what a log of this market's contracts tells."""

    def encode(self, states: States, action: Action) -> tuple[Call, ...]:
        """The calls that perform the action, without approvals."""

    def holdings(self, states: States, market: Market[S], account: Address) -> tuple[Holding, ...]:
        """What an account has and owes in a market; places that are empty are left out."""

    def emitters(self, market: Market[S]) -> tuple[Address, ...]:
        """The contracts whose logs `observe` understands."""

    def audits(self, market: Market[S], state: S | None, account: Address) -> tuple[Audit, ...]:
        """What to ask for each place in which the account may have or owe something.

        The state, where one is known, tells which places there are. They are asked apart from
        `reads`, so that the book is compared with the chain's own sums and not with our decoding
        of them.
        """

    def narrow(self, state: S, accounts: Accounts) -> S:
        """The state as it is decoded where only these accounts, a part of its own, are tracked."""

    def taken_over(self, state: S, owned: S, accounts: Accounts) -> S:
        """The state in which the owners among `accounts` have what they have in `owned`."""


@runtime_checkable
class Follower(Protocol[S]):
    """An adapter that also folds long runs of logs at once, by kernels."""

    def observe_all(self, state: S, told: Sequence[Log]) -> S:
        """The state that `observe` gives for one log after the other."""


Adapters = Mapping[str, Adapter[State]]
"""Adapters by the name of their protocol."""


def adapter_of(adapters: Adapters, market: Market[State]) -> Adapter[State]:
    """The adapter of a market's protocol. Raises ConfigError if there is none."""
    try:
        return adapters[market.protocol]
    except KeyError:
        known = ", ".join(sorted(adapters))
        raise ConfigError(
            f"no adapter for the protocol {market.protocol!r} of {market.name}; known: {known}"
        ) from None


NONSENSE = (ArithmeticError, LookupError, ValueError)
"""What decoding raises for answers that no such contract gives."""


def decoded(adapter: Adapter[S], question: Question[S], answers: Sequence[Answer]) -> S:
    """The state that answers give.

    Raises MissingRead, naming the market, for answers that make no sense: all of them come from
    outside and are hostile until checked.
    """
    try:
        return adapter.decode(question, answers)
    except NONSENSE as error:
        raise MissingRead(
            f"what {question.market.name} answers at block {question.head.number} makes no sense "
            f"({error}): is the address the contract it should be?"
        ) from error


def observed(adapter: Adapter[S], market: Market[S], state: S, log: Log) -> S:
    """The state after a log. Raises MissingRead, naming the market, for one that makes no sense."""
    try:
        return adapter.observe(state, log)
    except NONSENSE as error:
        raise MissingRead(
            f"log {log.index} of block {log.block}, by {market.name}, makes no sense ({error}): "
            "is the address the contract it should be?"
        ) from error


LONG_RUN = 1 << 16
"""From how many logs on a kernel folds them: to load it takes as long as the model for fewer."""


def followed(adapter: Adapter[S], market: Market[S], state: S, logs: Sequence[Log]) -> S:
    """The state after logs in turn. Raises MissingRead, naming the first that makes no sense."""
    if len(logs) >= LONG_RUN and isinstance(adapter, Follower):
        try:
            return cast("Follower[S]", adapter).observe_all(state, logs)
        except NONSENSE:  # the model comes to it too, and names it
            return _in_turn(adapter, market, state, logs)
    return _in_turn(adapter, market, state, logs)


def _in_turn(adapter: Adapter[S], market: Market[S], state: S, logs: Sequence[Log]) -> S:
    for log in logs:
        state = observed(adapter, market, state, log)
    return state


def accrue(adapters: Adapters, states: States, at: Timestamp) -> States:
    """All states moved on to `at`; the heads stay what was read."""
    moved = {
        market_id: adapter_of(adapters, states.market(market_id)).accrue(state, at)
        for market_id, state in states.states.items()
    }
    return replace(states, states=moved)


def apply(adapters: Adapters, states: States, action: Action) -> Applied | Reverted:
    """What the action does, by the model of the market it names; nothing is folded yet."""
    return adapter_of(adapters, states.market(action.market)).apply(states, action)


def walk(
    adapters: Adapters, states: States, actions: Iterable[Action]
) -> tuple[States, tuple[Applied, ...]] | Reverted:
    """The states after all actions in turn and what each did, or the first revert."""
    done: list[Applied] = []
    for action in actions:
        outcome = apply(adapters, states, action)
        if isinstance(outcome, Reverted):
            return outcome
        states = states.fold(outcome)
        done.append(outcome)
    return states, tuple(done)


def encode(adapters: Adapters, states: States, actions: Iterable[Action]) -> tuple[Call, ...]:
    """The calls of all actions, in order."""
    return tuple(
        call
        for action in actions
        for call in adapter_of(adapters, states.market(action.market)).encode(states, action)
    )


def narrow(
    adapters: Adapters, states: States, markets: Iterable[Market[State]], accounts: Accounts
) -> States:
    """These markets' states as they are read where only these accounts are tracked."""
    kept = {market.id: market for market in markets}
    narrowed = {
        market_id: adapter_of(adapters, market).narrow(states.state(market_id), accounts)
        for market_id, market in kept.items()
    }
    return replace(states, markets=kept, states=narrowed)


def holdings(adapters: Adapters, states: States, account: Address) -> tuple[Holding, ...]:
    """What an account has and owes in every market, in the markets' order."""
    return tuple(
        holding
        for market in states.markets.values()
        for holding in adapter_of(adapters, market).holdings(states, market, account)
    )
