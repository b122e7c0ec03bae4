"""Uniswap V2's part of an address book."""

from collections.abc import Iterator, Mapping
from typing import Annotated

import msgspec

from trimtab.core.errors import ConfigError
from trimtab.core.token import Address, Token, address
from trimtab.protocols.uniswap_v2 import Fee, Pair

_Parts = Annotated[int, msgspec.Meta(ge=1)]


class FeeEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The fee of a fork: what it counts of token0 sold, and of token1, of how many parts."""

    kept0: _Parts
    kept1: _Parts
    parts: _Parts


class PairEntry(msgspec.Struct, frozen=True):
    """A pair and its tokens, in the pair's order."""

    address: str
    token0: str
    token1: str
    fee: FeeEntry | None = None


class PairsEntry(msgspec.Struct, frozen=True):
    """The factory and router of pairs, and pairs by name."""

    factory: str
    router: str
    pairs: dict[str, PairEntry] = {}


def pairs(chain: int, entry: PairsEntry, listed: Mapping[Address, Token]) -> Iterator[Pair]:
    """The pairs of the entry, with the standard fee where they state none.

    Raises ConfigError for a token that is not among the book's.
    """
    for name, pair in entry.pairs.items():
        both = [address(pair.token0), address(pair.token1)]
        for each in both:
            if each not in listed:
                raise ConfigError(
                    f"uniswap_v2:{name} trades {each}, which is not among the book's tokens: add it"
                )
        fee = Fee() if pair.fee is None else Fee(pair.fee.kept0, pair.fee.kept1, pair.fee.parts)
        yield Pair(
            chain=chain,
            address=address(pair.address),
            name=f"uniswap_v2:{name}",
            token0=listed[both[0]],
            token1=listed[both[1]],
            factory=address(entry.factory),
            router=address(entry.router),
            fee=fee,
        )
