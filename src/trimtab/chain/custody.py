"""Who can move what an account holds, as the chain says, and not as we suppose.

Sources: OwnerManager.sol, ModuleManager.sol, GuardManager.sol and FallbackManager.sol of Safe
1.3.0 and 1.4.1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from eth_abi.abi import decode as abi_decode
from eth_abi.exceptions import DecodingError
from eth_utils.crypto import keccak

from trimtab.chain.anatomy import slot_of, slot_value
from trimtab.chain.identities import proven
from trimtab.chain.multicall import Multicall, ask
from trimtab.chain.node import Node
from trimtab.chain.rpc import Request
from trimtab.chain.wire import hexadecimal, pin
from trimtab.core.abi import Answer, Read, call_data
from trimtab.core.errors import MissingRead
from trimtab.core.market import Head
from trimtab.core.token import ZERO_ADDRESS, Address, address_from_bytes

_SINGLETON_SLOT = 0
_GUARD_SLOT = int.from_bytes(keccak(text="guard_manager.guard.address"), "big")
_FALLBACK_SLOT = int.from_bytes(keccak(text="fallback_manager.handler.address"), "big")
_SENTINEL = Address("0x" + "1".zfill(40))
"""How a Safe's list of modules begins and ends."""

_PAGE = 50
_MOST_PAGES = 20


@dataclass(frozen=True, slots=True)
class Key:
    """An account without code: its key moves everything."""

    account: Address


@dataclass(frozen=True, slots=True)
class Foreign:
    """A contract that does not answer as a Safe does: who can move its funds is not known."""

    account: Address
    why: str


@dataclass(frozen=True, slots=True)
class Shared:
    """A Safe: `threshold` of its owners together, or any of its modules alone, move everything.

    A guard is asked about what owners send; 1.4.1 asks it nothing about modules. The fallback
    handler answers calls that the Safe itself does not know, and sends nothing. `code` names the
    Safe's code where it is in our table; where it is None, its answers are only its own word.
    """

    account: Address
    code: str | None
    owners: tuple[Address, ...]
    threshold: int
    modules: tuple[Address, ...]
    guard: Address | None
    fallback_handler: Address | None


Custody = Key | Foreign | Shared


async def custody(
    node: Node, account: Address, head: Head, multicall: Multicall | None = None
) -> Custody:
    """Who can move what an account holds at a block. Raises RpcError."""
    multicall = multicall or Multicall()
    code, singleton, guard, fallback = await node.batch(
        (
            Request("eth_getCode", (account, pin(head))),
            *(slot_of(account, head, s) for s in (_SINGLETON_SLOT, _GUARD_SLOT, _FALLBACK_SLOT)),
        )
    )
    own = hexadecimal(code.into(str), "code")
    if not own:
        return Key(account)
    reads = (
        Read(account, call_data("getOwners()")),
        Read(account, call_data("getThreshold()")),
    )
    try:
        owners, threshold = await ask(node, reads, head, multicall)
        found = Shared(
            account=account,
            code=None,
            owners=_addresses(_decoded(("address[]",), owners, "getOwners")[0]),
            threshold=_decoded(("uint256",), threshold, "getThreshold")[0],
            modules=await _modules(node, account, head, multicall),
            guard=_set(slot_value(guard)),
            fallback_handler=_set(slot_value(fallback)),
        )
    except MissingRead as error:
        return Foreign(account, str(error))
    logic = slot_value(singleton)
    behind = (await node.ask(Request("eth_getCode", (logic, pin(head))))).into(str)
    return replace(found, code=_known(account, own, logic, hexadecimal(behind, "code")))


async def _modules(
    node: Node, account: Address, head: Head, multicall: Multicall
) -> tuple[Address, ...]:
    """Every enabled module, page by page."""
    modules: list[Address] = []
    start = _SENTINEL
    for _ in range(_MOST_PAGES):
        data = call_data("getModulesPaginated(address,uint256)", start, _PAGE)
        (answer,) = await ask(node, (Read(account, data),), head, multicall)
        page, following = _decoded(("address[]", "address"), answer, "getModulesPaginated")
        modules += _addresses(page)
        (start,) = _addresses((following,))
        if start in (_SENTINEL, ZERO_ADDRESS):
            return tuple(modules)
        if start not in modules:  # 1.3.0 names the first of the next page, 1.4.1 the last of this
            modules.append(start)
    raise MissingRead(f"the account {account} has no end of modules: is it a Safe?")


def _decoded(types: Sequence[str], answer: Answer, what: str) -> tuple[Any, ...]:
    if answer.ok:
        try:
            return tuple(abi_decode(types, answer.data))
        except DecodingError:
            pass
    raise MissingRead(f"{what} does not answer as a Safe's: the account is another contract")


def _addresses(raw: Sequence[str]) -> tuple[Address, ...]:
    return tuple(address_from_bytes(bytes.fromhex(each[2:])) for each in raw)


def _set(found: Address) -> Address | None:
    return None if found == ZERO_ADDRESS else found


def _known(account: Address, own: bytes, logic: Address, behind: bytes) -> str | None:
    """The name of the Safe's code, where proxy and singleton are both in the table."""
    is_proxy = any(each.is_of(own, account) for each in proven().of("safe", "account"))
    names = [each.name for each in proven().of("safe", "singleton") if each.is_of(behind, logic)]
    return names[0] if is_proxy and names else None
