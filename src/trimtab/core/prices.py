"""The one door from a token to the numeraire, with source and age attached."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from trimtab.core.errors import MissingRead
from trimtab.core.quantise import Timestamp
from trimtab.core.token import Amount, Token


@dataclass(frozen=True, slots=True)
class Quote:
    """A token's price: numeraire base units per base unit of the token, exact.

    `updated_at` is the moment of the oldest answer that it rests on.
    """

    price: Fraction
    source: str
    updated_at: Timestamp


@dataclass(frozen=True, slots=True)
class Prices:
    """What tokens are worth in base units of the numeraire at one moment."""

    numeraire: Token
    at: Timestamp
    quotes: Mapping[Token, Quote]

    def quote(self, token: Token) -> Quote:
        """The price of a token with its source. Raises MissingRead where there is none."""
        try:
            return self.quotes[token]
        except KeyError:
            raise MissingRead(
                f"there is no price of {token.symbol}: give it a feed in the mandate"
            ) from None

    def price(self, token: Token) -> Fraction:
        """Numeraire base units per base unit of the token."""
        return self.quote(token).price

    def value(self, amount: Amount) -> Fraction:
        """What an amount is worth in base units of the numeraire."""
        return amount.raw * self.price(amount.token)

    def age(self, token: Token) -> int:
        """Seconds since the oldest answer that the token's price rests on."""
        return self.at - self.quote(token).updated_at
