import asyncio
import os
from collections.abc import Callable
from typing import TypeVar

import pytest

from trimtab.app.connection import (
    Addresses,
    addresses_of,
    data_charge,
    following,
    reading,
    sending,
)
from trimtab.chain.rollup import OpStack
from trimtab.chain.secret import RpcUrl
from trimtab.core.errors import ConfigError
from trimtab.mandate.document import Chain
from trimtab.mandate.parse import parse_mandate

T = TypeVar("T")
SECRET = "s3cr3tk3ys3cr3t"
LOCAL = "http://127.0.0.1:8545"


def inside(make: Callable[[], T]) -> T:
    """What is made while an event loop runs."""

    async def made() -> T:
        return make()

    return asyncio.run(made())


def test_addresses_of__by_environment__opaque_and_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIRST", f"https://a.example/{SECRET}")
    monkeypatch.setenv("SOCKET", f"wss://a.example/{SECRET}")
    chain = Chain(id=1, rpc=("env:FIRST", "https://b.example"), websocket="env:SOCKET")
    found = addresses_of(chain, None)
    assert [str(url) for url in found.read] == ["https://a.example", "https://b.example"]
    assert found.submit == found.read
    assert str(found.socket) == "wss://a.example"
    assert not found.is_local
    assert SECRET not in repr(found)
    assert os.environ["FIRST"].endswith(SECRET)


def test_addresses_of__submit__stands_for_itself() -> None:
    chain = Chain(id=1, rpc=("https://a.example",), submit=("https://relay.example",))
    found = addresses_of(chain, None)
    assert [str(url) for url in found.submit] == ["https://relay.example"]


def test_addresses_of__local__the_running_world_or_config_error() -> None:
    found = addresses_of(Chain(), LOCAL)
    assert [str(url) for url in found.read] == [LOCAL]
    assert found.is_local
    for chain in (Chain(), Chain(rpc=("https://a.example",), submit=("local",))):
        with pytest.raises(ConfigError, match="no local world runs"):
            addresses_of(chain, None)


@pytest.mark.parametrize("websocket", [f"https://a.example/{SECRET}", f"a.example/{SECRET}"])
def test_addresses_of__socket_of_another_scheme__config_error_without_it(websocket: str) -> None:
    with pytest.raises(ConfigError, match="ws://HOST or wss://HOST") as caught:
        addresses_of(Chain(rpc=(LOCAL,), websocket=websocket), None)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    "chain, is_local, bound",
    [
        (Chain(), True, 0),
        (Chain(max_head_age=30), True, 30),
        (Chain(), False, 120),
        (Chain(block_seconds=2), False, 60),
        (Chain(max_head_age=0), False, 0),
    ],
)
def test_reading__age_of_the_newest_block__as_the_mandate_says(
    chain: Chain, is_local: bool, bound: int
) -> None:
    url = (RpcUrl(LOCAL),)
    nodes = inside(lambda: reading(chain, Addresses(url, url, None, is_local), lambda: 0.0))
    ages = {each.freshness.bound if each.freshness else 0 for each in nodes._standings}
    assert ages == {bound}


def test_reading__several_nodes__none_asked_twice_and_timeout_of_the_mandate() -> None:
    chain = Chain(id=7, rpc=(LOCAL, LOCAL + "1"), timeout=3)
    addresses = addresses_of(chain, None)
    nodes = inside(lambda: reading(chain, addresses))
    (patience,) = {each.rpc._patience for each in nodes._standings}
    assert (patience.timeout, patience.attempts, nodes.chain) == (3.0, 1, 7)
    relay = inside(lambda: sending(chain, addresses))
    assert relay.chain == 7
    heads = inside(lambda: following(chain, addresses, nodes))
    assert (heads._pace.poll, heads._pace.silence) == (2.0, 60.0)


MANDATE = """
numeraire = "USDC"
markets = ["aave_v3:USDC"]
account = { signer = "local" }
chain = { id = 10, rpc = ["https://a.example"], KEYS }
execution = { max_data_fee_gwei = 5 }
strategies = [{ name = "lend", use = "trimtab.strategies:LendingYield", share = 1 }]
"""


def test_data_charge__chain_of_the_op_stack__under_the_mandates_bound() -> None:
    mandate = parse_mandate(MANDATE.replace(", KEYS", ""), "the mandate")
    charge = data_charge(mandate)
    assert (charge.rollup, charge.bound) == (OpStack(), 5 * 10**9)


@pytest.mark.parametrize(
    "keys, words",
    [
        ("quorum = 2", "`chain.quorum` is 2, expected 1 to 1"),
        ("quorum = 0", "`chain.quorum` is 0, expected 1 to 1"),
        ("submit = []", "`chain.submit` names no node"),
        ('submit = [""]', "`chain.submit` names no node"),
        ("timeout = 0", "`chain.timeout` is 0, expected 1 or more seconds"),
        ("max_head_age = -1", "`chain.max_head_age` is -1, expected 0 or more seconds"),
        ("sequencer_grace = -1", "`chain.sequencer_grace` is -1"),
    ],
)
def test_parse_mandate__nodes_that_make_no_sense__mistakes_in_words(keys: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_mandate(MANDATE.replace("KEYS", keys), "the mandate")
    assert words in str(caught.value)


def test_parse_mandate__one_node_twice_under_a_quorum__a_mistake() -> None:
    text = MANDATE.replace('["https://a.example"]', '["https://a.example", "https://a.example"]')
    with pytest.raises(ConfigError, match="it would agree with itself"):
        parse_mandate(text.replace("KEYS", "quorum = 2"), "the mandate")
    parse_mandate(text.replace("KEYS", "quorum = 1"), "the mandate")
