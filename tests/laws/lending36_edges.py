"""A stage of the 3.6 line alone, on which governance acts too and the treasury is tracked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce

from tests.laws.law import check_case, read_states
from tests.laws.machines import fund
from tests.support import evm
from trimtab.core.abi import UINT256_MAX, Log
from trimtab.core.actions import Action, Approve, Supply, UpdateAnswer
from trimtab.core.adapter import accrue, adapter_of
from trimtab.core.market import Accounts, Market, State, token_market, tracked
from trimtab.core.quantise import Timestamp
from trimtab.core.states import Applied, Reverted, States
from trimtab.core.token import Address, Token
from trimtab.lab.world import CREDIT_WORLD, DEFAULT_WORLD, Deployment, local_world
from trimtab.lab.world.contracts import Contract
from trimtab.lab.world.credit_lending36 import LENDING_POOL_36
from trimtab.lab.world.deploy_aave_v36 import lending_pool_contract, pool_configurator_contract
from trimtab.mandate.adapters import ADAPTERS
from trimtab.mandate.book import read_book
from trimtab.protocols.aave_v36 import LendingPool36
from trimtab.protocols.chainlink import Feed
from trimtab.protocols.erc20 import Erc20

EDGES = replace(
    DEFAULT_WORLD,
    pools=(),
    tokens=tuple(t for t in CREDIT_WORLD.tokens if t.symbol in LENDING_POOL_36.symbols),
    lending36=LENDING_POOL_36,
)
NOWHERE = 3
"""An efficiency mode that governance has not made."""


@dataclass(slots=True)
class Stage:
    """The world in process, where it stands, and its pool."""

    machine: evm.Evm
    markets: tuple[Market[State], ...]
    accounts: Accounts
    deployment: Deployment
    states: States

    @property
    def market(self) -> LendingPool36:
        """The lending pool."""
        (found,) = (each for each in self.markets if isinstance(each, LendingPool36))
        return found

    @property
    def pool(self) -> Contract:
        """The pool as a contract, for what is no action of ours."""
        return lending_pool_contract(self.market.address)

    def token(self, symbol: str) -> Token:
        """A token by its symbol."""
        return self.deployment.token(symbol)

    def at(self, states: States) -> Stage:
        """This stage where other states stand."""
        return replace(self, states=states)

    def wait(self, seconds: int) -> None:
        """Let time pass."""
        moment = Timestamp(self.machine.time + seconds)
        self.machine.set_time(moment)
        heads = {self.states.clock: replace(self.states.head, timestamp=moment)}
        self.states = replace(accrue(ADAPTERS, self.states, moment), heads=heads)

    def act(self, action: Action) -> Applied | Reverted:
        """What an action does, by model and chain alike."""
        self.states, outcome = check_case(
            self.machine, ADAPTERS, self.states, self.accounts, action
        )
        return outcome

    def done(self, *actions: Action) -> None:
        """Several actions that must not revert."""
        for action in actions:
            outcome = self.act(action)
            assert isinstance(outcome, Applied), (action, outcome.reason)

    def supply(self, owner: Address, symbol: str, raw: int) -> None:
        """Lend, with leave for all that may be repaid later."""
        token, pool = self.token(symbol), self.market
        leave = Approve(owner, token_market(token), token, pool.address, UINT256_MAX)
        self.done(leave, Supply(owner, pool.id, token, raw, owner))

    def price(self, symbol: str, answer: int) -> None:
        """A new answer of a token's feed."""
        feed = self.states[self.market].reserve(self.token(symbol)).reserve.feed
        self.done(UpdateAnswer(self.accounts.owners[0], feed, answer))

    def govern(self, function: str, *arguments: object) -> None:
        """Let governance change something, which must not be refused."""
        assert self.governed(function, *arguments), f"{function}{arguments} was refused"

    def governed(self, function: str, *arguments: object) -> bool:
        """Whether governance could change something; everything is read anew."""
        assert self.deployment.aave_v36 is not None
        configurator = pool_configurator_contract(self.deployment.aave_v36.pool_configurator)
        data = configurator.data(function, *arguments)
        ok, *_ = self.machine.call(self.deployment.deployer, configurator.address, data)
        self.states = read_states(self.machine, ADAPTERS, self.markets, self.accounts)
        return ok

    def follow(self, sender: Address, to: Address, data: bytes) -> States:
        """What somebody does, followed by its logs alone, which must be all that it did."""
        ok, returned, logs = self.machine.call(sender, to, data)
        assert ok, Reverted(returned).reason
        told = {market.id: self._told(market, logs) for market in self.markets}
        known = self.states.with_states(told)
        read = read_states(self.machine, ADAPTERS, self.markets, self.accounts)
        assert read.states == known.states
        self.states = known
        return known

    def _told(self, market: Market[State], logs: Sequence[Log]) -> State:
        adapter = adapter_of(ADAPTERS, market)
        own = [log for log in logs if log.address in adapter.emitters(market)]
        return reduce(adapter.observe, own, self.states.states[market.id])


def edges() -> Stage:
    """The pool, an efficiency mode that is not there declared too, and three accounts.

    The third of them is the pool's treasury.
    """
    with local_world(EDGES) as world:
        deployment = world.deployment
        owners = (*deployment.agents[:2], deployment.deployer)
        fund(world, owners)
        book = read_book(deployment.to_json(), "the world of edges")
        markets = tuple(
            replace(each, categories=(*each.categories, NOWHERE))
            if isinstance(each, LendingPool36)
            else each
            for each in book.markets.values()
            if isinstance(each, LendingPool36 | Erc20 | Feed)
        )
        accounts = tracked(owners, markets)
        loaded = evm.load(world.rpc)
        states = read_states(loaded, ADAPTERS, markets, accounts)
        return Stage(loaded, markets, accounts, deployment, states)
