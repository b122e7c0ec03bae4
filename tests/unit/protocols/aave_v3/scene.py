"""A pool of five unlike reserves on real bytecode, and what tests do to it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import cast

from tests.laws.law import check_case, read_states
from tests.support import evm
from trimtab.core.abi import UINT256_MAX, Answer, Call, Log
from trimtab.core.actions import Action, Supply
from trimtab.core.adapter import Adapters, accrue
from trimtab.core.market import Accounts, Market, State, tracked
from trimtab.core.quantise import Bps, Timestamp
from trimtab.core.states import Applied, Reverted, States
from trimtab.core.token import Address, Token
from trimtab.lab.world import (
    Anvil,
    Contract,
    Deployer,
    Deployment,
    NodeSpec,
    RateSpec,
    ReserveSpec,
    TokenSpec,
    WorldSpec,
    artifact,
    deploy_world,
    minted,
    token_contract,
)
from trimtab.protocols.aave_v3 import (
    AaveV3Adapter,
    CategorySource,
    LendingPool,
    LendingState,
    Reserve,
)
from trimtab.protocols.chainlink import ChainlinkAdapter, Feed
from trimtab.protocols.erc20 import Erc20, Erc20Adapter

AAVE = AaveV3Adapter()
ADAPTERS = cast(
    Adapters, {"aave_v3": AAVE, "chainlink": ChainlinkAdapter(), "erc20": Erc20Adapter()}
)
CONTRACTS = "@aave/core-v3/artifacts/contracts/"
DOLLAR = 10**8
YEAR = 365 * 24 * 3600


def _reserve(symbol: str, ltv: int, threshold: int, factor: int, *curve: int) -> ReserveSpec:
    rates = RateSpec(*map(Bps, curve))
    return ReserveSpec(
        symbol, Bps(ltv), Bps(threshold), Bps(10_500), Bps(factor), rates, supplied=0, borrowed=0
    )


SPEC = WorldSpec(
    tokens=(
        TokenSpec("USDC", 6, DOLLAR, 3_600),
        TokenSpec("WETH", 18, 2_000 * DOLLAR, 3_600),
        TokenSpec("WBTC", 8, 40_000 * DOLLAR, 3_600),
        TokenSpec("DAI", 18, DOLLAR, 3_600),
        TokenSpec("OLD", 2, 3 * DOLLAR, 3_600),
    ),
    reserves=(
        _reserve("USDC", 7_700, 8_000, 1_000, 9_000, 0, 600, 6_000),
        _reserve("WETH", 8_050, 8_300, 1_500, 8_000, 0, 330, 8_000),
        _reserve("WBTC", 7_000, 7_500, 2_000, 4_500, 200, 400, 30_000),
        _reserve("DAI", 7_500, 8_000, 0, 10_000, 100, 5_000, 7_500),
        _reserve("OLD", 5_000, 6_000, 10_000, 5_000, 0, 1_000, 65_000),
    ),
    pools=(),
)
"""A steep curve, a curve without a second slope, no reserve factor, one that takes everything,
and a token of two decimals, in whose units the contract's sums overflow soonest."""


@dataclass(slots=True)
class Scene:
    """A machine for the law that keeps its logs, with the pool and its accounts."""

    machine: evm.Evm
    deployment: Deployment
    pool: LendingPool
    markets: tuple[Market[State], ...]
    accounts: Accounts
    flash_borrower: Contract
    wad_ray_math: Contract
    logs: list[Log] = field(default_factory=list)

    # a machine

    @property
    def time(self) -> int:
        """The moment of the block."""
        return self.machine.time

    @time.setter
    def time(self, timestamp: int) -> None:
        self.set_time(timestamp)

    def static(self, to: Address, data: bytes) -> Answer:
        """What a read answers."""
        return self.machine.static(to, data)

    def slot(self, to: Address, number: int) -> Answer:
        """The word in a storage slot."""
        return self.machine.slot(to, number)

    def call(self, sender: Address, to: Address, data: bytes) -> tuple[bool, bytes, Sequence[Log]]:
        """Run a transaction and keep its logs."""
        succeeded, returned, logs = self.machine.call(sender, to, data)
        self.logs += logs
        return succeeded, returned, logs

    def set_time(self, timestamp: int) -> None:
        """The moment of the transactions that follow."""
        self.machine.set_time(timestamp)

    # queries

    @property
    def owners(self) -> tuple[Address, ...]:
        """The tracked accounts."""
        return self.accounts.owners

    def token(self, symbol: str) -> Token:
        """A token by its symbol."""
        return self.deployment.token(symbol)

    def reserve(self, symbol: str) -> Reserve:
        """A declared reserve by its token's symbol."""
        return next(each for each in self.pool.reserves if each.token.symbol == symbol)

    def states(self, known: States | None = None) -> States:
        """What the chain says now."""
        return read_states(self, ADAPTERS, self.markets, self.accounts, known)

    def state(self) -> LendingState:
        """What the chain says of the pool now."""
        return self.states()[self.pool]

    def observed(self, state: LendingState) -> LendingState:
        """The pool's state after the logs kept since the last time that this was asked."""
        emitters = AAVE.emitters(self.pool)
        for log in self.logs:
            if log.address in emitters:
                state = AAVE.observe(state, log)
        self.logs.clear()
        return state

    # transitions

    def send(self, sender: Address, call: Call) -> None:
        """A call that has to succeed, and that no adapter knows."""
        succeeded, returned, _ = self.call(sender, call.to, call.data)
        assert succeeded, Reverted(returned).reason

    def pool_call(self, sender: Address, function: str, *arguments: object) -> None:
        """A function of the pool that has to succeed."""
        pool = Contract.at(self.pool.address, f"{CONTRACTS}protocol/pool/Pool.sol/Pool.json")
        self.send(sender, pool.call(function, *arguments))

    def govern(self, function: str, *arguments: object) -> None:
        """A setting of the pool, made by its admin."""
        path = f"{CONTRACTS}protocol/pool/PoolConfigurator.sol/PoolConfigurator.json"
        configurator = Contract.at(self.deployment.aave_v3.pool_configurator, path)
        self.send(self.deployment.deployer, configurator.call(function, *arguments))

    def wait(self, seconds: int) -> None:
        """Begin a block so much later."""
        self.set_time(self.time + seconds)

    def check(
        self, action: Action, states: States | None = None
    ) -> tuple[States, Applied | Reverted]:
        """The action on the model and on the chain, which have to agree."""
        return check_case(self, ADAPTERS, states or self.states(), self.accounts, action)

    def do(self, action: Action) -> States:
        """An action that goes through on both sides."""
        states, outcome = self.check(action)
        assert isinstance(outcome, Applied), outcome.reason
        return states

    def refusal(self, action: Action) -> str:
        """Why both sides refuse an action."""
        _, outcome = self.check(action)
        assert isinstance(outcome, Reverted)
        return outcome.reason

    def supply(self, owner: Address, symbol: str, whole: int) -> None:
        """Supply whole tokens that the owner has."""
        token = self.token(symbol)
        self.do(Supply(owner, self.pool.id, token, whole * token.unit, owner))

    def moved_on(self, states: States) -> States:
        """States accrued to the machine's moment."""
        now = Timestamp(self.time)
        heads = {states.clock: replace(states.head, timestamp=now)}
        return replace(accrue(ADAPTERS, states, now), heads=heads)


def deploy() -> Iterator[Scene]:
    """The scene: four owners with a million of each token and leave for the pool to take it."""
    with Anvil(NodeSpec()) as node:
        deployment = deploy_world(node.rpc, SPEC)
        deployer = Deployer(node.rpc, deployment.deployer)
        provider = deployment.aave_v3.addresses_provider
        receiver = "mocks/flashloan/MockSimpleFlashLoanReceiver.sol/MockFlashLoanSimpleReceiver"
        flash_borrower = deployer.create(artifact(f"{CONTRACTS}{receiver}.json"), provider)
        wrapper = "mocks/tests/WadRayMathWrapper.sol/WadRayMathWrapper"
        wad_ray_math = deployer.create(artifact(f"{CONTRACTS}{wrapper}.json"))
        deployer.mine(Timestamp(deployment.timestamp + 12))
        machine = evm.load(node.rpc)
        pool = lending_pool(deployment, flash_borrower.address)
        markets: tuple[Market[State], ...] = (
            *(
                Erc20(pool.chain, each.token.address, str(each.token), each.token)
                for each in pool.reserves
            ),
            *_feeds(deployment).values(),
            pool,
        )
        accounts = tracked(deployment.agents[:4], markets)
        scene = Scene(machine, deployment, pool, markets, accounts, flash_borrower, wad_ray_math)
        for owner in scene.owners:
            for reserve in pool.reserves:
                token = reserve.token
                scene.send(owner, minted(token.address, owner, 10**6 * token.unit))
                allow = token_contract(token.address).call("approve", pool.address, UINT256_MAX)
                scene.send(owner, allow)
        yield scene


def lending_pool(deployment: Deployment, operator: Address) -> LendingPool:
    """The deployment's pool as a market, with two categories that do not exist yet.

    The second is priced as ether, whatever is in it.
    """
    entry, feeds = deployment.aave_v3, _feeds(deployment)
    reserves = tuple(
        Reserve(
            token=deployment.token(symbol),
            a_token=reserve.a_token,
            variable_debt_token=reserve.variable_debt_token,
            stable_debt_token=reserve.stable_debt_token,
            rate_strategy=reserve.rate_strategy,
            feed=feeds[symbol].id,
            id=number,
        )
        for number, (symbol, reserve) in enumerate(entry.reserves.items())
    )
    ether = CategorySource(2, deployment.token("WETH").address, feeds["WETH"].id)
    return LendingPool(
        deployment.chain,
        entry.pool,
        "aave_v3",
        entry.addresses_provider,
        entry.oracle,
        reserves,
        (CategorySource(1), ether),
        entry.acl_manager,
        (operator,),
        (operator,),
    )


def _feeds(deployment: Deployment) -> dict[str, Feed]:
    return {
        symbol: Feed(
            deployment.chain, feed.address, symbol, symbol, "USD", feed.decimals, feed.heartbeat
        )
        for symbol, feed in deployment.feeds.items()
    }
