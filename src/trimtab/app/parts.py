"""Pieces that parts of records have in common: a token's identity, and what bounds a plan."""

from __future__ import annotations

import msgspec


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a record."""


class TokenName(Part, frozen=True, kw_only=True):
    """A token by its identity alone."""

    chain: int
    address: str


class LeastBalance(Part, frozen=True, kw_only=True):
    """The least of a token, in base units, that an account holds after a plan."""

    token: TokenName
    account: str
    least: int


class LeastHealth(Part, frozen=True, kw_only=True):
    """The least health factor, times 10**18, that an account has after a plan."""

    pool: str
    account: str
    least: int


class Bounds(Part, frozen=True, kw_only=True):
    """What holds on the chain once a plan is done, or nothing of it is."""

    deadline: int
    balances: tuple[LeastBalance, ...]
    healths: tuple[LeastHealth, ...]
