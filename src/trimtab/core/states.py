"""All markets of a moment, and the one place where a token movement is credited."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol, Self, TypeVar, cast, runtime_checkable

from trimtab.core.errors import InvariantViolation, MissingRead
from trimtab.core.market import Head, Market, MarketId, State, token_market
from trimtab.core.quantise import Timestamp
from trimtab.core.token import Address, Token

S = TypeVar("S", bound=State)


@dataclass(frozen=True, slots=True)
class Movement:
    """Base units of a token that went from one account to another.

    `spender` is who took them by the source's allowance; nobody, if the source sent them.
    """

    token: Token
    source: Address
    target: Address
    raw: int
    spender: Address | None = None


@runtime_checkable
class TokenState(State, Protocol):
    """The state of a market that owns a token's balances."""

    def move(self, movement: Movement) -> Self:
        """The state after the movement, allowance included; untracked accounts are left out."""


@dataclass(frozen=True, slots=True)
class Applied:
    """What an action did: the acting market's changed states, and the tokens it moved.

    Movements are of tokens that other markets own; `States.fold` credits them.
    """

    changed: Mapping[MarketId, State]
    movements: tuple[Movement, ...] = ()


@dataclass(frozen=True, slots=True)
class Done:
    """What a model says that a transaction, by its hash, has done at a moment."""

    transaction: str
    timestamp: Timestamp
    applied: Applied


@dataclass(frozen=True, slots=True)
class Reverted:
    """The action fails, with the very bytes that the chain returns."""

    data: bytes

    @property
    def reason(self) -> str:
        """The text of a plain `require`, or the bytes in hexadecimal; short and printable.

        A contract chooses this text, and people read it in terminals.
        """
        if self.data[:4] == _ERROR_SELECTOR and len(self.data) >= 68:
            length = min(int.from_bytes(self.data[36:68], "big"), _SHOWN)
            text = self.data[68 : 68 + length].decode("utf-8", "replace")
            return "".join(letter if letter.isprintable() else " " for letter in text)
        return "0x" + self.data[:_SHOWN].hex()


_SHOWN = 200
_ERROR_SELECTOR = bytes.fromhex("08c379a0")


def reverted(reason: str) -> Reverted:
    """The revert of `require(false, reason)`: Error(string), ABI-encoded."""
    text = reason.encode()
    padded = text + bytes(-len(text) % 32)
    body = (32).to_bytes(32, "big") + len(text).to_bytes(32, "big") + padded
    return Reverted(_ERROR_SELECTOR + body)


@dataclass(frozen=True, slots=True)
class States:
    """The states of all markets at one moment, pinned per chain to a block.

    `clock` is the chain whose blocks tick.
    """

    clock: int
    heads: Mapping[int, Head]
    markets: Mapping[MarketId, Market[State]]
    states: Mapping[MarketId, State]

    # queries

    @property
    def head(self) -> Head:
        """The block of the clock chain."""
        return self.heads[self.clock]

    @property
    def timestamp(self) -> Timestamp:
        """The moment of the clock chain's block."""
        return self.head.timestamp

    def __getitem__(self, market: Market[S]) -> S:
        return cast(S, self.state(market.id))

    def state(self, market: MarketId) -> State:
        """The state of the market with this identity.

        Raises MissingRead if it was not read.
        """
        try:
            return self.states[market]
        except KeyError:
            raise MissingRead(
                f"no state of {market} was read: add it to the mandate's markets"
            ) from None

    def market(self, market: MarketId) -> Market[State]:
        """The market with this identity. Raises MissingRead if it is not part of these states."""
        try:
            return self.markets[market]
        except KeyError:
            raise MissingRead(f"{market} is not part of these states") from None

    # transitions

    def fold(self, applied: Applied) -> States:
        """The states after `applied`, its token movements credited to the tokens' owners."""
        states = dict(self.states) | dict(applied.changed)
        for movement in applied.movements:
            owner = token_market(movement.token)
            holder = states.get(owner)
            if not isinstance(holder, TokenState):
                raise InvariantViolation(
                    "INV-1 conservation",
                    f"{movement.raw} of {movement.token.address} moved, and no market owns it",
                )
            states[owner] = holder.move(movement)
        return replace(self, states=states)

    def with_states(self, changed: Mapping[MarketId, State]) -> States:
        """These states with some of them replaced."""
        return replace(self, states=dict(self.states) | dict(changed))
