"""Identity and state of a Uniswap V2 pair."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from trimtab.core.errors import ConfigError, NoRoute
from trimtab.core.market import Market
from trimtab.core.quantise import Timestamp
from trimtab.core.token import Address, Token
from trimtab.protocols.shared.shares import Shares

UINT112_MAX = 2**112 - 1
MOST_PARTS = 2**32 - 1
"""No product of a quote exceeds 256 bits with so many."""
SHARE_DECIMALS = 18
SHARE_SYMBOL = "UNI-V2"


@dataclass(frozen=True, slots=True)
class Fee:
    """What a pair keeps of an amount sold for its price: `kept0` or `kept1` of `parts`.

    The first is of token0 sold, the second of token1. Numbers are the contract's own, not
    reduced: they decide where its products overflow. Raises ConfigError for a part that is
    nothing, or more than the whole.
    """

    kept0: int = 997
    kept1: int = 997
    parts: int = 1000

    def __post_init__(self) -> None:
        is_share = 0 < self.kept0 <= self.parts and 0 < self.kept1 <= self.parts
        if not is_share or self.parts > MOST_PARTS:
            raise ConfigError(
                f"a pair cannot keep {self.kept0} or {self.kept1} of {self.parts} parts sold: "
                f"expected more than none, no more than all, such as 997 of 1000, and no more "
                f"than {MOST_PARTS} parts"
            )

    def kept(self, zero_for_one: bool) -> int:
        """The parts of what is sold that count for the price."""
        return self.kept0 if zero_for_one else self.kept1


STANDARD_FEE = Fee()
"""0.3 %, written into Uniswap's own pair and router."""


@dataclass(frozen=True, slots=True)
class PairState:
    """A pair's reserves, its price oracle, its shares and who takes the protocol's part.

    Left out: `unlocked`, which is 1 between transactions, and the nonces of permits. What the
    pair has of its two tokens, which may be more than the reserves, is the tokens' own state.

    `updated_at` is the moment of the last update modulo 2**32; the cumulative prices are sums of
    price times seconds in 2**-112, modulo 2**256, of which only differences have a meaning.
    `k_last` is the product of the reserves after the last change of liquidity with a protocol
    fee, or 0. `held` are shares that lie in the pair itself: the next burn takes them.

    `given` is the transfer of shares to the pair that was logged last: transaction, owner and
    shares. A burn that follows in that transaction is by the allowance that was spent on it.
    """

    timestamp: Timestamp
    reserve0: int
    reserve1: int
    updated_at: int
    price0_cumulative: int
    price1_cumulative: int
    k_last: int
    fee_to: Address
    shares: Shares
    held: int
    given: tuple[str, Address, int] | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Pair(Market[PairState]):
    """A Uniswap V2 pair, traded through its periphery's Router02.

    Assumes plain tokens: no fee on transfer, no rebasing, no hooks. Forks differ in the fee; the
    law is proven for the standard one.
    """

    protocol: ClassVar[str] = "uniswap_v2"

    token0: Token
    token1: Token
    factory: Address
    router: Address
    fee: Fee = STANDARD_FEE

    def __post_init__(self) -> None:
        if int(self.token0.address, 16) >= int(self.token1.address, 16):
            raise ConfigError(
                f"{self.name}: token0 {self.token0.address} is not below token1 "
                f"{self.token1.address}: a pair orders its tokens by address; exchange them"
            )

    @property
    def share(self) -> Token:
        """The pair's own token, a part of its liquidity."""
        return Token(self.chain, self.address, SHARE_DECIMALS, SHARE_SYMBOL)

    @property
    def tokens(self) -> tuple[Token, Token]:
        """Both tokens, in the pair's order."""
        return self.token0, self.token1

    @property
    def spenders(self) -> tuple[Address, ...]:
        """The router."""
        return (self.router,)

    @property
    def custody(self) -> tuple[tuple[Token, Address], ...]:
        """The pair's own balances of its two tokens."""
        return ((self.token0, self.address), (self.token1, self.address))

    def is_zero_for_one(self, token_in: Token) -> bool:
        """Whether selling this token buys token1. Raises NoRoute for a token of another pair."""
        if token_in not in self.tokens:
            raise NoRoute(
                f"{self.name} trades {self.token0} and {self.token1}, "
                f"not {token_in} at {token_in.address}"
            )
        return token_in == self.token0
