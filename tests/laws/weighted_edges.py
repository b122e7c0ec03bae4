"""A stage of weighted pools at their edges: empty, with uneven weights, with the greatest fee."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import reduce

from tests.laws.law import check_case, read_states
from tests.laws.machines import fund
from tests.support import evm
from trimtab.core.abi import UINT256_MAX, Call, Log, call_data
from trimtab.core.actions import Action
from trimtab.core.market import Accounts, Market, State, tracked
from trimtab.core.quantise import Bps
from trimtab.core.states import Applied, Reverted, States
from trimtab.core.token import Address
from trimtab.lab.world import (
    EXCHANGE_WORLD,
    BalancerEntry,
    Deployment,
    TokenSpec,
    WeightedPoolSpec,
    fee_provider_contract,
    local_world,
)
from trimtab.mandate.adapters import ADAPTERS
from trimtab.mandate.book import read_book
from trimtab.protocols.balancer import WeightedPool
from trimtab.protocols.erc20 import Erc20

ODD = replace(
    EXCHANGE_WORLD,
    tokens=(*EXCHANGE_WORLD.tokens, TokenSpec("WHOLE", 0, 2_000 * 10**8, heartbeat=3_600)),
    pairs=(),
    stable_pools=(),
    weighted_pools=(
        WeightedPoolSpec(("USDC", "DAI"), (50, 50), fee=Bps(1), worth=0),
        WeightedPoolSpec(("WETH", "USDC"), (99, 1), fee=Bps(1_000), worth=0),
        WeightedPoolSpec(("WETH", "USDC", "DAI", "FRAX"), (55, 5, 10, 30), Bps(500), worth=400_000),
        WeightedPoolSpec(("WHOLE", "DAI"), (90, 10), fee=Bps(30), worth=400_000),
    ),
)
HALF, UNEVEN = "balancer:USDC/DAI", "balancer:WETH/USDC"
FOUR, WHOLE = "balancer:WETH/USDC/DAI/FRAX", "balancer:WHOLE/DAI"


@dataclass(frozen=True, slots=True)
class Scene:
    """A world of odd pools in process, its owners funded and the vault allowed everything."""

    machine: evm.Evm
    accounts: Accounts
    states: States
    deployment: Deployment

    @property
    def entry(self) -> BalancerEntry:
        """Where the vault and what belongs to it are."""
        assert self.deployment.balancer is not None
        return self.deployment.balancer

    @property
    def deployer(self) -> Address:
        """Who may grant roles, and owns the pools."""
        return self.deployment.deployer

    @property
    def owner(self) -> Address:
        """Who acts."""
        return self.accounts.owners[0]

    def pool(self, name: str) -> WeightedPool:
        """The pool of this name."""
        found = next(each for each in self.states.markets.values() if each.name == name)
        assert isinstance(found, WeightedPool)
        return found

    def check(self, states: States, action: Action) -> tuple[States, Applied | Reverted]:
        """The states after an action on which chain and model agree."""
        return check_case(self.machine, ADAPTERS, states, self.accounts, action)


def odd_scene() -> Scene:
    """A new scene."""
    with local_world(ODD) as world:
        owners = world.deployment.agents[:3]
        fund(world, owners)
        world.mine(*(world.funding(owner, "WHOLE", 5_000) for owner in owners))
        book = read_book(world.deployment.to_json(), "the world of odd pools")
        markets: tuple[Market[State], ...] = tuple(
            m for m in book.markets.values() if isinstance(m, (Erc20, WeightedPool))
        )
        machine = evm.load(world.rpc)
    assert world.deployment.balancer is not None
    data = call_data("approve(address,uint256)", world.deployment.balancer.vault, UINT256_MAX)
    for owner in owners:
        for market in markets:
            if isinstance(market, Erc20):
                sent(machine, owner, Call(market.address, data))
    accounts = tracked(owners, markets)
    states = read_states(machine, ADAPTERS, markets, accounts)
    return Scene(machine, accounts, states, world.deployment)


def sent(machine: evm.Evm, sender: Address, call: Call) -> tuple[Log, ...]:
    ok, returned, logs = machine.call(sender, call.to, call.data)
    assert ok, Reverted(returned).reason
    return logs


def check_told(scene: Scene, states: States, logs: tuple[Log, ...]) -> States:
    """The states as they are read now; what the logs tell of pools must be the same."""
    markets = tuple(states.markets.values())
    after = read_states(scene.machine, ADAPTERS, markets, scene.accounts)
    for market in markets:
        if isinstance(market, WeightedPool):
            assert told(states, market, logs) == after[market], market.name
    return after


def told(states: States, pool: WeightedPool, logs: tuple[Log, ...]) -> State:
    adapter = ADAPTERS["balancer"]
    own = [log for log in logs if log.address in adapter.emitters(pool)]
    return reduce(adapter.observe, own, states.state(pool.id))


def with_protocol_fee(scene: Scene, percentage: int) -> States:
    """The states after pools have taken over another percentage; empty ones cannot."""
    provider = fee_provider_contract(scene.entry.fee_provider)
    sent(scene.machine, scene.deployer, provider.call("setFeeTypePercentage", 0, percentage))
    states = scene.states
    pool = scene.pool(FOUR)
    update = Call(pool.address, call_data("updateProtocolFeePercentageCache()"))
    logs = sent(scene.machine, scene.deployer, update)
    return check_told(scene, states, logs)
