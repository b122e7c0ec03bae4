"""A rehearsal written down, and lived through again: on the real contracts, or by the models."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from trimtab.app.local import LOCAL, Host, Setting, equip, hosted, new_safe
from trimtab.app.rehearse import Result, Watch, lived
from trimtab.app.resolve import resolve
from trimtab.chain.multicall import Multicall
from trimtab.chain.reader import Reader
from trimtab.chain.rpc import Rpc
from trimtab.chain.secret import RpcUrl
from trimtab.chain.signer import Signer
from trimtab.core.errors import ConfigError, DataError
from trimtab.core.market import Head, tracked
from trimtab.core.reading import Observation
from trimtab.engine.modelled import Modelled
from trimtab.engine.recorded import RecordedBlock, RecordedOrder
from trimtab.journal.tables import Location
from trimtab.lab.cast import DEFAULT_LAB
from trimtab.lab.conductor import Conductor
from trimtab.lab.recording import FirstPrices, Recorder, Recording, Replayed
from trimtab.lab.world import local_world
from trimtab.mandate import Mandate, read_book
from trimtab.mandate.adapters import ADAPTERS


@asynccontextmanager
async def recorded(
    folder: Path, setting: Setting, block_seconds: int, signer: Signer
) -> AsyncIterator[Host]:
    """The world of the setting; what others do in it goes into the folder, block by block."""
    async with hosted(setting, signer, block_seconds) as host:
        start = (await _observed(host)).reading
        book = host.world.deployment.to_json()
        with Recorder(folder, host.set_up, book, host.safe, host.owners, start) as recorder:

            async def next_block() -> Head:
                base_fee = host.conductor.base_fee
                head = await host.next_block()
                recorder.add(_lately(host.conductor, head, base_fee))
                return head

            yield replace(host, next_block=next_block)


@asynccontextmanager
async def rehosted(recording: Recording, signer: Signer) -> AsyncIterator[Host]:
    """The recorded world, made anew, in which the recorded others act again.

    Raises ConfigError where the signer's Safe is not the recorded one, since others may act for
    that, and DataError where the world is not the recorded one.
    """
    set_up = recording.set_up
    spec = replace(DEFAULT_LAB.world, seconds_per_block=set_up.block_seconds)
    with local_world(spec.priced(dict(set_up.prices))) as world:
        book = read_book(world.deployment.to_json(), "the local world")
        safe = new_safe(world, signer)
        if book != recording.book:
            raise DataError(_ANOTHER.format(what="its address book"))
        if safe != recording.account:
            raise ConfigError(
                f"the recording's manager is {recording.account}, and this mandate's signer has "
                f"the Safe {safe}: use the signer with which it was recorded"
            )
        equip(world, book, safe, set_up)
        script = Replayed(recording.blocks)
        prices = FirstPrices(set_up.prices)
        async with Conductor(
            world, (), prices, set_up.seed, set_up.block_seconds, script
        ) as conductor:

            async def next_block() -> Head:
                head = await conductor.next_block()
                script.check(conductor.block, head)
                return head

            host = Host(world, book, (), safe, conductor, set_up, recording.owners, next_block)
            if (await _observed(host)).states.states != recording.states().states:
                raise DataError(_ANOTHER.format(what="what its contracts say at the start"))
            yield host


async def backtest(
    mandate: Mandate, text: str, recording: Recording, blocks: int, path: Location, watch: Watch
) -> Result:
    """Run the mandate by the models over so many blocks of the recording; see `rehearse`."""
    check_fits(mandate, recording)
    if mandate.account.address not in (LOCAL, recording.account):
        raise ConfigError(
            f"the recording's manager is {recording.account}, the mandate's account is "
            f'{mandate.account.address}: write account.address = "local"'
        )
    bot = resolve(mandate, recording.book, recording.account)
    world = Modelled(bot, recording.states(), recording.blocks[:blocks], mandate.chain.cadence)
    return await lived(bot, world, text, recording.set_up.seed, path, watch)


def check_fits(mandate: Mandate, recording: Recording) -> None:
    """Raise ConfigError unless the recording's blocks are of the mandate's chain and length."""
    chain, seconds = mandate.chain, recording.set_up.block_seconds
    if chain.id != recording.book.chain:
        raise ConfigError(
            f"the mandate is for chain {chain.id}, the recording of chain "
            f"{recording.book.chain}: use one of the mandate's chain"
        )
    if chain.block_seconds != seconds:
        raise ConfigError(
            f"chain.block_seconds is {chain.block_seconds}, the recording's blocks last "
            f"{seconds} s: write chain.block_seconds = {seconds}"
        )


def length(recording: Recording, blocks: int | None) -> int:
    """How many of the recorded blocks to live through: all, unless fewer are asked for."""
    most = len(recording.blocks)
    if blocks is not None and blocks > most:
        raise ConfigError(f"--blocks is {blocks}, and {most} were recorded: ask for fewer")
    return most if blocks is None else blocks


_ANOTHER = (
    "the world made now is not the recorded one ({what} differs): the recording is of another "
    "version of the local world; record it anew"
)


async def _observed(host: Host) -> Observation:
    """All markets at the newest block, with the positions of everybody."""
    markets = tuple(host.book.markets.values())
    rpc = Rpc(RpcUrl(host.world.node.url), host.book.chain)
    try:
        accounts = tracked(host.owners, markets)
        reader = Reader(rpc, ADAPTERS, markets, accounts, host.safe, Multicall(host.book.multicall))
        return await reader.observe(None, host.conductor.head)
    finally:
        await rpc.close()


def _lately(conductor: Conductor, head: Head, base_fee: int) -> RecordedBlock:
    """The newest block, without what the manager sent."""
    acts = (act for act in conductor.acts if act.block == conductor.block)
    orders = tuple(
        RecordedOrder(act.account, act.order.action, act.order.tip, act.rank) for act in acts
    )
    return RecordedBlock(head.timestamp, base_fee, orders)
