"""What is done at exchanges: swaps and liquidity."""

from dataclasses import dataclass

from trimtab.core.market import MarketId
from trimtab.core.quantise import Timestamp
from trimtab.core.token import Address, Token


@dataclass(frozen=True, slots=True)
class Swap:
    """Sell exactly `amount_in` of one token in one pool for at least `min_out` of the other.

    `limit` is the square-root price, times 2**96, at which a pool of concentrated liquidity
    stops and takes no more; 0 is none, and other pools know none.
    """

    actor: Address
    market: MarketId
    token_in: Token
    token_out: Token
    amount_in: int
    min_out: int
    deadline: Timestamp
    recipient: Address
    limit: int = 0


@dataclass(frozen=True, slots=True)
class SwapExactOut:
    """Buy exactly `amount_out` of one token in one pool for at most `max_in` of the other.

    `limit` is as of `Swap`.
    """

    actor: Address
    market: MarketId
    token_in: Token
    token_out: Token
    amount_out: int
    max_in: int
    deadline: Timestamp
    recipient: Address
    limit: int = 0


@dataclass(frozen=True, slots=True)
class AddLiquidity:
    """Put up to `amounts` of a pool's `tokens`, in the pool's order, into it, for the actor.

    `least` is the fewest shares, or units of liquidity, that the pool may give; `least_amounts`
    the least of each token that may go in. A bound that the pool's contract cannot check has to
    be 0 or empty. `ticks` is the range, lower and upper, at a pool of concentrated liquidity.
    """

    actor: Address
    market: MarketId
    tokens: tuple[Token, ...]
    amounts: tuple[int, ...]
    least: int
    deadline: Timestamp
    least_amounts: tuple[int, ...] = ()
    ticks: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class RemoveLiquidity:
    """Give back shares, or units of liquidity, for at least `least` of each of the pool's tokens.

    What comes out goes to `recipient`; at a pool of concentrated liquidity it stays there, owed,
    until it is collected, and `least` is empty. No liquidity at all, there, brings what is owed
    up to date.
    """

    actor: Address
    market: MarketId
    tokens: tuple[Token, ...]
    shares: int
    least: tuple[int, ...]
    deadline: Timestamp
    recipient: Address
    ticks: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class RemoveLiquidityOne:
    """Give back shares of a pool of `tokens` for at least `least` of one of them alone."""

    actor: Address
    market: MarketId
    tokens: tuple[Token, ...]
    token: Token
    shares: int
    least: int
    deadline: Timestamp
    recipient: Address


@dataclass(frozen=True, slots=True)
class Collect:
    """Take up to `most` of each token that a pool owes for a range of the actor's."""

    actor: Address
    market: MarketId
    tokens: tuple[Token, ...]
    ticks: tuple[int, ...]
    most: tuple[int, ...]
    recipient: Address


Liquidity = AddLiquidity | RemoveLiquidity | RemoveLiquidityOne | Collect
