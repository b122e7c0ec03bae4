"""What plans ask of the markets that lend."""

from trimtab.core.market import Market, State
from trimtab.core.states import States
from trimtab.core.token import Address, Token
from trimtab.protocols.aave_v3 import LendingPool
from trimtab.protocols.aave_v3.model.account import debt_balance


def owed(states: States, lender: Market[State], account: Address, token: Token) -> int:
    """Base units of a token that the account owes at a lender now."""
    assert isinstance(lender, LendingPool), f"{lender.name} lends nothing"
    state = states[lender]
    return debt_balance(state.account(account), state.reserve(token), state.timestamp)
