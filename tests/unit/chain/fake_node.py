"""A node inside the process: JSON-RPC answers from functions, over a mocked transport."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import httpx

from trimtab.chain.rpc import Patience, Rpc
from trimtab.chain.secret import RpcUrl

CHAIN = 31337
KEY = "k3yK3yS3cr3tS3cr3t"
URL = f"https://user:p4ssw0rdp4ss@node.example:8545/v2/{KEY}?token={KEY}query"

Method = Callable[..., Any]


class Refused(Exception):
    """What a method raises to answer with an error."""

    def __init__(self, code: int, message: str, data: object = None) -> None:
        super().__init__(message)
        self.error = {"code": code, "message": message, "data": data}


class FakeNode:
    """Answers each request by the method of its name, and remembers what was asked."""

    def __init__(self, methods: Mapping[str, Method]) -> None:
        self.methods = dict(methods)
        self.asked: list[tuple[str, tuple[Any, ...]]] = []
        self.round_trips = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.round_trips += 1
        body = json.loads(request.content)
        if isinstance(body, dict):
            return httpx.Response(200, json=self.answer(body))
        return httpx.Response(200, json=[self.answer(each) for each in body][::-1])

    def answer(self, call: dict[str, Any]) -> dict[str, Any]:
        self.asked.append((call["method"], tuple(call["params"])))
        answer = {"jsonrpc": "2.0", "id": call["id"]}
        try:
            return {**answer, "result": self.result(call)}
        except Refused as refused:
            return {**answer, "error": refused.error}

    def result(self, call: dict[str, Any]) -> object:
        if call["method"] not in self.methods:
            raise Refused(-32601, f"the method {call['method']} does not exist")
        return self.methods[call["method"]](*call["params"])

    def count(self, method: str) -> int:
        return sum(1 for asked, _ in self.asked if asked == method)


def connected(
    handler: Callable[[httpx.Request], httpx.Response], patience: Patience | None = None
) -> Rpc:
    """A connection to a handler, which waits for nothing between attempts."""
    patience = patience or Patience(back_off=0.0)
    return Rpc(RpcUrl(URL), CHAIN, patience, httpx.MockTransport(handler))


def hash_of(number: int, fork: str = "a") -> str:
    """A block hash that names its number and its fork."""
    return "0x" + fork * 8 + f"{number:056x}"


def header(number: int, fork: str = "a", parent_fork: str | None = None) -> dict[str, Any]:
    """The header of a block, 12 seconds after the one before."""
    return {
        "number": hex(number),
        "hash": hash_of(number, fork),
        "parentHash": hash_of(number - 1, parent_fork or fork),
        "timestamp": hex(1_000_000 + 12 * number),
        "baseFeePerGas": hex(10**9 + number),
    }


def wire_log(
    address: str, number: int, index: int, topics: Sequence[str] = (), **more: Any
) -> dict[str, Any]:
    """A log as a node sends it."""
    return {
        "address": address.lower(),
        "topics": list(topics),
        "data": "0x" + f"{index:064x}",
        "blockNumber": hex(number),
        "blockHash": hash_of(number),
        "transactionHash": "0x" + f"{number:032x}{index:032x}",
        "logIndex": hex(index),
        "removed": False,
        "blockTimestamp": hex(1_000_000 + 12 * number),
        **more,
    }
