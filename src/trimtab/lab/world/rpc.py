"""Synchronous JSON-RPC to the local node, for what runs once per world or once per block."""

from __future__ import annotations

from collections.abc import Sequence
from http.client import HTTPConnection, HTTPException
from types import TracebackType
from typing import Any, Self, TypeAlias
from urllib.parse import urlsplit

import msgspec

from trimtab.core.abi import Answer
from trimtab.core.errors import RpcError
from trimtab.core.token import Address

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | dict[str, Json] | None"
"""A JSON value."""

Request = tuple[str, Sequence[Json]]
"""A method and its parameters."""

_TIMEOUT_SECONDS = 60.0


class _Refusal(msgspec.Struct):
    code: int = 0
    message: str = ""
    data: Any = None


class _Response(msgspec.Struct):
    id: int | None = None
    result: Any = None
    error: _Refusal | None = None


class NodeRefusal(RpcError):
    """The node answered a request with an error; `data` is what a reverted call returned."""

    def __init__(self, method: str, refusal: _Refusal) -> None:
        super().__init__(f"{method}: {refusal.message}", "inconsistent")
        self.code = refusal.code
        self.data = (
            bytes.fromhex(refusal.data[2:])
            if isinstance(refusal.data, str) and refusal.data.startswith("0x")
            else None
        )


class Rpc:
    """A connection that is kept open. Every method raises RpcError when the node is gone.

    The standard library's client: over loopback a general one costs more time than the node.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._connection = HTTPConnection(urlsplit(url).netloc, timeout=_TIMEOUT_SECONDS)

    def __call__(self, method: str, *parameters: Json) -> Json:
        """The result of one request. Raises NodeRefusal where the node answers an error."""
        (response,) = self._post([(method, parameters)])
        return _result(method, response)

    def batch(self, requests: Sequence[Request]) -> list[Json]:
        """The results of several requests in one round trip, in their order.

        The node may work on them at once: nothing in a batch may depend on its neighbour.
        Raises NodeRefusal for the first that the node answers with an error.
        """
        responses = self._post(requests)
        return [_result(request[0], r) for request, r in zip(requests, responses, strict=True)]

    def answers(
        self,
        calls: Sequence[tuple[Address, bytes]],
        sender: Address | None = None,
        block: str = "latest",
    ) -> list[Answer]:
        """What each `eth_call` of data to an address returns, or reverts with, byte for byte.

        Raises NodeRefusal where the node refuses for another reason than a failed execution.
        """
        origin: dict[str, Json] = {} if sender is None else {"from": sender}
        requests: list[Request] = [
            ("eth_call", ({"to": to, "data": "0x" + data.hex(), **origin}, block))
            for to, data in calls
        ]
        return [_answer(response) for response in self._post(requests)]

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _post(self, requests: Sequence[Request]) -> list[_Response]:
        if not requests:
            return []
        body = msgspec.json.encode(
            [
                {"jsonrpc": "2.0", "id": index, "method": method, "params": parameters}
                for index, (method, parameters) in enumerate(requests)
            ]
        )
        try:
            self._connection.request("POST", "/", body, {"content-type": "application/json"})
            content = self._connection.getresponse().read()
            responses = msgspec.json.decode(content, type=list[_Response])
        except (OSError, HTTPException, msgspec.DecodeError) as error:
            self._connection.close()
            raise RpcError(
                f"no answer from the node at {self.url}: {error}", "transport"
            ) from error
        by_id = {response.id: response for response in responses}
        if len(responses) != len(requests) or set(by_id) != set(range(len(requests))):
            raise RpcError(
                f"asked the node {len(requests)} requests and got {len(responses)} answers",
                "inconsistent",
            )
        return [by_id[index] for index in range(len(requests))]


_REVERTED = 3
"""The code of JSON-RPC errors that mean a reverted execution, as geth and anvil use it."""

_HALTED = "EVM error "
"""How anvil begins to say that an execution ended without return data, as by `INVALID`."""


def _result(method: str, response: _Response) -> Json:
    if response.error is not None:
        raise NodeRefusal(method, response.error)
    result: Json = response.result
    return result


def _answer(response: _Response) -> Answer:
    error = response.error
    if error is None:
        assert isinstance(response.result, str)
        return Answer(True, bytes.fromhex(response.result[2:]))
    refusal = NodeRefusal("eth_call", error)
    if error.code != _REVERTED and not error.message.startswith(_HALTED):
        raise refusal
    return Answer(False, refusal.data or b"")
