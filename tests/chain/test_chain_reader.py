"""Reads of real contracts: pinned to a block, the same whole and in part, and after reorgs."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.chain.chain_stage import Stage, staged
from trimtab.chain.blocks import check_canonical, head
from trimtab.chain.multicall import Multicall, ask
from trimtab.chain.rpc import Rpc
from trimtab.core.abi import Answer, Call, Log, Read, call_data, word
from trimtab.core.errors import MissingRead, Reorg, RpcError
from trimtab.core.flows import fold_events, held_everywhere, share_changes
from trimtab.core.market import Place, wallet
from trimtab.core.reading import Observation, decode
from trimtab.core.token import address_from_bytes
from trimtab.lab.world import (
    Transaction,
    aave_pool_contract,
    feed_contract,
    router_contract,
    token_contract,
    transaction,
)
from trimtab.mandate.adapters import ADAPTERS

pytestmark = pytest.mark.chain

FOREVER = 2**40


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with staged() as stage:
        yield stage


def others_act(stage: Stage, turn: int) -> None:
    """A block in which others trade, lend on the Safe's behalf, send dust and move a price."""
    world, deployment = stage.world, stage.world.deployment
    agent = deployment.agents[3]
    usdc, weth = deployment.tokens["USDC"].address, deployment.tokens["WETH"].address
    router, lender = deployment.uniswap_v3.router, deployment.aave_v3.pool
    swap = (usdc, weth, 500, agent, FOREVER, (turn + 1) * 40_000 * 10**6, 0, 0)
    supply = (usdc, 10**6 * (turn + 1), stage.safe.address, 0)

    def sent(call: Call) -> Transaction:
        return transaction(agent, call)

    receipts = world.mine(
        world.funding(agent, "USDC", 10**12),
        sent(token_contract(usdc).call("approve", router, 10**12)),
        sent(token_contract(usdc).call("approve", lender, 10**12)),
        sent(router_contract(router).call("exactInputSingle", swap)),
        sent(aave_pool_contract(lender).call("supply", *supply)),
        sent(token_contract(usdc).call("transfer", stage.safe.address, 7 + turn)),
        sent(feed_contract(deployment.feeds["WETH"].address).call("updateAnswer", 19 * 10**10)),
    )
    assert [receipt.error for receipt in receipts] == [""] * len(receipts)


def check_replay(stage: Stage, observation: Observation, known: Observation | None) -> None:
    earlier = None if known is None else known.states
    replayed = decode(ADAPTERS, stage.markets, stage.accounts, earlier, observation.reading)
    assert replayed == observation.states


def check_audit(stage: Stage, observation: Observation) -> None:
    held = held_everywhere(ADAPTERS, observation.states, stage.safe.address)
    stated = {place: raw for place, raw in observation.reading.audit.items() if raw}
    assert stated == {place: abs(holding.raw) for place, holding in held.items()}


def test_observe__block_after_block__equals_reading_all_anew(stage: Stage) -> None:
    async def scene(rpc: Rpc) -> None:
        known = await stage.observe(rpc)
        check_replay(stage, known, None)
        for turn in range(3):
            others_act(stage, turn)
            hot = await stage.observe(rpc, known.states)
            whole = await stage.observe(rpc)
            assert hot.states == whole.states
            assert len(hot.reading.logs) > 8
            check_replay(stage, hot, known)
            check_audit(stage, hot)
            known = hot

    stage.run(scene)


def test_observe__several_blocks_at_once__the_same_logs_and_states(stage: Stage) -> None:
    async def scene(rpc: Rpc) -> None:
        start = known = await stage.observe(rpc)
        logs: list[Log] = []
        for turn in range(3):
            others_act(stage, turn)
            known = await stage.observe(rpc, known.states)
            logs += known.reading.logs
        at_once = await stage.observe(rpc, start.states)
        assert list(at_once.reading.logs) == logs
        assert at_once.states == known.states
        check_replay(stage, at_once, start)

    stage.run(scene)


def test_observe__what_others_did_for_the_safe__as_flows_from_the_logs(stage: Stage) -> None:
    async def scene(rpc: Rpc) -> None:
        known = await stage.observe(rpc)
        others_act(stage, 4)
        hot = await stage.observe(rpc, known.states)
        account = stage.safe.address
        folded = fold_events(ADAPTERS, known.states, hot.reading.logs, account, lambda _: False)
        held = [held_everywhere(ADAPTERS, states, account) for states in (known.states, hot.states)]
        changed = dict(share_changes(held[0], held[1]))
        usdc = stage.token("USDC")
        lent = Place(stage.book.market("aave_v3").id, usdc)
        assert changed.keys() == {wallet(usdc), lent}
        assert changed[wallet(usdc)] == 11
        sums: dict[Place, int] = {}
        for flow in folded.flows:
            sums[flow.place] = sums.get(flow.place, 0) + flow.shares
        assert sums == changed

    stage.run(scene)


def test_ask__block_that_is_past__its_own_answers(stage: Stage) -> None:
    usdc = stage.token("USDC").address
    read = Read(usdc, call_data("balanceOf(address)", stage.safe.address))
    nobody = Read(address_from_bytes(b"\x99" * 20), b"")
    failing = Read(usdc, call_data("transfer(address,uint256)", stage.safe.address, 2**255))

    async def scene(rpc: Rpc) -> None:
        before = await head(rpc, "latest")
        stage.world.mine(stage.world.funding(stage.safe.address, "USDC", 5))
        after = await head(rpc, "latest")
        answers = [await ask(rpc, [read, failing, nobody], at) for at in (before, after)]
        raws = [int.from_bytes(each[0].data, "big") for each in answers]
        assert raws[1] == raws[0] + 5
        assert answers[0][1:] == answers[1][1:]
        (direct,) = stage.world.rpc.answers([(usdc, failing.data)], sender=Multicall().address)
        assert answers[0][1] == direct
        assert not direct.ok
        assert answers[0][2] == Answer(True, b"")

    stage.run(scene)


def test_ask__reads_in_several_calls__the_same_answers(stage: Stage) -> None:
    usdc = stage.token("USDC").address
    holders = [*stage.world.deployment.agents, stage.safe.address]
    reads = [Read(usdc, call_data("balanceOf(address)", holder)) for holder in holders]

    async def scene(rpc: Rpc) -> None:
        at = await head(rpc, "latest")
        whole = await ask(rpc, reads, at)
        assert await ask(rpc, reads, at, Multicall(size=4)) == whole
        assert list(whole) == stage.world.rpc.answers([(read.to, read.data) for read in reads])

    stage.run(scene)


def test_ask__no_multicall_there__missing(stage: Stage) -> None:
    elsewhere = Multicall(address_from_bytes(b"\x99" * 20))

    async def scene(rpc: Rpc) -> None:
        at = await head(rpc, "latest")
        with pytest.raises(MissingRead, match="no Multicall3 at 0x9999"):
            await ask(rpc, [Read(stage.safe.address, b"")], at, elsewhere)

    stage.run(scene)


def test_ask__block_that_is_unknown__refused(stage: Stage) -> None:
    async def scene(rpc: Rpc) -> None:
        at = replace(await head(rpc, "latest"), hash="0x" + "12" * 32)
        with pytest.raises(RpcError, match="EIP-1898"):
            await ask(rpc, [Read(stage.safe.address, word(0))], at)

    stage.run(scene)


def test_observe__chain_reorganised__reorg_and_then_anew(stage: Stage) -> None:
    async def scene(rpc: Rpc) -> None:
        start = await stage.observe(rpc)
        others_act(stage, 0)
        known = await stage.observe(rpc, start.states)
        old = known.states.head
        stage.world.rpc("anvil_reorg", 1, [])
        with pytest.raises(Reorg, match="was read before"):
            await stage.observe(rpc, known.states)
        with pytest.raises(Reorg):
            await stage.reader(rpc).observe(start.states, old)
        with pytest.raises(Reorg):
            await check_canonical(rpc, [start.states.head, old])
        await check_canonical(rpc, [start.states.head])
        stage.world.mine()
        with pytest.raises(Reorg, match=f"not after {old.hash}"):
            await stage.observe(rpc, known.states)
        anew = await stage.observe(rpc)
        follows = await stage.observe(rpc, start.states)
        assert follows.states == anew.states
        assert follows.reading.logs == ()
        check_audit(stage, anew)

    stage.run(scene)


def test_head__tags__of_the_world(stage: Stage) -> None:
    async def scene(rpc: Rpc) -> None:
        await rpc.check_chain()
        latest = await head(rpc, "latest")
        assert latest == stage.world.head
        assert await head(rpc, latest.number) == latest
        assert (await head(rpc, latest.number - 1)).number == latest.number - 1
        with pytest.raises(RpcError, match="has no 999999 block"):
            await head(rpc, 999_999)

    stage.run(scene)


def test_check_chain__another_chain__wrong_chain(stage: Stage) -> None:
    async def scene(_: Rpc) -> None:
        other = Rpc(stage.rpc().url, 1)
        with pytest.raises(RpcError, match="serves chain 31337, expected 1") as seen:
            await other.check_chain()
        assert seen.value.fault == "wrong_chain"
        await other.close()

    stage.run(scene)
