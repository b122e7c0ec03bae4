"""Plans through a 1-of-1 Safe: one batch, which ends with the check of the plan's own bounds.

Sources: Safe.sol (`execTransaction`, `checkNSignatures`) and MultiSendCallOnly.sol of 1.3.0 and
1.4.1. With safeTxGas and gasPrice 0 an inner failure, as by a bound that does not hold at the end,
reverts the outer transaction (GS013). A signature with v = 1 approves whatever its owner itself
sends, so nothing else is to be signed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from eth_abi.abi import decode as abi_decode
from eth_abi.abi import encode as abi_encode
from eth_abi.exceptions import DecodingError
from eth_utils.crypto import keccak

from trimtab.chain.multicall import Multicall, ask
from trimtab.chain.node import Node
from trimtab.chain.plan_check import check_call, check_code
from trimtab.chain.rpc import Request
from trimtab.chain.wire import hexadecimal, pin
from trimtab.core.abi import Answer, Call, Read, call_data, selector, word, words
from trimtab.core.bounds import Bounds
from trimtab.core.errors import ConfigError, MissingRead, SignerError
from trimtab.core.market import Head
from trimtab.core.token import ZERO_ADDRESS, Address, address_from_bytes

VERSIONS = ("1.4.1", "1.3.0")
_MULTI_SEND_CODES = {
    "ecd5bd14a08c5d2122379900b2f272bdf107a7e92423c10dd5fe3254386c9939": "1.4.1",
    "a9865ac2d9c7a1591619b188c4d88167b50df6cc0c5327fcbd1c8c75f7c066ad": "1.3.0",
}
"""keccak-256 of the runtime code of MultiSendCallOnly. Source: safe-global/safe-deployments."""

_DELEGATE_CALL: Final = 1
_EXECUTE = selector(
    "execTransaction(address,uint256,bytes,uint8,uint256,uint256,uint256,address,address,bytes)"
)
_EXECUTE_TYPES = (
    *("address", "uint256", "bytes", "uint8", "uint256", "uint256", "uint256"),
    *("address", "address", "bytes"),
)
_MULTI_SEND = selector("multiSend(bytes)")


@dataclass(frozen=True, slots=True)
class Safe:
    """A Safe of one owner, who sends its transactions, and the contracts that its batches use.

    `multi_send` makes the calls of a batch, and `plan_check` is called last.
    """

    address: Address
    owner: Address
    multi_send: Address
    plan_check: Address

    def execution(self, calls: Sequence[Call], bounds: Bounds) -> Call:
        """What the owner sends to make the Safe do these calls in order, and keep the bounds.

        All calls are made and all bounds hold afterwards, or nothing is done.
        """
        batch = packed(self.batch(calls, bounds))
        data = _MULTI_SEND + abi_encode(["bytes"], [batch])
        signature = word(self.owner) + bytes(32) + b"\x01"
        fields = (
            *(self.multi_send, 0, data, _DELEGATE_CALL, 0, 0, 0),
            *(ZERO_ADDRESS, ZERO_ADDRESS, signature),
        )
        return Call(self.address, _EXECUTE + abi_encode(_EXECUTE_TYPES, fields))

    def batch(self, calls: Sequence[Call], bounds: Bounds) -> tuple[Call, ...]:
        """The calls, and after them the check of the bounds."""
        if not calls:
            raise ValueError("there are no calls to execute")
        return (*calls, check_call(self.plan_check, bounds))


def packed(calls: Sequence[Call]) -> bytes:
    """Calls as MultiSendCallOnly reads them: operation 0, target, value, length, data."""
    return b"".join(
        b"\x00" + bytes.fromhex(call.to[2:]) + word(call.value) + word(len(call.data)) + call.data
        for call in calls
    )


def inner_calls(execution: bytes) -> tuple[Call, ...]:
    """The calls that a Safe makes for this data of `Safe.execution`; none for other data."""
    if execution[:4] != _EXECUTE:
        return ()
    try:
        _, _, data, operation, *_ = abi_decode(_EXECUTE_TYPES, execution[4:])
        if operation != _DELEGATE_CALL or data[:4] != _MULTI_SEND:
            return ()
        batch: bytes = abi_decode(["bytes"], data[4:])[0]
    except DecodingError:
        return ()
    return tuple(_unpacked(batch))


def _unpacked(batch: bytes) -> list[Call]:
    calls: list[Call] = []
    at = 0
    while at + 85 <= len(batch):
        value, size = (int.from_bytes(batch[at + i : at + i + 32], "big") for i in (21, 53))
        data = batch[at + 85 : at + 85 + size]
        calls.append(Call(address_from_bytes(batch[at + 1 : at + 21]), data, value))
        at += 85 + size
    return calls


# --------------------------------------------------------------------------------- start-up


async def check_safe(rpc: Node, safe: Safe, head: Head, multicall: Multicall | None = None) -> None:
    """Raise unless the Safe is one that the signer alone can act through, safely.

    SignerError where the key does not fit the Safe, ConfigError where an address is not the
    contract that it should be.
    """
    answers = await ask(rpc, questions(safe), head, multicall)
    used = (safe.multi_send, safe.plan_check)
    replies = await rpc.batch([Request("eth_getCode", (each, pin(head))) for each in used])
    multi_send, plan_check = (hexadecimal(reply.into(str), "code") for reply in replies)
    check_answers(safe, answers)
    check_multi_send(safe, multi_send)
    check_code(safe.plan_check, plan_check)


def questions(safe: Safe) -> tuple[Read, ...]:
    """What is asked of a Safe before it is trusted: version, threshold, ownership."""
    asked = (
        call_data("VERSION()"),
        call_data("getThreshold()"),
        call_data("isOwner(address)", safe.owner),
    )
    return tuple(Read(safe.address, data) for data in asked)


def check_answers(safe: Safe, answers: Sequence[Answer]) -> None:
    """Raise unless the answers to `questions` are those of a Safe that the signer owns."""
    version = _text(answers[0])
    if version not in VERSIONS:
        raise ConfigError(
            f"the account {safe.address} is {'Safe ' + repr(version) if version else 'no Safe'}: "
            f"expected a Safe of version {' or '.join(VERSIONS)}"
        )
    (threshold,) = words(answers[1], 1, "getThreshold of the Safe")
    if threshold != 1:
        raise SignerError(
            f"the Safe {safe.address} asks for {threshold} signatures, and trimtab gives one: "
            "set its threshold to 1, or use another Safe"
        )
    (is_owner,) = words(answers[2], 1, "isOwner of the Safe")
    if is_owner != 1:
        raise SignerError(
            f"the signer {safe.owner} is not an owner of the Safe {safe.address}: "
            "give the key of an owner, or add the signer"
        )


def check_multi_send(safe: Safe, code: bytes) -> None:
    """Raise ConfigError unless this is the code of MultiSendCallOnly.

    The Safe hands itself over to that code by delegatecall, and no code at all would succeed
    and do nothing, so nothing but the known contract will do.
    """
    if keccak(code).hex() not in _MULTI_SEND_CODES:
        raise ConfigError(
            f"there is {'other' if code else 'no'} code at {safe.multi_send}, expected "
            f"MultiSendCallOnly {' or '.join(_MULTI_SEND_CODES.values())}: correct its address"
        )


def _text(answer: Answer) -> str:
    """A string that a call returned, empty if it returned none."""
    try:
        offset, length = words(answer, 2, "VERSION")
    except MissingRead:
        return ""
    text = answer.data[64 : 64 + length] if offset == 32 else b""
    return text.decode("ascii", "replace")
