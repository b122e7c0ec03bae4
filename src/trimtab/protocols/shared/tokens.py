"""Taking and sending tokens inside another protocol's call, through the token's own state."""

from typing import Protocol, cast

from trimtab.core.market import token_market
from trimtab.core.states import Movement, Reverted, States
from trimtab.core.token import Address, Token


class TokenBalances(Protocol):
    """What other protocols ask of a token's state."""

    def balance(self, account: Address) -> int:
        """Base units that a tracked account has."""

    def refusal(self, movement: Movement) -> Reverted | None:
        """The token's own revert of this movement, or none if it goes through."""


def balances(states: States, token: Token) -> TokenBalances:
    """The state of the market that owns a token's balances. Raises MissingRead without it."""
    return cast(TokenBalances, states.state(token_market(token)))


def take(
    states: States, token: Token, owner: Address, spender: Address, target: Address, raw: int
) -> Movement | Reverted:
    """`spender` calls transferFrom: the movement, or the token's own revert."""
    movement = Movement(token, owner, target, raw, spender)
    return balances(states, token).refusal(movement) or movement


def send(
    states: States, token: Token, source: Address, target: Address, raw: int
) -> Movement | Reverted:
    """`source` calls transfer: the movement, or the token's own revert."""
    movement = Movement(token, source, target, raw)
    return balances(states, token).refusal(movement) or movement
