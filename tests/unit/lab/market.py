"""A small market by hand, for agents to look at: two tokens, their feeds, a pool and a lender."""

from collections.abc import Mapping
from dataclasses import replace
from math import isqrt
from typing import Any

from trimtab.core.market import Head, Market, State, token_market
from trimtab.core.quantise import Ray, Timestamp
from trimtab.core.states import States
from trimtab.core.token import Address, Token, address
from trimtab.lab.agents.scene import Scene
from trimtab.protocols.aave_v3 import (
    AccountState,
    LendingPool,
    LendingState,
    RateStrategy,
    Reserve,
    ReserveConfiguration,
    ReserveState,
)
from trimtab.protocols.chainlink import Feed, FeedState
from trimtab.protocols.erc20 import Erc20, Erc20State
from trimtab.protocols.uniswap_v3 import Pool, PoolState, TickState

CHAIN = 31337
NOW = Timestamp(1_700_000_000)
RAY = 10**27
PRICES = {"USDC": 10**8, "WETH": 2_000 * 10**8}


def place(number: int) -> Address:
    return address(f"0x{number:040x}")


ALICE, ROUTER = place(100), place(101)
USDC = Token(CHAIN, place(1), 6, "USDC")
WETH = Token(CHAIN, place(2), 18, "WETH")
TOKENS = (USDC, WETH)
FEEDS = {
    token: Feed(CHAIN, place(10 + n), f"chainlink:{token}", token.symbol, "USD", 8, 3_600)
    for n, token in enumerate(TOKENS)
}
POOL = Pool(CHAIN, place(20), "uniswap_v3:WETH/USDC/500", USDC, WETH, 500, 10, ROUTER)
DEEP_POOL = Pool(CHAIN, place(21), "uniswap_v3:WETH/USDC/3000", USDC, WETH, 3_000, 60, ROUTER)
POOLS = (POOL, DEEP_POOL)
LENDER = LendingPool(
    CHAIN,
    place(30),
    "aave_v3",
    place(31),
    place(32),
    tuple(
        Reserve(
            token,
            place(40 + n),
            place(50 + n),
            place(60 + n),
            place(70 + n),
            FEEDS[token].id,
            n,
        )
        for n, token in enumerate(TOKENS)
    ),
)

_CURVE = RateStrategy(
    optimal_usage_ratio=Ray(RAY * 8 // 10),
    base_variable_borrow_rate=Ray(0),
    variable_rate_slope_1=Ray(RAY * 4 // 100),
    variable_rate_slope_2=Ray(RAY * 6 // 10),
    base_stable_borrow_rate=Ray(0),
    stable_rate_slope_1=Ray(0),
    stable_rate_slope_2=Ray(0),
)


def scene(
    wallets: Mapping[Token, int],
    supplied: Mapping[Token, int] | None = None,
    owed: Mapping[Token, int] | None = None,
    outside: Mapping[str, int] = PRICES,
    block: int = 1,
) -> Scene:
    """The market an hour after its feeds were answered, with Alice's wallet and positions.

    Others have lent 1,000,000 dollars of each token; of the dollars half are borrowed.
    """
    states: dict[Any, State] = {FEEDS[token].id: _feed(token) for token in TOKENS}
    states |= {pool.id: _pool_state(pool, depth) for pool, depth in ((POOL, 1), (DEEP_POOL, 10))}
    lending = _lending(supplied or {}, owed or {})
    states[LENDER.id] = lending
    for token in TOKENS:
        states[token_market(token)] = _wallets(token, wallets.get(token, 0), lending)
    erc20s = [Erc20(CHAIN, token.address, token.symbol, token) for token in TOKENS]
    markets: list[Market[Any]] = [*erc20s, *FEEDS.values(), LENDER, *POOLS]
    head = Head(CHAIN, block, f"0x{block:064x}", NOW)
    identities = {market.id: market for market in markets}
    known = States(CHAIN, {CHAIN: head}, identities, states)
    return Scene(known, outside, block, NOW, base_fee=10**9)


def with_pool_price(scene: Scene, dollars: int) -> Scene:
    """The scene with the pool's price of WETH moved, its liquidity as it was."""
    state = replace(scene.states[POOL], sqrt_price_x96=_root(dollars))
    return replace(scene, states=scene.states.with_states({POOL.id: state}))


def _feed(token: Token) -> FeedState:
    return FeedState(NOW, PRICES[token.symbol], Timestamp(NOW - 600), 1)


def _root(dollars: int) -> int:
    """The root of the price of a base unit of USDC in those of WETH."""
    return isqrt((WETH.unit << 192) // (dollars * USDC.unit))


def _pool_state(pool: Pool, depth: int) -> PoolState:
    liquidity = depth * isqrt(500_000 * USDC.unit * 250 * WETH.unit)
    edge = 887_272 // pool.tick_spacing * pool.tick_spacing
    ticks = {
        -edge: TickState(liquidity, liquidity, 0, 0),
        edge: TickState(liquidity, -liquidity, 0, 0),
    }
    return PoolState(
        NOW,
        pool.fee,
        pool.tick_spacing,
        _root(2_000),
        200_311,
        liquidity,
        0,
        0,
        0,
        0,
        0,
        tuple(ticks),
        ticks,
    )


def _lending(supplied: Mapping[Token, int], owed: Mapping[Token, int]) -> LendingState:
    flags = sum(2 << 2 * n for n, token in enumerate(TOKENS) if supplied.get(token))
    flags += sum(1 << 2 * n for n, token in enumerate(TOKENS) if owed.get(token))
    every = dict.fromkeys(TOKENS, 0)
    alice = AccountState(flags, every | dict(supplied), every | dict(owed))
    reserves = {
        reserve.token: _reserve(reserve, supplied.get(reserve.token, 0), owed.get(reserve.token, 0))
        for reserve in LENDER.reserves
    }
    return LendingState(NOW, reserves, {ALICE: alice})


def _reserve(reserve: Reserve, supplied: int, owed: int) -> ReserveState:
    token = reserve.token
    million = 10**6 * 10**8 * token.unit // PRICES[token.symbol]
    word = 7_500 | 8_000 << 16 | token.decimals << 48 | 1 << 56 | 1 << 58 | 1_000 << 64
    return ReserveState(
        reserve,
        ReserveConfiguration(word),
        _CURVE,
        Ray(RAY), Ray(0), Ray(RAY), Ray(0), Ray(0),
        NOW,
        0,
        million + supplied,
        (million // 2 if token == USDC else 0) + owed,
    )  # fmt: skip


def _wallets(token: Token, raw: int, lending: LendingState) -> Erc20State:
    reserve = lending.reserve(token)
    lying = reserve.scaled_supply - reserve.scaled_variable_debt
    balances = {ALICE: raw, reserve.reserve.a_token: lying}
    balances |= {pool.address: 10**30 for pool in POOLS}
    allowances = {(ALICE, spender): 2**256 - 1 for spender in (ROUTER, LENDER.address)}
    return Erc20State(NOW, token, balances, allowances)
