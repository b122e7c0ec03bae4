"""The newest blocks, one after another: told of by a WebSocket where there is one, else asked for.

What a socket tells is only a reason to ask: every head that is given comes from the reading nodes,
with all that they check. So a socket that lies can cost a question, and one that falls silent the
time until the next one.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from trimtab.chain.blocks import head
from trimtab.chain.node import Node
from trimtab.chain.secret import SocketUrl
from trimtab.chain.wire import block_hash, quantity
from trimtab.core.errors import DataError, RpcError
from trimtab.core.market import Head

_LARGEST = 2**20

# Its words hold the whole address, keys included, so that no configuration may reach it.
_QUIET = logging.Logger("websocket")  # noqa: LOG001
_QUIET.disabled = True


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds between questions: for the newest block, and for a socket that is lost.

    Without a socket one comes every `poll`. A socket that tells nothing for `silence` is taken
    for lost. After a failure, and until the nodes serve what a socket told of, the wait begins
    at `first` and doubles up to `poll`; that before a socket is tried again up to `longest`.
    """

    poll: float = 2.0
    silence: float = 60.0
    first: float = 0.1
    longest: float = 60.0
    timeout: float = 10.0

    def after(self, attempts: int, most: float) -> float:
        """The wait after so many attempts that came to nothing."""
        return min(self.first * 2.0 ** min(attempts - 1, 64), most)


class _Announced(msgspec.Struct):
    number: str
    hash: str


class _Event(msgspec.Struct):
    result: _Announced


class _Message(msgspec.Struct):
    id: int | None = None
    result: str | None = None
    params: _Event | None = None


class _Straight(connect):
    """A connection to the address that was given and to no other."""

    def process_redirect(self, exc: Exception) -> Exception:
        return exc


class Heads:
    """An iterator of newest heads, used as an async context manager; each differs from the last.

    Blocks may be passed over: the newest wins, and at most one waits. `tell` is given words for
    people whenever the socket is lost or found again.
    """

    def __init__(
        self,
        node: Node,
        socket: SocketUrl | None = None,
        pace: Pace | None = None,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._node = node
        self._socket = socket
        self._pace = pace or Pace()
        self._tell = tell
        self._news = asyncio.Event()
        self._announced: tuple[int, str] | None = None
        self._is_live = False
        self._last: Head | None = None
        self._failures = 0
        self._listening: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        if self._socket is not None:
            self._listening = asyncio.create_task(self._listen(self._socket))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)

    def __aiter__(self) -> AsyncIterator[Head]:
        return self

    async def __anext__(self) -> Head:
        return await self.next()

    async def next(self) -> Head:
        """The newest head, as soon as it is another than the one given last.

        Raises DataError where the nodes cannot be believed; it may be called again at once, and
        waits by itself, longer each time.
        """
        fruitless = 0
        if self._last is not None or self._failures:
            await self._pause(fruitless)
        while True:
            try:
                found = await head(self._node, "latest")
            except DataError:
                self._failures += 1
                raise
            self._failures = 0
            if self._announced is not None and self._is_served(self._announced, found):
                self._announced = None
            if found != self._last:
                self._last = found
                return found
            fruitless += 1
            await self._pause(fruitless)

    async def _pause(self, fruitless: int) -> None:
        """Wait until it is worth asking."""
        if self._listening is not None and self._listening.done():
            self._listening.result()  # an error of ours ended it: raise that
        if self._failures or (self._announced is not None and fruitless):
            attempts = self._failures or fruitless
            await asyncio.sleep(self._pace.after(attempts, self._pace.poll))
            return
        if self._announced is not None:
            return
        self._news.clear()
        try:
            async with asyncio.timeout(self._pace.silence if self._is_live else self._pace.poll):
                await self._news.wait()
        except TimeoutError:
            pass

    def _is_served(self, announced: tuple[int, str], found: Head) -> bool:
        """Whether the nodes have come to what the socket told of, or beyond it."""
        number, hash_ = announced
        return number < found.number or (number == found.number and hash_ == found.hash)

    # ------------------------------------------------------------------------- the socket

    async def _listen(self, url: SocketUrl) -> None:
        """Listen for ever, and connect again whenever the socket is lost."""
        failures = 0
        while True:
            words = await self._lost(url)
            failures = 1 if self._is_live else failures + 1
            self._is_live = False
            self._news.set()
            if failures == 1:
                self._tell(f"the WebSocket {url} is lost: {words}; new blocks are asked for")
            await asyncio.sleep(self._pace.after(failures, self._pace.longest))

    async def _lost(self, url: SocketUrl) -> str:
        """Listen until the socket is lost; why it was, without a key."""
        try:
            async with _Straight(
                url.reveal(),
                logger=_QUIET,
                proxy=None,
                compression=None,
                max_size=_LARGEST,
                open_timeout=self._pace.timeout,
                close_timeout=self._pace.first,
            ) as connection:
                await self._subscribe(connection)
                while True:
                    self._hear(await self._received(connection, self._pace.silence), url)
        except (OSError, WebSocketException, TimeoutError, DataError) as error:
            return url.redacted(str(error) or type(error).__name__)

    async def _subscribe(self, connection: ClientConnection) -> None:
        """Ask for the chain and for its new heads, and wait for both answers."""
        asked = (("eth_chainId", ()), ("eth_subscribe", ("newHeads",)))
        for number, (method, parameters) in enumerate(asked):
            call = {"jsonrpc": "2.0", "id": number, "method": method, "params": parameters}
            await connection.send(msgspec.json.encode(call).decode())
        answers: dict[int, str] = {}
        while len(answers) < len(asked):
            message = await self._received(connection, self._pace.timeout)
            if message.id is not None and message.result is not None:
                answers[message.id] = message.result
            elif message.params is None:
                raise RpcError("it refuses to tell of new blocks", "inconsistent")
        stated = quantity(answers[0], "chain id") if 0 in answers else None
        if stated != self._node.chain:
            raise RpcError(f"it serves chain {stated}, expected {self._node.chain}", "wrong_chain")

    async def _received(self, connection: ClientConnection, seconds: float) -> _Message:
        try:
            async with asyncio.timeout(seconds):
                text = await connection.recv()
        except TimeoutError:
            raise TimeoutError(f"it told nothing within {seconds:g} s") from None
        try:
            return msgspec.json.decode(text, type=_Message)
        except (msgspec.DecodeError, ValueError, RecursionError):
            pass
        raise RpcError("it sends something that is not JSON-RPC", "inconsistent")

    def _hear(self, message: _Message, url: SocketUrl) -> None:
        """Take the newest announcement in, which takes the place of the one before."""
        if message.params is None:
            return
        told = message.params.result
        self._announced = quantity(told.number, "block number"), block_hash(told.hash, "block hash")
        self._news.set()
        if not self._is_live:
            self._is_live = True
            self._tell(f"the WebSocket {url} tells of new blocks")
