"""New blocks, told of by a WebSocket that belongs to neither side."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import msgspec
from websockets.asyncio.client import ClientConnection

from trimtab.core.market import Head
from trimtab.core.quantise import Timestamp


class _Announced(msgspec.Struct):
    number: str
    hash: str
    timestamp: str


class _Event(msgspec.Struct):
    result: _Announced


class _Message(msgspec.Struct):
    params: _Event | None = None


@dataclass(frozen=True, slots=True)
class Announcer:
    """Who hears of new blocks of a chain."""

    socket: ClientConnection
    chain: int

    async def subscribe(self) -> None:
        """Ask for new heads."""
        call = {"jsonrpc": "2.0", "id": 1, "method": "eth_subscribe", "params": ["newHeads"]}
        await self.socket.send(msgspec.json.encode(call).decode())

    async def heard(self, number: int) -> Head:
        """The block of this number, as soon as it is announced."""
        while True:
            async with asyncio.timeout(10):
                message = msgspec.json.decode(await self.socket.recv(), type=_Message)
            if message.params is not None and int(message.params.result.number, 16) == number:
                told = message.params.result
                return Head(self.chain, number, told.hash, Timestamp(int(told.timestamp, 16)))
