"""The peer: web3.py's AsyncWeb3, which makes the same calls through Multicall3."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

from eth_typing import ChecksumAddress, HexAddress, HexStr
from web3 import AsyncWeb3, WebSocketProvider
from web3.types import BlockIdentifier

from trimtab.core.abi import Read
from trimtab.core.token import Address

_AGGREGATE3: list[dict[str, Any]] = [
    {
        "name": "aggregate3",
        "type": "function",
        "stateMutability": "payable",
        "inputs": [
            {
                "name": "calls",
                "type": "tuple[]",
                "components": [
                    {"name": "target", "type": "address"},
                    {"name": "allowFailure", "type": "bool"},
                    {"name": "callData", "type": "bytes"},
                ],
            }
        ],
        "outputs": [
            {
                "name": "returnData",
                "type": "tuple[]",
                "components": [
                    {"name": "success", "type": "bool"},
                    {"name": "returnData", "type": "bytes"},
                ],
            }
        ],
    }
]
_RETURNED = ["(bool,bytes)[]"]
_SLOT0 = ["uint160", "int24", "uint16", "uint16", "uint16", "uint8", "bool"]
READS_OF_A_POOL = (_SLOT0, ["uint128"], ["uint256"], ["uint256"], ["uint128", "uint128"])
"""The types of what slot0, liquidity, both fee growths and protocolFees return, in this order."""

Fields = tuple[int, ...]
"""Root of the price, tick, protocol fee, liquidity, both fee growths, both protocol fees."""


class Peer:
    """AsyncWeb3 on a WebSocket, used as an async context manager.

    `read` is written as the documentation of web3.py does; `read_prepared` makes the call data
    once and decodes the answer with the bare codec, which is as fast as its own parts go.
    """

    def __init__(self, url: str, multicall: Address, reads: Sequence[Read]) -> None:
        self._web3: AsyncWeb3[Any] = AsyncWeb3(WebSocketProvider(url))
        self._address = ChecksumAddress(HexAddress(HexStr(multicall)))
        self._contract = self._web3.eth.contract(address=self._address, abi=_AGGREGATE3)
        self._calls = [(read.to, True, read.data) for read in reads]
        self.data: HexStr = self._contract.encode_abi("aggregate3", args=[self._calls])

    async def __aenter__(self) -> Self:
        await self._web3.provider.connect()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._web3.provider.disconnect()

    async def read(self, block: BlockIdentifier) -> list[Fields]:
        """The fields of every pool at a block."""
        call = self._contract.functions.aggregate3(self._calls)
        return self._decoded(await call.call(block_identifier=block))

    async def read_prepared(self, block: BlockIdentifier) -> list[Fields]:
        """The fields of every pool at a block."""
        raw = await self._web3.eth.call({"to": self._address, "data": self.data}, block)
        (answers,) = self._web3.codec.decode(_RETURNED, raw)
        return self._decoded(answers)

    def _decoded(self, answers: Sequence[tuple[bool, bytes]]) -> list[Fields]:
        decode, step = self._web3.codec.decode, len(READS_OF_A_POOL)
        assert all(ok for ok, _ in answers)
        found: list[Fields] = []
        for at in range(0, len(answers), step):
            own = zip(READS_OF_A_POOL, answers[at : at + step], strict=True)
            slot0, liquidity, growth0, growth1, fees = (decode(t, data) for t, (_, data) in own)
            found.append((slot0[0], slot0[1], slot0[5], *liquidity, *growth0, *growth1, *fees))
        return found
