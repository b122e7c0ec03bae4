"""The node as a machine for the law, and the owners' funds that every sequence begins with."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from trimtab.core.abi import Answer, Log
from trimtab.core.quantise import Timestamp
from trimtab.core.token import Address
from trimtab.lab.world import LocalWorld, Rpc, Transaction, mine_block
from trimtab.lab.world.rpc import Json

FUNDS = {
    "USDC": 5_000_000 * 10**6,
    "WETH": 2_000 * 10**18,
    "WBTC": 100 * 10**8,
    "USDT": 5_000_000 * 10**6,
    "DAI": 5_000_000 * 10**18,
    "FRAX": 5_000_000 * 10**18,
    "CBETH": 2_000 * 10**18,
    "LDO": 1_000_000 * 10**18,
    "GUSD": 5_000_000 * 10**2,
}


class Node:
    """A running node; what is done within the context is undone at its end."""

    def __init__(self, rpc: Rpc) -> None:
        self._rpc = rpc
        self._snapshot: Json = None
        latest = rpc("eth_getBlockByNumber", "latest", False)
        assert isinstance(latest, dict)
        self.time = int(str(latest["timestamp"]), 16)

    def __enter__(self) -> Self:
        self._snapshot = self._rpc("evm_snapshot")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._rpc("evm_revert", self._snapshot)

    def set_time(self, timestamp: int) -> None:
        """The moment of the next transaction's block."""
        self.time = timestamp

    def static(self, to: Address, data: bytes) -> Answer:
        """What a read answers at the latest block."""
        (answer,) = self._rpc.answers([(to, data)])
        return answer

    def slot(self, to: Address, number: int) -> Answer:
        """The word in a storage slot at the latest block."""
        stored = self._rpc("eth_getStorageAt", to, hex(number), "latest")
        return Answer(True, bytes.fromhex(str(stored)[2:]))

    def call(
        self, sender: Address, to: Address, data: bytes
    ) -> tuple[bool, bytes, tuple[Log, ...]]:
        """A block with this one transaction; its return data as the node traces it."""
        (receipt,) = mine_block(self._rpc, [Transaction(sender, to, data)], Timestamp(self.time))
        trace = self._rpc("debug_traceTransaction", receipt.hash, {"tracer": "callTracer"})
        assert isinstance(trace, dict)
        returned = bytes.fromhex(str(trace.get("output") or "0x")[2:])
        return receipt.ok, returned, receipt.logs


def fund(world: LocalWorld, owners: tuple[Address, ...]) -> None:
    """Give every owner tokens; allowances are what the sequences grant."""
    world.mine(
        *(
            world.funding(owner, symbol, raw)
            for symbol, raw in FUNDS.items()
            if symbol in world.deployment.tokens
            for owner in owners
        )
    )
