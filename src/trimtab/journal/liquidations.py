"""Which flows of others are liquidations of the account: a loss, and no capital taken out."""

from __future__ import annotations

from collections.abc import Iterable

from trimtab.core.market import MarketId
from trimtab.core.settlement import Flow


def liquidations(flows: Iterable[Flow]) -> frozenset[tuple[str, MarketId]]:
    """The transactions of others, each with its market, in which they liquidated the account.

    There a debt and what stands for it became less at once, or a position at a perpetual changed
    its size: nobody else can do that.
    """
    repaid: set[tuple[str, MarketId]] = set()
    taken: set[tuple[str, MarketId]] = set()
    turned: set[tuple[str, MarketId]] = set()
    for flow in flows:
        key = flow.transaction, flow.place.market
        if flow.is_ours:
            continue
        if flow.place.is_position:
            turned |= {key} if flow.shares else set()
        elif flow.place.is_debt:
            repaid |= {key} if flow.shares > 0 else set()
        elif flow.shares < 0:
            taken.add(key)
    return frozenset(repaid & taken | turned)
