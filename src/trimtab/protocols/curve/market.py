"""Identity and state of a Curve StableSwap pool of plain coins."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Literal

from trimtab.core.errors import ConfigError, NoRoute
from trimtab.core.market import Market
from trimtab.core.quantise import Timestamp
from trimtab.core.token import Address, Token
from trimtab.protocols.shared.shares import Shares

MOST_DECIMALS = 18
"""Decimals above which the factory takes no coin."""

Version = Literal["factory", "legacy"]
"""Whose arithmetic a pool has: the factory's, or that of the oldest pools (3pool of 2020).

The oldest know no fraction of A, and their view `get_dy` rounds to base units before the fee.
Their answers recorded from a chain come out exactly; none of their code is proven, so that no
market has their arithmetic.
"""


@dataclass(frozen=True, slots=True)
class StableState:
    """What a pool keeps, in the pool's order of coins.

    `balances` are the liquidity's: fees owed to the admin, and what was given to the pool
    besides, are the coins' balances beyond them. `rates` turn base units into units of 10**-18,
    times 10**18; they never change. `fee` is per 10**10 of what comes out, `admin_fee` the
    admin's part of it per 10**10. A goes straight from `initial_a` to `future_a` between their
    times, all as the contract stores them.

    `last_transfer` is a coin that moved last, by its logs, and who sent it: the log of a
    withdrawal in one coin does not say in which. No read tells it, so it is never compared.
    """

    timestamp: Timestamp
    coins: tuple[Address, ...]
    rates: tuple[int, ...]
    balances: tuple[int, ...]
    fee: int
    admin_fee: int
    initial_a: int
    future_a: int
    initial_a_time: int
    future_a_time: int
    shares: Shares
    version: Version = "factory"
    last_transfer: tuple[Address, Address] | None = field(default=None, compare=False)

    @property
    def a_precision(self) -> int:
        """Units of A that the contract calculates in, for a whole one."""
        return 100 if self.version == "factory" else 1


@dataclass(frozen=True, slots=True)
class StablePool(Market[StableState]):
    """A pool of `coins` worth about the same, made by `factory`; it is its own share token.

    Its contract knows no deadline: that of an action is the plan's to keep. Assumes plain coins
    (no fee on transfer, no rebasing, no hooks).
    """

    protocol: ClassVar[str] = "curve"

    coins: tuple[Token, ...]
    factory: Address

    def __post_init__(self) -> None:
        if len(self.coins) < 2 or len(set(self.coins)) != len(self.coins):
            names = ", ".join(map(str, self.coins))
            raise ConfigError(f"{self.name} is of {names}: a pool has two coins or more, each once")
        for coin in self.coins:
            if coin.decimals > MOST_DECIMALS:
                raise ConfigError(
                    f"{self.name}: {coin} has {coin.decimals} decimals, and the factory takes no "
                    f"coin with more than {MOST_DECIMALS}: leave the pool out"
                )

    @property
    def share(self) -> Token:
        """The token that a holder of liquidity has: the pool itself."""
        return Token(self.chain, self.address, 18, self.name)

    @property
    def rates(self) -> tuple[int, ...]:
        """What the factory gives a pool for its coins' decimals."""
        return tuple(int(10 ** (36 - coin.decimals)) for coin in self.coins)

    @property
    def spenders(self) -> tuple[Address, ...]:
        """The pool itself, which takes coins by allowance."""
        return (self.address,)

    @property
    def custody(self) -> tuple[tuple[Token, Address], ...]:
        """The pool's own balances of its coins."""
        return tuple((coin, self.address) for coin in self.coins)

    def index(self, token: Token) -> int:
        """The place of a coin in the pool's order. Raises NoRoute for a token of another pool."""
        if token not in self.coins:
            names = ", ".join(map(str, self.coins))
            raise NoRoute(f"{self.name} trades {names}, not {token} at {token.address}")
        return self.coins.index(token)
