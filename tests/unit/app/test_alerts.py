"""Alerts: who is told what, and that nothing which becomes of one touches the run."""

from __future__ import annotations

import asyncio
import json
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from trimtab.app import alerts as module
from trimtab.app.alerts import Alert, Alerts
from trimtab.core.errors import ConfigError

ABOUT: dict[str, object] = {"chain": 31337, "account": "0xabc", "mandate": "00"}
HALT = Alert("halt", "breaker operator: lunch", 12)
BODY = {**ABOUT, "event": "halt", "why": "breaker operator: lunch", "block": 12}
KEY = "s3cr3tS3cr3tS3cr3t"


def sent(target: tuple[str, ...], *alerts: Alert) -> list[str]:
    """What is said on the terminal when these alerts go to a target."""
    told: list[str] = []

    async def scene() -> None:
        telling = Alerts({"halt": target}, ABOUT, told.append)
        for alert in alerts:
            telling.send(alert)
        await telling.close()

    asyncio.run(scene())
    return told


def program(text: str, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-c", text, *arguments)


# ------------------------------------------------------------------------------- commands


def test_command__gets_one_object_on_its_input(tmp_path: Path) -> None:
    out = tmp_path / "alert.json"
    copies = "import sys, pathlib; pathlib.Path(sys.argv[1]).write_bytes(sys.stdin.buffer.read())"
    told = sent(program(copies, str(out)), HALT)
    assert told == ["halt: breaker operator: lunch"]
    assert json.loads(out.read_bytes()) == BODY


def test_command__fails__told_with_its_status() -> None:
    command = program("import sys; sys.exit(7)")
    assert sent(command, HALT)[1:] == [
        f"the alert of a halt was not taken: {sys.executable} ended with status 7"
    ]


def test_command__is_not_there__told() -> None:
    (_, words) = sent(("no-such-program-anywhere",), HALT)
    assert "was not taken" in words
    assert "no-such-program-anywhere" in words


def test_command__cannot_be_a_command__told() -> None:
    (_, words) = sent(("a\0b",), HALT)
    assert words == "the alert of a halt was not taken: embedded null byte"


def test_command__hangs__ended_and_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(module, "TIMEOUT", 0.5)
    out = tmp_path / "late"
    late = "import sys, time, pathlib; time.sleep(600); pathlib.Path(sys.argv[1]).touch()"
    assert sent(program(late, str(out)), HALT)[1:] == [
        "the alert of a halt was not taken within 0.5 s"
    ]


def test_command__gets_our_environment_without_the_signer_s_key(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TRIMTAB_TEST_KEY", KEY)
    monkeypatch.setenv("TRIMTAB_TEST_ROOM", "the pager's")
    out = tmp_path / "environment"
    keeps = "import os, sys, json; json.dump(dict(os.environ), open(sys.argv[1], 'w'))"
    told: list[str] = []

    async def scene() -> None:
        target, withheld = program(keeps, str(out)), frozenset({"TRIMTAB_TEST_KEY"})
        telling = Alerts({"halt": target}, ABOUT, told.append, withheld)
        telling.send(HALT)
        await telling.close()

    asyncio.run(scene())
    given = json.loads(out.read_text())
    assert given["TRIMTAB_TEST_ROOM"] == "the pager's"
    assert KEY not in out.read_text()


def test_command__closes_its_input__no_trouble() -> None:
    assert len(sent(program("import os; os.close(0)"), HALT)) == 1


def test_send__nobody_named__told_on_the_terminal_only() -> None:
    assert sent((), HALT) == ["halt: breaker operator: lunch"]


def test_send__many_at_once__no_more_than_some_are_under_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "TIMEOUT", 0.5)
    told = sent(program("import time; time.sleep(600)"), *[HALT] * 20)
    assert told.count("halt: breaker operator: lunch") == 20
    assert told.count("the alert of a halt was not taken within 0.5 s") == module._MOST


# ------------------------------------------------------------------------------- webhooks


@dataclass(slots=True)
class Hook:
    """An address that answers with a status, or, at 0, not at all until it is closed."""

    status: int
    bodies: list[tuple[str, bytes]] = field(default_factory=list)
    closes: threading.Event = field(default_factory=threading.Event)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook/{KEY}?token={KEY}query"


@contextmanager
def hooked(status: int) -> Iterator[Hook]:
    hook = Hook(status)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            hook.bodies.append((self.path, body))
            if not hook.status:
                hook.closes.wait(60)
                return
            self.send_response(hook.status)
            if hook.status == 302:
                self.send_header("location", f"http://127.0.0.1:{hook.port}/elsewhere")
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    hook.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield hook
    finally:
        hook.closes.set()
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize("status", [200, 204])
def test_webhook__takes_it__posted_once(status: int) -> None:
    with hooked(status) as hook:
        told = sent((hook.url,), HALT)
    assert told == ["halt: breaker operator: lunch"]
    ((path, body),) = hook.bodies
    assert path == f"/hook/{KEY}?token={KEY}query"
    assert json.loads(body) == BODY


@pytest.mark.parametrize("status", [500, 404, 302])
def test_webhook__answers_another_status__told_without_its_key(status: int) -> None:
    with hooked(status) as hook:
        told = sent((hook.url,), HALT)
    where = f"http://127.0.0.1:{hook.port}"
    words = f"the alert of a halt was not taken: {where} answers with HTTP status {status}"
    assert told[1:] == [words]
    assert len(hook.bodies) == 1, "it is not followed to another address"


def test_webhook__hangs__left_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TIMEOUT", 0.3)
    with hooked(0) as hook:
        told = sent((hook.url,), HALT)
    assert told[1:] == ["the alert of a halt was not taken within 0.3 s"]


def test_webhook__nobody_listens__told_without_its_key() -> None:
    (_, words) = sent((f"http://127.0.0.1:1/hook/{KEY}",), HALT)
    assert "was not taken" in words
    assert KEY not in words


def test_webhook__address_in_the_environment__read_and_not_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with hooked(500) as hook:
        monkeypatch.setenv("TRIMTAB_TEST_HOOK", hook.url)
        told = sent(("env:TRIMTAB_TEST_HOOK",), HALT)
    assert len(hook.bodies) == 1
    assert KEY not in " ".join(told)


def test_webhook__variable_is_not_set__refused_before_anything_runs() -> None:
    with pytest.raises(ConfigError, match="TRIMTAB_NO_HOOK is not set"):
        Alerts({"halt": ("env:TRIMTAB_NO_HOOK",)}, ABOUT, lambda _: None)


def test_alerts__of_one_kind__go_to_its_own_target() -> None:
    told: list[str] = []

    async def scene(halts: str, breaches: str) -> None:
        telling = Alerts({"halt": (halts,), "breach": (breaches,)}, ABOUT, told.append)
        telling.send(Alert("breach", "cap token:WETH", 3))
        await telling.close()

    with hooked(200) as halts, hooked(200) as breaches:
        asyncio.run(scene(halts.url, breaches.url))
    assert halts.bodies == []
    ((_, body),) = breaches.bodies
    assert json.loads(body)["event"] == "breach"
