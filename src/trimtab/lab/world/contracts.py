"""Contracts by their ABI: call data, answers, and addresses known before they exist."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from eth_abi.abi import decode, encode
from eth_utils.crypto import keccak

from trimtab.core.abi import Answer, Call
from trimtab.core.errors import ConfigError, MissingRead
from trimtab.core.token import Address, address_from_bytes
from trimtab.lab.world.artifacts import Abi, Item, Parameter, artifact
from trimtab.lab.world.rpc import Rpc

_ERROR_STRING = bytes.fromhex("08c379a0")
_PANIC = bytes.fromhex("4e487b71")


@dataclass(frozen=True, slots=True)
class Contract:
    """An address and what can be asked of it.

    Functions are named by their bare name, or by their signature where the ABI has several
    of that name with the same number of inputs.
    """

    address: Address
    abi: Abi

    @classmethod
    def at(cls, address: Address, path: str) -> Contract:
        """The contract at an address, by the artifact at a path inside `node_modules`."""
        return cls(address, artifact(path).abi)

    def data(self, function: str, *arguments: object) -> bytes:
        """The data of a call. Raises ConfigError if the ABI has no such function, or several."""
        item = self.function(function, len(arguments))
        return item.selector + encode_parameters(item.inputs, arguments)

    def call(self, function: str, *arguments: object, value: int = 0) -> Call:
        """The call itself, to be sent by an account."""
        return Call(self.address, self.data(function, *arguments), value)

    def values(self, function: str, answer: Answer, inputs: int = 0) -> Any:
        """What an answer to the function says: one value, or a tuple where there are several.

        The type is the ABI's business. Raises MissingRead if the read reverted.
        """
        if not answer.ok:
            raise MissingRead(f"{function} of {self.address} reverted: {reason(answer.data)}")
        item = self.function(function, inputs)
        decoded = decode_parameters(item.outputs, answer.data)
        return decoded[0] if len(decoded) == 1 else decoded

    def function(self, name: str, inputs: int) -> Item:
        """The ABI's entry for a function."""
        found = [
            item
            for item in self.abi
            if item.type == "function"
            and (item.signature == name or (item.name == name and len(item.inputs) == inputs))
        ]
        if len(found) != 1:
            bare = name.partition("(")[0]
            known = sorted(item.signature for item in self.abi if item.name == bare)
            raise ConfigError(f"{name} with {inputs} inputs matches {len(found)} of {known}")
        return found[0]


@dataclass(frozen=True, slots=True)
class Query:
    """A read-only call and how to understand its answer."""

    contract: Contract
    function: str
    arguments: tuple[object, ...] = ()


def read(rpc: Rpc, contract: Contract, function: str, *arguments: object) -> Any:
    """What one read-only call returns at the latest block."""
    return read_all(rpc, [Query(contract, function, arguments)])[0]


def read_all(rpc: Rpc, queries: Sequence[Query], block: str = "latest") -> list[Any]:
    """What several read-only calls return at one block, in one round trip.

    Raises MissingRead for the first that reverts.
    """
    calls = [(q.contract.address, q.contract.data(q.function, *q.arguments)) for q in queries]
    answers = rpc.answers(calls, block=block)
    return [
        query.contract.values(query.function, answer, len(query.arguments))
        for query, answer in zip(queries, answers, strict=True)
    ]


def encode_parameters(parameters: Sequence[Parameter], values: Sequence[object]) -> bytes:
    """Values as the ABI encodes them."""
    return encode([parameter.canonical for parameter in parameters], values)


def decode_parameters(parameters: Sequence[Parameter], data: bytes) -> tuple[Any, ...]:
    """Values out of ABI-encoded data, addresses checksummed."""
    decoded = decode([parameter.canonical for parameter in parameters], data)
    return tuple(_checksummed(p, v) for p, v in zip(parameters, decoded, strict=True))


def reason(data: bytes) -> str:
    """Why a call reverted, as far as its return data says."""
    if data.startswith(_ERROR_STRING):
        return str(decode(["string"], data[4:])[0])
    if data.startswith(_PANIC):
        return f"Panic({int.from_bytes(data[4:36], 'big'):#x})"
    return f"0x{data.hex()}" if data else "no return data"


# -------------------------------------------------------------------- addresses in advance


def created_address(creator: Address, nonce: int) -> Address:
    """Where an account's `CREATE` with this nonce puts a contract (Yellow Paper, section 7)."""
    digits = b"" if nonce == 0 else nonce.to_bytes((nonce.bit_length() + 7) // 8, "big")
    item = digits if 0 < nonce < 0x80 else bytes([0x80 + len(digits)]) + digits
    body = bytes([0x80 + 20]) + bytes.fromhex(creator[2:]) + item
    return address_from_bytes(keccak(bytes([0xC0 + len(body)]) + body))


def created2_address(creator: Address, salt: bytes, creation_code: bytes) -> Address:
    """Where `CREATE2` puts a contract (EIP-1014)."""
    origin = bytes([0xFF]) + bytes.fromhex(creator[2:])
    return address_from_bytes(keccak(origin + salt + keccak(creation_code)))


# ---------------------------------------------------------------------------------- decoding


def _checksummed(parameter: Parameter, value: Any) -> Any:
    if parameter.type.endswith("]"):
        element = Parameter(
            parameter.type[: parameter.type.rindex("[")], parameter.name, parameter.components
        )
        return tuple(_checksummed(element, each) for each in value)
    if parameter.type == "tuple":
        pairs = zip(parameter.components, value, strict=True)
        return tuple(_checksummed(component, each) for component, each in pairs)
    if parameter.type == "address":
        return address_from_bytes(bytes.fromhex(value[2:]))
    return value
