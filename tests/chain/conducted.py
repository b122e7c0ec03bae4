"""A conducted world for tests; run as a program it prints the hashes of a seed's blocks."""

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from eth_account import Account

from trimtab.core.token import Address, address
from trimtab.lab.agents import Hold
from trimtab.lab.cast import DEFAULT_LAB, default_cast, endow, free_accounts, stocks
from trimtab.lab.conductor import Conductor
from trimtab.lab.prices import GeneratedPrices, OutsidePrices
from trimtab.lab.roles import Player
from trimtab.lab.scenario import parse_script, resolve
from trimtab.lab.scenario_events import Names
from trimtab.lab.world import LocalWorld, local_world
from trimtab.mandate import AddressBook, read_book

GWEI = 10**9


class Outsider:
    """Someone who signs for themselves, as the manager does."""

    def __init__(self, world: LocalWorld, number: int) -> None:
        self._account = Account.from_key(number.to_bytes(32, "big"))
        self.address = address(self._account.address)
        self._world = world
        world.give_native(self.address, 10**20)

    def send(self, nonce: int, tip: int, fee_cap: int = 100 * GWEI) -> str:
        """The hash of a transaction that waits in the node's pool now."""
        fields = {
            "chainId": self._world.deployment.chain,
            "nonce": nonce,
            "to": self.address,
            "value": 1,
            "gas": 21_000,
            "maxFeePerGas": fee_cap,
            "maxPriorityFeePerGas": tip,
        }
        raw = self._account.sign_transaction(fields).raw_transaction
        return str(self._world.rpc("eth_sendRawTransaction", "0x" + raw.hex()))


@dataclass(frozen=True, slots=True)
class Stage:
    """A world with its conductor."""

    world: LocalWorld
    book: AddressBook
    prices: OutsidePrices
    conductor: Conductor


@asynccontextmanager
async def conducted(
    seed: int, script: str = "", extra: Sequence[type[Hold]] = (), manager: Address | None = None
) -> AsyncIterator[Stage]:
    """The default market, guests on the accounts after it, a scenario."""
    prices = GeneratedPrices(seed, DEFAULT_LAB.start, DEFAULT_LAB.block_seconds)
    with local_world(DEFAULT_LAB.world.priced(prices.at(0))) as world:
        book = read_book(world.deployment.to_json(), "the local world")
        accounts = world.deployment.agents
        players = default_cast(book, accounts)
        free = free_accounts(accounts)
        guests = [kind(kind.__name__, account) for kind, account in zip(extra, free, strict=False)]
        players = (*players, *(Player(guest, {"USDC": 1_000}) for guest in guests))
        agents = [player.agent for player in players]
        named = {agent.name: agent.account for agent in agents}
        named |= {} if manager is None else {"manager": manager}
        scenario = resolve(parse_script(script, "test"), Names(book, accounts, named), "test")
        endow(world, book, scenario.payments(100) | stocks(players, book, prices.at(0)))
        async with Conductor(
            world, agents, prices, seed, DEFAULT_LAB.block_seconds, scenario
        ) as conductor:
            yield Stage(world, book, prices, conductor)


async def hashes(seed: int, blocks: int) -> list[str]:
    """The blocks of a seed, an outsider's transaction in each."""
    async with conducted(seed) as stage:
        outsider = Outsider(stage.world, 1234)
        found = []
        for block in range(blocks):
            outsider.send(block, tip=block % 7 * GWEI)
            found.append((await stage.conductor.next_block()).hash)
        return found


if __name__ == "__main__":
    print("\n".join(asyncio.run(hashes(int(sys.argv[1]), int(sys.argv[2])))))
