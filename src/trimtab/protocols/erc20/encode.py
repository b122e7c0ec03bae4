"""Token actions as calls, and approvals as the difference of existing and required."""

from collections.abc import Mapping

from trimtab.core.abi import Call, call_data
from trimtab.core.actions import Approve, Transfer
from trimtab.core.market import token_market
from trimtab.core.token import Address, Token
from trimtab.protocols.erc20.market import Erc20State


def transfer(action: Transfer) -> Call:
    """The call of `transfer`."""
    data = call_data("transfer(address,uint256)", action.to, action.amount)
    return Call(action.token.address, data)


def approve(action: Approve) -> Call:
    """The call of `approve`."""
    data = call_data("approve(address,uint256)", action.spender, action.amount)
    return Call(action.token.address, data)


def approvals(
    owner: Address,
    required: Mapping[tuple[Token, Address], int],
    states: Mapping[Token, Erc20State],
) -> tuple[Approve, ...]:
    """The approvals that turn what exists into exactly what is required, none if they agree."""
    return tuple(
        Approve(owner, token_market(token), token, spender, raw)
        for (token, spender), raw in required.items()
        if states[token].allowance(owner, spender) != raw
    )
