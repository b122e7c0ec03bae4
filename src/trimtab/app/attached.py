"""A mandate on a chain that already runs: the file of `trimtab world`, or a public node."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from trimtab.app.books import book_path
from trimtab.app.connection import Addresses, addresses_of, reading
from trimtab.app.local import LOCAL
from trimtab.app.resolve import resolve
from trimtab.chain.blocks import head
from trimtab.chain.multicall import Multicall
from trimtab.chain.node import Node
from trimtab.chain.reader import Reader
from trimtab.chain.secret import RpcUrl
from trimtab.core.errors import ConfigError
from trimtab.core.reading import Observation
from trimtab.core.token import Address, address
from trimtab.engine.bot import Bot
from trimtab.mandate import AddressBook, Mandate, read_book


class Running(msgspec.Struct, frozen=True):
    """What `trimtab world --out` adds to the address book: where the chain and the Safe are.

    The Safe's owner is the key that everybody can compute from the seed.
    """

    rpc: str
    safe: str
    owner: str
    seed: int


class _WorldFile(msgspec.Struct, frozen=True):
    running: Running | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a mandate applies: its address book, its nodes, and its account.

    `seed` is that of the local world, none on any other chain.
    """

    book: AddressBook
    addresses: Addresses
    account: Address
    seed: int | None = None

    @property
    def rpc(self) -> RpcUrl:
        """The node that is asked first."""
        return self.addresses.read[0]


def place_of(mandate: Mandate, world: Path | None) -> Place:
    """The chain and account of a mandate; what it calls `local` is the world file's.

    Raises ConfigError where a file is missing or says too little.
    """
    path = world if world is not None else book_path(mandate.chain.book)
    if world is None and mandate.chain.book == LOCAL:
        raise ConfigError(
            "the mandate's chain.book is `local`: start one with `trimtab world --out world.json` "
            "and name it with --world world.json"
        )
    content = read_file(path, "the address book")
    book = read_book(content, str(path))
    running = msgspec.json.decode(content, type=_WorldFile).running
    account = mandate.account.address
    if LOCAL in (*mandate.chain.rpc, account) and running is None:
        raise ConfigError(
            f"{path} is no running local world: give chain.rpc and account.address in the mandate"
        )
    if running is not None and account == LOCAL:
        account = running.safe
    addresses = addresses_of(mandate.chain, None if running is None else running.rpc)
    seed = None if running is None else running.seed
    return Place(book, addresses, address(account), seed)


def read_file(path: Path, what: str) -> bytes:
    """The content of a file. Raises ConfigError if it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{what} {path} cannot be read: {error.strerror}") from None


@asynccontextmanager
async def observed(mandate: Mandate, place: Place) -> AsyncIterator[tuple[Bot, Observation]]:
    """The bot of a mandate and its newest block.

    Raises ConfigError for a mandate that does not fit, DataError for a node that does not answer.
    """
    bot = resolve(mandate, place.book, place.account)
    rpc = reading(mandate.chain, place.addresses)
    try:
        await rpc.check_chain()
        reader = reader_of(bot, place, rpc)
        observation = await reader.observe(None, await head(rpc, "latest"))
        behind = (await head(rpc, "latest")).timestamp - observation.states.timestamp
        yield bot, replace(observation, age=max(behind, 0))
    finally:
        await rpc.close()


def reader_of(bot: Bot, place: Place, rpc: Node) -> Reader:
    """What reads the bot's markets, and the positions of its account."""
    accounts = bot.accounts
    multicall = Multicall(place.book.multicall)
    mixes = place.seed is not None  # the local world is a development chain
    return Reader(rpc, bot.adapters, bot.markets, accounts, bot.account, multicall, mixes=mixes)
