"""What a script of others may say, event by event, and the actions that it comes to."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

import msgspec

from trimtab.core.abi import Call
from trimtab.core.actions import (
    Action,
    Borrow,
    Repay,
    Supply,
    Swap,
    SwapExactOut,
    Transfer,
    Withdraw,
)
from trimtab.core.errors import ConfigError
from trimtab.core.market import Market, State, token_market
from trimtab.core.quantise import Timestamp
from trimtab.core.token import Address, Token, address
from trimtab.lab.agents.scene import GWEI
from trimtab.mandate import AddressBook
from trimtab.mandate.document import Document
from trimtab.protocols.uniswap_v3 import Pool

FOREVER = Timestamp(2**40)
"""A deadline that never passes."""

Verb = Literal["transfer", "supply", "withdraw", "borrow", "repay", "swap", "buy"]


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
    """One event; it has exactly one of `action`, `call`, `price`, `base_fee` and `silent`."""

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
    most: Fraction | None = None
    """What a `buy` pays at most, in whole tokens of the pool's other one."""
    call: CallEntry | None = None
    price: PriceEntry | None = None
    base_fee: Fraction | None = None
    """From then on base fees move around so many times their level until then."""
    silent: str | None = None
    """An agent that does nothing in these blocks."""
    tip: int = GWEI
    """Wei per gas."""


@dataclass(frozen=True, slots=True)
class Names:
    """What a script may name: the world's markets, its accounts by number and by name."""

    book: AddressBook
    accounts: tuple[Address, ...]
    named: Mapping[str, Address] = field(default_factory=dict)


# --------------------------------------------------------------------------------- resolving


def action_of(event: Event, actor: Address, names: Names) -> Action:
    """The action of an event. Raises ConfigError for what it leaves open or cannot be."""
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
            return Borrow(actor, lender, token, raw, actor)
        case "repay":
            return Repay(actor, lender, token, raw, target or actor)
        case "buy":
            return _buy(event, names, actor, token, raw, target or actor)
        case _:
            pool, bought = _pool(event, names, token)
            recipient = target or actor
            return Swap(actor, pool.id, token, bought, raw, 0, FOREVER, recipient)


def _buy(
    event: Event, names: Names, actor: Address, token: Token, raw: int, recipient: Address
) -> SwapExactOut:
    pool, paid = _pool(event, names, token)
    if event.most is None:
        raise ConfigError(f"a buy needs `most`, what it pays at most in {paid}")
    most = _exact(event.most, paid)
    return SwapExactOut(actor, pool.id, paid, token, raw, most, FOREVER, recipient)


def _pool(event: Event, names: Names, token: Token) -> tuple[Pool, Token]:
    """The pool that an event names, and its token other than this."""
    if event.market is None:
        raise ConfigError(f"a {event.action} needs a `market`, such as uniswap_v3:WETH/USDC/500")
    pool: Market[State] = names.book.market(event.market)
    if not isinstance(pool, Pool) or token not in (pool.token0, pool.token1):
        raise ConfigError(f"{event.market} is no pool that trades {token}")
    return pool, pool.token1 if token == pool.token0 else pool.token0


def _raw(event: Event, token: Token) -> int:
    if (event.amount is None) == (event.raw is None):
        raise ConfigError(f"a {event.action} needs either an `amount` of tokens or `raw` units")
    if event.amount is not None:
        return _exact(event.amount, token)
    if not event.raw or event.raw < 0:
        raise ConfigError(f"the amount of {token} is {event.raw} base units, expected more than 0")
    return event.raw


def _exact(amount: Fraction, token: Token) -> int:
    """Whole tokens in base units."""
    exact = amount * token.unit
    if exact.denominator != 1:
        raise ConfigError(
            f"{token} has {token.decimals} decimals, and the amount has more: round it"
        )
    if exact <= 0:
        raise ConfigError(f"the amount of {token} is {exact} base units, expected more than 0")
    return int(exact)


def _target(to: str, names: Names) -> Address:
    return address(to) if to.startswith("0x") else account_named(to, names)


def call_of(entry: CallEntry) -> Call:
    """The call of an entry. Raises ConfigError for what is no call."""
    digits = entry.data.removeprefix("0x")
    try:
        data = bytes.fromhex(digits)
    except ValueError:
        raise ConfigError(f"the data {entry.data!r} is not hexadecimal") from None
    if entry.value < 0:
        raise ConfigError(f"the value is {entry.value} wei, expected 0 or more")
    return Call(address(entry.to), data, entry.value)


def payment_of(action: Action | Call) -> tuple[Token | None, int]:
    """The token that an action takes from its actor, and how much of it at most."""
    match action:
        case Transfer(token=token, amount=raw) | Supply(token=token, amount=raw):
            return token, raw
        case Repay(token=token, amount=int(raw)):
            return token, raw
        case Swap(token_in=token, amount_in=raw) | SwapExactOut(token_in=token, max_in=raw):
            return token, raw
        case _:
            return None, 0


def account_named(name: str, names: Names) -> Address:
    """The account of this name. Raises ConfigError with the nearest."""
    if name in names.named:
        return names.named[name]
    near = difflib.get_close_matches(name, names.named, n=1)
    hint = f"did you mean `{near[0]}`?" if near else f"known: {', '.join(names.named)}"
    raise ConfigError(f"there is no account `{name}`; {hint}")
