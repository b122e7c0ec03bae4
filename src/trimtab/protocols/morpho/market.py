"""Identity and state of Morpho Blue: its markets, and the contract that holds them all.

One contract holds every market. What an account allows another to do holds in all of them, so
it is the state of the contract itself, `Morpho`, which each market has as a part.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import ClassVar

from eth_utils.crypto import keccak

from trimtab.core.abi import word
from trimtab.core.errors import ConfigError, MissingRead
from trimtab.core.market import Market, MarketId
from trimtab.core.quantise import Timestamp, Wad
from trimtab.core.token import ZERO_ADDRESS, Address, Token

WAD = 10**18


class RateModel(Enum):
    """What decides the borrow rate of a market.

    `UTILISATION` is the rate model of Morpho's own package: a year's rate is the utilisation.
    `ADAPTIVE_CURVE` is proven only against its specification, since its bytecode is not to be had.
    """

    NONE = "none"
    UTILISATION = "utilisation"
    ADAPTIVE_CURVE = "adaptive_curve"


# ----------------------------------------------------------------------------------- contract


@dataclass(frozen=True, slots=True)
class MorphoState:
    """Whether an owner lets another account act for it, by tracked pairs (owner, other)."""

    timestamp: Timestamp
    authorisations: Mapping[tuple[Address, Address], bool]

    def is_authorised(self, owner: Address, other: Address) -> bool:
        """Whether `other` may borrow and withdraw for `owner`; everyone may for itself.

        Raises MissingRead for a pair that is not tracked.
        """
        return owner == other or self.authorisation(owner, other)

    def authorisation(self, owner: Address, other: Address) -> bool:
        """What the contract has stored of a pair. Raises MissingRead for one not tracked."""
        try:
            return self.authorisations[owner, other]
        except KeyError:
            raise MissingRead(
                f"whether {owner} lets {other} act for it is not tracked: add both accounts"
            ) from None

    def with_authorisation(self, owner: Address, other: Address, is_so: bool) -> MorphoState:
        """The contract after an authorisation was given or taken back, where it is tracked."""
        if (owner, other) not in self.authorisations:
            return self
        return replace(self, authorisations={**self.authorisations, (owner, other): is_so})


@dataclass(frozen=True, slots=True)
class Morpho(Market[MorphoState]):
    """The contract that holds all markets and their tokens."""

    protocol: ClassVar[str] = "morpho"


# ------------------------------------------------------------------------------------ markets


@dataclass(frozen=True, slots=True)
class Position:
    """What one account has in a market; `collateral` is in base units and earns nothing."""

    supply_shares: int = 0
    borrow_shares: int = 0
    collateral: int = 0


@dataclass(frozen=True, slots=True)
class LendingState:
    """One market as the contract stores it at its `last_update`, with the tracked positions.

    Amounts are base units of the loan token. `fee` is the part of the interest that becomes
    shares of `fee_recipient`, who is the same in all markets and set by the contract's owner.
    `rate_at_target` is what the adaptive curve keeps for the market, a rate per second; None
    under another rate model.
    """

    timestamp: Timestamp
    market: LendingMarket
    total_supply_assets: int
    total_supply_shares: int
    total_borrow_assets: int
    total_borrow_shares: int
    last_update: Timestamp
    fee: Wad
    fee_recipient: Address
    rate_at_target: int | None
    positions: Mapping[Address, Position]

    def position(self, owner: Address) -> Position:
        """What a tracked account has. Raises MissingRead for another one."""
        try:
            return self.positions[owner]
        except KeyError:
            raise MissingRead(
                f"the position of {owner} in {self.market.name} is not tracked: add the account"
            ) from None

    def with_position(self, owner: Address, changed: Position) -> LendingState:
        """The market with one position replaced, where it is tracked."""
        if owner not in self.positions:
            return self
        return replace(self, positions={**self.positions, owner: changed})


@dataclass(frozen=True, slots=True)
class LendingMarket(Market[LendingState]):
    """A market: one token lent against one other, with an oracle and a limit of its own.

    `address` is the contract that holds it; `market_id` is the contract's own name for it, the
    hash of the five parameters. `lltv` is the debt, of the collateral's worth, beyond which a
    position is liquidated, times 10**18. `feeds` are what the oracle reads, if it has no price
    of its own.

    Raises ConfigError where the parts do not fit together, and for a token that is lent against
    itself: which of the two sides an action means would be told by the token.
    """

    protocol: ClassVar[str] = "morpho"

    market_id: str
    loan: Token
    collateral: Token
    oracle: Address
    rate_model: Address
    rates: RateModel
    lltv: Wad
    feeds: tuple[MarketId, ...] = ()

    def __post_init__(self) -> None:
        if self.loan == self.collateral:
            raise ConfigError(
                f"{self.name} lends {self.loan} against itself, which is not modelled: leave it out"
            )
        if not 0 <= self.lltv < WAD:
            raise ConfigError(f"{self.name} has an LLTV of {self.lltv}, expected less than {WAD}")
        if (self.rates is RateModel.NONE) != (self.rate_model == ZERO_ADDRESS):
            raise ConfigError(
                f"{self.name} goes by the rate model {self.rates.value} at {self.rate_model}: "
                "a market without one names the zero address, and no other does"
            )
        if self.market_id != id_of(self.parameters):
            raise ConfigError(
                f"{self.name} has the id {self.market_id}, but its parameters make "
                f"{id_of(self.parameters)}: correct the tokens, the oracle, the rate model or the "
                "LLTV"
            )

    @property
    def id(self) -> MarketId:
        """The identity of this market, by its own id: many share one contract."""
        return MarketId(f"{self.protocol}:{self.chain}:{self.market_id}")

    @property
    def parameters(self) -> tuple[Address, Address, Address, Address, int]:
        """The five parameters that every call of the contract begins with."""
        loan, collateral = self.loan.address, self.collateral.address
        return loan, collateral, self.oracle, self.rate_model, self.lltv

    @property
    def keeps_rate(self) -> bool:
        """Whether the rate model keeps something of this market."""
        return self.rates is RateModel.ADAPTIVE_CURVE

    @property
    def contract(self) -> MarketId:
        """The market that holds the authorisations."""
        return MarketId(f"{self.protocol}:{self.chain}:{self.address}")

    @property
    def price(self) -> MarketId:
        """The market that holds the collateral's price."""
        return MarketId(f"{self.protocol}:{self.chain}:{self.oracle}")

    @property
    def parts(self) -> tuple[MarketId, ...]:
        """The contract with its authorisations, the oracle, and what the oracle reads."""
        return (self.contract, self.price, *self.feeds)

    @property
    def spenders(self) -> tuple[Address, ...]:
        """The contract, which takes tokens by allowance."""
        return (self.address,)

    @property
    def custody(self) -> tuple[tuple[Token, Address], ...]:
        """The contract's balances of both tokens, those of its other markets among them."""
        return ((self.loan, self.address), (self.collateral, self.address))


def id_of(parameters: tuple[Address, Address, Address, Address, int]) -> str:
    """The contract's name for the market of these parameters. Source: MarketParamsLib.sol."""
    return "0x" + keccak(b"".join(word(each) for each in parameters)).hex()
