"""Intents and what became of them: settlement values, never exceptions."""

from __future__ import annotations

from dataclasses import dataclass

from trimtab.core.market import Place
from trimtab.core.token import Address


@dataclass(frozen=True, slots=True)
class Intent:
    """One approved plan on its way: (chain, signer, nonce) and the raw transactions for it.

    A raw transaction is journaled before its first broadcast (INV-2). `gas`, `most_fee` and
    `tip` are what the newest of them offers, in units and in wei per unit; `cancels` tells that
    it does nothing but use the nonce up.
    """

    plan_hash: str
    chain: int
    signer: Address
    nonce: int
    block: int
    hashes: tuple[str, ...]
    raws: tuple[bytes, ...]
    gas: int
    most_fee: int
    tip: int
    cancels: bool = False
    data_fee: int = 0
    """What a rollup asks for the data beside the gas, in wei."""

    @property
    def most_gas(self) -> int:
        """The most that the newest transaction may cost, in wei."""
        return self.gas * self.most_fee + self.data_fee


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
    """The plan will never be executed: a transaction that does nothing used its nonce up."""

    plan_hash: str
    why: str
    gas_used: int = 0
    gas_price: int = 0


@dataclass(frozen=True, slots=True)
class Mismatch:
    """The simulation on the chain differs from our model: nothing was sent."""

    plan_hash: str
    what: str
    quarantined: tuple[str, ...]


Ended = Landed | Failed | Dropped
"""What can become of an intent."""

Settlement = Ended | Mismatch


UNTOLD = ""
"""The transaction of a flow that is known from a reading alone."""


@dataclass(frozen=True, slots=True)
class Flow:
    """A change of one place of the book, measured from one log.

    `shares` is the change of what is stored, `raw` its worth in the place's token at that
    moment. `transaction` tells whose it was; it is UNTOLD where no log told of it.
    """

    place: Place
    shares: int
    raw: int
    transaction: str
    is_ours: bool
