"""A JSON-RPC node on the loopback interface that fails as it is told, in front of a real one.

    with FaultyNode(anvil.url) as node:
        rpc = Rpc(RpcUrl(node.url), 31337)
        with node.failing(Status(503), methods=("eth_getLogs",), times=2):
            ...
        node.set(Rule(HeadBack(3), skip=10), Rule(Dropped(), methods=("eth_call",)))

A fault is what goes wrong, a `Rule` says for which requests. Nothing depends on time or chance: a
rule counts the requests that it fits, passes the first `skip` over, and acts `times` times. The
first rule that acts decides; where none does, the real node answers. `faults.drawn` makes rules
from a seed. All that was asked, and what was done about it, is in `node.asked`.
"""

from __future__ import annotations

import copy
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from eth_utils.crypto import keccak

from tests.support.faults import (
    Answered,
    Body,
    Call,
    Dropped,
    Edited,
    Fault,
    HeadBack,
    Huge,
    OfTransport,
    OtherChain,
    Refused,
    Rule,
    Silent,
    Slow,
    StaleHead,
    Status,
    Swallowed,
    Truncated,
    Without,
)

Answer = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """One call as it came in, and the fault that it met, if any."""

    method: str
    parameters: tuple[Any, ...]
    path: str
    fault: Fault | None


@dataclass(slots=True)
class _Counted:
    rule: Rule
    seen: int = 0

    def acts(self, calls: Sequence[Call]) -> bool:
        """Count a request, and say whether the rule acts on it."""
        if not any(self.rule.fits(call) for call in calls):
            return False
        self.seen += 1
        past = self.seen - self.rule.skip
        return past > 0 and (self.rule.times is None or past <= self.rule.times)


@dataclass(slots=True)
class FaultyNode:
    """The proxy, used as a context manager. `path` stands for the key that real addresses carry."""

    upstream: str
    path: str = "/v2/k3yK3yS3cr3t"
    asked: list[Asked] = field(default_factory=list)
    _rules: list[_Counted] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _release: threading.Event = field(default_factory=threading.Event)
    _server: ThreadingHTTPServer | None = None
    _thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Where it listens; the path is a secret."""
        assert self._server is not None, "the node is not running: use it with `with`"
        return f"http://127.0.0.1:{self._server.server_address[1]}{self.path}"

    def set(self, *rules: Rule) -> None:
        """Fail by these rules from now on, and by no others; counts begin anew."""
        with self._lock:
            self._rules = [_Counted(rule) for rule in rules]

    @contextmanager
    def failing(
        self,
        fault: Fault,
        methods: tuple[str, ...] = (),
        skip: int = 0,
        times: int | None = None,
    ) -> Iterator[None]:
        """Fail by one rule within the block, and not at all after it."""
        self.set(Rule(fault, methods, skip, times))
        try:
            yield
        finally:
            self.set()
            self.release()

    def release(self) -> None:
        """Let those go on that Silent and Slow hold; later ones are held again."""
        self._release.set()
        self._release = threading.Event()

    def count(self, method: str) -> int:
        """How often a method was asked."""
        return sum(1 for each in self.asked if each.method == method)

    def __enter__(self) -> Self:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._server is not None
        assert self._thread is not None
        self._release.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    # ------------------------------------------------------------------------- one request

    def handle(self, body: bytes, path: str) -> tuple[int, bytes] | None:
        """Status and content of an answer; none to close the connection without one."""
        asked = json.loads(body)
        calls: list[Call] = asked if isinstance(asked, list) else [asked]
        with self._lock:
            acting = [each.rule for each in self._rules if each.acts(calls)]  # all of them count
            rule = acting[0] if acting else None
            self.asked += [
                Asked(
                    call["method"],
                    tuple(call["params"]),
                    path,
                    rule.fault if rule is not None and rule.fits(call) else None,
                )
                for call in calls
            ]
        if rule is not None and isinstance(rule.fault, OfTransport):
            return self._broken(rule.fault, body, path)
        answers = self._answers(calls, rule, path)
        told = answers if isinstance(asked, list) else answers[0]
        return 200, json.dumps(told).encode()

    def _broken(self, fault: OfTransport, body: bytes, path: str) -> tuple[int, bytes] | None:
        match fault:
            case Silent():
                self._release.wait()
                return None
            case Slow():
                self._release.wait()
                return 200, self._forward(body)
            case Dropped(forwards=forwards):
                if forwards:
                    self._forward(body)
                return None
            case Status(code=code, text=text):
                return code, text.format(path=path).encode()
            case Body(content=content):
                return 200, content
            case Truncated(percent=percent):
                whole = self._forward(body)
                return 200, whole[: len(whole) * percent // 100]
            case Huge(size=size):
                return 200, b'[{"jsonrpc":"2.0","id":0,"result":"' + b"0" * size + b'"}]'

    def _answers(self, calls: Sequence[Call], rule: Rule | None, path: str) -> list[Answer]:
        met = [rule is not None and rule.fits(call) for call in calls]
        fault = None if rule is None else rule.fault
        ours = isinstance(fault, Answered | Refused | Swallowed)
        real = iter(
            self._real(
                [
                    _asked_instead(call, fault, self._number) if is_met else call
                    for call, is_met in zip(calls, met, strict=True)
                    if not (is_met and ours)
                ]
            )
        )
        answers = []
        for call, is_met in zip(calls, met, strict=True):
            answer: Answer = {"jsonrpc": "2.0", "id": call["id"]}
            if not (is_met and ours):
                answer |= {k: v for k, v in next(real).items() if k in ("result", "error")}
            answers.append(_changed(call, answer, fault, path) if is_met else answer)
        return answers

    def _real(self, calls: Sequence[Call]) -> list[Answer]:
        if not calls:
            return []
        numbered = [{**call, "id": number} for number, call in enumerate(calls)]
        found = json.loads(self._forward(json.dumps(numbered).encode()))
        return sorted(found, key=lambda answer: int(answer["id"]))

    def _number(self) -> int:
        (answer,) = self._real([{"jsonrpc": "2.0", "method": "eth_blockNumber", "params": []}])
        return int(answer["result"], 16)

    def _forward(self, body: bytes) -> bytes:
        target = urlsplit(self.upstream)
        connection = HTTPConnection(target.hostname or "", target.port)
        try:
            headers = {"content-type": "application/json"}
            connection.request("POST", target.path or "/", body, headers)
            return connection.getresponse().read()
        finally:
            connection.close()


def _asked_instead(call: Call, fault: Fault | None, newest: Callable[[], int]) -> Call:
    """What the real node is asked in the place of a call that asks for the newest block."""
    if not isinstance(fault, HeadBack | StaleHead):
        return call
    number = fault.number if isinstance(fault, StaleHead) else max(newest() - fault.blocks, 0)
    full = call["params"][1] if len(call["params"]) > 1 else False
    return {**call, "method": "eth_getBlockByNumber", "params": [hex(number), full]}


def _changed(call: Call, answer: Answer, fault: Fault | None, path: str) -> Answer:
    """The answer to a call that meets a fault of an answer."""
    match fault:
        case Answered(result=result):
            return {**answer, "result": result}
        case Refused(code=code, message=message, data=data):
            words = message.format(path=path)
            return {**answer, "error": {"code": code, "message": words, "data": data}}
        case Swallowed():
            raw = bytes.fromhex(call["params"][0][2:])
            return {**answer, "result": "0x" + keccak(raw).hex()}
        case OtherChain(chain=chain):
            return {**answer, "result": hex(chain)}
        case HeadBack() | StaleHead() if call["method"] == "eth_blockNumber":
            return {**answer, "result": answer["result"]["number"]}
        case Without(field=field) if "result" in answer:
            return {**answer, "result": _without(answer["result"], field)}
        case Edited(change=change) if "result" in answer:
            return {**answer, "result": change(copy.deepcopy(answer["result"]))}
    return answer


def _without(value: object, name: str) -> object:
    if isinstance(value, dict):
        return {key: _without(inner, name) for key, inner in value.items() if key != name}
    if isinstance(value, list):
        return [_without(inner, name) for inner in value]
    return value


def _handler(node: FaultyNode) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body in one packet, or each answer waits for an acknowledgement

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            answer = node.handle(body, self.path)
            if answer is None:
                self.close_connection = True
                return
            status, content = answer
            try:
                self.send_response(status)
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)
                self.wfile.flush()
            except ConnectionError:
                self.close_connection = True  # whoever asked has stopped waiting

        def log_message(self, *arguments: object) -> None:
            """Say nothing."""

    return Handler
