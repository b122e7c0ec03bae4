"""What others did, as data: the part of a recording that a modelled world lives through."""

from __future__ import annotations

from dataclasses import dataclass

from trimtab.core.abi import Call
from trimtab.core.actions import Action
from trimtab.core.quantise import Timestamp
from trimtab.core.token import Address


@dataclass(frozen=True, slots=True)
class RecordedOrder:
    """What another actor sent, and its tip in wei per gas; `rank` orders equal tips."""

    sender: Address
    action: Action | Call
    tip: int
    rank: int


@dataclass(frozen=True, slots=True)
class RecordedBlock:
    """A block's moment, its base fee in wei per gas, and what others sent, in chain order."""

    timestamp: Timestamp
    base_fee: int
    orders: tuple[RecordedOrder, ...]
