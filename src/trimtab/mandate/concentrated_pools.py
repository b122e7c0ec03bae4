"""Uniswap V3's part of an address book."""

from collections.abc import Iterator, Mapping
from typing import Annotated

import msgspec

from trimtab.core.errors import ConfigError
from trimtab.core.token import Address, Token, address
from trimtab.protocols.uniswap_v3 import Pool


class PoolEntry(msgspec.Struct, frozen=True):
    """A pool and its tokens, in the pool's order; its fee is in pips."""

    address: str
    token0: str
    token1: str
    fee: Annotated[int, msgspec.Meta(ge=0, lt=10**6)]
    tick_spacing: Annotated[int, msgspec.Meta(ge=1)]


class ExchangeEntry(msgspec.Struct, frozen=True):
    """The router (`SwapRouter`, whose calls have deadlines), the minter, and pools by name.

    The factory made the pools; a FlashLoop has to be of it.
    """

    router: str | None = None
    pools: dict[str, PoolEntry] = {}
    minter: str | None = None
    factory: str | None = None


def concentrated_pools(
    chain: int, entry: ExchangeEntry, listed: Mapping[Address, Token]
) -> Iterator[Pool]:
    """The pools of the entry.

    Raises ConfigError for a token that is not among the book's, and for pools without a router.
    """
    for name, pool in entry.pools.items():
        pair = [address(pool.token0), address(pool.token1)]
        for each in pair:
            if each not in listed:
                raise ConfigError(
                    f"uniswap_v3:{name} trades {each}, which is not among the book's tokens: add it"
                )
        if entry.router is None:
            raise ConfigError(
                f"uniswap_v3:{name} has no `router` to be traded through, expected the chain's "
                "SwapRouter: SwapRouter02, whose calls have no deadline, is another"
            )
        yield Pool(
            chain=chain,
            address=address(pool.address),
            name=f"uniswap_v3:{name}",
            token0=listed[pair[0]],
            token1=listed[pair[1]],
            fee=pool.fee,
            tick_spacing=pool.tick_spacing,
            router=address(entry.router),
            minter=None if entry.minter is None else address(entry.minter),
        )
