import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from tests.unit.chain.fake_chain import head_of
from tests.unit.chain.fake_node import CHAIN, KEY, hash_of
from tests.unit.chain.several import Peer, peers
from trimtab.chain.heads import Heads, Pace
from trimtab.chain.nodes import Nodes
from trimtab.chain.secret import SocketUrl
from trimtab.core.errors import RpcError
from trimtab.core.market import Head

BRISK = Pace(poll=0.01, silence=0.05, first=0.001, longest=0.01, timeout=5.0)
PATIENT = Pace(poll=600.0, silence=600.0, first=0.001, longest=0.01, timeout=600.0)


@dataclass
class Socket:
    """A WebSocket that answers as it is told, and announces blocks by hand."""

    chain: str = hex(CHAIN)
    refuses: bool = False
    connections: list[ServerConnection] = field(default_factory=list)
    connected: asyncio.Event = field(default_factory=asyncio.Event)
    port: int = 0

    @property
    def url(self) -> SocketUrl:
        return SocketUrl(f"ws://user:p4ssw0rdp4ss@127.0.0.1:{self.port}/v2/{KEY}")

    async def serve(self, connection: ServerConnection) -> None:
        async for text in connection:
            call = json.loads(text)
            answer: dict[str, Any] = {"jsonrpc": "2.0", "id": call["id"]}
            if self.refuses:
                answer["error"] = {"code": -32601, "message": f"no such thing, {KEY}"}
            else:
                told = self.chain if call["method"] == "eth_chainId" else "0x9"
                answer["result"] = told
            await connection.send(json.dumps(answer))
            if call["method"] == "eth_subscribe":
                self.connections.append(connection)
                self.connected.set()

    async def tell(self, number: int, fork: str = "a") -> None:
        told = {"number": hex(number), "hash": hash_of(number, fork), "more": 1}
        await self.send({"method": "eth_subscription", "params": {"result": told}})

    async def send(self, message: object) -> None:
        await self.connections[-1].send(
            message if isinstance(message, str) else json.dumps(message)
        )


Scene = Callable[[Heads, Socket], Awaitable[None]]


@asynccontextmanager
async def listening(
    socket: Socket | None, peer: Peer, pace: Pace, told: list[str]
) -> AsyncIterator[Heads]:
    nodes = Nodes([peer.rpc])
    async with Heads(nodes, socket.url if socket else None, pace, told.append) as heads:
        yield heads
    await nodes.close()


def play(peer: Peer, pace: Pace, scene: Scene, socket: Socket | None = None) -> list[str]:
    """Play a scene with a socket; the words that were told meanwhile."""
    told: list[str] = []

    async def playing() -> None:
        ours = socket or Socket()
        async with serve(ours.serve, "127.0.0.1", 0) as server:
            ours.port = next(iter(server.sockets)).getsockname()[1]
            async with listening(ours, peer, pace, told) as heads:
                await asyncio.wait_for(scene(heads, ours), 60)

    asyncio.run(playing())
    assert KEY not in "".join(told)
    return told


async def asked(peer: Peer, times: int) -> None:
    """Wait until a node has been asked so often."""
    while peer.node.round_trips < times:  # noqa: ASYNC110 (the node counts, and tells nobody)
        await asyncio.sleep(0.001)


def test_next__without_a_socket__each_new_head_once() -> None:
    (peer,) = peers(5)

    async def playing() -> list[Head]:
        async with listening(None, peer, BRISK, []) as heads:
            found = [await heads.next()]
            later = asyncio.create_task(heads.next())
            await asked(peer, 3)
            peer.chain.height = 8
            found.append(await later)
            peer.chain.fork = "b"
            return [*found, await heads.next()]

    assert asyncio.run(playing()) == [head_of(5), head_of(8), head_of(8, "b")]


def test_next__announced__asked_for_at_once_and_believed_from_the_node() -> None:
    (peer,) = peers(5)

    async def scene(heads: Heads, socket: Socket) -> None:
        assert await heads.next() == head_of(5)
        await socket.connected.wait()
        later = asyncio.create_task(heads.next())
        peer.chain.height = 6
        await socket.tell(6, fork="f")  # the node's own hash is what counts
        assert await later == head_of(6)

    told = play(peer, PATIENT, scene)
    assert len(told) == 1
    assert "tells of new blocks" in told[0]


def test_next__announced_before_the_node_has_it__asked_again_until_it_does() -> None:
    (peer,) = peers(5)

    async def scene(heads: Heads, socket: Socket) -> None:
        await heads.next()
        await socket.connected.wait()
        await socket.tell(6)
        later = asyncio.create_task(heads.next())
        await asked(peer, 4)
        peer.chain.height = 6
        assert await later == head_of(6)

    play(peer, PATIENT, scene)


def test_next__several_announced__only_the_newest_is_given() -> None:
    (peer,) = peers(5)

    async def scene(heads: Heads, socket: Socket) -> None:
        await heads.next()
        await socket.connected.wait()
        peer.chain.height = 9
        for number in (6, 7, 8, 9):
            await socket.tell(number)
        assert await heads.next() == head_of(9)

    play(peer, PATIENT, scene)


@pytest.mark.parametrize(
    "message", ["{", '"text"', {"params": {"result": {"number": "six", "hash": "0x"}}}, KEY]
)
def test_next__socket_sends_nonsense__lost_and_connected_again(message: object) -> None:
    (peer,) = peers(5)

    async def scene(heads: Heads, socket: Socket) -> None:
        await heads.next()
        await socket.connected.wait()
        socket.connected.clear()
        await socket.send(message)
        await socket.connected.wait()
        peer.chain.height = 6
        await socket.tell(6)
        assert await heads.next() == head_of(6)

    told = play(peer, PATIENT, scene)
    assert "is lost" in told[0]
    assert "tells of new blocks" in told[-1]


def test_next__socket_closed__polls_until_it_is_back() -> None:
    (peer,) = peers(5)

    async def scene(heads: Heads, socket: Socket) -> None:
        await heads.next()
        await socket.connected.wait()
        await socket.tell(5)
        later = asyncio.create_task(heads.next())
        await socket.connections[-1].close(1011, KEY)
        peer.chain.height = 6
        assert await later == head_of(6)

    told = play(peer, BRISK, scene)
    assert any("is lost" in words for words in told)


def test_next__socket_lost_for_good__does_not_wait_for_it() -> None:
    (peer,) = peers(5)
    pace = Pace(poll=0.01, silence=600.0, first=0.001, longest=600.0, timeout=5.0)

    async def scene(heads: Heads, socket: Socket) -> None:
        await heads.next()
        await socket.connected.wait()
        await socket.tell(6)
        peer.chain.height = 6
        assert await heads.next() == head_of(6)
        later = asyncio.create_task(heads.next())
        await asyncio.sleep(0)  # it waits for the socket now
        socket.refuses = True
        await socket.connections[-1].close(1011, KEY)
        peer.chain.height = 7
        assert await later == head_of(7)

    play(peer, pace, scene)


def test_next__socket_lost_twice__told_twice() -> None:
    (peer,) = peers(5)

    async def scene(heads: Heads, socket: Socket) -> None:
        for number in (5, 6):
            peer.chain.height = number
            await socket.connected.wait()
            socket.connected.clear()
            await socket.tell(number)
            assert await heads.next() == head_of(number)
            await socket.connections[-1].close(1011, KEY)
        await socket.connected.wait()

    told = play(peer, PATIENT, scene)
    assert ["is lost" in words for words in told] == [False, True, False, True]


def test_next__redirected__not_followed() -> None:
    (peer,) = peers(5)
    elsewhere: list[str] = []

    async def other(connection: ServerConnection) -> None:
        elsewhere.append("connected")
        await connection.wait_closed()

    async def playing() -> list[str]:
        told: list[str] = []
        async with serve(other, "127.0.0.1", 0) as target:
            port = next(iter(target.sockets)).getsockname()[1]

            def redirect(connection: ServerConnection, _: Request) -> Response:
                answer = connection.respond(302, "moved")
                answer.headers["Location"] = f"ws://127.0.0.1:{port}/{KEY}"
                return answer

            ours = Socket()
            async with serve(ours.serve, "127.0.0.1", 0, process_request=redirect) as server:
                ours.port = next(iter(server.sockets)).getsockname()[1]
                async with listening(ours, peer, BRISK, told) as heads:
                    for number in (5, 6, 7):
                        peer.chain.height = number
                        await heads.next()
                        await asyncio.sleep(0.02)
        return told

    (told,) = asyncio.run(playing())
    assert "302" in told
    assert elsewhere == []
    assert KEY not in told


def test_next__node_fails_again_and_again__waits_longer_each_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (peer,) = peers(5)
    peer.is_down = True
    waited: list[float] = []

    async def wait(seconds: float) -> None:
        waited.append(seconds)

    async def playing() -> None:
        async with listening(None, peer, Pace(poll=1.0, first=0.25), []) as heads:
            for _ in range(5):
                with pytest.raises(RpcError):
                    await heads.next()
            peer.is_down = False
            assert await heads.next() == head_of(5)

    monkeypatch.setattr(asyncio, "sleep", wait)
    asyncio.run(playing())
    assert waited == [0.25, 0.5, 1.0, 1.0, 1.0]


def test_next__silent_socket__polls() -> None:
    (peer,) = peers(5)

    async def scene(heads: Heads, socket: Socket) -> None:
        await heads.next()
        await socket.connected.wait()
        socket.connected.clear()
        peer.chain.height = 6
        assert await heads.next() == head_of(6)
        await socket.connected.wait()  # given up, and connected anew

    (first, *_) = play(peer, BRISK, scene)
    assert "told nothing within 0.05 s" in first


@pytest.mark.parametrize(
    "socket, words",
    [
        (lambda: Socket(chain="0x1"), "serves chain 1, expected 31337"),
        (lambda: Socket(refuses=True), "refuses to tell of new blocks"),
    ],
)
def test_next__socket_of_no_use__polls_and_says_why_once(
    socket: Callable[[], Socket], words: str
) -> None:
    (peer,) = peers(5)

    async def scene(heads: Heads, _: Socket) -> None:
        for number in (5, 6, 7):
            peer.chain.height = number
            assert await heads.next() == head_of(number)
            await asyncio.sleep(0.02)

    (told,) = play(peer, BRISK, scene, socket())
    assert words in told


def test_next__node_fails__raised_and_asked_again_later(caplog: pytest.LogCaptureFixture) -> None:
    (peer,) = peers(5)

    async def scene(heads: Heads, socket: Socket) -> None:
        await heads.next()
        peer.is_down = True
        await socket.connected.wait()
        await socket.tell(6)
        for _ in range(3):
            with pytest.raises(RpcError):
                await heads.next()
        peer.is_down, peer.chain.height = False, 6
        assert await heads.next() == head_of(6)

    with caplog.at_level(logging.DEBUG):
        play(peer, BRISK, scene)
    ours = [each for each in caplog.records if each.name != "websockets.server"]
    logged = "".join(each.getMessage() for each in ours)
    assert KEY not in logged
    assert "p4ssw0rdp4ss" not in logged


def test_iterate__heads__as_an_async_iterator() -> None:
    (peer,) = peers(5)

    async def playing() -> list[int]:
        found = []
        async with listening(None, peer, BRISK, []) as heads:
            async for each in heads:
                found.append(each.number)
                peer.chain.height += 1
                if len(found) == 3:
                    break
        return found

    assert asyncio.run(playing()) == [5, 6, 7]
