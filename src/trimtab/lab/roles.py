"""Who does what in the demonstration's market, and what they begin with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from trimtab.core.errors import ConfigError
from trimtab.core.market import Market
from trimtab.core.token import Address
from trimtab.lab.agents import (
    Agent,
    Arbitrageur,
    Borrower,
    Lender,
    Liquidator,
    OracleKeeper,
    PegArbitrageur,
    PerpetualArbitrageur,
    PerpetualLiquidator,
    PerpetualTrader,
    QueueOperator,
    Staker,
    Trader,
    Validators,
)
from trimtab.mandate import AddressBook
from trimtab.protocols.aave_v3 import LendingPool
from trimtab.protocols.chainlink import Feed
from trimtab.protocols.erc4626 import Vault
from trimtab.protocols.morpho import LendingMarket
from trimtab.protocols.perpetual import Perpetual
from trimtab.protocols.staking import StakingPool
from trimtab.protocols.uniswap_v3 import Pool

M = TypeVar("M", bound=Market[Any])


@dataclass(frozen=True, slots=True)
class Player:
    """An agent and its first stock: whole dollars of each token, at the first outside prices."""

    agent: Agent
    stock: Mapping[str, int]


# -------------------------------------------------------------------------- feeds and pools


def _keeper(book: AddressBook, account: Address) -> Player:
    keeper = OracleKeeper("oracle keeper", account, _all(book, Feed), _all(book, LendingMarket))
    return Player(keeper, {})


def _arbitrageur(book: AddressBook, account: Address) -> Player:
    stakes = {pool.share for pool in _all(book, StakingPool)}
    plain = tuple(p for p in _pools(book) if not stakes & {p.token0, p.token1})
    agent = Arbitrageur("arbitrageur", account, plain, native="WETH")
    return Player(agent, dict.fromkeys(_minted(book), 1_000_000_000))


def _small_trader(book: AddressBook, account: Address) -> Player:
    agent = Trader("small trader", account, _pools(book), per_block=3.0, median=1_500.0)
    return Player(agent, dict.fromkeys(_minted(book), 2_000_000))


def _large_trader(book: AddressBook, account: Address) -> Player:
    agent = Trader(
        "large trader", account, _pools(book), per_block=0.15, median=40_000.0, spread=0.8
    )
    return Player(agent, dict.fromkeys(_minted(book), 5_000_000))


# ---------------------------------------------------------------------------------- lending


def _dollar_borrower(book: AddressBook, account: Address) -> Player:
    agent = Borrower(
        "dollar borrower",
        account,
        _the(book, LendingPool),
        token=book.token("USDC"),
        collateral=book.token("WETH"),
        mean=0.75,
    )
    return Player(agent, {"USDC": 500_000, "WETH": 6_000_000})


def _ether_borrower(book: AddressBook, account: Address) -> Player:
    agent = Borrower(
        "ether borrower",
        account,
        _the(book, LendingPool),
        token=book.token("WETH"),
        collateral=book.token("WBTC"),
        mean=0.45,
    )
    return Player(agent, {"WETH": 500_000, "WBTC": 8_000_000})


def _dollar_lender(book: AddressBook, account: Address) -> Player:
    agent = Lender("dollar lender", account, _the(book, LendingPool), book.token("USDC"))
    return Player(agent, {"USDC": 3_000_000})


def _bitcoin_lender(book: AddressBook, account: Address) -> Player:
    agent = Lender("bitcoin lender", account, _the(book, LendingPool), book.token("WBTC"))
    return Player(agent, {"WBTC": 4_000_000})


def _liquidator(book: AddressBook, account: Address) -> Player:
    pools, markets = _all(book, LendingPool), _all(book, LendingMarket)
    stock = {"USDC": 10_000_000, "WETH": 10_000_000}
    return Player(Liquidator("liquidator", account, (*pools, *markets)), stock)


def _isolated_borrower(book: AddressBook, account: Address) -> Player:
    market = _the(book, LendingMarket)
    agent = Borrower(
        "isolated borrower", account, market, market.loan, market.collateral, mean=0.88
    )
    return Player(agent, {market.loan.symbol: 500_000, market.collateral.symbol: 3_000_000})


def _isolated_lender(book: AddressBook, account: Address) -> Player:
    market = _the(book, LendingMarket)
    agent = Lender("isolated lender", account, market, market.loan)
    return Player(agent, {market.loan.symbol: 1_000_000})


def _depositor(book: AddressBook, account: Address) -> Player:
    vault = _the(book, Vault)
    agent = Lender("depositor", account, vault, vault.asset)
    return Player(agent, {vault.asset.symbol: 1_000_000})


# ---------------------------------------------------------------------------------- staking


def _staker(book: AddressBook, account: Address) -> Player:
    pool = _the(book, StakingPool)
    return Player(Staker("staker", account, pool), {pool.asset.symbol: 4_000_000})


def _peg_arbitrageur(book: AddressBook, account: Address) -> Player:
    stake = _the(book, StakingPool)
    pools = tuple(p for p in _pools(book) if stake.share in (p.token0, p.token1))
    name = "peg arbitrageur"
    trading = Arbitrageur(name, account, pools, native="WETH")
    agent = PegArbitrageur(name, account, stake, 2_000 * stake.asset.unit, trading)
    return Player(agent, {stake.asset.symbol: 20_000_000})


def _queue_operator(book: AddressBook, account: Address) -> Player:
    pool = _the(book, StakingPool)
    if account != pool.operator:
        raise ConfigError(f"{pool.operator} operates {pool.name}, expected {account}: its agent")
    return Player(QueueOperator("queue operator", account, pool), {})


def validators(book: AddressBook) -> Player:
    """Who earns for the staking pool, on the account that reports to it."""
    pool = _the(book, StakingPool)
    return Player(Validators("validators", pool.oracle, pool), {pool.asset.symbol: 10_000_000})


# ------------------------------------------------------------------------------- perpetuals


def _perpetual_arbitrageur(book: AddressBook, account: Address) -> Player:
    market = _the(book, Perpetual)
    base = next(feed.base for feed in _all(book, Feed) if feed.id == market.feed)
    agent = PerpetualArbitrageur("perpetual arbitrageur", account, market, base)
    return Player(agent, {market.settlement.symbol: 5_000_000})


def _perpetual_trader(book: AddressBook, account: Address) -> Player:
    market = _the(book, Perpetual)
    agent = PerpetualTrader("perpetual trader", account, market, leverage=3.0)
    return Player(agent, {market.settlement.symbol: 1_000_000})


def _bold_trader(book: AddressBook, account: Address) -> Player:
    market = _the(book, Perpetual)
    agent = PerpetualTrader("bold trader", account, market, leverage=9.0)
    return Player(agent, {market.settlement.symbol: 500_000})


def _perpetual_liquidator(book: AddressBook, account: Address) -> Player:
    market = _the(book, Perpetual)
    agent = PerpetualLiquidator("perpetual liquidator", account, market)
    return Player(agent, {market.settlement.symbol: 2_000_000})


ROLES = (
    _keeper,
    _arbitrageur,
    _small_trader,
    _large_trader,
    _dollar_borrower,
    _ether_borrower,
    _dollar_lender,
    _bitcoin_lender,
    _liquidator,
    _isolated_borrower,
    _isolated_lender,
    _depositor,
    _staker,
    _peg_arbitrageur,
    _perpetual_arbitrageur,
    _perpetual_trader,
    _bold_trader,
    _perpetual_liquidator,
    _queue_operator,
)
"""Who is on which account, in the order in which they act."""


# ---------------------------------------------------------------------------------- markets


def _all(book: AddressBook, kind: type[M]) -> tuple[M, ...]:
    return tuple(market for market in book.markets.values() if isinstance(market, kind))


def _the(book: AddressBook, kind: type[M]) -> M:
    """The only market of a kind. Raises ConfigError where there is none."""
    found = _all(book, kind)
    if not found:
        raise ConfigError(f"the cast needs a {kind.__name__}, and the address book has none")
    return found[0]


def _pools(book: AddressBook) -> tuple[Pool, ...]:
    """The pools of tokens; a perpetual's is of virtual ones."""
    listed = set(book.tokens.values())
    return tuple(pool for pool in _all(book, Pool) if {pool.token0, pool.token1} <= listed)


def _minted(book: AddressBook) -> tuple[str, ...]:
    """The tokens that anybody may mint: all but shares."""
    shares = {pool.share for pool in _all(book, StakingPool)}
    return tuple(symbol for symbol, token in book.tokens.items() if token not in shares)
