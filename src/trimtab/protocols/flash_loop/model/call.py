"""A call under way: what it has done so far, to whom it calls, and to tokens.

It never outlives the call of `apply` that made it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Protocol, Self, cast

from trimtab.core.market import MarketId, State, token_market
from trimtab.core.quantise import Timestamp
from trimtab.core.states import Applied, Movement, Reverted, States
from trimtab.core.token import Address, Token
from trimtab.protocols.flash_loop import errors
from trimtab.protocols.shared import tokens
from trimtab.protocols.shared.reverts import RevertError


class _Owner(Protocol):
    """The state of the market that owns a token's balances."""

    @property
    def timestamp(self) -> Timestamp: ...

    def balance(self, account: Address) -> int: ...

    def refusal(self, movement: Movement) -> Reverted | None: ...

    def move(self, movement: Movement) -> Self: ...


@dataclass(frozen=True, slots=True)
class _Allowing:
    """A token of which a visitor lets whoever takes some take exactly that much."""

    token: _Owner
    visitor: Address

    @property
    def timestamp(self) -> Timestamp:
        """As of the token."""
        return self.token.timestamp

    def balance(self, account: Address) -> int:
        """As of the token."""
        return self.token.balance(account)

    def refusal(self, movement: Movement) -> Reverted | None:
        """As of the token, but that the visitor has allowed it."""
        return self.token.refusal(self._allowed(movement))

    def move(self, movement: Movement) -> _Allowing:
        """As of the token."""
        return replace(self, token=self.token.move(self._allowed(movement)))

    def _allowed(self, movement: Movement) -> Movement:
        return replace(movement, spender=None) if movement.source == self.visitor else movement


@dataclass(slots=True)
class CallUnderWay:
    """States as they stand within the call of a contract at an address, and what moved so far."""

    states: States
    address: Address
    movements: list[Movement] = field(default_factory=list)

    @classmethod
    def begun(cls, states: States, address: Address, used: Iterable[Token]) -> CallUnderWay:
        """A call in which the contract approves exactly what others take of these tokens."""
        allowing: dict[MarketId, State] = {}
        for token in used:
            owner = token_market(token)
            allowing[owner] = _Allowing(cast(_Owner, states.state(owner)), address)
        return cls(states.with_states(allowing), address)

    def did(self, applied: Applied) -> None:
        """Take over what a contract did."""
        self.states = self.states.fold(applied)
        self.movements += applied.movements

    def send(self, token: Token, to: Address, amount: int) -> None:
        """Send tokens of the contract, which may be refused."""
        sent = tokens.send(self.states, token, self.address, to, amount)
        if isinstance(sent, Reverted):
            raise errors.refused(token)
        self.did(Applied({}, (sent,)))

    def give(self, token: Token, to: Address) -> None:
        """Send whatever the contract has of a token."""
        left = tokens.balances(self.states, token).balance(self.address)
        if left:
            self.send(token, to, left)

    def applied(self, changed: Iterable[MarketId]) -> Applied:
        """All that was done, these markets changed by it."""
        kept = {market: self.states.state(market) for market in changed}
        return Applied(kept, tuple(self.movements))


def ordered(order: Applied | Reverted, token: Token) -> Applied:
    """What an order to a token did. Raises its refusal in the contract's own words."""
    if isinstance(order, Reverted):
        raise errors.refused(token)
    return order


def succeeded(outcome: Applied | Reverted) -> Applied:
    """What a contract did that was called. Raises what it reverts with."""
    if isinstance(outcome, Reverted):
        raise RevertError(outcome)
    return outcome
