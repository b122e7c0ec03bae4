"""What a market's behaviour depends on, read at a block: code, what stands behind it, relations.

Nothing here is judged; `chain/admission.py` does that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from eth_utils.crypto import keccak

from trimtab.chain.multicall import Multicall
from trimtab.chain.node import Node
from trimtab.chain.rpc import Reply, Request
from trimtab.chain.wire import hexadecimal, pin
from trimtab.core.abi import Answer, Read
from trimtab.core.errors import RpcError
from trimtab.core.market import Head, Market, State
from trimtab.core.token import Address, address_from_bytes
from trimtab.protocols.aave_v3 import LendingPool
from trimtab.protocols.aave_v3.identity import anatomy as of_lending_pool
from trimtab.protocols.aave_v36 import LendingPool36
from trimtab.protocols.aave_v36.identity import anatomy as of_lending_pool36
from trimtab.protocols.balancer import WeightedPool
from trimtab.protocols.balancer.identity import anatomy as of_weighted_pool
from trimtab.protocols.balancer.identity import asked as asked_of_weighted_pool
from trimtab.protocols.chainlink import Feed, Sequencer
from trimtab.protocols.chainlink.identity import anatomy as of_feed
from trimtab.protocols.curve import StablePool
from trimtab.protocols.curve.identity import anatomy as of_stable_pool
from trimtab.protocols.curve.identity import asked as asked_of_stable_pool
from trimtab.protocols.erc20 import Erc20
from trimtab.protocols.erc20.identity import anatomy as of_token
from trimtab.protocols.erc4626 import Vault
from trimtab.protocols.erc4626.identity import anatomy as of_vault
from trimtab.protocols.flash_loop import FlashLoop
from trimtab.protocols.flash_loop.identity import anatomy as of_flash_loop
from trimtab.protocols.morpho import FeedOracle, LendingMarket, Morpho, PriceOracle
from trimtab.protocols.morpho.identity import anatomy as of_lending_market
from trimtab.protocols.perpetual import Index, Perpetual
from trimtab.protocols.perpetual.identity import anatomy as of_perpetual
from trimtab.protocols.shared.code import IMPLEMENTATION_SLOT, Anatomy, Relation
from trimtab.protocols.staking import StakingPool
from trimtab.protocols.staking.identity import anatomy as of_staking_pool
from trimtab.protocols.uniswap_v2 import Pair
from trimtab.protocols.uniswap_v2.identity import anatomy as of_pair
from trimtab.protocols.uniswap_v3 import Pool
from trimtab.protocols.uniswap_v3.identity import anatomy as of_pool
from trimtab.protocols.uniswap_v3.identity import asked as asked_of_pool


def asked(market: Market[State]) -> tuple[Read, ...]:
    """What has to be known before a market's anatomy can be told."""
    match market:
        case Pool():
            return asked_of_pool(market)
        case StablePool():
            return asked_of_stable_pool(market)
        case WeightedPool():
            return asked_of_weighted_pool(market)
        case _:
            return ()


def anatomy(market: Market[State], answers: Sequence[Answer]) -> Anatomy | None:
    """What a market depends on, given the answers to `asked`; none for a market of no known kind.

    Raises MissingRead where an answer is missing.
    """
    match market:
        case Erc20():
            return of_token(market)
        case Feed() | Sequencer():
            return of_feed(market)
        case Pair():
            return of_pair(market)
        case Pool():
            return of_pool(market, answers)
        case StablePool():
            return of_stable_pool(market, answers)
        case WeightedPool():
            return of_weighted_pool(market, answers)
        case _:
            return _of_credit(market)


def _of_credit(market: Market[State]) -> Anatomy | None:
    """What a lender, a loop at one, a vault, a stake or a perpetual depends on."""
    match market:
        case LendingPool():
            return of_lending_pool(market)
        case LendingPool36():
            return of_lending_pool36(market)
        case LendingMarket() | Morpho() | PriceOracle() | FeedOracle():
            return of_lending_market(market)
        case Vault():
            return of_vault(market)
        case StakingPool():
            return of_staking_pool(market)
        case Perpetual() | Index():
            return of_perpetual(market)
        case FlashLoop():
            return of_flash_loop(market)
        case _:
            return None


@dataclass(frozen=True, slots=True)
class Body:
    """What lies at an address: its code, and what its implementation slot names."""

    code: bytes
    implementation: Address


Bodies = Mapping[Address, Body]


async def bodies(node: Node, addresses: Iterable[Address], head: Head) -> dict[Address, Body]:
    """What lies at each address at a block, in one round trip."""
    wanted = tuple(dict.fromkeys(addresses))
    requests = [
        request
        for each in wanted
        for request in (Request("eth_getCode", (each, pin(head))), slot_of(each, head))
    ]
    replies = iter(await node.batch(requests)) if requests else iter(())
    return {
        each: Body(hexadecimal(next(replies).into(str), "code"), slot_value(next(replies)))
        for each in wanted
    }


def slot_of(address: Address, head: Head, slot: int = IMPLEMENTATION_SLOT) -> Request:
    """What asks for one word of an account's storage."""
    return Request("eth_getStorageAt", (address, hex(slot), pin(head)))


def slot_value(reply: Reply) -> Address:
    """The address in a word of storage."""
    return address_from_bytes(hexadecimal(reply.into(str), "storage", 32))


def named(answer: Answer) -> Address | None:
    """The address that a part names; none where it does not answer with one."""
    data = answer.data
    if not answer.ok or len(data) < 32 or any(data[:12]):
        return None
    return address_from_bytes(data[:32])


# ------------------------------------------------------------------------------ every block

_PUSH2, _PUSH20, _MSTORE, _EXTCODEHASH, _RETURN = 0x61, 0x73, 0x52, 0x3F, 0xF3


def hashes_request(addresses: Sequence[Address], head: Head) -> Request:
    """What asks for the code hashes of many addresses at once.

    A call without a target runs its data as the code of a new contract, and what that returns is
    the answer: here a word for each address, written by EXTCODEHASH.
    """
    program = b"".join(
        bytes((_PUSH20,))
        + bytes.fromhex(address[2:])
        + bytes((_EXTCODEHASH, _PUSH2))
        + (32 * number).to_bytes(2, "big")
        + bytes((_MSTORE,))
        for number, address in enumerate(addresses)
    )
    size = (32 * len(addresses)).to_bytes(2, "big")
    program += bytes((_PUSH2,)) + size + bytes((_PUSH2, 0, 0, _RETURN))
    return Request("eth_call", ({"data": "0x" + program.hex()}, pin(head)))


def hashes_of(reply: Reply, count: int) -> tuple[bytes, ...]:
    """The answer to `hashes_request` for so many addresses.

    Raises RpcError where the node refuses, or answers nonsense.
    """
    data = hexadecimal(reply.into(str), "code hashes")
    if len(data) != 32 * count:
        raise RpcError(
            f"the node answered {len(data)} bytes for the code hashes of {count} contracts",
            "inconsistent",
        )
    return tuple(data[at : at + 32] for at in range(0, len(data), 32))


def hash_of(code: bytes) -> bytes:
    """The hash that EXTCODEHASH gives for code that is there."""
    return bytes(keccak(code))


async def relations_named(
    node: Node, relations: Sequence[Relation], head: Head, multicall: Multicall
) -> tuple[Address | None, ...]:
    """What the parts name for each relation at a block."""
    reads = [Read(relation.of, relation.data) for relation in relations]
    replies = iter(await node.batch(multicall.requests(reads, head)))
    answers = multicall.answers(reads, replies)
    return tuple(map(named, answers))
