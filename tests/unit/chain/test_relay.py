import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import pytest
from eth_utils.crypto import keccak

from tests.unit.chain.fake_node import KEY, Refused
from tests.unit.chain.several import Peer, peers
from trimtab.chain.relay import Relay
from trimtab.chain.rpc import NodeRefusal
from trimtab.chain.submission import send
from trimtab.core.errors import ConfigError, RpcError

T = TypeVar("T")
RAW = b"\x02\xf8raw"
HASH = "0x" + keccak(RAW).hex()
KNOWN = {
    "hash": HASH,
    "nonce": "0x0",
    "gas": "0x5208",
    "input": "0x",
    "value": "0x0",
    "from": "0x" + "11" * 20,
    "to": "0x" + "22" * 20,
}


def relayed(several: Sequence[Peer], scene: Callable[[Relay], Awaitable[T]]) -> T:
    async def playing() -> T:
        relay = Relay([peer.rpc for peer in several])
        try:
            return await scene(relay)
        finally:
            await relay.close()

    return asyncio.run(playing())


def two() -> tuple[Peer, Peer]:
    """Two nodes for sending, which take what they are sent."""
    a, b = peers(5, 5)
    for each in (a, b):
        each.node.methods["eth_sendRawTransaction"] = lambda _: HASH
        each.node.methods["eth_getTransactionByHash"] = lambda _: None
    return a, b


def refuse(peer: Peer, words: str) -> None:
    def method(*_: object) -> None:
        raise Refused(-32000, words)

    peer.node.methods["eth_sendRawTransaction"] = method


def test_send__several_nodes__every_one_gets_it_and_states_its_chain_first() -> None:
    a, b = two()
    relayed((a, b), lambda relay: send(relay, RAW))
    for each in (a, b):
        assert [method for method, _ in each.node.asked] == [
            "eth_chainId",
            "eth_sendRawTransaction",
        ]


@pytest.mark.parametrize("trouble", ["down", "refused", "wrong chain"])
def test_send__one_node_fails__enough_that_the_other_takes_it(trouble: str) -> None:
    a, b = two()
    a.is_down = trouble == "down"
    a.chain_id = 1 if trouble == "wrong chain" else a.chain_id
    if trouble == "refused":
        refuse(a, "underpriced")
    relayed((a, b), lambda relay: send(relay, RAW))
    assert b.node.count("eth_sendRawTransaction") == 1
    assert a.node.count("eth_sendRawTransaction") == (trouble == "refused")


def test_send__known_already__asked_at_the_same_place() -> None:
    a, b = two()
    for each in (a, b):
        refuse(each, "already known")
    b.node.methods["eth_getTransactionByHash"] = lambda _: KNOWN
    relayed((a, b), lambda relay: send(relay, RAW))
    b.node.methods["eth_getTransactionByHash"] = lambda _: None
    with pytest.raises(NodeRefusal, match="already known"):
        relayed((a, b), lambda relay: send(relay, RAW))


def test_send__all_down__transport_and_no_key_told() -> None:
    a, b = two()
    a.is_down = b.is_down = True
    with pytest.raises(RpcError, match="none of 2 nodes for sending answers") as caught:
        relayed((a, b), lambda relay: send(relay, RAW))
    assert caught.value.fault == "transport"
    assert KEY not in str(caught.value)


def test_send__never_repeated__though_the_node_fails() -> None:
    a, _ = two()

    async def scene(relay: Relay) -> None:
        await relay.check_chain()
        a.is_down, a.node.round_trips = True, 0
        with pytest.raises(RpcError):
            await send(relay, RAW)
        assert a.asked == 1
        a.is_down, a.chain_id = False, 1
        with pytest.raises(RpcError) as caught:
            await send(relay, RAW)
        assert caught.value.fault == "wrong_chain"

    relayed((a,), scene)
    assert a.node.count("eth_sendRawTransaction") == 0


def test_check_chain__bare_relay__need_not_know_the_question() -> None:
    a, b = two()
    del a.node.methods["eth_chainId"]
    relayed((a, b), lambda relay: relay.check_chain())
    b.chain_id = 1
    with pytest.raises(RpcError, match="serves chain 1, expected 31337"):
        relayed((a, b), lambda relay: relay.check_chain())


def test_send__chain_question_refused_for_another_reason__not_sent() -> None:
    a, _ = two()

    def refused() -> None:
        raise Refused(-32000, "pay first")

    a.node.methods["eth_chainId"] = refused
    with pytest.raises(RpcError, match="pay first"):
        relayed((a,), lambda relay: send(relay, RAW))
    assert a.node.count("eth_sendRawTransaction") == 0


def test_send__bare_relay__takes_the_transaction_without_stating_its_chain() -> None:
    a, _ = two()
    del a.node.methods["eth_chainId"]
    relayed((a,), lambda relay: send(relay, RAW))
    assert a.node.count("eth_sendRawTransaction") == 1


def test_relay__without_nodes__config_error() -> None:
    with pytest.raises(ConfigError, match="name at least one"):
        Relay([])
