"""What others do to the world, by a script: `rehearse --scenario FILE`."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

from trimtab.core.errors import ConfigError
from trimtab.core.token import Address, Token
from trimtab.lab.agents.scene import Order
from trimtab.lab.prices import Break
from trimtab.lab.scenario_events import (
    Event,
    Names,
    PriceEntry,
    account_named,
    action_of,
    call_of,
    payment_of,
)
from trimtab.mandate.document import Document
from trimtab.mandate.parse import parse_document
from trimtab.protocols.staking import StakingPool


class Script(Document, frozen=True, kw_only=True):
    """A scenario file."""

    events: tuple[Event, ...] = ()


@dataclass(frozen=True, slots=True)
class Times:
    """Blocks `first`, `first + every`, and so on up to `last`."""

    first: int
    last: int | None
    every: int

    def __contains__(self, block: int) -> bool:
        is_over = self.last is not None and block > self.last
        return block >= self.first and not is_over and (block - self.first) % self.every == 0


@dataclass(frozen=True, slots=True)
class Cue:
    """An order of an account, at its times."""

    times: Times
    account: Address
    order: Order


@dataclass(frozen=True, slots=True)
class Silence:
    """At these times an agent, by its name, does nothing."""

    times: Times
    agent: str


@dataclass(frozen=True, slots=True)
class FeeBreak:
    """From a block on, base fees move around so many times the level that they had."""

    block: int
    factor: Fraction


@dataclass(frozen=True, slots=True)
class Scenario:
    """A script with every name resolved."""

    cues: tuple[Cue, ...] = ()
    breaks: tuple[Break, ...] = ()
    fees: tuple[FeeBreak, ...] = ()
    silences: tuple[Silence, ...] = ()

    def at(self, block: int) -> tuple[tuple[Address, Order], ...]:
        """Who orders what in a block, in the script's order."""
        return tuple((cue.account, cue.order) for cue in self.cues if block in cue.times)

    def is_silent(self, agent: str, block: int) -> bool:
        """Whether an agent does nothing in a block."""
        return any(each.agent == agent and block in each.times for each in self.silences)

    def base_fee(self, block: int, drawn: Callable[[Fraction], int]) -> int:
        """What gas costs in a block, where fees move around the level times all factors so far."""
        past = (each.factor for each in self.fees if each.block <= block)
        return drawn(math.prod(past, start=Fraction(1)))

    def payments(self, blocks: int) -> dict[Address, dict[Token, int]]:
        """The base units that each account pays out within so many blocks, if all goes well."""
        paid: dict[Address, dict[Token, int]] = {}
        for block in range(1, blocks + 1):
            for account, order in self.at(block):
                token, raw = payment_of(order.action)
                if token is not None:
                    of_account = paid.setdefault(account, {})
                    of_account[token] = of_account.get(token, 0) + raw
        return paid


def parse_script(text: str, source: str) -> Script:
    """The script that a TOML text states. Raises ConfigError naming `source` and the mistake."""
    return parse_document(text, source, Script)


def resolve(script: Script, names: Names, source: str) -> Scenario:
    """The scenario of a script in this world.

    Raises ConfigError, with the event's number, where it names what there is not or leaves open
    what is needed.
    """
    scenario = Scenario()
    for number, event in enumerate(script.events, 1):
        try:
            scenario = _with(scenario, event, names)
        except ConfigError as error:
            raise ConfigError(f"{source}, event {number}: {error}") from None
    return scenario


# --------------------------------------------------------------------------------- resolving


_KINDS = ("action", "call", "price", "base_fee", "silent")


def _with(scenario: Scenario, event: Event, names: Names) -> Scenario:
    """The scenario and one event more."""
    if sum(getattr(event, kind) is not None for kind in _KINDS) != 1:
        raise ConfigError(
            "it has not exactly one of `action`, `call`, `price`, `base_fee` and `silent`: give one"
        )
    if event.price is not None:
        breaks = tuple(_breaks(event, event.price, names))
        return replace(scenario, breaks=(*scenario.breaks, *breaks))
    if event.base_fee is not None:
        return replace(scenario, fees=(*scenario.fees, _fee_break(event, event.base_fee)))
    if event.silent is not None:
        silence = _silence(event, event.silent, names)
        return replace(scenario, silences=(*scenario.silences, silence))
    return replace(scenario, cues=(*scenario.cues, _cue(event, names)))


def _fee_break(event: Event, factor: Fraction) -> FeeBreak:
    times = _times(event)
    if event.actor is not None or times.last != times.first:
        raise ConfigError("base fees rise by themselves and once: give `block` and no `actor`")
    if factor <= 0:
        raise ConfigError(f"the factor of base fees is {factor}, expected more than 0")
    return FeeBreak(times.first, factor)


def _silence(event: Event, agent: str, names: Names) -> Silence:
    if event.actor is not None:
        raise ConfigError(f"`silent` names who does nothing, {agent}: leave `actor` out")
    account_named(agent, names)
    if agent == "manager":
        raise ConfigError("`manager` acts as its mandate says and cannot be silenced")
    return Silence(_times(event), agent)


def _cue(event: Event, names: Names) -> Cue:
    if event.actor is None:
        raise ConfigError("nobody acts: give an `actor`")
    if event.tip < 0:
        raise ConfigError(f"the tip is {event.tip} wei, expected 0 or more")
    account = _actor(event.actor, names)
    action = call_of(event.call) if event.call is not None else action_of(event, account, names)
    return Cue(_times(event), account, Order(action, event.tip))


def _times(event: Event) -> Times:
    """When an event happens; first and last are the same for a single block."""
    if (event.block is None) == (event.first is None):
        raise ConfigError("give either `block`, or `from` with `until` and `every` at will")
    if event.block is not None and (event.until is not None or event.every != 1):
        raise ConfigError("`until` and `every` go with `from`, not with `block`")
    first = event.block if event.block is not None else event.first
    last = event.block if event.block is not None else event.until
    assert first is not None, "one of both was given"
    if first < 1 or event.every < 1:
        raise ConfigError(f"blocks are {first} and every {event.every}: both begin at 1")
    if last is not None and last < first:
        raise ConfigError(f"it ends at block {last}, before it begins at block {first}")
    return Times(first, last, event.every)


def _breaks(event: Event, entry: PriceEntry, names: Names) -> Iterator[Break]:
    if event.actor is not None:
        raise ConfigError("a price breaks by itself: leave `actor` out")
    times = _times(event)
    if times.last is None:
        raise ConfigError("a price that breaks again and again needs an end: give `until`")
    stakes = (each for each in names.book.markets.values() if isinstance(each, StakingPool))
    if entry.asset not in {stake.symbol for stake in stakes}:
        names.book.token(entry.asset)
    if entry.factor <= 0:
        raise ConfigError(f"the factor of {entry.asset} is {entry.factor}, expected more than 0")
    for block in range(times.first, times.last + 1, times.every):
        yield Break(block, entry.asset, entry.factor)


def _actor(actor: str | int, names: Names) -> Address:
    if isinstance(actor, int):
        if not 0 <= actor < len(names.accounts):
            raise ConfigError(
                f"there is no account {actor}: expected 0 to {len(names.accounts) - 1}"
            )
        return names.accounts[actor]
    account = account_named(actor, names)
    if account not in names.accounts:
        raise ConfigError(f"`{actor}` signs for itself and cannot be made to act: name an agent")
    return account
