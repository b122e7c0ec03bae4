"""The words of the Ethereum ABI: enough to write static calls and read static answers fast.

Dynamic types are left to eth-abi. Source: the Solidity documentation, "Contract ABI Specification".
"""

from dataclasses import dataclass
from functools import cache

from eth_utils.crypto import keccak

from trimtab.core.errors import MissingRead
from trimtab.core.token import Address, address_from_bytes

UINT256_MAX = 2**256 - 1


@dataclass(frozen=True, slots=True)
class Call:
    """A call that changes state: target, data and native value."""

    to: Address
    data: bytes
    value: int = 0


@dataclass(frozen=True, slots=True)
class Read:
    """A call that only reads; or, with `is_slot`, a look at what no function of a contract tells.

    Then `data` is the number of a storage slot, and the answer the word that lies in it.
    """

    to: Address
    data: bytes
    is_slot: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What a read returned; `ok` is false where it reverted."""

    ok: bool
    data: bytes


@dataclass(frozen=True, slots=True)
class Log:
    """An event as the chain recorded it; `timestamp` is its block's."""

    address: Address
    topics: tuple[bytes, ...]
    data: bytes
    block: int
    timestamp: int
    transaction: str
    index: int


def slot_read(to: Address, slot: int) -> Read:
    """What asks for the word in a storage slot."""
    return Read(to, slot.to_bytes(32, "big"), is_slot=True)


@cache
def selector(signature: str) -> bytes:
    """The first four bytes of a function's hashed signature."""
    return bytes(keccak(text=signature)[:4])


@cache
def topic(signature: str) -> bytes:
    """The hashed signature of an event, its first topic."""
    return bytes(keccak(text=signature))


def word(value: int | str | bool) -> bytes:
    """One 32-byte word: an integer in two's complement, or an address.

    Raises ValueError for an integer that does not fit, which would become another one.
    """
    if isinstance(value, str):
        return bytes(12) + bytes.fromhex(value[2:])
    if not -(2**255) <= value <= UINT256_MAX:
        raise ValueError(f"{value} does not fit into a word of 256 bits")
    return (int(value) & UINT256_MAX).to_bytes(32, "big")


def call_data(signature: str, *arguments: int | str | bool) -> bytes:
    """The data of a call whose arguments are all single words."""
    return selector(signature) + b"".join(map(word, arguments))


def words(answer: Answer, count: int, what: str) -> tuple[int, ...]:
    """The first `count` words of an answer as unsigned integers.

    Raises MissingRead, naming `what`, if the read reverted or the answer is shorter.
    """
    if not answer.ok:
        raise MissingRead(f"{what} reverted: is the address the contract it should be?")
    if len(answer.data) < 32 * count:
        raise MissingRead(
            f"{what} answered {len(answer.data)} bytes, expected {32 * count}: "
            "is the address the contract it should be?"
        )
    data = answer.data
    return tuple(int.from_bytes(data[at : at + 32], "big") for at in range(0, 32 * count, 32))


def signed(unsigned: int, bits: int = 256) -> int:
    """An integer read from two's complement of `bits` bits."""
    unsigned &= (1 << bits) - 1
    return unsigned - (1 << bits) if unsigned >> (bits - 1) else unsigned


def log_words(log: Log) -> tuple[int, ...]:
    """The words of a log's data."""
    data = log.data
    return tuple(int.from_bytes(data[at : at + 32], "big") for at in range(0, len(data), 32))


def topic_address(log: Log, index: int) -> Address:
    """The address in an indexed argument of a log; topic 0 is the event itself."""
    return address_from_bytes(log.topics[index])
