import asyncio
import itertools
import json
import logging
import traceback
from collections.abc import Callable

import httpx
import msgspec
import pytest

from tests.unit.chain.fake_node import KEY, URL, FakeNode, Refused, connected
from trimtab.chain.rpc import NodeRefusal, Patience, Reply, Request, Rpc
from trimtab.chain.secret import RpcUrl
from trimtab.core.errors import RpcError

CHAIN_ID = Request("eth_chainId")
TWO = (Request("first"), Request("second"))
Handler = Callable[[httpx.Request], httpx.Response]


def batch(handler: Handler, *requests: Request, patience: Patience | None = None) -> list[Reply]:
    async def asking() -> list[Reply]:
        rpc = connected(handler, patience)
        try:
            return list(await rpc.batch(requests))
        finally:
            await rpc.close()

    return asyncio.run(asking())


def answering(template: str | bytes) -> Handler:
    """A node that answers with a text in which $1 and $2 stand for the ids of the requests."""

    def handle(request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        calls = body if isinstance(body, list) else [body]
        content = template.encode() if isinstance(template, str) else template
        for number, call in enumerate(calls, start=1):
            content = content.replace(b"$%d" % number, str(call["id"]).encode())
        return httpx.Response(200, content=content)

    return handle


def test_batch__answers_in_another_order__given_in_ours() -> None:
    node = FakeNode({"first": lambda: "0x1", "second": lambda: "0x2"})
    assert strings(batch(node, *TWO)) == ["0x1", "0x2"]
    assert node.round_trips == 1


def test_batch__nothing_to_ask__no_round_trip() -> None:
    node = FakeNode({})
    assert batch(node) == []
    assert node.round_trips == 0


def test_batch__more_than_one_may_hold__split() -> None:
    node = FakeNode({"first": lambda: "0x1"})
    replies = batch(node, *[Request("first")] * 7, patience=Patience(batch=3))
    assert len(replies) == 7
    assert node.round_trips == 3


def test_batch__one_refused__a_value_among_answers() -> None:
    def refuse() -> None:
        raise Refused(3, "execution reverted", "0x08c379a0")

    node = FakeNode({"first": lambda: "0x1", "second": refuse})
    first, second = batch(node, *TWO)
    assert first.into(str) == "0x1"
    with pytest.raises(NodeRefusal, match=r"refused second: execution reverted \(code 3\)") as seen:
        second.into(str)
    assert seen.value.data == bytes.fromhex("08c379a0")
    assert seen.value.fault == "inconsistent"


def strings(replies: list[Reply]) -> list[str]:
    return [reply.into(str) for reply in replies]


FIRST, SECOND = '{"id": $1, "result": "0x1"}', '{"id": $2, "result": "0x2"}'


@pytest.mark.parametrize(
    "content",
    [
        f"[{FIRST}]",
        f"[{FIRST}, {FIRST}]",
        f"[{FIRST}, {SECOND}, {SECOND}]",
        f'[{FIRST}, {{"id": 12345, "result": "0x2"}}]',
        f'[{FIRST}, {{"id": "$2", "result": "0x2"}}]',
        f'[{FIRST}, {{"id": null, "result": "0x2"}}]',
        f'[{FIRST}, {{"id": $2}}]',
        f'[{FIRST}, {{"id": $2, "result": 1, "error": {{"code": 1, "message": "both"}}}}]',
        f'[{FIRST}, {{"id": $2, "error": "words"}}]',
        f'[{FIRST}, {{"id": $2, "error": {{"code": "x"}}}}]',
        f"[{FIRST}, 7]",
        FIRST,
        '{"id": null, "error": {"code": -32000, "message": "no"}}',
        "<html>busy</html>",
        "",
        "null",
        b'[{"id": $1, "result": "\xff\xfe"}]',
        pytest.param("[" * 100_000, id="deep"),
    ],
)
def test_batch__hostile_answer__inconsistent(content: str | bytes) -> None:
    with pytest.raises(RpcError, match=r"https://node\.example:8545") as seen:
        batch(answering(content), *TWO)
    assert seen.value.fault == "inconsistent"


def test_batch__refused_as_too_large__limit() -> None:
    handler = answering('{"id": null, "error": {"code": -32005, "message": "batch too large"}}')
    with pytest.raises(RpcError, match="refuses a batch of 2 requests: batch too large") as seen:
        batch(handler, *TWO)
    assert seen.value.fault == "limit"


@pytest.mark.parametrize("value", ["7", "null", '{"a": 1}', '["0x1"]', "true", "1e999"])
@pytest.mark.parametrize("kind", [str, list[int], dict[str, str]])
def test_into__another_type__inconsistent(value: str, kind: type[object]) -> None:
    (reply,) = batch(answering(f'{{"id": $1, "result": {value}}}'), CHAIN_ID)
    with pytest.raises(RpcError, match="answered eth_chainId with something that is no") as seen:
        reply.into(kind)
    assert seen.value.fault == "inconsistent"


def test_maybe__null__none() -> None:
    (reply,) = batch(answering('{"id": $1, "result": null}'), CHAIN_ID)
    assert reply.maybe(str) is None


def test_answer__larger_than_allowed__limit() -> None:
    handler = answering('{"id": $1, "result": "0x' + "00" * 5000 + '"}')
    with pytest.raises(RpcError, match="more than 1000 bytes") as seen:
        batch(handler, CHAIN_ID, patience=Patience(largest=1000))
    assert seen.value.fault == "limit"


@pytest.mark.parametrize(
    "status, fault, words, attempts",
    [
        (429, "limit", "slow down", 3),
        (413, "limit", "slow down", 1),
        (503, "transport", "status 503", 3),
        (401, "transport", "is the key right", 1),
        (404, "transport", "is it a JSON-RPC node", 1),
        (301, "transport", "status 301", 1),
    ],
)
def test_status__not_ok__fault_and_attempts(
    status: int, fault: str, words: str, attempts: int
) -> None:
    tries = itertools.count(1)
    seen_tries = 0

    def handle(request: httpx.Request) -> httpx.Response:
        nonlocal seen_tries
        seen_tries = next(tries)
        return httpx.Response(status, content=b"no", headers={"location": "https://evil.example"})

    with pytest.raises(RpcError, match=words) as seen:
        batch(handle, CHAIN_ID)
    assert seen.value.fault == fault
    assert seen_tries == attempts


def test_status__bad_request_with_json_rpc__the_nodes_words() -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        number = json.loads(request.content)["id"]
        error = {"code": -32602, "message": "invalid params"}
        return httpx.Response(400, json={"id": number, "error": error})

    (reply,) = batch(handle, CHAIN_ID)
    with pytest.raises(NodeRefusal, match="invalid params"):
        reply.into(str)


def test_read__connection_lost_once__asked_again() -> None:
    node = FakeNode({"eth_chainId": lambda: "0x1"})
    tries = itertools.count()

    def handle(request: httpx.Request) -> httpx.Response:
        if next(tries) == 0:
            raise httpx.ReadError("connection lost")
        return node(request)

    (reply,) = batch(handle, CHAIN_ID)
    assert reply.into(str) == "0x1"


def test_send__connection_lost__never_repeated() -> None:
    tries = 0

    def handle(request: httpx.Request) -> httpx.Response:
        nonlocal tries
        tries += 1
        raise httpx.ReadError("connection lost")

    with pytest.raises(RpcError, match="ReadError connection lost") as seen:
        batch(handle, CHAIN_ID, Request("eth_sendRawTransaction", ("0x02",)))
    assert seen.value.fault == "transport"
    assert tries == 1


def test_answer__never_comes__transport() -> None:
    async def silent(request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(60)
        return httpx.Response(200)

    async def asking() -> None:
        patience = Patience(timeout=0.01, attempts=2, back_off=0.0)
        rpc = Rpc(RpcUrl(URL), 1, patience, httpx.MockTransport(silent))
        await rpc.ask(CHAIN_ID)

    with pytest.raises(RpcError, match=r"nothing within 0.01 s") as seen:
        asyncio.run(asking())
    assert seen.value.fault == "transport"


def test_check_chain__another_chain__wrong_chain() -> None:
    async def asking() -> None:
        await connected(FakeNode({"eth_chainId": lambda: "0x1"})).check_chain()

    with pytest.raises(RpcError, match="serves chain 1, expected 31337") as seen:
        asyncio.run(asking())
    assert seen.value.fault == "wrong_chain"


def test_check_chain__right_chain__silent() -> None:
    asyncio.run(connected(FakeNode({"eth_chainId": lambda: "0x7a69"})).check_chain())


def echo(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError(f"cannot reach {request.url}", request=request)


def echo_error(request: httpx.Request) -> httpx.Response:
    number = json.loads(request.content)["id"]
    error = {"code": -32000, "message": f"bad key in {URL}", "data": URL}
    return httpx.Response(200, json={"id": number, "error": error})


def echo_batch_error(request: httpx.Request) -> httpx.Response:
    error = {"code": -32005, "message": f"the project of {URL} is over its limit"}
    return httpx.Response(200, json={"id": None, "error": error})


def echo_decoding(request: httpx.Request) -> httpx.Response:
    headers = {"content-encoding": "gzip", "server": KEY}
    return httpx.Response(200, content=b"this is no gzip", headers=headers)


@pytest.mark.parametrize("handler", [echo, echo_error, echo_batch_error, echo_decoding])
def test_failure__that_holds_the_address__shows_no_key(
    handler: Handler, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    requests = (CHAIN_ID,) if handler is echo_error else TWO
    with pytest.raises(RpcError) as seen:
        strings(batch(handler, *requests))
    error: BaseException | None = seen.value
    shown = caplog.text
    while error is not None:
        # Locals are part of what is shown, except where they hold what the node itself sent.
        is_ours = handler in (echo, echo_decoding)
        stack = traceback.TracebackException.from_exception(error, capture_locals=is_ours)
        shown += str(error) + repr(error.args) + "".join(stack.format())
        error = error.__cause__ or error.__context__
    assert KEY.lower() not in shown.lower()
    assert "p4ssw0rd" not in shown


def test_real_transport__debug_logs__show_no_key(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        size = next(
            int(line.split(b":")[1])
            for line in head.splitlines()
            if line.lower().startswith(b"content-length")
        )
        number = msgspec.json.decode(await reader.readexactly(size))["id"]
        body = json.dumps({"id": number, "result": "0x1"}).encode()
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(body) + body)
        await writer.drain()
        heads.append(head)
        writer.close()

    heads: list[bytes] = []

    async def asking() -> tuple[str, str]:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        rpc = Rpc(RpcUrl(f"http://user:p4ssw0rdp4ss@127.0.0.1:{port}/v2/{KEY}?t={KEY}"), 1)
        answers = [(await rpc.ask(CHAIN_ID)).into(str) for _ in range(2)]
        await rpc.close()
        server.close()
        await server.wait_closed()
        return answers[0], answers[1]

    assert asyncio.run(asking()) == ("0x1", "0x1")
    assert KEY.encode() in heads[0]
    assert b"authorization: basic" in heads[0].lower()
    assert "httpcore" in caplog.text
    assert KEY not in caplog.text
    assert "p4ssw0rd" not in caplog.text
