"""Curve's part of an address book."""

from collections.abc import Iterator, Mapping

import msgspec

from trimtab.core.errors import ConfigError
from trimtab.core.token import Address, Token, address
from trimtab.protocols.curve import StablePool


class StablePoolEntry(msgspec.Struct, frozen=True):
    """A pool and its coins, in the pool's order."""

    address: str
    coins: tuple[str, ...]


class CurveEntry(msgspec.Struct, frozen=True):
    """The factory of plain pools, and pools by name."""

    factory: str
    pools: dict[str, StablePoolEntry] = {}


def stable_pools(
    chain: int, entry: CurveEntry, listed: Mapping[Address, Token]
) -> Iterator[StablePool]:
    """The pools of the entry. Raises ConfigError for a coin that is not among the book's tokens."""
    for name, pool in entry.pools.items():
        coins = [address(coin) for coin in pool.coins]
        for coin in coins:
            if coin not in listed:
                raise ConfigError(
                    f"curve:{name} trades {coin}, which is not among the book's tokens: add it"
                )
        yield StablePool(
            chain=chain,
            address=address(pool.address),
            name=f"curve:{name}",
            coins=tuple(listed[coin] for coin in coins),
            factory=address(entry.factory),
        )
