"""What others do to the world, by a script: `rehearse --scenario FILE`."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

import msgspec

from trimtab.core.abi import Call
from trimtab.core.actions import Action, Borrow, Repay, Supply, Swap, Transfer, Withdraw
from trimtab.core.errors import ConfigError
from trimtab.core.market import Market, State, token_market
from trimtab.core.quantise import Timestamp
from trimtab.core.token import Address, Token, address
from trimtab.lab.agents.scene import GWEI, Order
from trimtab.lab.prices import Break
from trimtab.mandate import AddressBook
from trimtab.mandate.document import Document
from trimtab.mandate.parse import parse_document
from trimtab.protocols.uniswap_v3 import Pool

FOREVER = Timestamp(2**40)
"""A deadline that never passes."""

Verb = Literal["transfer", "supply", "withdraw", "borrow", "repay", "swap"]


class CallEntry(Document, frozen=True, kw_only=True):
    """A call as it is: a contract's address, data in hexadecimal, wei."""

    to: str
    data: str = "0x"
    value: int = 0


class PriceEntry(Document, frozen=True, kw_only=True):
    """A break of the outside price: from then on the asset's price times the factor."""

    asset: str
    factor: Fraction


class Event(Document, frozen=True, kw_only=True):
    """One event; it has exactly one of `action`, `call` and `price`."""

    block: int | None = None
    """The conducted block in which it happens; the first is 1."""
    first: int | None = msgspec.field(name="from", default=None)
    """Instead of `block`: the first of many blocks."""
    until: int | None = None
    """The last that it may happen in; without it there is no end."""
    every: int = 1
    """Blocks from one time to the next."""
    actor: str | int | None = None
    """Who acts: an agent's name, or the number of an account of the world, from 0."""
    action: Verb | None = None
    token: str | None = None
    amount: Fraction | None = None
    """Whole tokens, such as 12.5 or "12.5"."""
    raw: int | None = None
    """Instead of `amount`: base units."""
    to: str | None = None
    """Who gets it, or on whose behalf: `manager`, an agent's name or an address; else the actor."""
    market: str | None = None
    """The pool that a swap goes through, such as `uniswap_v3:WETH/USDC/500`."""
    call: CallEntry | None = None
    price: PriceEntry | None = None
    tip: int = GWEI
    """Wei per gas."""


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
                token, raw = _payment(order.action)
                if token is not None:
                    of_account = paid.setdefault(account, {})
                    of_account[token] = of_account.get(token, 0) + raw
        return paid


@dataclass(frozen=True, slots=True)
class Names:
    """What a script may name: the world's markets, its accounts by number and by name."""

    book: AddressBook
    accounts: tuple[Address, ...]
    named: Mapping[str, Address] = field(default_factory=dict)


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
    action = _call(event.call) if event.call is not None else _action(event, account, names)
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
    account = _named(actor, names)
    if account not in names.accounts:
        raise ConfigError(f"`{actor}` signs for itself and cannot be made to act: name an agent")
    return account


def _named(name: str, names: Names) -> Address:
    if name in names.named:
        return names.named[name]
    near = difflib.get_close_matches(name, names.named, n=1)
    hint = f"did you mean `{near[0]}`?" if near else f"known: {', '.join(names.named)}"
    raise ConfigError(f"there is no account `{name}`; {hint}")


def _action(event: Event, actor: Address, names: Names) -> Action:
    if event.token is None:
        raise ConfigError(f"a {event.action} needs a `token`")
    token = names.book.token(event.token)
    raw = _raw(event, token)
    target = None if event.to is None else _target(event.to, names)
    lender = names.book.market("aave_v3").id
    match event.action:
        case "transfer":
            if target is None:
                raise ConfigError("a transfer needs a `to`")
            return Transfer(actor, token_market(token), token, target, raw)
        case "supply":
            return Supply(actor, lender, token, raw, target or actor)
        case "withdraw":
            return Withdraw(actor, lender, token, raw, target or actor)
        case "borrow":
            if target is not None:
                raise ConfigError("a borrow is for the actor itself: leave `to` out")
            return Borrow(actor, lender, token, raw)
        case "repay":
            return Repay(actor, lender, token, raw, target or actor)
        case _:
            return _swap(event, names, actor, token, raw, target or actor)


def _swap(
    event: Event, names: Names, actor: Address, token: Token, raw: int, recipient: Address
) -> Swap:
    if event.market is None:
        raise ConfigError("a swap needs a `market`, such as uniswap_v3:WETH/USDC/500")
    pool: Market[State] = names.book.market(event.market)
    if not isinstance(pool, Pool) or token not in (pool.token0, pool.token1):
        raise ConfigError(f"{event.market} is no pool that trades {token}")
    bought = pool.token1 if token == pool.token0 else pool.token0
    return Swap(actor, pool.id, token, bought, raw, 0, FOREVER, recipient)


def _raw(event: Event, token: Token) -> int:
    if (event.amount is None) == (event.raw is None):
        raise ConfigError(f"a {event.action} needs either an `amount` of tokens or `raw` units")
    exact = event.amount * token.unit if event.amount is not None else Fraction(event.raw or 0)
    if exact.denominator != 1:
        raise ConfigError(
            f"{token} has {token.decimals} decimals, and the amount has more: round it"
        )
    if exact <= 0:
        raise ConfigError(f"the amount of {token} is {exact} base units, expected more than 0")
    return int(exact)


def _target(to: str, names: Names) -> Address:
    return address(to) if to.startswith("0x") else _named(to, names)


def _call(entry: CallEntry) -> Call:
    digits = entry.data.removeprefix("0x")
    try:
        data = bytes.fromhex(digits)
    except ValueError:
        raise ConfigError(f"the data {entry.data!r} is not hexadecimal") from None
    if entry.value < 0:
        raise ConfigError(f"the value is {entry.value} wei, expected 0 or more")
    return Call(address(entry.to), data, entry.value)


def _payment(action: Action | Call) -> tuple[Token | None, int]:
    match action:
        case Transfer(token=token, amount=raw) | Supply(token=token, amount=raw):
            return token, raw
        case Repay(token=token, amount=int(raw)):
            return token, raw
        case Swap(token_in=token, amount_in=raw):
            return token, raw
        case _:
            return None, 0
