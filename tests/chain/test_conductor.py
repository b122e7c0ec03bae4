"""The conducted chain: one seed one chain, everyone in the order of tips, a market that lives."""

import asyncio
import os
import subprocess
import sys
from collections import Counter
from fractions import Fraction

import pytest

from tests.chain.conducted import GWEI, Outsider, Stage, conducted, hashes
from trimtab.core.errors import ConfigError, RpcError
from trimtab.core.states import States
from trimtab.core.token import Address, address
from trimtab.lab.agents import Hold, with_shares
from trimtab.lab.cast import DEFAULT_LAB
from trimtab.lab.conductor import Conductor
from trimtab.lab.world import NodeRefusal, read, token_contract
from trimtab.protocols.aave_v3 import LendingPool, utilisation
from trimtab.protocols.chainlink import Feed
from trimtab.protocols.perpetual import Perpetual, funding_rate, mark_price
from trimtab.protocols.staking import StakingPool, exchange_rate, peg
from trimtab.protocols.uniswap_v3 import Pool, spot_price

pytestmark = pytest.mark.chain

MANAGER = address("0x" + "7e" * 20)


def pools(stage: Stage) -> list[Pool]:
    return [market for market in stage.book.markets.values() if isinstance(market, Pool)]


def transactions(stage: Stage) -> list[str]:
    block = stage.world.rpc("eth_getBlockByNumber", "latest", False)
    assert isinstance(block, dict)
    found = block["transactions"]
    assert isinstance(found, list)
    return [str(each) for each in found]


def header(stage: Stage, field: str) -> str:
    block = stage.world.rpc("eth_getBlockByNumber", "latest", False)
    assert isinstance(block, dict)
    return str(block[field])


# ------------------------------------------------------------------------------ determinism


def hashes_elsewhere(seed: int, blocks: int, hash_seed: str) -> list[str]:
    command = [sys.executable, "-m", "tests.chain.conducted", str(seed), str(blocks)]
    environment = os.environ | {"PYTHONHASHSEED": hash_seed}
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_conductor__one_seed__one_chain_hash_for_hash() -> None:
    found = asyncio.run(hashes(7, 60))
    assert len(set(found)) == 60
    assert hashes_elsewhere(7, 60, hash_seed="12345") == found


def test_conductor__another_seed__another_chain() -> None:
    first, second = asyncio.run(hashes(7, 2)), asyncio.run(hashes(8, 2))
    assert not set(first) & set(second)


# --------------------------------------------------------------------------- the block itself


def test_next_block__one_block__at_its_time_with_its_fee() -> None:
    async def run() -> None:
        async with conducted(1) as stage:
            for _ in range(4):
                before = stage.conductor.head
                history = stage.world.rpc("eth_feeHistory", "0x1", "latest", [])
                assert isinstance(history, dict)
                announced = history["baseFeePerGas"]
                assert isinstance(announced, list)
                head = await stage.conductor.next_block()
                assert head == stage.conductor.head == stage.world.head
                assert head.number == before.number + 1
                assert head.timestamp == before.timestamp + DEFAULT_LAB.block_seconds
                assert header(stage, "baseFeePerGas") == announced[-1]
                assert header(stage, "miner") == "0x00000000000000000000000000000000000c0ffe"
            assert stage.conductor.block == 4

    asyncio.run(run())


def test_next_block__transactions_of_others__in_the_order_of_tips() -> None:
    async def run() -> None:
        async with conducted(1) as stage:
            alice, bob = Outsider(stage.world, 1), Outsider(stage.world, 2)
            low, blocked = alice.send(0, 1), alice.send(1, 90 * GWEI)
            high = bob.send(0, 50 * GWEI)
            waits = bob.send(2, 60 * GWEI)
            await stage.conductor.next_block()
            mined = transactions(stage)
            assert mined[0] == high
            assert mined[-2:] == [low, blocked]
            ours = [act.transaction for act in stage.conductor.acts]
            assert mined[1:-2] == ours
            tips = [act.order.tip for act in stage.conductor.acts]
            assert len(tips) > 3
            assert tips == sorted(tips, reverse=True)
            assert [mined[act.index] for act in stage.conductor.acts] == ours
            filled = bob.send(1, 50 * GWEI)
            await stage.conductor.next_block()
            assert transactions(stage)[:2] == [filled, waits]
            await stage.conductor.next_block()
            assert not {low, blocked, high, waits, filled} & set(transactions(stage))

    asyncio.run(run())


def test_next_block__a_fee_cap_below_the_announced_fee__refused_by_the_node_at_once() -> None:
    async def run() -> None:
        async with conducted(1) as stage:
            await stage.conductor.next_block()
            outsider = Outsider(stage.world, 1)
            with pytest.raises(NodeRefusal, match="less than block base fee"):
                outsider.send(0, 0, fee_cap=10**6)
            await stage.conductor.next_block()

    asyncio.run(run())


def test_next_block__somebody_else_mines__refused() -> None:
    async def run() -> None:
        async with conducted(1) as stage:
            await stage.conductor.next_block()
            stage.world.rpc("evm_mine")
            with pytest.raises(RpcError, match="does something else make it mine"):
                await stage.conductor.next_block()

    asyncio.run(run())


def test_next_block__an_agent_reverts__recorded_and_the_others_go_on() -> None:
    script = (
        '[[events]]\nfrom = 1\nactor = "Hold"\naction = "transfer"\ntoken = "USDC"\n'
        'amount = 400\nto = "manager"\n'
    )

    async def run() -> None:
        async with conducted(1, script, extra=(Hold,), manager=MANAGER) as stage:
            for _ in range(4):
                await stage.conductor.next_block()
            scripted = [act for act in stage.conductor.acts if act.actor == "scenario"]
            assert [act.ok for act in scripted] == [True, True, False, False]
            assert set(scripted[2:]) <= set(stage.conductor.reverted)
            keeper = [act for act in stage.conductor.acts if act.actor == "oracle keeper"]
            assert all(act.ok for act in keeper)
            assert {act.block for act in keeper} == {1, 2, 3, 4}
            assert balance(stage, "USDC", MANAGER) == 800 * 10**6

    asyncio.run(run())


def test_conductor__two_agents_of_one_name__refused() -> None:
    async def run() -> None:
        async with conducted(1) as stage:
            twins = [Hold("twin", account) for account in stage.world.deployment.agents[:2]]
            with pytest.raises(ConfigError, match="share a name"):
                Conductor(stage.world, twins, stage.prices, 1, 3600)

    asyncio.run(run())


# --------------------------------------------------------------------------------- scenarios


def balance(stage: Stage, symbol: str, account: Address) -> int:
    contract = token_contract(stage.book.token(symbol).address)
    return int(read(stage.world.rpc, contract, "balanceOf", account))


def test_scenario__dust_and_supplies_on_behalf_every_block__arrive() -> None:
    script = (
        '[[events]]\nfrom = 1\nactor = 20\naction = "transfer"\ntoken = "WETH"\nraw = 3\n'
        'to = "manager"\n'
        '[[events]]\nfrom = 1\nactor = 21\naction = "supply"\ntoken = "USDC"\namount = 2\n'
        'to = "manager"\n'
    )

    async def run() -> None:
        async with conducted(1, script, manager=MANAGER) as stage:
            for block in range(1, 6):
                await stage.conductor.next_block()
                assert balance(stage, "WETH", MANAGER) == 3 * block
            a_token = stage.world.deployment.aave_v3.reserves["USDC"].a_token
            supplied = int(read(stage.world.rpc, token_contract(a_token), "balanceOf", MANAGER))
            assert 5 * 2 * 10**6 <= supplied < 5 * 2 * 10**6 + 1_000
            assert not [act for act in stage.conductor.reverted if act.actor == "scenario"]

    asyncio.run(run())


def test_scenario__a_price_break__feeds_and_pools_follow_in_its_block() -> None:
    script = '[[events]]\nblock = 3\nprice = { asset = "WETH", factor = 0.7 }\n'

    async def run() -> None:
        async with conducted(1, script) as stage:
            feed = stage.book.market("chainlink:WETH")
            assert isinstance(feed, Feed)
            for block in range(1, 5):
                await stage.conductor.next_block()
                factor = Fraction(1) if block < 3 else Fraction(7, 10)
                outside = int(stage.prices.at(block)["WETH"] * factor)
                states = await stage.conductor.states()
                assert abs(states[feed].answer - outside) * 200 <= outside
                pool = next(p for p in pools(stage) if p.name == "uniswap_v3:WETH/USDC/500")
                price = dollars_of_ether(spot_price(states[pool], pool), pool, stage)
                assert abs(price * 10**8 / outside - 1) < Fraction(1, 100)

    asyncio.run(run())


def test_scenario__a_break_of_a_share__its_feed_follows_and_ethers_does_not() -> None:
    script = '[[events]]\nblock = 2\nprice = { asset = "stWETH", factor = 0.9 }\n'

    async def run() -> None:
        async with conducted(1, script) as stage:
            pool = stage.book.market("staking:stWETH")
            assert isinstance(pool, StakingPool)
            pegs = []
            for _ in range(2):
                await stage.conductor.next_block()
                pegs.append(peg(await stage.conductor.states(), pool))
            assert [round(float(each), 2) for each in pegs] == [1.0, 0.9]

    asyncio.run(run())


def dollars_of_ether(spot: Fraction, pool: Pool, stage: Stage) -> Fraction:
    ether, dollar = stage.book.token("WETH"), stage.book.token("USDC")
    of_base_units = spot if pool.token0 == ether else 1 / spot
    return of_base_units * ether.unit / dollar.unit


# -------------------------------------------------------------------------------- the market


def test_market__forty_blocks__all_live_feeds_fresh_pools_near_rates_moving() -> None:
    async def run() -> None:
        async with conducted(3) as stage:
            feeds = [m for m in stage.book.markets.values() if isinstance(m, Feed)]
            lender = stage.book.market("aave_v3")
            assert isinstance(lender, LendingPool)
            used: list[int] = []
            states = await stage.conductor.states()
            for block in range(1, 41):
                head = await stage.conductor.next_block()
                states = await stage.conductor.states()
                outside = with_shares(states, stage.prices.at(block), lambda _: Fraction(1))
                for feed in feeds:
                    off = abs(states[feed].answer - outside[feed.base])
                    assert off * 200 <= states[feed].answer
                    assert head.timestamp - states[feed].updated_at < feed.heartbeat
                used.append(utilisation(states, lender, stage.book.token("USDC")))
            assert max(used) - min(used) > 5 * 10**25
            check_stake(stage, states)
            check_perpetual(stage, states)
            acts = Counter((act.actor, act.ok) for act in stage.conductor.acts)
            assert {actor for actor, _ in acts} == {
                *("oracle keeper", "arbitrageur", "small trader", "large trader"),
                *("dollar borrower", "ether borrower", "dollar lender", "bitcoin lender"),
                *("isolated borrower", "isolated lender", "depositor", "validators"),
                *("staker", "queue operator", "peg arbitrageur", "perpetual arbitrageur"),
                *("perpetual trader", "bold trader", "perpetual liquidator"),
            }
            traders = {"small trader", "large trader", "perpetual trader", "bold trader"}
            assert {actor for actor, ok in acts if not ok} <= traders
            assert len(stage.conductor.reverted) * 10 < len(stage.conductor.acts)

    asyncio.run(run())


def check_stake(stage: Stage, states: States) -> None:
    """A share has grown, is traded near its peg, and nobody waits without hope."""
    pool = stage.book.market("staking:stWETH")
    assert isinstance(pool, StakingPool)
    year_in_parts = 365
    grown = exchange_rate(states[pool]) / Fraction(1_001, 1_000) - 1
    assert Fraction(29, 1_000) < grown * year_in_parts < Fraction(31, 1_000)
    assert abs(peg(states, pool) - Fraction(999, 1_000)) < Fraction(6, 1_000)


def check_perpetual(stage: Stage, states: States) -> None:
    """The perpetual follows the outside price, and funding is paid one way or the other."""
    market = stage.book.market("perpetual:ETH")
    assert isinstance(market, Perpetual)
    outside = Fraction(stage.prices.at(stage.conductor.block)["WETH"], 10**8)
    assert abs(mark_price(states, market) / outside - 1) < Fraction(1, 50)
    assert funding_rate(states, market) != 0
    assert any(account.size for account in states[market].accounts.values())
