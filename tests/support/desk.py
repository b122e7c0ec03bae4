"""One account before real pools and reserves, in process: what plans are made and run on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from typing import Any

from tests.laws.law import read_states
from tests.support import evm
from trimtab.chain.plan_check import broken_bound, check_call
from trimtab.core.abi import Call
from trimtab.core.actions import Action, Approve, Borrow, Supply, Transfer, UpdateAnswer
from trimtab.core.adapter import accrue, encode, walk
from trimtab.core.bounds import Bounds, Broken
from trimtab.core.flows import held_everywhere, share_changes
from trimtab.core.market import Accounts, Market, Place, token_market, tracked
from trimtab.core.plan import Plan
from trimtab.core.prices import Prices
from trimtab.core.quantise import Timestamp
from trimtab.core.states import Reverted, States
from trimtab.core.strategy import Costs, View
from trimtab.core.token import Address, Token
from trimtab.lab.world import DEFAULT_WORLD, WorldSpec, local_world, minted
from trimtab.mandate.adapters import ADAPTERS
from trimtab.mandate.book import AddressBook, read_book
from trimtab.protocols.aave_v3 import LendingPool
from trimtab.protocols.chainlink import Feed
from trimtab.protocols.uniswap_v3 import Pool
from trimtab.risk import oracle_prices
from trimtab.routing import GAS_OF, BestSinglePool, Exchange, Purpose, Terms, is_exchange

BLOCK_SECONDS = 12
SYMBOLS = ("USDC", "WETH", "WBTC")
NO_GAIN = Purpose(Fraction(0), Fraction(0), lowers_risk=False, why="a test")


@dataclass(frozen=True, slots=True)
class Desk:
    """The world in process, the account that acts, and somebody else.

    `start` are the states in which the account has nothing.
    """

    deployment: bytes
    book: AddressBook
    machine: evm.Evm
    account: Address
    other: Address
    accounts: Accounts
    start: States

    # queries

    @property
    def pools(self) -> tuple[Pool, ...]:
        return tuple(each for each in self.book.markets.values() if isinstance(each, Pool))

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        """Every pool, whatever its protocol."""
        return tuple(each for each in self.book.markets.values() if is_exchange(each))

    @property
    def lender(self) -> LendingPool:
        lender = self.book.markets["aave_v3"]
        assert isinstance(lender, LendingPool)
        return lender

    @property
    def places(self) -> tuple[Place, ...]:
        """The wallet and the lender, token by token."""
        return (*map(self.place, SYMBOLS), *(self.place(f"aave_v3:{each}") for each in SYMBOLS))

    def token(self, symbol: str) -> Token:
        return self.book.token(symbol)

    def place(self, name: str) -> Place:
        return self.book.place(name)

    def pool(self, name: str) -> Pool:
        pool = self.book.market(f"uniswap_v3:{name}")
        assert isinstance(pool, Pool)
        return pool

    def states(self) -> States:
        """What the contracts tell now."""
        return read_states(
            self.machine, ADAPTERS, tuple(self.book.markets.values()), self.accounts, self.start
        )

    def ahead(self) -> States:
        """What they will tell at the next block's moment, when nobody acts before."""
        return accrue(ADAPTERS, self.states(), self.next_moment)

    @property
    def next_moment(self) -> Timestamp:
        return Timestamp(self.machine.time + BLOCK_SECONDS)

    def imagined(self, lying: Mapping[str, int], lent: Mapping[str, int]) -> States:
        """The states of the next block's moment with these base units in wallet and lender.

        What `give`, `lend` and `ahead` come to, by the models alone.
        """
        states = self.start
        for symbol in SYMBOLS:
            token, market = self.token(symbol), self.book.market(f"erc20:{symbol}")
            raw = lent.get(symbol, 0)
            given = {**states[market].balances, self.account: raw}
            states = states.with_states({market.id: replace(states[market], balances=given)})
            if raw:
                states = self._supplied(states, token, raw)
            given = {**states[market].balances, self.account: lying.get(symbol, 0)}
            states = states.with_states({market.id: replace(states[market], balances=given)})
        return accrue(ADAPTERS, states, self.next_moment)

    def imagined_after(self, states: States, *actions: Action) -> States:
        """The states after actions that must go through, by the models alone."""
        outcome = walk(ADAPTERS, states, actions)
        assert not isinstance(outcome, Reverted), outcome.reason
        return outcome[0]

    def _supplied(self, states: States, token: Token, raw: int) -> States:
        lender, account = self.lender, self.account
        approve = Approve(account, token_market(token), token, lender.address, raw)
        supply = Supply(account, lender.id, token, raw, account)
        return self.imagined_after(states, approve, supply)

    def held(self, states: States) -> dict[Place, int]:
        """Base units of the account by place."""
        holdings = held_everywhere(ADAPTERS, states, self.account)
        return {place: holding.raw for place, holding in holdings.items()}

    def prices(self, states: States) -> Prices:
        feeds = {
            self.token(market.base): market
            for market in self.book.markets.values()
            if isinstance(market, Feed) and market.base in self.book.tokens
        }
        return oracle_prices(states, feeds, self.token("USDC"))

    def view(self, states: States, signals: Mapping[Any, object], gas: int = 10**9) -> View:
        """What a strategy that owns the whole account sees."""
        return View(states, self.prices(states), self.held(states), signals, self.costs(gas))

    def costs(self, gas_price: int = 10**9) -> Costs:
        wei = self.prices(self.start).price(self.token("WETH"))
        return Costs(gas_price * wei, GAS_OF)

    def terms(self, **changes: object) -> Terms:
        """Terms that let almost everything through, with some of them changed."""
        settings: dict[str, Any] = {
            "adapters": ADAPTERS,
            "account": self.account,
            "pools": self.exchanges,
            "router": BestSinglePool(),
            "prices": self.prices(self.start),
            "costs": self.costs(),
            "slippage": Fraction(5, 100),
            "fill_tolerance": Fraction(5, 1000),
            "deadline": Timestamp(self.machine.time + 3600),
        }
        return Terms(**(settings | changes))

    # what happens

    def give(self, symbol: str, raw: int) -> None:
        """Tokens out of nowhere."""
        self.do(self.account, minted(self.token(symbol).address, self.account, raw))

    def spend(self, symbol: str, raw: int) -> None:
        """Tokens of the account that go to somebody else."""
        token = self.token(symbol)
        self.act(Transfer(self.account, token_market(token), token, self.other, raw))

    def lend(self, symbol: str, raw: int) -> None:
        """New tokens of the account, supplied to the lender."""
        self._supply(self.account, symbol, raw)

    def drain(self, symbol: str, left: int) -> None:
        """Somebody with collateral enough borrows what lies at the lender, but for a rest."""
        collateral = "USDC" if symbol != "USDC" else "WBTC"
        self._supply(self.other, collateral, 10**9 * self.token(collateral).unit)
        reserve = self.states()[self.lender].reserve(self.token(symbol)).reserve
        lying = self.states()[self.book.market(f"erc20:{symbol}")].balance(reserve.a_token)
        borrow = Borrow(self.other, self.lender.id, self.token(symbol), lying - left, self.other)
        self.act(borrow)

    def _supply(self, owner: Address, symbol: str, raw: int) -> None:
        token, lender = self.token(symbol), self.lender
        self.do(owner, minted(token.address, owner, raw))
        self.act(Approve(owner, token_market(token), token, lender.address, raw))
        self.act(Supply(owner, lender.id, token, raw, owner))

    def reprice(self, symbol: str, factor: Fraction) -> None:
        """A token's feed answers so many times its price."""
        feed = self.book.market(f"chainlink:{symbol}")
        answer = int(self.states()[feed].answer * factor)
        self.act(UpdateAnswer(self.other, feed.id, answer))

    def act(self, action: Action) -> None:
        """An action of its actor that must go through."""
        for call in encode(ADAPTERS, self.start, (action,)):
            self.do(action.actor, call)

    def do(self, sender: Address, call: Call) -> None:
        """A transaction that must go through."""
        succeeded, returned, _ = self.machine.call(sender, call.to, call.data)
        assert succeeded, Reverted(returned).reason

    def execute(self, plan: Plan) -> States:
        """Run a plan's calls one by one at the next block's moment; the states after them.

        The check of its bounds is the last of them, as in a batch.
        """
        self.machine.set_time(self.next_moment)
        for call in plan.calls:
            self.do(self.account, call)
        assert self.broken(plan.bounds) is None
        return self.states()

    def broken(self, bounds: Bounds) -> Broken | None:
        """The bound that the contract says does not hold now."""
        call = check_call(self.book.plan_check, bounds)
        answer = self.machine.static(call.to, call.data)
        found = broken_bound(call, answer.data)
        assert answer.ok == (found is None), Reverted(answer.data).reason
        return found

    def changes(self, before: States, after: States) -> tuple[tuple[Place, int], ...]:
        """What became more or less of what the account's places store."""
        held = [held_everywhere(ADAPTERS, states, self.account) for states in (before, after)]
        return share_changes(held[0], held[1])


@contextmanager
def opened(spec: WorldSpec = DEFAULT_WORLD) -> Iterator[Desk]:
    """The desk as it begins; what is done within is undone."""
    desk = _deployed(spec)
    before = desk.machine.snapshot()
    try:
        yield desk
    finally:
        desk.machine.revert(before)


@cache
def _deployed(spec: WorldSpec) -> Desk:
    with local_world(spec) as world:
        account, other = world.deployment.agents[:2]
        deployment = world.deployment.to_json()
        book = read_book(deployment, "the local world")
        markets: tuple[Market[Any], ...] = tuple(book.markets.values())
        accounts = tracked((account, other), markets)
        machine = evm.load(world.rpc)
    start = read_states(machine, ADAPTERS, markets, accounts)
    return Desk(deployment, book, machine, account, other, accounts, start)
