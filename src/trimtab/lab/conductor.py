"""The conductor of the local world: it mines a block only when asked for one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from types import TracebackType
from typing import Protocol, Self

from trimtab.chain.reader import Reader
from trimtab.chain.rpc import Rpc as ChainRpc
from trimtab.chain.secret import RpcUrl
from trimtab.core.abi import Call
from trimtab.core.adapter import accrue, encode
from trimtab.core.errors import ConfigError
from trimtab.core.market import Head, tracked
from trimtab.core.quantise import Timestamp
from trimtab.core.states import States
from trimtab.core.token import Address
from trimtab.lab.agents import Agent, Order, Scene, with_shares
from trimtab.lab.fees import next_base_fee
from trimtab.lab.mining import Sending, announce_base_fee, mine
from trimtab.lab.prices import Break, BrokenPrices, OutsidePrices
from trimtab.lab.scenario import Scenario
from trimtab.lab.streams import stream
from trimtab.lab.world import LocalWorld
from trimtab.mandate import read_book
from trimtab.mandate.adapters import ADAPTERS

_COINBASE = "0x00000000000000000000000000000000000C0FFE"
_SCRIPT = "scenario"


@dataclass(frozen=True, slots=True)
class Act:
    """An agent's or the script's transaction, where it stands, and whether it went through.

    `block` counts the conducted blocks from 1, `index` the transactions of the block from 0, and
    `rank` the orders as they were given, which decides between equal tips.
    """

    block: int
    index: int
    actor: str
    account: Address
    rank: int
    order: Order
    transaction: str
    ok: bool
    gas_used: int


class Script(Protocol):
    """Orders that are given whatever the chain shows, and what else happens by itself."""

    @property
    def breaks(self) -> tuple[Break, ...]:
        """When outside prices break."""

    def at(self, block: int) -> Sequence[tuple[Address, Order]]:
        """Who orders what in a conducted block."""

    def is_silent(self, agent: str, block: int) -> bool:
        """Whether an agent, by its name, does nothing in a block."""

    def base_fee(self, block: int, drawn: Callable[[Fraction], int]) -> int:
        """What gas costs in a block; `drawn` tells the seed's fee around so many times the level.

        No more than an eighth from the block before.
        """


class Conductor:
    """Lets agents act on what the newest block shows, orders the next block, and mines it.

    One seed gives one chain, hash for hash, as long as all others send the same transactions
    between the same blocks. Use it as an asynchronous context manager in the thread and event
    loop that ask for blocks.
    """

    def __init__(
        self,
        world: LocalWorld,
        agents: Sequence[Agent],
        prices: OutsidePrices,
        seed: int,
        block_seconds: int,
        script: Script | None = None,
        others: Sequence[Address] = (),
    ) -> None:
        names = [agent.name for agent in agents]
        if len(set(names)) != len(names):
            raise ConfigError(f"two agents share a name, and with it their random numbers: {names}")
        self._world = world
        self._agents = tuple(agents)
        self._script = script or Scenario()
        self._prices = BrokenPrices(prices, self._script.breaks)
        self._seed = seed
        self._block_seconds = block_seconds
        self._head = world.head
        self._base_fee = self._script.base_fee(1, lambda _: world.spec.node.base_fee)
        self._states: States | None = None
        self._block = 0
        self._acts: list[Act] = []
        deployment = world.deployment
        self._chain_rpc = ChainRpc(RpcUrl(world.node.url), deployment.chain)
        markets = tuple(read_book(deployment.to_json(), "the local world").markets.values())
        accounts = dict.fromkeys((*(agent.account for agent in agents), *others))
        owners = tuple(accounts) or (deployment.deployer,)
        apart = replace(tracked(owners, markets), strangers=True)
        self._reader = Reader(self._chain_rpc, ADAPTERS, markets, apart, owners[0])
        world.rpc("anvil_setCoinbase", _COINBASE)
        announce_base_fee(world.rpc, self._base_fee)

    @property
    def head(self) -> Head:
        """The newest block."""
        return self._head

    @property
    def block(self) -> int:
        """How many blocks were conducted."""
        return self._block

    @property
    def base_fee(self) -> int:
        """What the next block's gas costs, in wei per unit."""
        return self._base_fee

    @property
    def acts(self) -> tuple[Act, ...]:
        """Every transaction of the agents and the script so far, in the chain's order."""
        return tuple(self._acts)

    @property
    def reverted(self) -> tuple[Act, ...]:
        """Those that reverted."""
        return tuple(act for act in self._acts if not act.ok)

    async def states(self) -> States:
        """All markets at the newest block, the agents' accounts tracked."""
        if self._states is None or self._states.head != self._head:
            observation = await self._reader.observe(self._states, self._head)
            self._states = observation.states
        return self._states

    async def next_block(self) -> Head:
        """Mine one block and return it.

        Whatever others sent to the node since the last one is in it, ordered with the agents'
        transactions by tip. An agent's revert is kept among `acts`. Raises RpcError, DataError
        where outside prices end.
        """
        scene = await self._scene()
        orders = self._orders(scene)
        sendings = [
            Sending(account, self._call(scene.states, order), order.tip, rank)
            for rank, (_, account, order) in enumerate(orders)
        ]
        mined = mine(self._world.rpc, self._head, sendings, scene.at, self._base_fee)
        self._block = scene.block
        self._head = mined.head
        acts = [
            Act(
                block=scene.block,
                index=each.index,
                actor=actor,
                account=account,
                rank=rank,
                order=order,
                transaction=each.hash,
                ok=each.ok,
                gas_used=each.gas_used,
            )
            for rank, ((actor, account, order), each) in enumerate(
                zip(orders, mined.outcomes, strict=True)
            )
        ]
        self._acts += sorted(acts, key=lambda act: act.index)
        self._base_fee = self._script.base_fee(self._block + 1, self._drawn_base_fee)
        announce_base_fee(self._world.rpc, self._base_fee)
        return mined.head

    async def close(self) -> None:
        """Close the connection that states are read through; the world stays."""
        await self._chain_rpc.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def _scene(self) -> Scene:
        at = Timestamp(self._head.timestamp + self._block_seconds)
        block = self._block + 1
        states = accrue(ADAPTERS, await self.states(), at)
        outside = self._prices
        prices = with_shares(states, outside.at(block), lambda each: outside.factor(each, block))
        return Scene(states, prices, block, at, self._base_fee)

    def _orders(self, scene: Scene) -> list[tuple[str, Address, Order]]:
        """Who orders what: agents in their order, then the script."""
        orders = [
            (agent.name, agent.account, order)
            for agent in self._agents
            if not self._script.is_silent(agent.name, scene.block)
            for order in agent.act(scene, stream(self._seed, agent.name, scene.block))
        ]
        scripted = self._script.at(scene.block)
        return [*orders, *((_SCRIPT, account, order) for account, order in scripted)]

    def _drawn_base_fee(self, factor: Fraction) -> int:
        """The next block's, of a path around so many times the level."""
        level = int(self._world.spec.node.base_fee * factor)
        return next_base_fee(self._base_fee, level, self._seed, self._block)

    @staticmethod
    def _call(states: States, order: Order) -> Call:
        if isinstance(order.action, Call):
            return order.action
        (call,) = encode(ADAPTERS, states, (order.action,))
        return call
