"""JSON-RPC over HTTP: single calls and batches, each answer checked before it is believed."""

from __future__ import annotations

import asyncio
import itertools
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias, TypeVar

import httpx
import msgspec

from trimtab.chain.secret import RpcUrl
from trimtab.chain.wire import hexadecimal, quantity
from trimtab.core.errors import RpcError, RpcFault

T = TypeVar("T")

Json: TypeAlias = "bool | int | str | Sequence[Json] | Mapping[str, Json] | None"
"""What a request is made of."""

SENDING = "eth_sendRawTransaction"
_NEVER_REPEATED = frozenset({SENDING})
_UNDERSTOOD = frozenset({200, 400})
_OVERLOADED = frozenset({429, 413})
_REFUSED_BATCH_CODES = frozenset({-32005, -32600})


@dataclass(frozen=True, slots=True)
class Request:
    """A method and its parameters."""

    method: str
    parameters: tuple[Json, ...] = ()


CHAIN_ID = Request("eth_chainId")


class Refusal(msgspec.Struct, frozen=True):
    """The error that a node answers with; its words are the node's own."""

    code: int
    message: str = ""
    data: Any = None


class _Response(msgspec.Struct):
    id: int | None = None
    result: msgspec.Raw = msgspec.Raw(b"")
    error: Refusal | None = None


@dataclass(frozen=True, slots=True)
class _Heard:
    """The status and content of an HTTP answer; status 0 and words where there was none.

    No content means that it was larger than it may be.
    """

    status: int
    content: bytes | None
    words: str = ""

    @property
    def is_passing(self) -> bool:
        """Whether asking again may help."""
        return self.status in (0, 429) or self.status >= 500


class NodeRefusal(RpcError):
    """The node understood a request and refused it; `data` is what a reverted call returned."""

    def __init__(self, method: str, code: int, words: str, data: bytes | None) -> None:
        super().__init__(f"the node refused {method}: {words} (code {code})", "inconsistent")
        self.method = method
        self.code = code
        self.words = words
        self.data = data


@dataclass(frozen=True, slots=True)
class Reply:
    """What a node answered to one request: a result as raw JSON, or a refusal."""

    method: str
    result: msgspec.Raw
    refusal: NodeRefusal | None

    def into(self, kind: type[T]) -> T:
        """The result as a value of this type.

        Raises NodeRefusal if the node refused, and RpcError for a result of another type.
        """
        if self.refusal is not None:
            raise self.refusal
        try:
            return msgspec.json.decode(self.result, type=kind)
        except (msgspec.DecodeError, ValueError, RecursionError):
            pass
        raise RpcError(
            f"the node answered {self.method} with something that is no {kind.__name__}: "
            "is it an Ethereum node?",
            "inconsistent",
        )

    def maybe(self, kind: type[T]) -> T | None:
        """As `into`, and none where the node knows of no such thing."""
        is_null = self.refusal is None and bytes(memoryview(self.result)[:5]) == b"null"
        return None if is_null else self.into(kind)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a node is waited for, how often reads are asked again, how much is listened to.

    Seconds and bytes; the wait before a repetition doubles each time. Sending a transaction is
    never repeated here.
    """

    timeout: float = 10.0
    attempts: int = 3
    back_off: float = 0.25
    largest: int = 64 * 1024 * 1024
    batch: int = 100


class Rpc:
    """A connection to one node of one chain, kept alive. Every failure is an RpcError.

    The transport is used without httpx's client, which would log each address with its keys.
    """

    def __init__(
        self,
        url: RpcUrl,
        chain: int,
        patience: Patience | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.url = url
        self.chain = chain
        self._patience = patience or Patience()
        self._transport = transport or httpx.AsyncHTTPTransport(verify=_trust())
        self._ids = itertools.count(1)

    async def check_chain(self) -> None:
        """Raise RpcError(wrong_chain) unless the node serves the chain that it should."""
        self.check_stated(await self.ask(CHAIN_ID))

    def check_stated(self, reply: Reply) -> None:
        """Raise RpcError(wrong_chain) unless this reply to CHAIN_ID states our chain."""
        stated = quantity(reply.into(str), "chain id")
        if stated != self.chain:
            hint = "name a node of the mandate's chain"
            words = f"serves chain {stated}, expected {self.chain}: {hint}"
            raise self._error(words, "wrong_chain")

    async def ask(self, request: Request) -> Reply:
        """The reply to one request."""
        return (await self.batch((request,)))[0]

    async def batch(self, requests: Sequence[Request]) -> tuple[Reply, ...]:
        """The replies to several requests, in their order; refusals are among them as values.

        Up to `Patience.batch` requests go in one round trip. A node may work on them at once.
        """
        step = self._patience.batch
        parts = [requests[at : at + step] for at in range(0, len(requests), step)]
        return tuple([reply for part in parts for reply in await self._round_trip(part)])

    async def whole(self, work: Callable[[Rpc], Awaitable[T]]) -> T:
        """What a work of several requests gives at this node."""
        return await work(self)

    async def close(self) -> None:
        """Close the connection."""
        await self._transport.aclose()

    # ---------------------------------------------------------------------- one round trip

    async def _round_trip(self, requests: Sequence[Request]) -> list[Reply]:
        numbers = [next(self._ids) for _ in requests]
        calls = [
            {"jsonrpc": "2.0", "id": number, "method": each.method, "params": each.parameters}
            for number, each in zip(numbers, requests, strict=True)
        ]
        body = msgspec.json.encode(calls[0] if len(calls) == 1 else calls)
        repeatable = _NEVER_REPEATED.isdisjoint(each.method for each in requests)
        content = await self._patiently(body, self._patience.attempts if repeatable else 1)
        by_number = self._sorted(content, numbers)
        return [
            self._reply(each, by_number[number])
            for number, each in zip(numbers, requests, strict=True)
        ]

    async def _patiently(self, body: bytes, attempts: int) -> bytes:
        """The content of the answer, asked for again where that may help."""
        heard = await self._posted(body)
        for attempt in range(1, attempts):
            if not heard.is_passing:
                break
            await asyncio.sleep(self._patience.back_off * 2 ** (attempt - 1))
            heard = await self._posted(body)
        if heard.content is None or heard.status not in _UNDERSTOOD:
            raise self._failure(heard)
        return heard.content

    async def _posted(self, body: bytes) -> _Heard:
        try:
            async with asyncio.timeout(self._patience.timeout):
                return await self._exchanged(body)
        except TimeoutError:
            return _Heard(0, None, f"nothing within {self._patience.timeout:g} s")
        except (httpx.HTTPError, OSError) as error:
            return _Heard(0, None, self.url.redacted(f"{type(error).__name__} {error}"))

    async def _exchanged(self, body: bytes) -> _Heard:
        response = await self._transport.handle_async_request(self.url.request(body))
        chunks: list[bytes] = []
        size = 0
        try:
            async for chunk in response.aiter_bytes():
                chunks.append(chunk)
                size += len(chunk)
                if size > self._patience.largest:
                    return _Heard(response.status_code, None)
        finally:
            await response.aclose()
        return _Heard(response.status_code, b"".join(chunks))

    # ------------------------------------------------------------------------------ checks

    def _failure(self, heard: _Heard) -> RpcError:
        status = heard.status
        if status == 0:
            return self._error(f"gives no answer: {heard.words}; is it up?", "transport")
        if status in _OVERLOADED:
            return self._error(f"is asked too much (HTTP {status}): slow down", "limit")
        if heard.content is None:
            return self._error(f"sends more than {self._patience.largest} bytes", "limit")
        hint = "is the key right?" if status in (401, 403) else "is it a JSON-RPC node?"
        return self._error(f"answers with HTTP status {status}: {hint}", "transport")

    def _sorted(self, content: bytes, numbers: Sequence[int]) -> dict[int, _Response]:
        """The responses by number; the node may give them in any order."""
        try:
            responses = msgspec.json.decode(content, type=list[_Response] | _Response)
        except (msgspec.DecodeError, ValueError, RecursionError):
            responses = None
        if responses is None:
            raise self._error("answers with something that is not JSON-RPC", "inconsistent")
        if isinstance(responses, _Response):
            error = responses.error
            if len(numbers) > 1 and error is not None:
                fault: RpcFault = "limit" if error.code in _REFUSED_BATCH_CODES else "inconsistent"
                told = self.url.redacted(error.message)
                raise self._error(f"refuses a batch of {len(numbers)} requests: {told}", fault)
            responses = [responses]
        by_number = {each.id: each for each in responses if each.id is not None}
        if len(responses) != len(numbers) or by_number.keys() != set(numbers):
            raise self._error(
                f"was asked {len(numbers)} requests and gives {len(responses)} answers, of which "
                f"{len(by_number.keys() & set(numbers))} are to what was asked",
                "inconsistent",
            )
        return {number: by_number[number] for number in numbers}

    def _reply(self, request: Request, response: _Response) -> Reply:
        if (response.error is None) == (memoryview(response.result).nbytes == 0):
            raise self._error(
                f"answers {request.method} with neither or both of result and error",
                "inconsistent",
            )
        return Reply(request.method, response.result, self._refusal(request, response.error))

    def _refusal(self, request: Request, error: Refusal | None) -> NodeRefusal | None:
        if error is None:
            return None
        words = self.url.redacted(error.message) or "no reason given"
        return NodeRefusal(request.method, error.code, words, _reverted(error.data))

    def _error(self, words: str, fault: RpcFault) -> RpcError:
        return RpcError(f"the node {self.url} {words}", fault)


def _reverted(data: object) -> bytes | None:
    """The bytes that a reverted call returned, where the node gives them."""
    if isinstance(data, str) and data.startswith("0x"):
        return hexadecimal(data, "revert data")
    return None


@cache
def _trust() -> ssl.SSLContext:
    """The certificates that all connections trust: to read them takes longer than to connect."""
    return httpx.create_ssl_context()
