"""A schema of its own for each test, on the PostgreSQL server that TRIMTAB_POSTGRES names."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from trimtab.journal.address import PostgresUrl

ADDRESS = "TRIMTAB_POSTGRES"


def server() -> str:
    """The server's address; without one the test is skipped."""
    address = os.environ.get(ADDRESS)
    if address is None:
        pytest.skip(f"{ADDRESS} names no server; python -m tests.postgres COMMAND starts one")
    return address


def address_of(schema: str) -> str:
    """The address of a schema on the server, password and all."""
    known = server()
    return f"{known}{'&' if '?' in known else '?'}schema={schema}"


@contextmanager
def session() -> Iterator[psycopg.Connection[Any]]:
    """A session of the server's own administrator, in which each statement stands for itself."""
    with psycopg.connect(server(), autocommit=True) as connection:
        yield connection


@contextmanager
def a_schema() -> Iterator[PostgresUrl]:
    """A schema that is not there yet, and is not there afterwards."""
    name = f"test_{secrets.token_hex(8)}"
    url = PostgresUrl(address_of(name))
    try:
        yield url
    finally:
        with session() as connection:
            connection.execute(f"DROP SCHEMA IF EXISTS {name} CASCADE".encode())
