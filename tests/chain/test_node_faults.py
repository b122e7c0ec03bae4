"""A real node behind one that fails: each fault ends in its class, and none in another state."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, TypeVar

import pytest

from tests.chain.chain_stage import Stage, staged
from tests.support.faults import (
    Answered,
    Body,
    Dropped,
    Edited,
    Fault,
    HeadBack,
    Huge,
    OtherChain,
    Refused,
    Rule,
    Silent,
    StaleHead,
    Status,
    Swallowed,
    Truncated,
    Without,
    drawn,
)
from tests.support.faulty_node import FaultyNode
from trimtab.chain.blocks import Freshness, head
from trimtab.chain.fees import Fees
from trimtab.chain.node import Node
from trimtab.chain.nodes import Nodes
from trimtab.chain.relay import Relay
from trimtab.chain.rpc import Patience, Request, Rpc
from trimtab.chain.secret import RpcUrl
from trimtab.chain.signer import Signed, Transaction
from trimtab.chain.standing import Rest
from trimtab.chain.submission import send
from trimtab.core.errors import DataError, MissingRead, Reorg, RpcError, StaleState
from trimtab.core.reading import Observation
from trimtab.core.states import States

pytestmark = pytest.mark.chain

T = TypeVar("T")
Case = tuple[Fault, str, type[DataError], str | None]

HASTY = Patience(timeout=0.25, attempts=1, largest=2**20)
CALM = Patience(attempts=1)
SECRET = "k3yK3yS3cr3t"
HEAD, BY_HASH, CALL, LOGS = "eth_getBlockByNumber", "eth_getBlockByHash", "eth_call", "eth_getLogs"
OTHER = "0x" + "5" * 64


@dataclass
class Scene:
    """A world whose newest block has logs, and three nodes in front of it."""

    stage: Stage
    nodes: tuple[FaultyNode, ...]
    known: States
    truth: Observation

    def rpc(self, number: int, patience: Patience = CALM) -> Rpc:
        return Rpc(RpcUrl(self.nodes[number].url), self.stage.book.chain, patience)

    def play(self, scene: Callable[[Nodes], Awaitable[T]], count: int, **more: Any) -> T:
        """Play a scene with the first nodes; the first of them is waited for only shortly."""

        async def played() -> T:
            rpcs = [self.rpc(n, CALM if n else HASTY) for n in range(count)]
            nodes = Nodes(rpcs, rest=Rest(0.0, 0.0), **more)
            try:
                return await scene(nodes)
            finally:
                await nodes.close()

        return asyncio.run(played())

    async def observe(self, nodes: Node) -> Observation:
        """The newest block on top of the one before it: a header, calls, and logs."""
        return await self.stage.reader(nodes).observe(self.known, await head(nodes, "latest"))


@pytest.fixture(scope="module")
def world() -> Iterator[Scene]:
    with staged() as stage, ExitStack() as stack:
        url = stage.world.node.url
        nodes = tuple(stack.enter_context(FaultyNode(url)) for _ in range(3))
        before = stage.run(stage.observe)
        stage.world.mine(stage.world.funding(stage.safe.address, "USDC", 7))
        truth = stage.run(lambda rpc: stage.observe(rpc, before.states))
        assert truth.reading.logs
        yield Scene(stage, nodes, before.states, truth)


@pytest.fixture
def scene(world: Scene) -> Iterator[Scene]:
    for node in world.nodes:
        node.set()
        node.asked.clear()
    yield world
    for node in world.nodes:
        node.release()


def header(**changes: str) -> Edited:
    return Edited(lambda found: {**found, **changes})


def logs(**changes: object) -> Edited:
    return Edited(lambda found: [{**log, **changes} for log in found])


OF_TRANSPORT: list[Case] = [
    (fault, method, RpcError, kind)
    for method in (HEAD, CALL)
    for fault, kind in (
        (Silent(), "transport"),
        (Dropped(), "transport"),
        (Dropped(forwards=True), "transport"),
        (Status(500), "transport"),
        (Status(503), "transport"),
        (Status(401), "transport"),
        (Status(429), "limit"),
        (Status(413), "limit"),
        (Body(b""), "inconsistent"),
        (Body(b"<html>at %s</html>" % SECRET.encode()), "inconsistent"),
        (Body(b"[]"), "inconsistent"),
        (Body(b"{}"), "inconsistent"),
        (Body(b"[" * 100_000), "inconsistent"),
        (Body(b'{"jsonrpc":"2.0","id":1,"result":"\xff"}'), "inconsistent"),
        (Truncated(50), "inconsistent"),
        (Truncated(99), "inconsistent"),
        (Huge(2**21), "limit"),
    )
]
OF_ANSWERS: list[Case] = [
    (OtherChain(1), "eth_chainId", RpcError, "wrong_chain"),
    (Answered("no number"), "eth_chainId", RpcError, "inconsistent"),
    *(
        (Without(field), method, RpcError, "inconsistent")
        for method in (HEAD, BY_HASH)
        for field in ("number", "hash", "parentHash", "timestamp", "baseFeePerGas")
    ),
    *(
        (Without(field), LOGS, RpcError, "inconsistent")
        for field in ("address", "topics", "data", "blockNumber", "blockHash", "logIndex")
    ),
    (Answered(None), HEAD, RpcError, "inconsistent"),
    (Answered(None), BY_HASH, Reorg, None),
    (header(hash=OTHER), BY_HASH, RpcError, "inconsistent"),
    (header(timestamp="0x1"), BY_HASH, RpcError, "inconsistent"),
    (header(number="0x1"), BY_HASH, RpcError, "inconsistent"),
    (header(parentHash=OTHER), BY_HASH, Reorg, None),
    (header(hash=OTHER), HEAD, Reorg, None),
    (logs(removed=True), LOGS, RpcError, "inconsistent"),
    (logs(blockHash=OTHER), LOGS, RpcError, "inconsistent"),
    (logs(address="0x" + "55" * 20), LOGS, RpcError, "inconsistent"),
    (Edited(lambda found: found * 2), LOGS, RpcError, "inconsistent"),
    (Answered("0x"), CALL, MissingRead, None),
    (Answered("zz"), CALL, RpcError, "inconsistent"),
    (Answered({"an": "object"}), CALL, RpcError, "inconsistent"),
    (Edited(lambda found: found[:-64]), CALL, RpcError, "inconsistent"),
    (Edited(lambda found: found + "00" * 32), CALL, RpcError, "inconsistent"),
    (Refused(), CALL, RpcError, "inconsistent"),
    (Refused(-32005, "too many requests at {path}"), CALL, RpcError, "inconsistent"),
]
FAULTS = [*OF_TRANSPORT, *OF_ANSWERS]
# A node that is well otherwise and says of the chain what it is not is a quorum's part.
FAILURES = [
    each
    for each in FAULTS
    if each[2] is not MissingRead and not (each[2] is Reorg and each[1] == HEAD)
]


def named(value: object) -> str | None:
    return value if isinstance(value, str) else None


@pytest.mark.parametrize("fault, method, error, kind", FAULTS, ids=named)
def test_observe__one_node_that_fails__the_class_of_the_fault_and_no_key(
    scene: Scene, fault: Fault, method: str, error: type[DataError], kind: str | None
) -> None:
    with scene.nodes[0].failing(fault, (method,)), pytest.raises(error) as caught:
        scene.play(scene.observe, 1)
    assert getattr(caught.value, "fault", None) == kind
    assert SECRET not in str(caught.value)
    assert any(each.fault for each in scene.nodes[0].asked)


@pytest.mark.parametrize("fault, method, error, kind", FAILURES, ids=named)
def test_observe__with_a_second_node__the_true_states_in_spite_of_the_fault(
    scene: Scene, fault: Fault, method: str, error: type[DataError], kind: str | None
) -> None:
    with scene.nodes[0].failing(fault, (method,)):
        found = scene.play(scene.observe, 2)
    assert (found.states, found.reading) == (scene.truth.states, scene.truth.reading)


@pytest.mark.parametrize("fault, method, error, kind", OF_ANSWERS, ids=named)
def test_observe__two_of_three_must_agree__the_true_states_in_spite_of_the_fault(
    scene: Scene, fault: Fault, method: str, error: type[DataError], kind: str | None
) -> None:
    with scene.nodes[0].failing(fault, (method,)):
        found = scene.play(scene.observe, 3, quorum=2)
    assert (found.states, found.reading) == (scene.truth.states, scene.truth.reading)


# ------------------------------------------------------------------------------------- lies


def another_balance(found: str) -> str:
    """What Multicall3 returned, one balance of it higher by 1000: well formed, and not so."""
    usdc = f"{10**12 + 7:064x}"
    assert usdc in found
    return found.replace(usdc, f"{10**12 + 1007:064x}")


def test_observe__another_state_under_the_right_hash__contradicted_by_a_second_node(
    scene: Scene,
) -> None:
    lie = Edited(another_balance)
    with scene.nodes[0].failing(lie, (CALL,)):
        assert scene.play(scene.observe, 1).states != scene.truth.states
        with pytest.raises(RpcError, match=f"contradict each other about {CALL}") as caught:
            scene.play(scene.observe, 2, quorum=2)
        assert caught.value.fault == "inconsistent"
        assert scene.play(scene.observe, 3, quorum=2).states == scene.truth.states


def test_head__one_node_behind_or_far_ahead__the_highest_that_two_agree_on(scene: Scene) -> None:
    expected = scene.truth.reading.head
    far = Edited(lambda found: {**found, "number": hex(10**9), "hash": OTHER})
    for fault in (HeadBack(1), StaleHead(1), far):
        for number in (0, 1, 2):
            with scene.nodes[number].failing(fault, (HEAD,)):
                assert scene.play(lambda n: head(n, "latest"), 3, quorum=2) == expected


# ------------------------------------------------------------------------------ stale heads


def test_head__stale__stale_state_or_the_fresh_node(scene: Scene) -> None:
    newest = scene.truth.reading.head
    older = scene.known.head
    age = newest.timestamp - older.timestamp - 1
    fresh = Freshness(age, lambda: float(newest.timestamp))
    with scene.nodes[0].failing(StaleHead(older.number)):
        with pytest.raises(StaleState, match=f"is {age + 1} s old, allowed are {age}"):
            scene.play(lambda nodes: head(nodes, "latest"), 1, freshness=fresh)
        assert scene.play(lambda nodes: head(nodes, "latest"), 2, freshness=fresh) == newest


@pytest.mark.parametrize("count", [1, 2])
def test_head__goes_back__stale_state_or_the_node_that_did_not(scene: Scene, count: int) -> None:
    newest = scene.truth.reading.head
    scene.nodes[0].set(Rule(HeadBack(2), skip=1))

    async def twice(nodes: Nodes) -> None:
        assert await head(nodes, "latest") == newest
        if count == 1:
            with pytest.raises(StaleState, match=f"{newest.number} was told of before"):
                await head(nodes, "latest")
        else:
            assert await head(nodes, "latest") == newest

    scene.play(twice, count)


# ---------------------------------------------------------------------------------- sending


def nothing(stage: Stage) -> Signed:
    """A transaction of the signer to itself, at its next nonce."""
    own = stage.signer.address
    nonce = int(str(stage.world.rpc("eth_getTransactionCount", own, "latest")), 16)
    fees = Fees(100 * 10**9, 10**9)
    return stage.signer.sign(Transaction(stage.book.chain, nonce, own, b"", 0, 21_000, fees))


async def is_known(rpc: Node, signed: Signed) -> bool:
    reply = await rpc.ask(Request("eth_getTransactionByHash", (signed.hash,)))
    return reply.maybe(dict) is not None


def test_send__private_relay__it_alone_gets_the_transaction_and_the_question(scene: Scene) -> None:
    signed = nothing(scene.stage)

    async def playing() -> None:
        relay, public = Relay([scene.rpc(0)]), Nodes([scene.rpc(1), scene.rpc(2)])
        await relay.check_chain()
        await public.check_chain()
        await send(relay, signed.raw)
        await send(relay, signed.raw)  # known already, and so asked for
        await scene.stage.reader(public).observe(None, await head(public, "latest"))
        await relay.close()
        await public.close()

    asyncio.run(playing())
    asked = [{each.method for each in node.asked} for node in scene.nodes]
    assert asked[0] == {"eth_chainId", "eth_sendRawTransaction", "eth_getTransactionByHash"}
    for public in asked[1:]:
        assert public & {"eth_sendRawTransaction", "eth_getTransactionByHash"} == set()
    scene.stage.world.rpc("anvil_dropTransaction", signed.hash)


def test_send__swallowed__goes_nowhere_until_another_place_gets_it(scene: Scene) -> None:
    signed = nothing(scene.stage)
    scene.nodes[0].set(Rule(Swallowed()))

    async def playing() -> list[bool]:
        one, both, direct = Relay([scene.rpc(0)]), Relay([scene.rpc(0), scene.rpc(1)]), scene.rpc(2)
        known = []
        for relay in (one, both):
            await send(relay, signed.raw)
            known.append(await is_known(direct, signed))
            await relay.close()
        await direct.close()
        return known

    assert asyncio.run(playing()) == [False, True]
    scene.stage.world.rpc("anvil_dropTransaction", signed.hash)


def test_send__connection_drops_after_it_arrived__an_error_though_it_is_known(scene: Scene) -> None:
    signed = nothing(scene.stage)
    scene.nodes[0].set(Rule(Dropped(forwards=True), ("eth_sendRawTransaction",)))

    async def playing() -> None:
        relay, direct = Relay([scene.rpc(0)]), scene.rpc(1)
        with pytest.raises(RpcError) as caught:
            await send(relay, signed.raw)
        assert caught.value.fault == "transport"
        assert await is_known(direct, signed)
        await relay.close()
        await direct.close()

    asyncio.run(playing())
    assert scene.nodes[0].count("eth_sendRawTransaction") == 1
    scene.stage.world.rpc("anvil_dropTransaction", signed.hash)


# ------------------------------------------------------------------------------------ mixed


MENU = (
    *(Dropped(), Status(503), Status(429), Body(b"{}"), Truncated(70), OtherChain(5), HeadBack(1)),
    *(Answered(None), Without("hash"), Refused()),
)


@pytest.mark.parametrize("seed", range(6))
def test_observe__drawn_faults_at_two_of_three__the_true_states_or_a_data_error(
    scene: Scene, seed: int
) -> None:
    rules = [drawn(10 * seed + number, MENU, 12, gap=6) for number in (0, 1)]
    assert rules == [drawn(10 * seed + number, MENU, 12, gap=6) for number in (0, 1)]
    for node, each in zip(scene.nodes, rules, strict=False):
        node.set(*each)

    told: list[str] = []
    expected = {each.head: each for each in (scene.known, scene.truth.states)}

    async def playing(nodes: Nodes) -> int:
        true = 0
        for _ in range(15):
            try:
                found = await scene.observe(nodes)
            except DataError as error:
                told.append(str(error))
            else:
                true += 1
                assert found.states == expected[found.reading.head]
        return true

    true = scene.play(playing, 3)
    assert true + len(told) == 15
    assert true >= 10
    assert SECRET not in "".join(told)
