"""Who lives in the local world, and what they begin with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from trimtab.core.abi import UINT256_MAX, Call
from trimtab.core.errors import ConfigError
from trimtab.core.token import Address, Token
from trimtab.lab.agents import Agent, Arbitrageur, Borrower, Lender, OracleKeeper, Trader
from trimtab.lab.prices import DOLLAR
from trimtab.lab.world import (
    DEFAULT_WORLD,
    LocalWorld,
    Transaction,
    WorldSpec,
    minted,
    token_contract,
)
from trimtab.mandate import AddressBook
from trimtab.protocols.aave_v3 import LendingPool
from trimtab.protocols.chainlink import Feed
from trimtab.protocols.uniswap_v3 import Pool


@dataclass(frozen=True, slots=True)
class LabSpec:
    """A world with its market: what is deployed, and how much time passes between blocks."""

    world: WorldSpec
    block_seconds: int

    @property
    def start(self) -> dict[str, int]:
        """The prices at which the world begins, in dollars times 10**8 by symbol."""
        return {token.symbol: token.price for token in self.world.tokens}


DEFAULT_LAB = LabSpec(DEFAULT_WORLD, block_seconds=3600)
"""The demonstration's: one block an hour of market life."""


@dataclass(frozen=True, slots=True)
class Player:
    """An agent and its first stock: whole dollars of each token, at the first outside prices."""

    agent: Agent
    stock: Mapping[str, int]


def default_cast(book: AddressBook, accounts: Sequence[Address]) -> tuple[Player, ...]:
    """The demonstration's market on the first of these accounts.

    A keeper of the feeds, an arbitrageur whose stock is deep enough never to end, small and large
    traders, two borrowers and two lenders. Raises ConfigError where the accounts do not suffice.
    """
    if len(accounts) < len(_ROLES):
        raise ConfigError(f"the cast needs {len(_ROLES)} accounts, the world has {len(accounts)}")
    return tuple(role(book, account) for role, account in zip(_ROLES, accounts, strict=False))


def _keeper(book: AddressBook, account: Address) -> Player:
    feeds = tuple(market for market in book.markets.values() if isinstance(market, Feed))
    return Player(OracleKeeper("oracle keeper", account, feeds), {})


def _arbitrageur(book: AddressBook, account: Address) -> Player:
    agent = Arbitrageur("arbitrageur", account, _pools(book), native="WETH")
    return Player(agent, dict.fromkeys(book.tokens, 1_000_000_000))


def _small_trader(book: AddressBook, account: Address) -> Player:
    agent = Trader("small trader", account, _pools(book), per_block=3.0, median=1_500.0)
    return Player(agent, dict.fromkeys(book.tokens, 2_000_000))


def _large_trader(book: AddressBook, account: Address) -> Player:
    agent = Trader(
        "large trader", account, _pools(book), per_block=0.15, median=40_000.0, spread=0.8
    )
    return Player(agent, dict.fromkeys(book.tokens, 5_000_000))


def _dollar_borrower(book: AddressBook, account: Address) -> Player:
    agent = Borrower(
        "dollar borrower",
        account,
        _lending_pool(book),
        token=book.token("USDC"),
        collateral=book.token("WETH"),
        mean=0.75,
    )
    return Player(agent, {"USDC": 500_000, "WETH": 6_000_000})


def _ether_borrower(book: AddressBook, account: Address) -> Player:
    agent = Borrower(
        "ether borrower",
        account,
        _lending_pool(book),
        token=book.token("WETH"),
        collateral=book.token("WBTC"),
        mean=0.45,
    )
    return Player(agent, {"WETH": 500_000, "WBTC": 8_000_000})


def _dollar_lender(book: AddressBook, account: Address) -> Player:
    agent = Lender("dollar lender", account, _lending_pool(book), book.token("USDC"))
    return Player(agent, {"USDC": 3_000_000})


def _bitcoin_lender(book: AddressBook, account: Address) -> Player:
    agent = Lender("bitcoin lender", account, _lending_pool(book), book.token("WBTC"))
    return Player(agent, {"WBTC": 4_000_000})


_ROLES = (
    _keeper,
    _arbitrageur,
    _small_trader,
    _large_trader,
    _dollar_borrower,
    _ether_borrower,
    _dollar_lender,
    _bitcoin_lender,
)


def _pools(book: AddressBook) -> tuple[Pool, ...]:
    return tuple(market for market in book.markets.values() if isinstance(market, Pool))


def _lending_pool(book: AddressBook) -> LendingPool:
    return cast(LendingPool, book.market("aave_v3"))


# --------------------------------------------------------------------------------- endowment


def stocks(
    players: Sequence[Player], book: AddressBook, prices: Mapping[str, int]
) -> dict[Address, dict[Token, int]]:
    """The base units of each player's first stock at outside prices, rounded down."""
    return {
        player.agent.account: {
            book.token(symbol): dollars * DOLLAR * book.token(symbol).unit // prices[symbol]
            for symbol, dollars in player.stock.items()
        }
        for player in players
    }


def endow(
    world: LocalWorld, book: AddressBook, stocks: Mapping[Address, Mapping[Token, int]]
) -> None:
    """Give accounts new tokens, and let every protocol take them, in one block.

    Raises ConfigError, with the reason, if one of the transactions reverts.
    """
    spenders = tuple(
        dict.fromkeys(spender for market in book.markets.values() for spender in market.spenders)
    )
    sent: list[Transaction] = []
    for account, stock in stocks.items():
        sent += [
            _sent(world.deployment.deployer, minted(token.address, account, raw))
            for token, raw in stock.items()
            if raw
        ]
        sent += [
            _sent(account, token_contract(token.address).call("approve", spender, UINT256_MAX))
            for token in book.tokens.values()
            for spender in spenders
        ]
    for each, receipt in zip(sent, world.mine(*sent), strict=True):
        if not receipt.ok:
            raise ConfigError(f"the endowment of {each.sender} failed: {receipt.error}")


def _sent(sender: Address, call: Call) -> Transaction:
    return Transaction(sender, call.to, call.data, gas=200_000)
