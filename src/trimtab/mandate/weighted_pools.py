"""Balancer's part of an address book."""

import re
from collections.abc import Iterator, Mapping

import msgspec

from trimtab.core.errors import ConfigError
from trimtab.core.token import Address, Token, address
from trimtab.protocols.balancer import WeightedPool

_POOL_ID = re.compile(r"0x[0-9a-fA-F]{64}", re.ASCII)


class WeightedPoolEntry(msgspec.Struct, frozen=True):
    """A pool, its id, and its tokens and weights (times 10**18) in the vault's order."""

    address: str
    pool_id: str
    tokens: tuple[str, ...]
    weights: tuple[int, ...]


class BalancerEntry(msgspec.Struct, frozen=True):
    """The vault, its collector of fees, the factory of weighted pools, and pools by name."""

    vault: str
    fees_collector: str
    factory: str
    pools: dict[str, WeightedPoolEntry] = {}


def weighted_pools(
    chain: int, entry: BalancerEntry, listed: Mapping[Address, Token]
) -> Iterator[WeightedPool]:
    """The pools of the entry.

    Raises ConfigError for a token that is not among the book's, and for what no pool can be.
    """
    for name, pool in entry.pools.items():
        tokens = [address(token) for token in pool.tokens]
        for token in tokens:
            if token not in listed:
                raise ConfigError(
                    f"balancer:{name} trades {token}, which is not among the book's tokens: add it"
                )
        if not _POOL_ID.fullmatch(pool.pool_id):
            raise ConfigError(
                f"balancer:{name}: {pool.pool_id!r} is no pool id: expected 0x and 64 digits"
            )
        yield WeightedPool(
            chain=chain,
            address=address(pool.address),
            name=f"balancer:{name}",
            vault=address(entry.vault),
            factory=address(entry.factory),
            fees_collector=address(entry.fees_collector),
            pool_id=bytes.fromhex(pool.pool_id[2:]),
            tokens=tuple(listed[token] for token in tokens),
            weights=pool.weights,
        )
