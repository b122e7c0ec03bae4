"""What is done at a perpetual."""

from dataclasses import dataclass

from trimtab.core.market import MarketId
from trimtab.core.quantise import Timestamp
from trimtab.core.token import Address


@dataclass(frozen=True, slots=True)
class OpenPosition:
    """Buy (or, `is_short`, sell) exposure at a perpetual, in its own units of 10**-18.

    With `is_exact_in` the `amount` is what goes in: the quote for a long, the base for a short;
    else it is what comes out. `bound` is the least that may come out, or the most that may go in;
    0 is none. `limit` is the square-root price, times 2**96, at which the fill stops; 0 is none.
    """

    actor: Address
    market: MarketId
    is_short: bool
    is_exact_in: bool
    amount: int
    bound: int
    deadline: Timestamp
    limit: int = 0


@dataclass(frozen=True, slots=True)
class ClosePosition:
    """Trade the actor's whole position at a perpetual away; `bound` and `limit` as of opening."""

    actor: Address
    market: MarketId
    bound: int
    deadline: Timestamp
    limit: int = 0


@dataclass(frozen=True, slots=True)
class LiquidatePosition:
    """Take over the position of `owner`, whose margin is spent, at a discount.

    `size` is how much of it at most, signed as the position is; 0 is all that may be.
    """

    actor: Address
    market: MarketId
    owner: Address
    size: int = 0


@dataclass(frozen=True, slots=True)
class SettleFunding:
    """Book the funding that `owner` owes or is owed at a perpetual until now."""

    actor: Address
    market: MarketId
    owner: Address
