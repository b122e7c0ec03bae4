"""Token actions as calls, and approvals as the difference of existing and required."""

from collections.abc import Mapping
from typing import Protocol

from trimtab.core.abi import Call, call_data
from trimtab.core.actions import Approve, Transfer
from trimtab.core.market import token_market
from trimtab.core.token import Address, Token


def transfer(action: Transfer) -> Call:
    """The call of `transfer`."""
    data = call_data("transfer(address,uint256)", action.to, action.amount)
    return Call(action.token.address, data)


def approve(action: Approve) -> Call:
    """The call of `approve`."""
    data = call_data("approve(address,uint256)", action.spender, action.amount)
    return Call(action.token.address, data)


class Allowing(Protocol):
    """The state of a token that says what it lets others take."""

    def allowance(self, owner: Address, spender: Address) -> int:
        """Base units of `owner` that `spender` may take."""


def approvals(
    owner: Address,
    required: Mapping[tuple[Token, Address], int],
    states: Mapping[Token, Allowing],
) -> tuple[Approve, ...]:
    """The approvals that turn what exists into exactly what is required, none if they agree."""
    return tuple(
        Approve(owner, token_market(token), token, spender, raw)
        for (token, spender), raw in required.items()
        if states[token].allowance(owner, spender) != raw
    )
