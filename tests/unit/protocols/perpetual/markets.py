"""A perpetual market, its pool, its index and its feed, put together by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from trimtab.core.market import Head, MarketId, State, token_market
from trimtab.core.quantise import Timestamp
from trimtab.core.states import States
from trimtab.core.token import Address, Token
from trimtab.protocols.chainlink import Feed, FeedState
from trimtab.protocols.erc20 import Erc20, Erc20State
from trimtab.protocols.perpetual import (
    AccountState,
    Index,
    IndexState,
    Perpetual,
    PerpetualState,
    PriceObservation,
    Rules,
)
from trimtab.protocols.shared.ticks import sqrt_price_at_tick
from trimtab.protocols.uniswap_v3 import Observation, Oracle, Pool, PoolState
from trimtab.protocols.uniswap_v3.model.liquidity import liquidity_changed

NOW = Timestamp(1_700_000_000)
FOREVER = Timestamp(2**40)
WAD = 10**18
DOLLAR = 10**6
MAX = 2**256 - 1
TICK = 76_012
"""About 2,000 quote units for a base unit."""


def account(digit: str) -> Address:
    return Address("0x" + digit * 40)


ALICE, BOB, FUND = account("1"), account("2"), account("3")
VAULT, HOUSE, BASE, QUOTE = account("4"), account("5"), account("6"), account("7")
USDC = Token(1, account("8"), 6, "USDC")
WETH = Token(1, account("9"), 18, "WETH")
HEAD = Head(1, 1, "0x1", NOW)
FEED = Feed(1, Address("0x" + "a1" * 20), "chainlink:WETH", "WETH", "USD", 8, 3600)
POOL = Pool(
    1,
    Address("0x" + "a2" * 20),
    "perpetual:ETH/pool",
    Token(1, BASE, 18, "vETH"),
    Token(1, QUOTE, 18, "vUSD"),
    3_000,
    60,
    Address("0x" + "a3" * 20),
)
EXCHANGE = Address("0x" + "a4" * 20)
INDEX = Index(
    1,
    Address("0x" + "a5" * 20),
    "perpetual:ETH/index",
    BASE,
    EXCHANGE,
    FEED.id,
    FEED.address,
    8,
)
MARKET = Perpetual(
    chain=1,
    address=HOUSE,
    name="perpetual:ETH",
    settlement=USDC,
    vault=VAULT,
    exchange=EXCHANGE,
    order_book=Address("0x" + "a6" * 20),
    account_balance=Address("0x" + "a7" * 20),
    config=Address("0x" + "a8" * 20),
    registry=Address("0x" + "a9" * 20),
    insurance_fund=FUND,
    base=BASE,
    quote=QUOTE,
    price_feed=Address("0x" + "b1" * 20),
    index=INDEX.id,
    index_address=INDEX.address,
    feed=FEED.id,
    pool=POOL.id,
    pool_address=POOL.address,
    index_decimals=8,
)
RULES = Rules(
    initial_margin=100_000,
    maintenance_margin=62_500,
    liquidation_penalty=25_000,
    most_funding=100_000,
    funding_interval=900,
    mark_interval=1_800,
    premium_interval=900,
    cap=10**13,
    pool_fee=3_000,
    insurance_share=100_000,
    most_spread=100_000,
    most_ticks=1_000,
)
POOL_STATE = liquidity_changed(
    PoolState(
        timestamp=NOW,
        fee=3_000,
        tick_spacing=60,
        sqrt_price_x96=sqrt_price_at_tick(TICK),
        tick=TICK,
        liquidity=0,
        fee_growth_global0=0,
        fee_growth_global1=0,
        protocol_fees0=0,
        protocol_fees1=0,
        fee_protocol=0,
        oracle=Oracle(0, 500, 500, (Observation(NOW - 7200, 0, 0),)),
    ),
    69_960,
    82_020,
    10**23,
)
FLAT = IndexState(
    timestamp=NOW,
    base=BASE,
    price=2_000 * 10**8,
    updated_at=NOW - 3600,
    interval=900,
    mean=2_000 * 10**8,
    mean_at=NOW - 3600,
    index=0,
    observations=(PriceObservation(2_000 * 10**8, 0, NOW - 3600),),
)
STATE = PerpetualState(
    timestamp=NOW,
    rules=RULES,
    first_traded=NOW - 7200,
    settled_at=NOW - 3600,
    growth=0,
    reference_tick=TICK,
    reference_at=NOW - 3600,
    sqrt_price_x96=sqrt_price_at_tick(TICK),
    tick=TICK,
    settlement=USDC,
    base=BASE,
    insurance_fund=FUND,
    accounts={
        ALICE: AccountState(margin=10_000 * DOLLAR, fee=1_000),
        BOB: AccountState(margin=100_000 * DOLLAR, fee=1_000),
        FUND: AccountState(fee=1_000),
    },
)


def states(
    state: PerpetualState = STATE,
    *,
    pool: PoolState = POOL_STATE,
    index: IndexState = FLAT,
    answer: int = 2_000 * 10**8,
    updated_at: int = NOW - 3600,
    wallet: int = 10**6 * DOLLAR,
    kept: int = 10**6 * DOLLAR,
) -> States:
    """The market among its parts: what Alice has and allows, and what the vault keeps."""
    markets = (Erc20(1, USDC.address, "erc20:USDC", USDC), FEED, POOL, INDEX, MARKET)
    money = Erc20State(NOW, USDC, {ALICE: wallet, VAULT: kept, FUND: 0}, {(ALICE, VAULT): MAX})
    found: Mapping[MarketId, State] = {
        token_market(USDC): money,
        FEED.id: FeedState(NOW, answer, Timestamp(updated_at), 1),
        POOL.id: pool,
        INDEX.id: index,
        MARKET.id: state,
    }
    return States(1, {1: HEAD}, {each.id: each for each in markets}, found)


def having(owner: Address, **changed: int | bool) -> PerpetualState:
    """The market in which an account has something else."""
    known = STATE.account(owner)
    return STATE.with_account(owner, replace(known, **changed))  # type: ignore[arg-type]
