"""Values as JSON-RPC writes them: hexadecimal texts, checked and turned into ours.

Every function raises RpcError(inconsistent) for a text that is not what it should be.
Source: the Ethereum execution API specification.
"""

import re
from collections.abc import Mapping
from functools import lru_cache

import msgspec

from trimtab.core.abi import Log
from trimtab.core.errors import RpcError
from trimtab.core.market import Head
from trimtab.core.token import Address, address_from_bytes

_QUANTITY = re.compile(r"0x[0-9a-fA-F]{1,64}")
_LONGEST_SHOWN = 80


def quantity(text: str, what: str) -> int:
    """An unsigned integer of at most 256 bits."""
    if not _QUANTITY.fullmatch(text):
        raise unexpected(what, text)
    return int(text, 16)


def hexadecimal(text: str, what: str, length: int | None = None) -> bytes:
    """Bytes, of a stated length where there is one."""
    try:
        data = bytes.fromhex(text[2:])
    except ValueError:
        data = b""
    # The length is compared too, since `fromhex` passes over blanks.
    whole = text.startswith("0x") and 2 * len(data) == len(text) - 2
    if not whole or (length is not None and len(data) != length):
        raise unexpected(what, text)
    return data


def block_hash(text: str, what: str = "hash") -> str:
    """A hash of 32 bytes, in lower case."""
    return "0x" + hexadecimal(text, what, 32).hex()


@lru_cache(maxsize=4096)
def account(text: str, what: str = "address") -> Address:
    """A checksummed address."""
    return address_from_bytes(hexadecimal(text, what, 20))


def unexpected(what: str, text: str) -> RpcError:
    """The error for a text that is no such thing.

    The text is not shown unless it is hexadecimal: a node may echo the address it was asked at,
    which carries keys.
    """
    shown = "another text"
    if re.fullmatch(r"0x[0-9a-fA-F]*", text):
        shown = text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + "…"
    return RpcError(f"the node answered {shown} as {what}: that is none", "inconsistent")


def pin(head: Head) -> Mapping[str, str | bool]:
    """The block parameter that names one canonical block by its hash (EIP-1898)."""
    return {"blockHash": head.hash, "requireCanonical": True}


# ------------------------------------------------------------------------------------- logs


class WireLog(msgspec.Struct, rename="camel"):
    """A log as a node sends it."""

    address: str
    topics: list[str]
    data: str
    block_number: str
    block_hash: str
    transaction_hash: str
    log_index: str
    removed: bool = False
    block_timestamp: str | None = None

    def log(self, timestamp: int) -> Log:
        """The log with its block's timestamp."""
        if len(self.topics) > 4:
            raise unexpected("topics", str(len(self.topics)))
        return Log(
            address=account(self.address.lower()),
            topics=tuple(hexadecimal(each, "topic", 32) for each in self.topics),
            data=hexadecimal(self.data, "log data"),
            block=quantity(self.block_number, "block number"),
            timestamp=timestamp,
            transaction=block_hash(self.transaction_hash, "transaction hash"),
            index=quantity(self.log_index, "log index"),
        )
