from typing import ClassVar

import pytest

from tests.support.desk import Desk
from trimtab.core.actions import Transfer
from trimtab.core.adapter import accrue, adapter_of, encode, holdings, walk
from trimtab.core.errors import ConfigError
from trimtab.core.market import Market, State, token_market
from trimtab.core.quantise import Timestamp
from trimtab.core.states import Reverted
from trimtab.core.token import ZERO_ADDRESS
from trimtab.mandate.adapters import ADAPTERS


class Vault(Market[State]):
    """A protocol that nobody has taught us."""

    protocol: ClassVar[str] = "vaults"


def transfer(desk: Desk, amount: int) -> Transfer:
    token = desk.token("USDC")
    return Transfer(desk.account, token_market(token), token, desk.other, amount)


def test_adapter_of__unknown_protocol__names_the_known() -> None:
    with pytest.raises(ConfigError, match=r"no adapter .* known: aave_v3, aave_v36, balancer"):
        adapter_of(ADAPTERS, Vault(1, ZERO_ADDRESS, "a vault"))


def test_accrue__all_markets__stand_at_the_moment_and_heads_stay(desk: Desk) -> None:
    moment = Timestamp(desk.start.timestamp + 77)
    moved = accrue(ADAPTERS, desk.start, moment)
    assert {state.timestamp for state in moved.states.values()} == {moment}
    assert moved.heads == desk.start.heads


def test_walk__actions_in_turn__each_stands_on_the_one_before(desk: Desk) -> None:
    desk.give("USDC", 10)
    outcome = walk(ADAPTERS, desk.states(), (transfer(desk, 4), transfer(desk, 6)))
    assert not isinstance(outcome, Reverted)
    assert outcome[0][desk.book.market("erc20:USDC")].balance(desk.other) == 10


def test_walk__one_reverts__nothing_but_its_revert(desk: Desk) -> None:
    desk.give("USDC", 10)
    outcome = walk(ADAPTERS, desk.states(), (transfer(desk, 4), transfer(desk, 7)))
    assert isinstance(outcome, Reverted)
    assert outcome.reason == "ERC20: transfer amount exceeds balance"


def test_encode__actions__one_call_each_in_order(desk: Desk) -> None:
    calls = encode(ADAPTERS, desk.start, (transfer(desk, 4), transfer(desk, 6)))
    assert [int.from_bytes(call.data[-32:], "big") for call in calls] == [4, 6]


def test_holdings__wallet_and_lender__each_in_its_place(desk: Desk) -> None:
    desk.give("USDC", 10)
    desk.lend("WETH", 10**18)
    held = {each.place: each.raw for each in holdings(ADAPTERS, desk.states(), desk.account)}
    assert held == {desk.place("USDC"): 10, desk.place("aave_v3:WETH"): 10**18}
