"""Drawn token actions: transfers and approvals around every bound."""

from hypothesis import strategies as st

from tests.laws.law import Draw, Port
from trimtab.core.actions import Action, Approve, Transfer
from trimtab.core.states import States
from trimtab.core.token import ZERO_ADDRESS, Address
from trimtab.protocols.erc20 import Erc20


def actions(draw: Draw, states: States, owners: tuple[Address, ...]) -> Action:
    """A transfer of nothing, some, all or one more than all; or an approval."""
    tokens = [market for market in states.markets.values() if isinstance(market, Erc20)]
    market = draw(st.sampled_from(tokens))
    actor = draw(st.sampled_from(owners))
    balance = states[market].balance(actor)
    amount = draw(
        st.one_of(
            st.sampled_from([0, 1, balance, balance + 1, 2**256 - 1]),
            st.integers(0, max(balance, 1)),
        )
    )
    target = draw(st.sampled_from((*owners, ZERO_ADDRESS)))
    if draw(st.integers(0, 3)):
        return Transfer(actor, market.id, market.token, target, amount)
    spenders = sorted({spender for _, spender in states[market].allowances})
    return Approve(
        actor, market.id, market.token, draw(st.sampled_from((*spenders, ZERO_ADDRESS))), amount
    )


PORT = Port("erc20", actions, ("Transfer", "Approve"), protocols=("erc20",))
