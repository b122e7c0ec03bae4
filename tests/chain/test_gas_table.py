"""The modelled gas of every kind of action against receipts of a real Safe's batches.

A kind's gas is what one action adds to a batch, where it is dearest: first times, stale indices,
several collaterals and debts, and for swaps the largest that loses 5 % against the oracle.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import permutations

import pytest

from tests.laws.law import read_states
from tests.laws.machines import Node
from trimtab.chain.safe import Safe
from trimtab.core.abi import UINT256_MAX, Call
from trimtab.core.actions import (
    ALL,
    Action,
    AddLiquidity,
    Approve,
    Borrow,
    Collect,
    Delegate,
    EnterLoop,
    LeaveLoop,
    Quantity,
    RemoveLiquidity,
    RemoveLiquidityOne,
    Repay,
    Supply,
    Swap,
    SwapExactOut,
    Transfer,
    Withdraw,
)
from trimtab.core.adapter import encode
from trimtab.core.bounds import Bounds, LeastBalance, LeastHealth
from trimtab.core.errors import NoRoute
from trimtab.core.flows import held_everywhere
from trimtab.core.market import MarketId, Ticks, token_market, tracked
from trimtab.core.quantise import Timestamp
from trimtab.core.states import States
from trimtab.core.token import Address, Token
from trimtab.lab.world import EXCHANGE_WORLD, LocalWorld, local_world, transaction
from trimtab.mandate.adapters import ADAPTERS
from trimtab.mandate.book import AddressBook, read_book
from trimtab.protocols.chainlink import Feed
from trimtab.protocols.flash_loop import FlashLoop
from trimtab.protocols.flash_loop.model.lenders import lending_pool, share_of
from trimtab.protocols.uniswap_v2 import Pair
from trimtab.protocols.uniswap_v3 import Pool, PoolState
from trimtab.risk import oracle_prices
from trimtab.routing.bounds import least_balances
from trimtab.routing.exchanges import Exchange, is_exchange, offer, tokens_of
from trimtab.routing.gas import GAS_OF, gas_units

pytestmark = pytest.mark.chain

LENT = ("USDC", "WETH", "WBTC")
FUNDS = {
    "USDC": 30_000_000 * 10**6,
    "WETH": 15_000 * 10**18,
    "WBTC": 700 * 10**8,
    "USDT": 30_000_000 * 10**6,
    "DAI": 30_000_000 * 10**18,
    "FRAX": 30_000_000 * 10**18,
}
FOREVER = Timestamp(2**40)
UNBOUNDED = Bounds(FOREVER)
STRANGER = Address("0x" + "5" * 40)
A_WEEK = 7 * 24 * 3600
SLIPPAGE = Fraction(5, 100)


@dataclass(frozen=True, slots=True)
class Desk:
    """A funded Safe in a running world; `start` are the states before it did anything."""

    world: LocalWorld
    book: AddressBook
    safe: Safe
    start: States

    def gas(self, *actions: Action) -> int:
        """What a batch of these costs: the receipt's gas. It stays done."""
        return self.sent(encode(ADAPTERS, self.start, actions))

    def sent(self, calls: Sequence[Call], bounds: Bounds = UNBOUNDED) -> int:
        call = self.safe.execution(calls, bounds)
        (receipt,) = self.world.mine(transaction(self.safe.owner, call))
        assert receipt.ok, receipt.error
        return receipt.gas_used

    def marginal(self, *actions: Action) -> int:
        """What the actions add to a batch of two calls that do nothing. They stay done."""
        idle = [Call(self.safe.owner, b"")] * 2
        with self.undone():
            alone = self.sent(idle)
        return self.sent([*idle, *encode(ADAPTERS, self.start, actions)]) - alone

    def bounded(self, bounds: Bounds) -> int:
        """What the bounds add to a batch of two calls that do nothing."""
        idle = [Call(self.safe.owner, b"")] * 2
        with self.undone():
            alone = self.sent(idle)
        with self.undone():
            return self.sent(idle, bounds) - alone

    @contextmanager
    def undone(self) -> Iterator[None]:
        """What is done within is undone."""
        snapshot = self.world.rpc("evm_snapshot")
        yield
        assert self.world.rpc("evm_revert", snapshot)

    def read(self) -> States:
        """The states of all markets as the node tells them."""
        return read(self.world, self.book, self.safe.address)

    def wait(self) -> None:
        """A week passes, so that all indices are stale."""
        self.world.rpc("evm_setNextBlockTimestamp", self.world.head.timestamp + A_WEEK)
        self.world.rpc("evm_mine")


@pytest.fixture(scope="module")
def deployed() -> Iterator[Desk]:
    with local_world(replace(EXCHANGE_WORLD, flash_loop=True)) as world:
        book = read_book(world.deployment.to_json(), "the local world")
        owner = world.deployment.agents[0]
        made = world.new_safe(owner)
        world.mine(transaction(owner, made.creation))
        world.mine(*(world.funding(made.address, symbol, raw) for symbol, raw in FUNDS.items()))
        safe = Safe(made.address, owner, book.multi_send, book.plan_check)
        yield Desk(world, book, safe, read(world, book, safe.address))


def read(
    world: LocalWorld,
    book: AddressBook,
    account: Address,
    ranges: Mapping[MarketId, tuple[Ticks, ...]] | None = None,
) -> States:
    markets = tuple(book.markets.values())
    accounts = replace(tracked((account,), markets), ranges=ranges or {})
    return read_states(Node(world.rpc), ADAPTERS, markets, accounts)


@pytest.fixture
def desk(deployed: Desk) -> Iterator[Desk]:
    with deployed.undone():
        yield deployed


def approve(desk: Desk, symbol: str, market: str, amount: int) -> Approve:
    token = desk.book.token(symbol)
    spender, *_ = desk.book.market(market).spenders  # a pool's router, before its minter
    return Approve(desk.safe.address, token_market(token), token, spender, amount)


def supply(desk: Desk, symbol: str, amount: int) -> Supply:
    account, lender = desk.safe.address, desk.book.market("aave_v3").id
    return Supply(account, lender, desk.book.token(symbol), amount, account)


def withdraw(desk: Desk, symbol: str, amount: Quantity) -> Withdraw:
    account, lender = desk.safe.address, desk.book.market("aave_v3").id
    return Withdraw(account, lender, desk.book.token(symbol), amount, account)


def borrow(desk: Desk, symbol: str, amount: int) -> Borrow:
    lender = desk.book.market("aave_v3").id
    return Borrow(desk.safe.address, lender, desk.book.token(symbol), amount, desk.safe.address)


def repay(desk: Desk, symbol: str, amount: Quantity) -> Repay:
    account, lender = desk.safe.address, desk.book.market("aave_v3").id
    return Repay(account, lender, desk.book.token(symbol), amount, account)


def swap(desk: Desk, name: str, sold: Token, bought: Token, amount: int) -> Swap:
    pool, account = desk.book.market(name), desk.safe.address
    return Swap(account, pool.id, sold, bought, amount, 0, FOREVER, account)


def lent(desk: Desk) -> None:
    """A tenth of the funds of each token at the lender, and a week's interest on it."""
    for symbol in LENT:
        raw = FUNDS[symbol]
        desk.gas(approve(desk, symbol, "aave_v3", raw), supply(desk, symbol, raw // 10))
    desk.wait()


def owing(desk: Desk) -> None:
    """Debts of two tokens on top, a week old."""
    lent(desk)
    desk.gas(borrow(desk, "USDC", 100_000 * 10**6), borrow(desk, "WETH", 100 * 10**18))
    desk.wait()


def many(desk: Desk) -> None:
    """Everything may be taken by lender and pools, and a week passes."""
    account, spenders = desk.safe.address, tracked((), tuple(desk.book.markets.values())).spenders
    for symbol, raw in FUNDS.items():
        token = desk.book.token(symbol)
        allowed = (Approve(account, token_market(token), token, to, raw) for to in spenders)
        desk.gas(*allowed)
    desk.wait()


def most(desk: Desk, before: Callable[[Desk], object], *actions: Action) -> int:
    """The most that one of these adds to a batch, done in turn after something else."""
    before(desk)
    return max(desk.marginal(action) for action in actions)


def of_approve(desk: Desk) -> int:
    raised = (approve(desk, "WETH", "aave_v3", raw) for raw in (10**18, 10**19))
    return most(desk, Desk.wait, *raised)


def of_transfer(desk: Desk) -> int:
    token = desk.book.token("WETH")
    send = Transfer(desk.safe.address, token_market(token), token, STRANGER, 10**18)
    return most(desk, Desk.wait, send, send)


def of_supply(desk: Desk) -> int:
    return most(desk, many, *(supply(desk, symbol, FUNDS[symbol] // 10) for symbol in LENT))


def of_withdraw(desk: Desk) -> int:
    parts = [withdraw(desk, symbol, FUNDS[symbol] // 100) for symbol in LENT]
    return most(desk, owing, *parts)


def of_borrow(desk: Desk) -> int:
    amounts = {"USDC": 10**11, "WETH": 10**19, "WBTC": 10**8}
    return most(desk, lent, *(borrow(desk, symbol, raw) for symbol, raw in amounts.items()))


def of_repay(desk: Desk) -> int:
    debts = repay(desk, "USDC", 10**9), repay(desk, "WETH", ALL), repay(desk, "USDC", ALL)
    return most(desk, owing, *debts)


def of_swap(desk: Desk) -> int:
    sales, gas = tuple(largest_sales(desk)), []
    many(desk)
    for sale in sales:
        with desk.undone():
            gas.append(desk.marginal(sale))
    return max(gas)


def largest_sales(desk: Desk) -> Iterator[Swap]:
    """In every pool and direction, what loses 5 % against the oracle."""
    states = desk.start
    feeds = {desk.book.token(f.base): f for f in desk.book.markets.values() if isinstance(f, Feed)}
    prices = oracle_prices(states, feeds, desk.book.token("USDC"))
    for pool in exchanges(desk):
        for token, other in permutations(tokens_of(pool), 2):
            low, high = 0, FUNDS[token.symbol]
            while high - low > high // 1000:
                middle = (low + high) // 2
                got = given(states, pool, token, other, middle) * prices.price(other)
                keeps = got >= middle * prices.price(token) * (1 - SLIPPAGE)
                low, high = (middle, high) if keeps else (low, middle)
            yield swap(desk, pool.name, token, other, low)


def given(states: States, pool: Exchange, sold: Token, bought: Token, amount: int) -> int:
    """What a pool gives; nothing where it takes no so great amount."""
    try:
        return offer(states, pool, sold, bought, amount).given
    except NoRoute:
        return 0


def exchanges(desk: Desk) -> tuple[Exchange, ...]:
    return tuple(each for each in desk.book.markets.values() if is_exchange(each))


def of_swap_exact_out(desk: Desk) -> int:
    """What the largest sales give, bought; stable pools sell by what goes in alone."""
    states, gas = desk.start, []
    sales = [sale for sale in largest_sales(desk) if not sale.market.startswith("curve")]
    many(desk)
    for sale in sales:
        pool = next(each for each in exchanges(desk) if each.id == sale.market)
        bought = given(states, pool, sale.token_in, sale.token_out, sale.amount_in)
        account, most_in = sale.actor, 2 * sale.amount_in
        purchase = SwapExactOut(
            account, pool.id, sale.token_in, sale.token_out, bought, most_in, FOREVER, account
        )
        with desk.undone():
            gas.append(desk.marginal(purchase))
    return max(gas)


# ------------------------------------------------------------------------------------ liquidity


def put(desk: Desk, pool: Exchange, lower: int = 0, upper: int = 0) -> AddLiquidity:
    """A thousandth of the funds of each of a pool's tokens, into it or a range of it."""
    tokens = tokens_of(pool)
    amounts = tuple(FUNDS[token.symbol] // 1000 for token in tokens)
    ticks = (lower, upper) if isinstance(pool, Pool) else ()
    least = (0,) * len(tokens) if isinstance(pool, Pair) else ()
    account = desk.safe.address
    return AddLiquidity(account, pool.id, tokens, amounts, 0, FOREVER, least, ticks)


def puts(desk: Desk) -> tuple[AddLiquidity, ...]:
    """Into every pool; into ranges around the price with ends of their own."""
    states = desk.start
    return tuple(
        put(desk, pool, *around(states, pool)) if isinstance(pool, Pool) else put(desk, pool)
        for pool in exchanges(desk)
    )


def around(states: States, pool: Pool) -> tuple[int, int]:
    """A range around the price whose ends nobody else has."""
    state, spacing = states[pool], pool.tick_spacing
    middle = state.tick // spacing * spacing
    free = (k for k in range(40, 400) if not taken(state, middle, k * spacing))
    reach = next(free) * spacing
    return middle - reach, middle + reach


def taken(state: PoolState, middle: int, reach: int) -> bool:
    return not {middle - reach, middle + reach}.isdisjoint(state.initialized)


def of_add_liquidity(desk: Desk) -> int:
    many(desk)
    gas = []
    for added in puts(desk):
        with desk.undone():
            gas.append(desk.marginal(added))
    return max(gas)


def placed(desk: Desk, added: tuple[AddLiquidity, ...]) -> dict[MarketId, int]:
    """Liquidity in every pool, through which something was sold since: the shares by market."""
    many(desk)
    desk.gas(*added)
    for pool in exchanges(desk):
        token, other = tokens_of(pool)[:2]
        desk.gas(swap(desk, pool.name, token, other, FUNDS[token.symbol] // 10**5))
    desk.wait()
    ranges = {each.market: (each.ticks,) for each in added if each.ticks}
    states = read(desk.world, desk.book, desk.safe.address, ranges)
    held = held_everywhere(ADAPTERS, states, desk.safe.address)
    return {place.market: holding.shares for place, holding in held.items() if place.is_pooled}


def removals(desk: Desk) -> Iterator[tuple[RemoveLiquidity, Collect | None]]:
    """All of what is in every pool, and what it owes then."""
    added = puts(desk)
    shares, account = placed(desk, added), desk.safe.address
    for each in added:
        least = () if each.ticks else (0,) * len(each.tokens)
        removal = RemoveLiquidity(
            *(account, each.market, each.tokens, shares[each.market], least),
            *(FOREVER, account, each.ticks),
        )
        most_of = (2**128 - 1,) * len(each.tokens)
        collect = Collect(account, each.market, each.tokens, each.ticks, most_of, account)
        yield removal, collect if each.ticks else None


def of_remove_liquidity(desk: Desk) -> int:
    pairs = {pool.id: pool for pool in exchanges(desk) if isinstance(pool, Pair)}
    gas = []
    for removal, _ in removals(desk):
        with desk.undone():
            if pair := pairs.get(removal.market):
                desk.gas(Approve(removal.actor, pair.id, pair.share, pair.router, removal.shares))
            gas.append(desk.marginal(removal))
    return max(gas)


def of_collect(desk: Desk) -> int:
    gas = []
    for removal, collect in removals(desk):
        if collect is None:
            continue
        with desk.undone():
            desk.gas(removal)
            desk.wait()
            gas.append(desk.marginal(collect))
    return max(gas)


def of_remove_liquidity_one(desk: Desk) -> int:
    gas = []
    for removal, _ in removals(desk):
        if not removal.market.startswith(("curve", "balancer")):
            continue
        for token in removal.tokens:
            one = RemoveLiquidityOne(
                *(removal.actor, removal.market, removal.tokens, token, removal.shares // 2),
                *(0, FOREVER, removal.actor),
            )
            with desk.undone():
                gas.append(desk.marginal(one))
    return max(gas)


def of_delegate(desk: Desk) -> int:
    account, lender = desk.safe.address, desk.book.market("aave_v3").id
    loop, token = desk.book.market("flash_loop").address, desk.book.token("USDC")
    given = (Delegate(account, lender, token, loop, raw) for raw in (10**12, 10**13))
    return most(desk, lent, *given)


def loops(desk: Desk) -> Iterator[tuple[Delegate | Approve, EnterLoop | LeaveLoop]]:
    """Loops entered by the largest loans that lose 5 %, each left again."""
    account, book = desk.safe.address, desk.book
    loop, lender = book.market("flash_loop"), book.market("aave_v3")
    assert isinstance(loop, FlashLoop)
    for sale in [s for s in largest_sales(desk) if s.market in loop.exchanges]:
        where = (loop.id, lender.id, lender.id, sale.market)
        tokens, loan = (sale.token_out, sale.token_in), sale.amount_in
        share = share_of(lending_pool(lender), tokens[0])
        yield (
            Delegate(account, lender.id, tokens[1], loop.address, 2 * loan),
            EnterLoop(account, *where, *tokens, loan, 0, FOREVER),
        )
        yield (
            Approve(account, lender.id, share, loop.address, UINT256_MAX // 2),
            LeaveLoop(account, *where, *tokens, loan, UINT256_MAX // 2, FOREVER),
        )


def of_loops(kind: type[Action]) -> Callable[[Desk], int]:
    def measured(desk: Desk) -> int:
        owing(desk)
        found = {EnterLoop: 0, LeaveLoop: 0}
        for leave, loop in loops(desk):
            desk.gas(leave)
            desk.wait()
            found[type(loop)] = max(found[type(loop)], desk.marginal(loop))
        return found[kind]

    return measured


def of_least_balance(desk: Desk) -> int:
    """Of a token that the batch has not touched yet."""
    account = desk.safe.address
    bounds = [LeastBalance(desk.book.token(each), account, raw) for each, raw in FUNDS.items()]
    return max(desk.bounded(replace(UNBOUNDED, balances=(bound,))) for bound in bounds)


def of_least_health(desk: Desk) -> int:
    """Of an account with three collaterals and two debts, a week old."""
    owing(desk)
    bound = LeastHealth(desk.book.market("aave_v3").address, desk.safe.address, 10**18)
    return desk.bounded(replace(UNBOUNDED, healths=(bound,)))


@pytest.mark.parametrize(
    "kind, measure",
    [
        ("AddLiquidity", of_add_liquidity),
        ("Approve", of_approve),
        ("Borrow", of_borrow),
        ("Collect", of_collect),
        ("Delegate", of_delegate),
        ("EnterLoop", of_loops(EnterLoop)),
        ("LeaveLoop", of_loops(LeaveLoop)),
        ("LeastBalance", of_least_balance),
        ("LeastHealth", of_least_health),
        ("RemoveLiquidity", of_remove_liquidity),
        ("RemoveLiquidityOne", of_remove_liquidity_one),
        ("Repay", of_repay),
        ("Supply", of_supply),
        ("Swap", of_swap),
        ("SwapExactOut", of_swap_exact_out),
        ("Transfer", of_transfer),
        ("Withdraw", of_withdraw),
    ],
)
def test_gas__kind__a_tenth_and_little_more_above_the_most_measured(
    desk: Desk, kind: str, measure: Callable[[Desk], int]
) -> None:
    measured = measure(desk)
    print(f"gas {kind}: {measured} measured, {GAS_OF[kind]} modelled")
    assert measured * 11 <= GAS_OF[kind] * 10 <= measured * 13


def test_gas__batch_around_calls_that_do_nothing__a_tenth_and_little_more(desk: Desk) -> None:
    measured = desk.sent([Call(desk.safe.owner, b"")] * 2)
    print(f"gas Batch: {measured} measured, {GAS_OF['Batch']} modelled")
    assert measured * 11 <= GAS_OF["Batch"] * 10 <= measured * 13


def test_gas__whole_plan__within_the_sum_of_its_kinds(desk: Desk) -> None:
    lent(desk)
    usdc, weth = desk.book.token("USDC"), desk.book.token("WETH")
    actions = (
        approve(desk, "WETH", "uniswap_v3:WETH/USDC/500", 10**20),
        approve(desk, "USDC", "uniswap_v3:WETH/USDC/500", 10**11),
        approve(desk, "WBTC", "aave_v3", 10**9),
        withdraw(desk, "WETH", ALL),
        withdraw(desk, "USDC", 10**12),
        swap(desk, "uniswap_v3:WETH/USDC/500", weth, usdc, 10**20),
        swap(desk, "uniswap_v3:WBTC/USDC/3000", usdc, desk.book.token("WBTC"), 10**11),
        supply(desk, "WBTC", 10**9),
    )
    balances = least_balances(desk.read(), desk.safe.address, actions)
    assert {bound.token.symbol for bound in balances} == {"USDC", "WETH", "WBTC"}
    bounds = Bounds(FOREVER, balances)
    calls = encode(ADAPTERS, desk.start, actions)
    assert desk.sent(calls, bounds) <= gas_units(actions, bounds)
