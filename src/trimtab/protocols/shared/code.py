"""Which code a contract runs: its runtime code with what may differ between copies set to zero.

Immutables, addresses of libraries, a library's own address and the metadata trailer differ from
copy to copy; every other byte decides what the contract does. Sources: the Solidity documentation
("Contract Metadata", "Call Protection For Libraries"), EIP-1167, EIP-1967.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from eth_utils.crypto import keccak

from trimtab.core.token import Address, address_from_bytes

Proven = Literal["bytecode", "source"]
"""On what the law ran: the very code that a package carries, or a build of its source by us."""

Span = tuple[int, int]
"""Start and length, in bytes."""

IMPLEMENTATION_SLOT = int.from_bytes(keccak(text="eip1967.proxy.implementation"), "big") - 1
"""Where an EIP-1967 proxy keeps the address of its implementation."""

PROXY = "proxy"
"""The role of code that hands every call to the implementation in IMPLEMENTATION_SLOT."""

_CLONE_HEAD = bytes.fromhex("363d3d373d3d3d363d73")
_CLONE_TAIL = bytes.fromhex("5af43d82803e903d91602b57fd5bf3")


@dataclass(frozen=True, slots=True)
class Identity:
    """Code on which the law of a protocol was proven.

    `role` is what the contract is for its market. `own` are the spans of its own address,
    `libraries` those of the libraries' addresses, by name; `zeroed` are all other spans that do
    not count. `hash` is keccak-256 of the code with all of these set to zero.
    """

    protocol: str
    role: str
    contract: str
    origin: str
    proven: Proven
    length: int
    hash: str
    zeroed: tuple[Span, ...] = ()
    own: tuple[Span, ...] = ()
    libraries: tuple[tuple[str, tuple[Span, ...]], ...] = ()

    @property
    def name(self) -> str:
        """The contract and where its code is from."""
        return f"{self.contract} ({self.origin})"

    def is_of(self, code: bytes, address: Address) -> bool:
        """Whether the code at an address is this contract's."""
        return (
            len(code) == self.length
            and masked_hash(code, self.spans) == self.hash
            and all(_address_in(code, span) == address for span in self.own)
            and all(len(found) == 1 for _, found in self._linked(code))
        )

    def linked(self, code: bytes) -> dict[str, Address]:
        """Where the libraries lie that the code calls; it `is_of` this identity."""
        return {library: found.pop() for library, found in self._linked(code)}

    @property
    def spans(self) -> tuple[Span, ...]:
        """Every span that does not count, in order."""
        linked = (span for _, spans in self.libraries for span in spans)
        return tuple(sorted((*self.zeroed, *self.own, *linked)))

    def _linked(self, code: bytes) -> Iterator[tuple[str, set[Address]]]:
        for library, spans in self.libraries:
            yield library, {_address_in(code, span) for span in spans}


def masked_hash(code: bytes, spans: Iterable[Span]) -> str:
    """Keccak-256, as hexadecimal, of code with some spans set to zero."""
    zeroed = bytearray(code)
    for start, length in spans:
        zeroed[start : start + length] = bytes(length)
    return keccak(bytes(zeroed)).hex()


def clone_of(code: bytes) -> Address | None:
    """The address that a minimal proxy (EIP-1167) hands every call to; none for other code."""
    is_clone = (
        len(code) == len(_CLONE_HEAD) + 20 + len(_CLONE_TAIL)
        and code.startswith(_CLONE_HEAD)
        and code.endswith(_CLONE_TAIL)
    )
    return _address_in(code, (len(_CLONE_HEAD), 20)) if is_clone else None


def trailer(code: bytes) -> Span:
    """The span of the metadata that solc writes at the end, the length in it included.

    Raises ValueError for code whose end is no such trailer.
    """
    length = int.from_bytes(code[-2:], "big") + 2
    if not code[-length:].startswith((b"\xa1", b"\xa2")) or length > len(code):
        raise ValueError(f"code of {len(code)} bytes does not end with metadata")
    return len(code) - length, length


def _address_in(code: bytes, span: Span) -> Address:
    start, length = span
    return address_from_bytes(code[start : start + length])


# ---------------------------------------------------------------------------------- anatomy


def library(name: str) -> str:
    """The role of a library."""
    return f"library {name}"


@dataclass(frozen=True, slots=True)
class Part:
    """A contract that a market depends on, and what it is for the market."""

    role: str
    address: Address


@dataclass(frozen=True, slots=True)
class Relation:
    """An address that one of the parts must name: the first word of its answer to `data`.

    `is_fixed` tells that the proven code of `of` never changes it.
    """

    what: str
    of: Address
    data: bytes
    expected: Address
    is_fixed: bool = True


@dataclass(frozen=True, slots=True)
class Anatomy:
    """All that a market's behaviour depends on: contracts, and how they are tied together."""

    parts: tuple[Part, ...]
    relations: tuple[Relation, ...] = ()
