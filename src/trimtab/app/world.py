"""`world`: the local world left to itself, a block every so many seconds. It promises no digest."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import orjson

from trimtab.app.local import Setting, hosted, local_signer

Ready = Callable[[dict[str, object], str], None]


async def live(
    setting: Setting, block_seconds: int, interval: float, ready: Ready, *, endless: bool
) -> None:
    """Mine a block every `interval` seconds, each `block_seconds` of market life.

    `ready` is told the address book's content and the node's address before the first block.
    """
    signer = local_signer(setting.seed)
    async with hosted(setting, signer, block_seconds) as host:
        book: dict[str, object] = orjson.loads(host.world.deployment.to_json())
        url = host.world.node.url
        running = {
            "rpc": url,
            "safe": host.safe,
            "owner": signer.address,
            "seed": setting.seed,
        }
        ready({**book, "running": running}, url)
        while endless or host.conductor.block < setting.blocks:
            await host.conductor.next_block()
            await asyncio.sleep(interval)
