"""Alerts: a command, or an address that is posted to, hears of halts and breaches.

An alert is one JSON object, on the command's standard input or as the body. What becomes of it
never touches the loop: a command that fails or hangs is told of and left.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import httpx
import orjson

from trimtab.chain.secret import RpcUrl
from trimtab.core.errors import ConfigError

Kind = Literal["halt", "breach"]
TIMEOUT = 10.0
"""Seconds that an alert may take."""
_MOST = 8
"""Alerts under way at once: while so many hang, further ones are told of on the terminal only."""
_ADDRESSES = ("http://", "https://", "env:", "file:")


@dataclass(frozen=True, slots=True)
class Alert:
    """What happened, and where."""

    kind: Kind
    why: str
    block: int | None


@dataclass(slots=True)
class Alerts:
    """Whom to tell of what. `about` is part of every alert; `tell` says on the terminal.

    Each target is a command with its arguments, or one address; an empty one is nobody. A command
    gets our environment but for the variables in `withheld`: where the signer's key is.
    """

    targets: dict[Kind, tuple[str, ...]]
    about: dict[str, object]
    tell: Callable[[str], None]
    withheld: frozenset[str] = frozenset()
    _urls: dict[Kind, RpcUrl] = field(default_factory=dict)
    _sending: set[asyncio.Task[None]] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Raise ConfigError for an address that cannot be read."""
        for kind, target in self.targets.items():
            if len(target) == 1 and target[0].startswith(_ADDRESSES):
                self._urls[kind] = RpcUrl.load(target[0])

    def send(self, alert: Alert, *, is_said: bool = True) -> None:
        """Begin to tell; returns at once. The terminal hears of it too, where that is asked for."""
        if is_said:
            self.tell(f"{alert.kind}: {alert.why}")
        target = self.targets.get(alert.kind, ())
        if not target or len(self._sending) >= _MOST:
            return
        body = orjson.dumps(
            {**self.about, "event": alert.kind, "why": alert.why, "block": alert.block}
        )
        task = asyncio.get_running_loop().create_task(self._sent(alert.kind, target, body))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def close(self) -> None:
        """Wait until everybody was told, or had time enough."""
        await asyncio.gather(*self._sending, return_exceptions=True)

    async def _sent(self, kind: Kind, target: Sequence[str], body: bytes) -> None:
        try:
            async with asyncio.timeout(TIMEOUT):
                if kind in self._urls:
                    await _posted(self._urls[kind], body)
                else:
                    given = {k: v for k, v in os.environ.items() if k not in self.withheld}
                    await _run(target, body, given)
        except TimeoutError:
            self.tell(f"the alert of a {kind} was not taken within {TIMEOUT:g} s")
        except (OSError, ValueError, httpx.HTTPError, ConfigError) as error:
            words = self._urls[kind].redacted(str(error)) if kind in self._urls else str(error)
            self.tell(f"the alert of a {kind} was not taken: {words}")


async def _posted(url: RpcUrl, body: bytes) -> None:
    """POST; any answer of success is enough."""
    async with httpx.AsyncHTTPTransport() as transport:
        response = await transport.handle_async_request(url.request(body))
        await response.aclose()
        if not response.is_success:
            raise ConfigError(f"{url} answers with HTTP status {response.status_code}")


async def _run(command: Sequence[str], body: bytes, environment: Mapping[str, str]) -> None:
    """Run a command with the alert on its input; it is ended when its time is over."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        env=environment,
    )
    try:
        await process.communicate(body)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise ConfigError(f"{command[0]} ended with status {process.returncode}")
