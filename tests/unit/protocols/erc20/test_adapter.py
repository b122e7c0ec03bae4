from dataclasses import replace

import pytest

from trimtab.core.abi import Log, topic, word
from trimtab.core.quantise import Timestamp
from trimtab.core.token import ZERO_ADDRESS, Address, Token
from trimtab.protocols.erc20 import Erc20Adapter, Erc20State

NOW = Timestamp(1_700_000_000)
TRANSFER = topic("Transfer(address,address,uint256)")
APPROVAL = topic("Approval(address,address,uint256)")


def account(digit: str) -> Address:
    return Address("0x" + digit * 40)


FIRST, SECOND, STRANGER, SPENDER = (account(digit) for digit in "1234")
TOKEN = Token(1, account("9"), 6, "USDC")
STATE = Erc20State(NOW, TOKEN, {FIRST: 50, SECOND: 7}, {(FIRST, SPENDER): 20})


def log(kind: bytes, source: Address, target: Address, value: int) -> Log:
    topics = (kind, word(source), word(target))
    return Log(TOKEN.address, topics, word(value), 1, NOW, "0x1", 0)


@pytest.mark.parametrize(
    "source, target, balances",
    [
        (FIRST, SECOND, {FIRST: 39, SECOND: 18}),
        (FIRST, FIRST, {FIRST: 50, SECOND: 7}),
        (STRANGER, SECOND, {FIRST: 50, SECOND: 18}),
        (FIRST, STRANGER, {FIRST: 39, SECOND: 7}),
        (ZERO_ADDRESS, FIRST, {FIRST: 61, SECOND: 7}),
    ],
)
def test_observe__transfer__balances_of_who_is_tracked(
    source: Address, target: Address, balances: dict[Address, int]
) -> None:
    after = Erc20Adapter().observe(STATE, log(TRANSFER, source, target, 11))
    assert after == replace(STATE, balances=balances)


def test_observe__approval__what_is_left_to_the_spender() -> None:
    after = Erc20Adapter().observe(STATE, log(APPROVAL, FIRST, SPENDER, 11))
    assert after == replace(STATE, allowances={(FIRST, SPENDER): 11})


def test_observe__approval_of_an_untracked_pair__passed_over() -> None:
    assert Erc20Adapter().observe(STATE, log(APPROVAL, SPENDER, FIRST, 11)) is STATE


def test_observe__another_event__passed_over() -> None:
    paused = topic("Paused(address)")
    assert Erc20Adapter().observe(STATE, log(paused, FIRST, SECOND, 11)) is STATE
    nameless = replace(log(TRANSFER, FIRST, SECOND, 11), topics=())
    assert Erc20Adapter().observe(STATE, nameless) is STATE
