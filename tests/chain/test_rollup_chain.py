"""What a rollup's contracts say, asked of stand-ins of ours on a real node; and heads by socket."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.chain.chain_stage import Stage, offered, staged
from trimtab.chain.blocks import head
from trimtab.chain.heads import Heads, Pace
from trimtab.chain.reader import Reader
from trimtab.chain.rollup import (
    GAS_PRICE_ORACLE,
    NODE_INTERFACE,
    DataCharge,
    DataFee,
    rollup_of,
    unsigned,
)
from trimtab.chain.rpc import Rpc
from trimtab.chain.secret import SocketUrl
from trimtab.chain.signer import Transaction
from trimtab.core.abi import Call, call_data
from trimtab.core.errors import DataError, Infeasible, MissingRead, StaleState
from trimtab.core.market import Market
from trimtab.core.token import Address, address_from_bytes
from trimtab.lab.world import transaction
from trimtab.lab.world.compile import compiled
from trimtab.mandate.adapters import ADAPTERS
from trimtab.protocols.chainlink import Feed, Sequencer
from trimtab.risk import oracle_prices

pytestmark = pytest.mark.chain

CONTRACTS = Path(__file__).parent / "contracts"
UPTIME = address_from_bytes(b"\x0a" * 20)
GRACE = 3_600


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with staged() as stage:
        for address, name in (
            (GAS_PRICE_ORACLE, "GasPriceOracleStandIn"),
            (NODE_INTERFACE, "NodeInterfaceStandIn"),
            (UPTIME, "SequencerStandIn"),
        ):
            built = compiled(CONTRACTS, "RollupStandIns.sol", name)
            code = str(built.deployed_bytecode)
            stage.world.rpc("anvil_setCode", address, "0x" + code.removeprefix("0x"))
        yield stage


def tell(stage: Stage, to: Address, signature: str, *arguments: int) -> None:
    """Set what a stand-in answers, in a block of its own."""
    call = Call(to, call_data(signature, *arguments))
    (receipt,) = stage.world.mine(transaction(stage.world.deployment.agents[0], call))
    assert receipt.error == ""


@pytest.mark.parametrize("name", ["op-stack", "arbitrum"])
def test_charged__stand_in_of_a_rollup__to_the_wei_and_bounded(stage: Stage, name: str) -> None:
    rollup = rollup_of(stage.book.chain, name)
    contract = {"op-stack": GAS_PRICE_ORACLE, "arbitrum": NODE_INTERFACE}[name]
    tell(stage, contract, "set(uint256)", 16)

    async def scene(rpc: Rpc) -> None:
        observation = await stage.observe(rpc)
        at = observation.states.head
        data = bytes(range(200))
        sent = Transaction(at.chain, 3, UPTIME, data, 0, 90_000, offered(observation))
        gas = 16 * len(data) if name == "arbitrum" else 0
        wei = gas * 10**8 if name == "arbitrum" else 16 * len(unsigned(sent))
        expected = replace(sent, gas=90_000 + gas), DataFee(wei, gas)
        assert await DataCharge(rollup, wei).charged(rpc, sent, at) == expected
        with pytest.raises(Infeasible):
            await DataCharge(rollup, wei - 1).charged(rpc, sent, at)
        tell(stage, contract, "set(uint256)", 32)  # what is charged is that of the plan's block
        assert await DataCharge(rollup, wei).charged(rpc, sent, at) == expected

    stage.run(scene)


def test_charged__chain_without_the_contract__missing_read(stage: Stage) -> None:
    rollup = replace(rollup_of(10), oracle=address_from_bytes(b"\x0b" * 20))  # type: ignore[type-var]

    async def scene(rpc: Rpc) -> None:
        observation = await stage.observe(rpc)
        sent = Transaction(31337, 0, UPTIME, b"", 0, 21_000, offered(observation))
        with pytest.raises(MissingRead):
            await DataCharge(rollup, 1).charged(rpc, sent, observation.states.head)

    stage.run(scene)


@pytest.mark.parametrize(
    "answer, ago, error",
    [
        (0, GRACE + 1, None),
        (0, GRACE, StaleState),
        (1, GRACE + 1, StaleState),
        (2, GRACE + 1, MissingRead),
    ],
)
def test_observe__sequencer__read_in_the_same_batch_and_judged_with_the_prices(
    stage: Stage, answer: int, ago: int, error: type[DataError] | None
) -> None:
    feed = Sequencer(stage.book.chain, UPTIME, "chainlink:sequencer", GRACE)
    now = stage.world.head.timestamp + stage.world.spec.seconds_per_block
    tell(stage, UPTIME, "set(int256,uint256)", answer, now - ago)

    async def scene(rpc: Rpc) -> None:
        markets: tuple[Market[Any], ...] = (feed, *stage.markets)
        reader = Reader(rpc, ADAPTERS, markets, stage.accounts, stage.safe.address)
        at = await head(rpc, "latest")
        assert at.timestamp == now
        states = (await reader.observe(None, at)).states
        assert (states[feed].answer, states[feed].started_at) == (answer, now - ago)
        feeds = {stage.token(m.base): m for m in stage.markets if isinstance(m, Feed)}
        if error is None:
            assert oracle_prices(states, feeds, stage.token("USDC")).price(stage.token("USDC")) == 1
            return
        with pytest.raises(error, match="chainlink:sequencer"):
            oracle_prices(states, feeds, stage.token("USDC"))

    stage.run(scene)


def test_heads__real_node_by_socket__each_mined_block_and_no_polling(stage: Stage) -> None:
    socket = SocketUrl(stage.world.node.url.replace("http://", "ws://"))
    told: list[str] = []
    never = Pace(poll=600.0, silence=600.0)

    async def scene(rpc: Rpc) -> None:
        async with Heads(rpc, socket, never, told.append) as heads:
            first = await heads.next()
            for _ in range(3):
                later = asyncio.create_task(heads.next())
                while not later.done():  # blocks mined before the socket listens are not told
                    await asyncio.to_thread(stage.world.mine)
                    await asyncio.sleep(0.02)
                assert (await later).number > first.number
                first = await later

    stage.run(scene)
    assert told == [f"the WebSocket {socket} tells of new blocks"]
