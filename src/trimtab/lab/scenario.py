"""What others do to the world, by a script: `rehearse --scenario FILE`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

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


class Script(Document, frozen=True, kw_only=True):
    """A scenario file."""

    events: tuple[Event, ...] = ()


@dataclass(frozen=True, slots=True)
class Cue:
    """An order of an account, in blocks `first`, `first + every`, and so on up to `last`."""

    first: int
    last: int | None
    every: int
    account: Address
    order: Order

    def falls_on(self, block: int) -> bool:
        """Whether the order is given in this block."""
        is_over = self.last is not None and block > self.last
        return block >= self.first and not is_over and (block - self.first) % self.every == 0


@dataclass(frozen=True, slots=True)
class Scenario:
    """A script with every name resolved."""

    cues: tuple[Cue, ...] = ()
    breaks: tuple[Break, ...] = ()

    def at(self, block: int) -> tuple[tuple[Address, Order], ...]:
        """Who orders what in a block, in the script's order."""
        return tuple((cue.account, cue.order) for cue in self.cues if cue.falls_on(block))

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
    cues: list[Cue] = []
    breaks: list[Break] = []
    for number, event in enumerate(script.events, 1):
        try:
            if event.price is not None:
                breaks += _breaks(event, event.price, names)
            else:
                cues.append(_cue(event, names))
        except ConfigError as error:
            raise ConfigError(f"{source}, event {number}: {error}") from None
    return Scenario(tuple(cues), tuple(breaks))


# --------------------------------------------------------------------------------- resolving


def _cue(event: Event, names: Names) -> Cue:
    if (event.action is None) == (event.call is None):
        raise ConfigError("it has not exactly one of `action`, `call` and `price`: give one")
    if event.actor is None:
        raise ConfigError("nobody acts: give an `actor`")
    if event.tip < 0:
        raise ConfigError(f"the tip is {event.tip} wei, expected 0 or more")
    account = _actor(event.actor, names)
    action = call_of(event.call) if event.call is not None else action_of(event, account, names)
    first, last = _blocks(event)
    return Cue(first, last, event.every, account, Order(action, event.tip))


def _blocks(event: Event) -> tuple[int, int | None]:
    """The first and last block, the same for a single one."""
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
    return first, last


def _breaks(event: Event, entry: PriceEntry, names: Names) -> Iterator[Break]:
    if event.action is not None or event.call is not None or event.actor is not None:
        raise ConfigError("a price breaks by itself: leave `actor`, `action` and `call` out")
    first, last = _blocks(event)
    if last is None:
        raise ConfigError("a price that breaks again and again needs an end: give `until`")
    names.book.token(entry.asset)
    if entry.factor <= 0:
        raise ConfigError(f"the factor of {entry.asset} is {entry.factor}, expected more than 0")
    for block in range(first, last + 1, event.every):
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
