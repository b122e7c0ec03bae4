"""What was admitted, looked at again each block: an upgrade under an open position is seen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from trimtab.chain.admission import Admission, Admitted, admissions
from trimtab.chain.anatomy import hashes_of, hashes_request, named, slot_of, slot_value
from trimtab.chain.multicall import Multicall
from trimtab.chain.node import Node
from trimtab.core.abi import Read
from trimtab.core.market import Head, Market, MarketId, State
from trimtab.core.token import Address
from trimtab.protocols.shared.code import Relation


@dataclass(frozen=True, slots=True)
class Changed:
    """A market whose code or relations are others than those that were admitted: an alert."""

    market: MarketId
    name: str
    block: int
    what: str


@dataclass(frozen=True, slots=True)
class Look:
    """What a block shows: how each market that changed stands now, and what changed."""

    admissions: tuple[Admission, ...]
    changed: tuple[Changed, ...]

    @property
    def reduce_only(self) -> frozenset[MarketId]:
        """The markets that may only be left."""
        return frozenset(e.market for e in self.admissions if not isinstance(e, Admitted))


async def look(
    node: Node,
    markets: Sequence[Market[State]],
    known: Sequence[Admission],
    head: Head,
    multicall: Multicall | None = None,
) -> Look:
    """How the markets stand at a block, after what was known of them before.

    One round trip where nothing changed: hashes of all code in one call, the slots of proxies,
    and the relations that can change. A market that changed is examined as a whole, and so is
    one that is not admitted, which may become so again. Raises DataError.
    """
    multicall = multicall or Multicall()
    admitted = [each for each in known if isinstance(each, Admitted)]
    changed = await changes(node, admitted, head, multicall)
    doubtful = {each.market for each in changed}
    doubtful |= {each.market for each in known if not isinstance(each, Admitted)}
    again = [market for market in markets if market.id in doubtful]
    fresh = {e.market: e for e in await admissions(node, again, head, multicall)} if again else {}
    return Look(tuple(fresh.get(each.market, each) for each in known), changed)


async def changes(
    node: Node, admitted: Sequence[Admitted], head: Head, multicall: Multicall
) -> tuple[Changed, ...]:
    """What differs from what was admitted."""
    addresses = tuple(dict.fromkeys(at for each in admitted for at, _ in each.codes))
    proxies = tuple(dict.fromkeys(at for each in admitted for at, _ in each.proxies))
    relations = tuple(dict.fromkeys(each for one in admitted for each in one.relations))
    reads = [Read(relation.of, relation.data) for relation in relations]
    if not addresses:
        return ()
    replies = iter(
        await node.batch(
            (
                hashes_request(addresses, head),
                *(slot_of(each, head) for each in proxies),
                *multicall.requests(reads, head),
            )
        )
    )
    hashes = dict(zip(addresses, hashes_of(next(replies), len(addresses)), strict=True))
    slots = {each: slot_value(next(replies)) for each in proxies}
    answers = multicall.answers(reads, replies)
    stated = dict(zip(relations, map(named, answers), strict=True))
    return tuple(
        Changed(each.market, each.name, head.number, what)
        for each in admitted
        for what in _differences(each, hashes, slots, stated)
    )


def _differences(
    admitted: Admitted,
    hashes: Mapping[Address, bytes],
    slots: Mapping[Address, Address],
    stated: Mapping[Relation, Address | None],
) -> Iterator[str]:
    for proxy, implementation in admitted.proxies:
        if slots[proxy] != implementation:
            yield f"the proxy {proxy} was upgraded from {implementation} to {slots[proxy]}"
    for at, code in admitted.codes:
        if hashes[at] != code:
            yield f"the code at {at} is another: {hashes[at].hex()}, it was {code.hex()}"
    for relation in admitted.relations:
        if stated[relation] != relation.expected:
            yield f"the {relation.what} is {stated[relation]}, it was {relation.expected}"
