"""Aave V3.6's part of an address book."""

from collections.abc import Mapping

import msgspec

from trimtab.core.errors import ConfigError
from trimtab.core.token import Address, Token, address
from trimtab.protocols.aave_v36 import LendingPool36, Reserve
from trimtab.protocols.chainlink import Feed


class Reserve36Entry(msgspec.Struct, frozen=True):
    """A reserve and the tokens that serve it."""

    token: str
    a_token: str
    variable_debt_token: str


class LendingPool36Entry(msgspec.Struct, frozen=True):
    """A lending pool; reserves by symbol, in the pool's own order, without gaps."""

    addresses_provider: str
    pool: str
    oracle: str
    rate_strategy: str
    reserves: dict[str, Reserve36Entry] = {}
    efficiency_modes: tuple[int, ...] = ()
    receivers: tuple[str, ...] = ()


def lending_pool36(
    chain: int,
    entry: LendingPool36Entry,
    tokens: Mapping[str, Token],
    feeds: Mapping[str, Feed],
    operators: tuple[Address, ...] = (),
) -> LendingPool36:
    """The lending pool of the entry, and who may be let borrow there for an account.

    Raises ConfigError for a reserve that names a token or feed that the book lacks, and for an
    efficiency mode that no pool can have.
    """
    for number in entry.efficiency_modes:
        if not 0 < number < 256:
            raise ConfigError(f"there is no efficiency mode {number}: they go from 1 to 255")
    reserves = (
        _reserve(number, symbol, reserve, tokens, feeds)
        for number, (symbol, reserve) in enumerate(entry.reserves.items())
    )
    return LendingPool36(
        chain=chain,
        address=address(entry.pool),
        name="aave_v36",
        addresses_provider=address(entry.addresses_provider),
        oracle=address(entry.oracle),
        rate_strategy=address(entry.rate_strategy),
        reserves=tuple(reserves),
        categories=entry.efficiency_modes,
        operators=operators,
        receivers=tuple(address(receiver) for receiver in entry.receivers),
    )


def _reserve(
    number: int,
    symbol: str,
    entry: Reserve36Entry,
    tokens: Mapping[str, Token],
    feeds: Mapping[str, Feed],
) -> Reserve:
    if symbol not in tokens or symbol not in feeds:
        raise ConfigError(
            f"the reserve {symbol} of aave_v36 has no token or no feed in the book: list both, or "
            "remove the reserve"
        )
    if address(entry.token) != tokens[symbol].address:
        raise ConfigError(
            f"the reserve {symbol} of aave_v36 is of the token {entry.token}, the book's {symbol} "
            f"is {tokens[symbol].address}: correct one"
        )
    return Reserve(
        token=tokens[symbol],
        a_token=address(entry.a_token),
        variable_debt_token=address(entry.variable_debt_token),
        feed=feeds[symbol].id,
        id=number,
    )
