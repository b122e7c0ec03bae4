"""Intents and what became of them: settlement values, never exceptions."""

from __future__ import annotations

from dataclasses import dataclass

from trimtab.core.market import Place
from trimtab.core.token import Address


@dataclass(frozen=True, slots=True)
class Intent:
    """One approved plan on its way: (chain, signer, nonce) and the raw transactions for it.

    A raw transaction is journaled before its first broadcast (INV-2).
    """

    plan_hash: str
    chain: int
    signer: Address
    nonce: int
    block: int
    hashes: tuple[str, ...]
    raws: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Landed:
    """The plan's transaction was mined and did what it was sent for."""

    plan_hash: str
    transaction: str
    block: int
    gas_used: int
    gas_price: int


@dataclass(frozen=True, slots=True)
class Failed:
    """The plan's transaction was mined and reverted: gas is gone, the book is as it was."""

    plan_hash: str
    transaction: str
    block: int
    gas_used: int
    gas_price: int
    reason: str


@dataclass(frozen=True, slots=True)
class Dropped:
    """The plan's transaction will never be mined: its deadline passed, or a sibling landed."""

    plan_hash: str
    why: str


@dataclass(frozen=True, slots=True)
class Mismatch:
    """The simulation on the chain differs from our model: nothing was sent."""

    plan_hash: str
    what: str
    quarantined: tuple[str, ...]


Settlement = Landed | Failed | Dropped | Mismatch


@dataclass(frozen=True, slots=True)
class Flow:
    """A change of one place of the book, measured from one log.

    `shares` is the change of what is stored, `raw` its worth in the place's token at that
    moment. `transaction` tells whose it was.
    """

    place: Place
    shares: int
    raw: int
    transaction: str
    is_ours: bool
