"""Who the manager is compared with, each beginning with the manager's own book."""

from __future__ import annotations

from fractions import Fraction
from typing import cast

from trimtab.app.local import CAPITAL
from trimtab.core.token import Address
from trimtab.lab.agents import Agent, Hold, PeriodicRebalance, StaticLender
from trimtab.lab.roles import Player
from trimtab.mandate import AddressBook
from trimtab.protocols.aave_v3 import LendingPool
from trimtab.protocols.uniswap_v3 import Pool

STATIC = ("lend as it lies", "all into USDC, lent", "all into WETH, lent", "all into WBTC, lent")
RIVALS = ("hold", "rebalance daily", *STATIC)

WEIGHTS = {"USDC": Fraction(30, 100), "WETH": Fraction(40, 100), "WBTC": Fraction(30, 100)}


def rivals(book: AddressBook, accounts: tuple[Address, ...]) -> tuple[Player, ...]:
    """The rivals on the first of these accounts."""
    pools = tuple(market for market in book.markets.values() if isinstance(market, Pool))
    lender = cast(LendingPool, book.market("aave_v3"))
    tokens = tuple(book.token(symbol) for symbol in CAPITAL)
    weights = {book.token(symbol): weight for symbol, weight in WEIGHTS.items()}
    agents: list[Agent] = [
        Hold(RIVALS[0], accounts[0]),
        PeriodicRebalance(RIVALS[1], accounts[1], weights, pools, every=24),
        StaticLender(STATIC[0], accounts[2], lender, tokens),
    ]
    for number, symbol in enumerate(("USDC", "WETH", "WBTC"), 3):
        name, into = STATIC[number - 2], book.token(symbol)
        agents.append(StaticLender(name, accounts[number], lender, tokens, into, pools))
    return tuple(Player(agent, CAPITAL) for agent in agents)
