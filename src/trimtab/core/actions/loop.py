"""What is done with a leveraged loop at a lender: all of it in one call, paid by a flash loan."""

from dataclasses import dataclass

from trimtab.core.market import MarketId
from trimtab.core.quantise import Timestamp
from trimtab.core.token import Address, Token


@dataclass(frozen=True, slots=True)
class EnterLoop:
    """Supply what `loan` of the `debt` token buys of the `collateral`, and owe it for that.

    `lender` lends the loan, `pool` is where the actor supplies and owes, and `exchange` the pool
    that turns one token into the other. At least `least` is bought, and the premium of the loan is
    owed too. `limit` is the square-root price, times 2**96, at which the exchange stops; 0 is none.
    """

    actor: Address
    market: MarketId
    lender: MarketId
    pool: MarketId
    exchange: MarketId
    collateral: Token
    debt: Token
    loan: int
    least: int
    deadline: Timestamp
    limit: int = 0


@dataclass(frozen=True, slots=True)
class LeaveLoop:
    """Repay `loan` of the actor's `debt`, or all of it if it is less, out of its `collateral`.

    At most `most` of the collateral is sold for that and for the premium of the loan. Markets and
    `limit` are as of entering.
    """

    actor: Address
    market: MarketId
    lender: MarketId
    pool: MarketId
    exchange: MarketId
    collateral: Token
    debt: Token
    loan: int
    most: int
    deadline: Timestamp
    limit: int = 0


Loop = EnterLoop | LeaveLoop
