"""What is done at lenders and vaults."""

from dataclasses import dataclass

from trimtab.core.actions.quantity import Quantity
from trimtab.core.market import MarketId
from trimtab.core.token import Address, Token


@dataclass(frozen=True, slots=True)
class Supply:
    """Lend tokens to a lending pool, for `on_behalf_of`."""

    actor: Address
    market: MarketId
    token: Token
    amount: int
    on_behalf_of: Address


@dataclass(frozen=True, slots=True)
class Withdraw:
    """Take lent tokens back, to `to`."""

    actor: Address
    market: MarketId
    token: Token
    amount: Quantity
    to: Address


@dataclass(frozen=True, slots=True)
class Borrow:
    """Borrow tokens at the variable rate, as a debt of `on_behalf_of`; the actor gets them.

    Whose debt it is has collateral for it, and has delegated it to the actor if that is another.
    """

    actor: Address
    market: MarketId
    token: Token
    amount: int
    on_behalf_of: Address


@dataclass(frozen=True, slots=True)
class Repay:
    """Pay back a variable debt of `on_behalf_of`."""

    actor: Address
    market: MarketId
    token: Token
    amount: Quantity
    on_behalf_of: Address


@dataclass(frozen=True, slots=True)
class Delegate:
    """Allow `to` to borrow up to `amount` of a token as the actor's debt, replacing what was."""

    actor: Address
    market: MarketId
    token: Token
    to: Address
    amount: int


@dataclass(frozen=True, slots=True)
class UseAsCollateral:
    """Say whether the actor's supply of a token stands for the actor's debts."""

    actor: Address
    market: MarketId
    token: Token
    is_used: bool


@dataclass(frozen=True, slots=True)
class SetEfficiencyMode:
    """Choose a category of assets that move together, with limits of its own; 0 is none."""

    actor: Address
    market: MarketId
    category: int


@dataclass(frozen=True, slots=True)
class Liquidate:
    """Pay back a debt of `owner`, who is beyond the limit, for collateral at a discount.

    `debt` is how much is paid back at most; ALL is whatever may be. A market that also goes by
    the collateral takes `seized` base units of it instead, and `debt` is then 0; else it counts
    `debt` in shares of what is owed, not in base units. With `takes_shares` the collateral stays
    lent and changes its owner.
    """

    actor: Address
    market: MarketId
    owner: Address
    collateral_token: Token
    debt_token: Token
    debt: Quantity
    seized: int = 0
    takes_shares: bool = False


@dataclass(frozen=True, slots=True)
class FlashLoan:
    """Lend tokens to a receiving contract that gives them back, with a premium, at once.

    The receiver has to have the premium; what it does meanwhile is not of this action.
    """

    actor: Address
    market: MarketId
    token: Token
    amount: int
    receiver: Address


@dataclass(frozen=True, slots=True)
class MintShares:
    """Pay into a vault what `shares` of it cost, for `on_behalf_of`."""

    actor: Address
    market: MarketId
    token: Token
    shares: int
    on_behalf_of: Address


@dataclass(frozen=True, slots=True)
class RedeemShares:
    """Give back the actor's shares of a vault for what they are worth, paid to `to`."""

    actor: Address
    market: MarketId
    token: Token
    shares: Quantity
    to: Address
