"""When two nodes have answered the same: what we use of an answer, apart from how it is written.

Nodes of different makers add fields, order them in other ways, and write hexadecimal digits large
or small. What is compared is what is used; of a method that is not known here, everything.
"""

from collections.abc import Hashable, Mapping, Sequence

import msgspec

from trimtab.chain.rpc import Reply
from trimtab.core.errors import RpcError

_HEADER = frozenset({"number", "hash", "parentHash", "timestamp", "baseFeePerGas"})
_TRANSACTION = frozenset({"hash", "nonce", "gas", "input", "value", "from", "to"})
_LOG = frozenset(
    {
        *("address", "topics", "data", "blockNumber", "blockHash", "transactionHash"),
        *("logIndex", "removed"),
    }
)
_RECEIPT = frozenset(
    {
        *("transactionHash", "blockNumber", "blockHash", "status", "gasUsed"),
        *("effectiveGasPrice", "from", "to"),
    }
)
_SIMULATED = frozenset(
    {
        *("number", "timestamp", "calls", "status", "returnData", "gasUsed", "error"),
        *("logs", "address", "topics", "data"),
    }
)
_USED: Mapping[str, frozenset[str]] = {
    "eth_getBlockByHash": _HEADER | _TRANSACTION | {"transactions"},
    "eth_getBlockByNumber": _HEADER | _TRANSACTION | {"transactions"},
    "eth_getLogs": _LOG,
    "eth_getTransactionByHash": _TRANSACTION | {"blockHash", "blockNumber"},
    "eth_getTransactionReceipt": _RECEIPT,
    "eth_simulateV1": _SIMULATED,
}
"""The names that are compared, at any depth of an answer."""


def essence(reply: Reply) -> Hashable:
    """What another node must answer too, to agree with this reply.

    Of a refusal that is what a reverted call returned; the words are each node's own. Raises
    RpcError(inconsistent) for a result that is not JSON.
    """
    if reply.refusal is not None:
        return "refused", reply.refusal.data
    try:
        found = msgspec.json.decode(reply.result)
    except (msgspec.DecodeError, ValueError, RecursionError):
        found = None
        is_json = False
    else:
        is_json = True
    if not is_json:
        raise RpcError(f"the node answered {reply.method} with no JSON", "inconsistent")
    parts = _reduced(found, _USED.get(reply.method))
    if reply.method == "eth_getLogs" and isinstance(parts, tuple):
        parts = tuple(sorted(parts, key=repr))  # which comes first is not said by its place
    return parts


def _reduced(found: object, used: frozenset[str] | None) -> Hashable:
    """A value without what is not used, in a form that can be counted."""
    if isinstance(found, str):
        return found.lower()
    if isinstance(found, Mapping):
        kept = {
            name: _reduced(value, used)
            for name, value in found.items()
            if value is not None and (used is None or name in used)
        }
        return frozenset(kept.items())
    if isinstance(found, Sequence):
        return tuple(_reduced(each, used) for each in found)
    assert found is None or isinstance(found, bool | int | float)
    return found
