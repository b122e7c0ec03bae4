"""Who lives in the local world, and what they begin with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from trimtab.core.abi import UINT256_MAX, Call
from trimtab.core.errors import ConfigError
from trimtab.core.token import Address, Token
from trimtab.lab.prices import DOLLAR
from trimtab.lab.roles import ROLES, Player, validators
from trimtab.lab.world import (
    DEMO_WORLD,
    LocalWorld,
    Transaction,
    WorldSpec,
    minted,
    token_contract,
)
from trimtab.mandate import AddressBook


@dataclass(frozen=True, slots=True)
class LabSpec:
    """A world with its market: what is deployed, and how much time passes between blocks."""

    world: WorldSpec
    block_seconds: int

    @property
    def start(self) -> dict[str, int]:
        """The prices at which the world begins, in dollars times 10**8 by symbol."""
        return {token.symbol: token.price for token in self.world.tokens}


DEFAULT_LAB = LabSpec(DEMO_WORLD, block_seconds=3600)
"""The demonstration's: one block an hour of market life."""


def default_cast(book: AddressBook, accounts: Sequence[Address]) -> tuple[Player, ...]:
    """The demonstration's market on the first of these accounts.

    See `roles`; who earns for the staking pool does it on the account that it names. Raises
    ConfigError where the accounts do not suffice, or the book lacks a market.
    """
    if len(accounts) < len(ROLES):
        raise ConfigError(f"the cast needs {len(ROLES)} accounts, the world has {len(accounts)}")
    players = (role(book, account) for role, account in zip(ROLES, accounts, strict=False))
    return (*players, validators(book))


def free_accounts(accounts: Sequence[Address]) -> tuple[Address, ...]:
    """The accounts on which nobody of the cast is."""
    return tuple(accounts[len(ROLES) :])


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
