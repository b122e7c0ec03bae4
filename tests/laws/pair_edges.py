"""A stage of pairs at their edges: full, empty, one-sided, at the end of 32 and of 256 bits."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tests.laws.law import read_states
from tests.laws.machines import fund
from tests.support import evm
from trimtab.core.abi import UINT256_MAX, call_data
from trimtab.core.market import Accounts, Market, State, tracked
from trimtab.core.states import Reverted, States
from trimtab.core.token import ZERO_ADDRESS, Address
from trimtab.lab.world import DEFAULT_WORLD, Deployment, LocalWorld, PairSpec, local_world
from trimtab.mandate.adapters import ADAPTERS
from trimtab.mandate.book import read_book
from trimtab.protocols.erc20 import Erc20
from trimtab.protocols.uniswap_v2 import Pair

DEEP, EMPTY, ONE_SIDED = "WETH/USDC", "WBTC/USDC", "WBTC/WETH"
EDGES = replace(
    DEFAULT_WORLD,
    pools=(),
    pairs=(
        PairSpec("WETH", "USDC", 100_000),
        PairSpec("WBTC", "USDC", 0),
        PairSpec("WBTC", "WETH", 0),
    ),
)
PRICE_SLOTS = (9, 10)
"""Where a pair keeps its cumulative prices."""


@dataclass(frozen=True, slots=True)
class Stage:
    """The world in process, its markets and who acts."""

    machine: evm.Evm
    markets: tuple[Market[State], ...]
    accounts: Accounts
    deployment: Deployment

    def pair(self, name: str) -> Pair:
        (found,) = (each for each in self.markets if each.name == f"uniswap_v2:{name}")
        assert isinstance(found, Pair)
        return found

    def send(self, sender: Address, to: Address, signature: str, *arguments: int | str) -> None:
        ok, returned, _ = self.machine.call(sender, to, call_data(signature, *arguments))
        assert ok, Reverted(returned).reason

    def read(self, *but: str) -> States:
        markets = [each for each in self.markets if each.name not in but]
        return read_states(self.machine, ADAPTERS, markets, self.accounts)


def edges() -> Stage:
    """A deep pair that is about to reach every bound, an empty one, and one of one token."""
    with local_world(EDGES) as world:
        owners = world.deployment.agents[:3]
        fund(world, owners)
        book = read_book(world.deployment.to_json(), "the world of edges")
        markets = tuple(m for m in book.markets.values() if isinstance(m, Erc20 | Pair))
        _make_rich(world, owners[2])
        for slot in PRICE_SLOTS:
            place = book.markets[f"uniswap_v2:{DEEP}"].address, hex(slot)
            assert world.rpc("anvil_setStorageAt", *place, hex(UINT256_MAX - 10**6))
        world.mine()
        loaded = evm.load(world.rpc)
        stage = Stage(loaded, markets, tracked(owners, markets), world.deployment)
    _share_out(stage)
    one_sided = stage.pair(ONE_SIDED)
    gift = ("transfer(address,uint256)", one_sided.address, 12_345)
    stage.send(owners[0], one_sided.token0.address, *gift)
    stage.send(owners[0], one_sided.address, "sync()")
    return stage


def _make_rich(world: LocalWorld, owner: Address) -> None:
    """More of every token than pairs can count."""
    world.mine(
        world.funding(owner, "WETH", 2**205),
        world.funding(owner, "USDC", 2**220),
        world.funding(owner, "WBTC", 2**129),
    )


def _share_out(stage: Stage) -> None:
    """Shares of the deep pair for all, and whatever the router may want of them."""
    pair, provider = stage.pair(DEEP), stage.deployment.liquidity_provider
    for owner in stage.accounts.owners:
        stage.send(provider, pair.address, "transfer(address,uint256)", owner, 10**12)
        for each in (pair.share, *pair.tokens, stage.pair(EMPTY).token1):
            allowed = ("approve(address,uint256)", pair.router, UINT256_MAX)
            stage.send(owner, each.address, *allowed)


def turn_fee(stage: Stage, setting: str) -> None:
    """Let the protocol take its part, from now on, or until now, or give it to the pair."""
    pair, provider = stage.pair(DEEP), stage.deployment.liquidity_provider
    taker = pair.address if setting == "to the pair" else stage.accounts.owners[0]
    stage.send(stage.deployment.deployer, pair.factory, "setFeeTo(address)", taker)
    if setting == "just on":
        return
    # A burn notes k, without which nothing is owed later.
    stage.send(provider, pair.address, "transfer(address,uint256)", pair.address, 10**12)
    stage.send(provider, pair.address, "burn(address)", provider)
    if setting == "off again":
        stage.send(stage.deployment.deployer, pair.factory, "setFeeTo(address)", ZERO_ADDRESS)
