"""`world`: the local world left to itself, a block every so many seconds. It promises no digest."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import orjson
from eth_utils.crypto import keccak

from trimtab.app.local import Setting, hosted
from trimtab.chain.secret import Secret
from trimtab.chain.signer import Signer

Ready = Callable[[dict[str, object], str], None]


async def live(
    setting: Setting, block_seconds: int, interval: float, ready: Ready, *, endless: bool
) -> None:
    """Mine a block every `interval` seconds, each `block_seconds` of market life.

    `ready` is told the address book's content and the node's address before the first block.
    """
    signer = Signer(Secret(keccak(text=f"the owner in the local world {setting.seed}").hex()))
    async with hosted(setting, signer, block_seconds) as host:
        book: dict[str, object] = orjson.loads(host.world.deployment.to_json())
        url = host.world.node.url
        running = {"rpc": url, "safe": host.safe, "owner": signer.address}
        ready({**book, "running": running}, url)
        while endless or host.conductor.block < setting.blocks:
            await host.conductor.next_block()
            await asyncio.sleep(interval)
