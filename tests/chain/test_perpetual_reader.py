"""A perpetual on a node: read block after block, audited, its code admitted."""

from __future__ import annotations

import asyncio

import pytest

from trimtab.chain.admission import Admitted, admissions
from trimtab.chain.blocks import head
from trimtab.chain.reader import Reader
from trimtab.chain.rpc import Rpc
from trimtab.chain.secret import RpcUrl
from trimtab.core.actions import Approve, OpenPosition, Supply
from trimtab.core.adapter import encode
from trimtab.core.flows import fold_events, held_everywhere
from trimtab.core.market import token_market, tracked
from trimtab.core.quantise import Timestamp
from trimtab.core.states import States
from trimtab.lab.world import CREDIT_WORLD, LocalWorld, local_world, transaction
from trimtab.mandate.adapters import ADAPTERS
from trimtab.mandate.book import AddressBook, read_book
from trimtab.protocols.perpetual import Perpetual

pytestmark = pytest.mark.chain

NAMES = ("erc20:USDC", "chainlink:WETH", "perpetual:ETH", "perpetual:ETH/index")
FOREVER = Timestamp(2**40)


def traded(world: LocalWorld, market: Perpetual, states: States) -> None:
    """A block in which the first agent deposits margin and sells ten base units."""
    agent, usdc = world.deployment.agents[0], market.settlement
    raw = 10**10
    actions = (
        Approve(agent, token_market(usdc), usdc, market.vault, raw),
        Supply(agent, market.id, usdc, raw, agent),
        OpenPosition(agent, market.id, True, True, 10**19, 0, FOREVER),
    )
    calls = encode(ADAPTERS, states, actions)
    sent = [transaction(agent, call) for call in calls]
    receipts = world.mine(world.funding(agent, "USDC", raw), *sent)
    assert [receipt.error for receipt in receipts] == [""] * len(receipts)


def test_observe__block_after_block__equals_reading_all_anew_and_the_audit() -> None:
    with local_world(CREDIT_WORLD) as world:
        book = read_book(world.deployment.to_json(), "the local world")
        asyncio.run(_scene(world, book))


async def _scene(world: LocalWorld, book: AddressBook) -> None:
    market = book.market("perpetual:ETH")
    assert isinstance(market, Perpetual)
    markets = tuple(map(book.market, (*NAMES, "perpetual:ETH/pool")))
    agent = world.deployment.agents[0]
    rpc = Rpc(RpcUrl(world.node.url), market.chain)
    reader = Reader(rpc, ADAPTERS, markets, tracked((agent,), markets), agent)
    try:
        known = await reader.observe(None, await head(rpc, "latest"))
        traded(world, market, known.states)
        hot = await reader.observe(known.states, await head(rpc, "latest"))
        assert hot.states == (await reader.observe(None, hot.states.head)).states
        held = held_everywhere(ADAPTERS, hot.states, agent)
        stated = {place: raw for place, raw in hot.reading.audit.items() if raw}
        assert stated == {place: each.audited for place, each in held.items()}
        assert stated[market.position_place] == -(10**19)
        told = fold_events(ADAPTERS, known.states, hot.events, agent, lambda _: True)
        moved = {flow.place: flow.shares for flow in told.flows}
        assert moved[market.margin_place] == 10**10
        assert moved[market.position_place] == -(10**19)
        found = await admissions(rpc, markets[2:], hot.states.head)
        assert [type(each) for each in found] == [Admitted] * 3
        assert {each.proven for each in found if isinstance(each, Admitted)} == {"bytecode"}
    finally:
        await rpc.close()
