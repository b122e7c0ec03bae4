"""Keys and node addresses as opaque values: what they hold shows itself nowhere."""

import os
import re
import stat
from base64 import b64encode
from pathlib import Path
from typing import ClassVar, NoReturn, Self, SupportsIndex
from urllib.parse import unquote

import httpx

from trimtab.core.errors import ConfigError

_SHOWN = 200
_LONGEST = 64 * 1024
_SECRET_LENGTH = 6


class Secret:
    """A text that only `reveal` gives away: not repr, str, format, copy or pickle."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself. Bind it to no name: a traceback may show local variables."""
        return self._text

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"

    def __reduce_ex__(self, protocol: SupportsIndex) -> NoReturn:
        raise TypeError("a secret is neither copied nor pickled: pass it on as it is")


def read_secret(source: str) -> Secret:
    """The secret that `env:NAME` or `file:PATH` names.

    Raises ConfigError if there is none, or if others may read the file. The source itself is
    shown only where it has one of these forms: it might be the secret.
    """
    kind, _, name = source.partition(":")
    if kind == "env" and name:
        secret = Secret(os.environ.get(name, "").strip())
        if not secret.reveal():
            raise ConfigError(f"the environment variable {name} is not set: export it first")
        return secret
    if kind == "file" and name:
        return _file(Path(name).expanduser())
    raise ConfigError("a secret is given as env:NAME or file:PATH, never itself: move it there")


def _file(path: Path) -> Secret:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError as error:
        raise ConfigError(f"the secret file {path} cannot be read: {error.strerror}") from None
    try:
        _check_private(path, os.fstat(descriptor).st_mode)
        secret = Secret(os.read(descriptor, _LONGEST).decode("latin-1").strip())
    finally:
        os.close(descriptor)
    if not secret.reveal():
        raise ConfigError(f"the secret file {path} is empty: write the secret into it")
    return secret


def _check_private(path: Path, mode: int) -> None:
    if not stat.S_ISREG(mode):
        raise ConfigError(f"the secret file {path} is not a plain file: name a file")
    if mode & 0o077:
        raise ConfigError(
            f"the secret file {path} has mode {stat.S_IMODE(mode):04o}, so that others may use it: "
            f"run chmod 600 {path}"
        )


class _Url:
    """An address that carries keys, so only scheme, host and port are ever shown."""

    __slots__ = ("_parts", "_url", "shown")

    schemes: ClassVar[tuple[str, str]]
    named: ClassVar[str]

    def __init__(self, text: str) -> None:
        """Raise ConfigError, without the text, unless it is an address of such a scheme."""
        url = _parsed(Secret(text))
        if url is None or url.scheme not in self.schemes or not url.host:
            raise ConfigError(
                f"{self.named} is {self.schemes[0]}://HOST or {self.schemes[1]}://HOST, or "
                "env:NAME or file:PATH that holds one; what was given is another thing, and not "
                "shown: it may hold a key"
            )
        port = "" if url.port is None else f":{url.port}"
        self.shown = f"{url.scheme}://{url.host}{port}"
        self._url = url
        self._parts = _secrets_of(url)

    @classmethod
    def load(cls, source: str) -> Self:
        """The address that is written, or that `env:NAME` or `file:PATH` holds."""
        if source.startswith(("env:", "file:")):
            return cls(read_secret(source).reveal())
        return cls(source)

    def redacted(self, text: str) -> str:
        """A foreign text fit to be shown: short, printable, and without any part of the keys."""
        for part in self._parts:
            text = re.sub(re.escape(part.reveal()), "…", text, flags=re.IGNORECASE)
        printable = "".join(letter if letter.isprintable() else " " for letter in text)
        return printable if len(printable) <= _SHOWN else printable[:_SHOWN] + "…"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.shown})"

    def __str__(self) -> str:
        return self.shown

    def __reduce_ex__(self, protocol: SupportsIndex) -> NoReturn:
        raise TypeError("an RPC address is neither copied nor pickled: pass it on as it is")


class RpcUrl(_Url):
    """The address that a node is asked at."""

    __slots__ = ()

    schemes = ("http", "https")
    named = "an RPC address"

    def request(self, body: bytes) -> httpx.Request:
        """The POST of a body to this address; it does carry the keys."""
        headers = {"content-type": "application/json", "accept-encoding": "gzip"}
        if self._url.userinfo:
            user, _, password = self._url.userinfo.partition(b":")
            plain = unquote(user.decode()) + ":" + unquote(password.decode())
            headers["authorization"] = "Basic " + b64encode(plain.encode()).decode()
        return httpx.Request("POST", self._url, headers=headers, content=body)


class SocketUrl(_Url):
    """The address of a WebSocket at which a node tells of new blocks."""

    __slots__ = ()

    schemes = ("ws", "wss")
    named = "a WebSocket address"

    def reveal(self) -> str:
        """The address itself. Bind it to no name: a traceback may show local variables."""
        return str(self._url.copy_with(fragment=None))


def _parsed(text: Secret) -> httpx.URL | None:
    try:
        return httpx.URL(text.reveal())
    except (httpx.InvalidURL, ValueError):
        return None


def _secrets_of(url: httpx.URL) -> tuple[Secret, ...]:
    """Every part that may be a key, as written and as meant, the longest first."""
    written = [url.userinfo.decode(), url.raw_path.decode(), url.fragment]
    parts = {part for text in written for part in re.split(r"[/?&=:]", text)}
    parts |= set(written) | {unquote(part) for part in parts}
    long = (part for part in parts if len(part) >= _SECRET_LENGTH)
    return tuple(Secret(part) for part in sorted(long, key=len, reverse=True))
