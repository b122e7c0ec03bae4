"""A Safe with funds in a local world, and what is needed to act through it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType
from typing import Any, TypeVar

from trimtab.chain.blocks import head
from trimtab.chain.fees import Fees, fees
from trimtab.chain.node import Node
from trimtab.chain.reader import Reader
from trimtab.chain.rpc import Patience, Rpc
from trimtab.chain.safe import Safe
from trimtab.chain.secret import RpcUrl, Secret
from trimtab.chain.signer import Signer
from trimtab.chain.submission import Submitter
from trimtab.core.actions import Action
from trimtab.core.adapter import accrue, encode, walk
from trimtab.core.bounds import Bounds
from trimtab.core.flows import held_everywhere, share_changes
from trimtab.core.market import Accounts, Head, Market, Place, tracked
from trimtab.core.plan import Plan, PlanCost
from trimtab.core.quantise import Timestamp
from trimtab.core.reading import Observation
from trimtab.core.states import Reverted, States
from trimtab.core.token import Token
from trimtab.lab.world import DEFAULT_WORLD, LocalWorld, WorldSpec, local_world, transaction
from trimtab.mandate.adapters import ADAPTERS
from trimtab.mandate.book import AddressBook, read_book
from trimtab.routing.bounds import least_balances

T = TypeVar("T")

GWEI = 10**9
GAS = 2_000_000
FUNDS = {"USDC": 1_000_000 * 10**6, "WETH": 500 * 10**18, "WBTC": 20 * 10**8}
NO_COST = PlanCost(0, Fraction(0), Fraction(0), Fraction(0))


@dataclass(frozen=True, slots=True)
class Stage:
    """The world, the Safe in it, and its signer."""

    world: LocalWorld
    book: AddressBook
    signer: Signer
    safe: Safe

    @property
    def markets(self) -> tuple[Market[Any], ...]:
        return tuple(self.book.markets.values())

    @property
    def accounts(self) -> Accounts:
        return tracked((self.safe.address,), self.markets)

    def token(self, symbol: str) -> Token:
        return self.book.token(symbol)

    def rpc(self) -> Rpc:
        return Rpc(RpcUrl(self.world.node.url), self.book.chain, Patience(back_off=0.0))

    def reader(self, rpc: Node) -> Reader:
        return Reader(rpc, ADAPTERS, self.markets, self.accounts, self.safe.address)

    def submitter(self, rpc: Rpc) -> Submitter:
        return Submitter(rpc, ADAPTERS, self.signer, self.safe)

    def next_time(self, at: Head) -> Timestamp:
        return Timestamp(at.timestamp + self.world.spec.seconds_per_block)

    def plan(self, states: States, actions: Sequence[Action], *, is_walked: bool = True) -> Plan:
        """A plan of these actions for the next block, its outcome by the model."""
        at = self.next_time(states.head)
        before = accrue(ADAPTERS, states, at)
        expected: tuple[tuple[Place, int], ...] = ()
        if is_walked:
            walked = walk(ADAPTERS, before, actions)
            assert not isinstance(walked, Reverted), walked.reason
            held = held_everywhere(ADAPTERS, before, self.safe.address)
            expected = share_changes(held, held_everywhere(ADAPTERS, walked[0], self.safe.address))
        return Plan(
            chain=states.clock,
            account=self.safe.address,
            block=states.head.number,
            bounds=Bounds(Timestamp(at + 3600), least_balances(states, self.safe.address, actions)),
            actions=tuple(actions),
            calls=encode(ADAPTERS, states, actions),
            expected=expected,
            cost=NO_COST,
            gain=Fraction(0),
            lowers_risk=False,
            why="a test",
        )

    def run(self, scene: Callable[[Rpc], Awaitable[T]]) -> T:
        """Play a scene with a connection that ends with it."""

        async def played() -> T:
            rpc = self.rpc()
            try:
                return await scene(rpc)
            finally:
                await rpc.close()

        return asyncio.run(played())

    async def observe(self, rpc: Node, known: States | None = None) -> Observation:
        return await self.reader(rpc).observe(known, await head(rpc, "latest"))


def offered(observation: Observation, tip: int = GWEI) -> Fees:
    """Fees that are enough for some blocks."""
    return fees(observation.reading.base_fee, tip, 1000 * GWEI)


@contextmanager
def staged(
    spec: WorldSpec = DEFAULT_WORLD, funds: Mapping[str, int] = MappingProxyType(FUNDS)
) -> Iterator[Stage]:
    """A new world with a funded Safe and a signer who can pay for gas."""
    with local_world(spec) as world:
        book = read_book(world.deployment.to_json(), "the local world")
        signer = Signer(Secret("11" * 32))
        world.give_native(signer.address, 10**20)
        made = world.new_safe(signer.address)
        world.mine(transaction(world.deployment.agents[0], made.creation))
        world.mine(*(world.funding(made.address, symbol, raw) for symbol, raw in funds.items()))
        safe = Safe(made.address, signer.address, book.multi_send, book.plan_check)
        yield Stage(world, book, signer, safe)
