"""The address of a journal in PostgreSQL, which carries a password, as an opaque value."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NoReturn, SupportsIndex
from urllib.parse import parse_qsl, unquote

from trimtab.core.errors import ConfigError

if TYPE_CHECKING:
    import psycopg

SCHEMA = "trimtab"
"""The schema that an address names which names none."""
_SCHEMES = ("postgresql", "postgres")
_NAME = re.compile(r"(?!pg_)[a-z_][a-z0-9_]{0,62}", re.ASCII)
_HOST = re.compile(r"(?:[A-Za-z0-9._-]*|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?", re.ASCII)
_SHOWN = 300


class PostgresUrl:
    """Where a journal lies in PostgreSQL: `postgresql://USER:PASSWORD@HOST/DATABASE?schema=NAME`.

    Only host, database and schema are ever shown. What else a libpq address may hold is passed on.
    """

    __slots__ = ("_secrets", "_text", "schema", "shown")

    def __init__(self, text: str) -> None:
        """Raise ConfigError, without the text, unless it is an address of this form."""
        scheme, mark, rest = text.strip().partition("://")
        if scheme not in _SCHEMES or not mark:
            raise ConfigError(_refused("postgresql:// is not how it begins"))
        location, _, query = rest.partition("?")
        server, _, database = location.partition("/")
        user, _, hosts = server.rpartition("@")
        if re.search(r"[@#\s]", user + hosts + database + query):
            raise ConfigError(_refused("a sign in it, such as @, # or a blank, is not encoded"))
        if not all(_HOST.fullmatch(host) for host in hosts.split(",")) or "/" in database:
            raise ConfigError(_refused("HOST/DATABASE is not what it has there"))
        options = query.split("&") if query else []
        named = [option for option in options if option.partition("=")[0] == "schema"]
        self.schema = unquote(named[-1].partition("=")[2]) if named else SCHEMA
        if not _NAME.fullmatch(self.schema):
            raise ConfigError(_refused("the schema is no name of small letters, digits and _"))
        kept = "&".join(option for option in options if option not in named)
        self._text = f"{scheme}://{location}" + (f"?{kept}" if kept else "")
        self._secrets = _secrets_of(user, kept)
        self.shown = f"postgresql://{hosts}/{database} (schema {self.schema})"

    def connect(self) -> psycopg.Connection[Any]:
        """A session of the server, bounded in time. Raises psycopg.Error if there is none.

        Raises ConfigError if the driver is not installed.
        """
        try:
            import psycopg
        except ImportError as error:
            raise ConfigError(
                "a journal in PostgreSQL needs its driver: pip install 'trimtab[postgres]'"
            ) from error
        return psycopg.connect(
            self._text,
            connect_timeout=10,
            keepalives_idle=10,
            keepalives_interval=5,
            tcp_user_timeout=30_000,
            application_name="trimtab",
        )

    def redacted(self, text: str) -> str:
        """The server's words fit to be shown: on one line, short, and without user or password."""
        for secret in self._secrets:
            text = text.replace(secret, "…")
        words = " ".join(text.split())
        return words if len(words) <= _SHOWN else words[:_SHOWN] + "…"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PostgresUrl) and (self._text, self.schema) == (
            other._text,
            other.schema,
        )

    def __hash__(self) -> int:
        return hash((self._text, self.schema))

    def __repr__(self) -> str:
        return f"PostgresUrl({self.shown})"

    def __str__(self) -> str:
        return self.shown

    def __reduce_ex__(self, protocol: SupportsIndex) -> NoReturn:
        raise TypeError("a journal's address is neither copied nor pickled: pass it on as it is")


def _refused(why: str) -> str:
    return (
        "a journal in PostgreSQL is named postgresql://USER:PASSWORD@HOST/DATABASE?schema=NAME, "
        "with % and two digits for other signs, or by env:NAME or file:PATH that holds this; "
        f"what was given is another thing ({why}) and not shown: it may hold a password"
    )


def _secrets_of(user: str, query: str) -> tuple[str, ...]:
    """What may not be shown, as written and as meant, the longest first."""
    named = {value for key, value in parse_qsl(query) if key in ("user", "password", "passfile")}
    written = {part for part in user.split(":", 1) if part} | named
    return tuple(sorted(written | {unquote(part) for part in written}, key=len, reverse=True))
