"""PlanCheck on a real chain: its code, and what happens to a batch when its world changes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from eth_utils.crypto import keccak

from tests.chain.chain_stage import GAS, Stage, offered, staged
from tests.support.command import ROOT
from trimtab.chain.plan_check import CODE_HASH, PLAN_CHECK, check_code
from trimtab.chain.rpc import Rpc
from trimtab.chain.submission import outcome, send
from trimtab.core.abi import Call, word
from trimtab.core.actions import Action, Approve, Supply, Swap
from trimtab.core.adapter import encode
from trimtab.core.bounds import BalanceTooLow, Bounds, Late, LeastBalance
from trimtab.core.flows import held_everywhere
from trimtab.core.market import Place, token_market
from trimtab.core.plan import Approved, Plan
from trimtab.core.quantise import Timestamp
from trimtab.core.reading import Observation
from trimtab.core.settlement import Failed, Intent, Landed, Mismatch
from trimtab.core.token import Address, address_from_bytes
from trimtab.lab.world import (
    CREATE2_DEPLOYER,
    SALT,
    created2_address,
    minted,
    plan_check_artifact,
    token_contract,
    transaction,
)
from trimtab.lab.world.compile import SOLC
from trimtab.mandate.adapters import ADAPTERS
from trimtab.protocols.uniswap_v3 import Pool, quote

pytestmark = pytest.mark.chain

THIEF = address_from_bytes(b"\x66" * 20)
POOL = "uniswap_v3:WETH/USDC/500"

PUSH1, PUSH32 = 0x60, 0x7F
WRITES_OR_LEAVES = {
    0x54: "SLOAD",
    0x55: "SSTORE",
    0x5C: "TLOAD",
    0x5D: "TSTORE",
    **{0xA0 + topics: f"LOG{topics}" for topics in range(5)},
    0xF0: "CREATE",
    0xF1: "CALL",
    0xF2: "CALLCODE",
    0xF4: "DELEGATECALL",
    0xF5: "CREATE2",
    0xFF: "SELFDESTRUCT",
}


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with staged() as stage:
        yield stage


# ----------------------------------------------------------------------------------- code


def test_code__compiled_from_the_source__has_the_hash_that_is_checked() -> None:
    artifact = plan_check_artifact()
    assert keccak(artifact.runtime_code).hex() == CODE_HASH
    assert created2_address(CREATE2_DEPLOYER, SALT, artifact.creation_code({})) == PLAN_CHECK


def test_guide__address_and_hashes__are_those_of_the_source() -> None:
    guide = (ROOT / "docs" / "guides" / "deploy-plan-check.md").read_text(encoding="utf-8")
    creation = keccak(plan_check_artifact().creation_code({})).hex()
    told = (PLAN_CHECK, CREATE2_DEPLOYER, f"0x{creation}", f"0x{CODE_HASH}", SOLC.replace("-", " "))
    assert [each for each in told if each not in guide] == []


def test_code__on_the_chain__exactly_that_at_its_address(stage: Stage) -> None:
    code = stage.world.rpc("eth_getCode", PLAN_CHECK, "latest")
    assert code == "0x" + plan_check_artifact().runtime_code.hex()
    assert stage.book.plan_check == PLAN_CHECK
    check_code(PLAN_CHECK, bytes.fromhex(str(code)[2:]))


def test_code__every_instruction__writes_nothing_and_calls_no_one_but_to_read() -> None:
    found, code, at = set(), plan_check_artifact().runtime_code, 0
    code = code[: code.rindex(b"\xa1\x64solc")]  # the compiler's version follows, no instruction
    while at < len(code):
        found.add(code[at])
        at += 1 + (code[at] - PUSH1 + 1 if PUSH1 <= code[at] <= PUSH32 else 0)
    assert [name for number, name in WRITES_OR_LEAVES.items() if number in found] == []
    assert {0xFA, 0xFD, 0x42} <= found, "STATICCALL, REVERT and TIMESTAMP are what it is made of"


# --------------------------------------------------------------------------------- attacks


def supplying(stage: Stage, amount: int) -> tuple[Action, ...]:
    account, token = stage.safe.address, stage.token("USDC")
    lender = stage.book.market("aave_v3")
    return (
        Approve(account, token_market(token), token, lender.spenders[0], amount),
        Supply(account, lender.id, token, amount, account),
    )


def swapping(stage: Stage, seen: Observation, amount: int) -> tuple[Action, ...]:
    """A sale that takes no worse a fill than half a per cent below the model's."""
    account, pool = stage.safe.address, stage.book.market(POOL)
    assert isinstance(pool, Pool)
    weth, usdc = stage.token("WETH"), stage.token("USDC")
    least = quote(seen.states[pool], pool, weth, amount).amount_out * 995 // 1000
    deadline = Timestamp(stage.next_time(seen.states.head) + 3600)
    return (
        Approve(account, token_market(weth), weth, pool.router, amount),
        Swap(account, pool.id, weth, usdc, amount, least, deadline, account),
    )


async def prepared(stage: Stage, rpc: Rpc, seen: Observation, plan: Plan) -> Intent:
    intent = await tried(stage, rpc, seen, plan)
    assert isinstance(intent, Intent), intent
    return intent


async def tried(stage: Stage, rpc: Rpc, seen: Observation, plan: Plan) -> Intent | Mismatch:
    at = stage.next_time(seen.states.head)
    return await stage.submitter(rpc).prepare(
        Approved(plan, ()), seen.states, gas=GAS, fees=offered(seen), at=at
    )


def book(stage: Stage, seen: Observation) -> dict[Place, int]:
    """What the places of the Safe store."""
    holdings = held_everywhere(ADAPTERS, seen.states, stage.safe.address)
    return {place: holding.shares for place, holding in holdings.items()}


def waits(stage: Stage, sender: Address, call: Call) -> None:
    """Somebody's transaction is in the next block, ahead of what is sent after it."""
    sent = {"from": sender, "to": call.to, "data": "0x" + call.data.hex(), "gas": hex(10**6)}
    assert stage.world.rpc("eth_sendTransaction", {**sent, "maxFeePerGas": hex(10**12)})


def theft(stage: Stage, symbol: str, raw: int) -> None:
    """Somebody who got at the Safe takes tokens of it, in the next block."""
    token, owner = stage.token(symbol), stage.safe.address
    stage.world.rpc("anvil_impersonateAccount", owner)
    stage.world.give_native(owner, 10**20)
    contract = token_contract(token.address)
    waits(stage, owner, contract.call("transfer", THIEF, raw))


async def ended(
    stage: Stage, rpc: Rpc, intent: Intent, before: dict[Place, int]
) -> tuple[Failed, dict[Place, int]]:
    """What became of a batch that fails, and what it changed in the book."""
    after = await stage.observe(rpc)
    failed = await outcome(rpc, intent, after.states.head)
    assert isinstance(failed, Failed), failed
    left = book(stage, after)
    return failed, {p: left.get(p, 0) - before.get(p, 0) for p in {*left, *before}}


def changed(changes: dict[Place, int]) -> dict[Place, int]:
    return {place: change for place, change in changes.items() if change}


def test_attack_stolen_in_the_block__batch_reverts_and_names_the_balance(stage: Stage) -> None:
    async def scene(rpc: Rpc) -> None:
        seen = await stage.observe(rpc)
        plan = stage.plan(seen.states, supplying(stage, 10**9))
        (bound,) = plan.bounds.balances
        intent = await prepared(stage, rpc, seen, plan)
        theft(stage, "USDC", 1)
        await send(rpc, intent.raws[0])
        stage.world.mine()
        before = book(stage, seen)
        failed, changes = await ended(stage, rpc, intent, before)
        usdc = stage.token("USDC")
        broken = BalanceTooLow(usdc.address, stage.safe.address, bound.least - 1, bound.least)
        assert failed.reason == (
            "it goes through on the block before: a transaction ahead of it stood in its way; "
            f"after it, a bound of the plan does not hold: {broken.words}"
        )
        assert {place.token.symbol: raw for place, raw in changed(changes).items()} == {"USDC": -1}

    stage.run(scene)


def test_attack_stolen_before_it_is_sent__not_signed_and_named(stage: Stage) -> None:
    async def scene(rpc: Rpc) -> None:
        seen = await stage.observe(rpc)
        plan = stage.plan(seen.states, supplying(stage, 10**9))
        (bound,) = plan.bounds.balances
        theft(stage, "USDC", 7)
        stage.world.mine()
        now = await stage.observe(rpc)
        mismatch = await tried(stage, rpc, now, plan)
        usdc, owner = stage.token("USDC").address, stage.safe.address
        broken = BalanceTooLow(usdc, owner, bound.least - 7, bound.least)
        assert isinstance(mismatch, Mismatch)
        assert mismatch.what == (
            "the chain reverts: GS013; a bound of the plan does not hold: " + broken.words
        )

    stage.run(scene)


def test_attack_held_back_until_too_late__batch_reverts_and_names_the_deadline(
    stage: Stage,
) -> None:
    """A plan without a swap: no other contract knows of its deadline."""

    async def scene(rpc: Rpc) -> None:
        seen = await stage.observe(rpc)
        at = stage.next_time(seen.states.head)
        plan = stage.plan(seen.states, supplying(stage, 10**9))
        plan = replace(plan, bounds=replace(plan.bounds, deadline=at))
        intent = await prepared(stage, rpc, seen, plan)
        stage.world.mine()
        await send(rpc, intent.raws[0])
        before = book(stage, seen)
        stage.world.mine()
        failed, changes = await ended(stage, rpc, intent, before)
        late = Late(at + stage.world.spec.seconds_per_block, at)
        assert failed.reason == f"a bound of the plan does not hold: {late.words}"
        assert changed(changes) == {}

    stage.run(scene)


def test_attack_held_back_to_its_deadline__lands(stage: Stage) -> None:
    async def scene(rpc: Rpc) -> None:
        seen = await stage.observe(rpc)
        late = Timestamp(stage.next_time(seen.states.head) + stage.world.spec.seconds_per_block)
        plan = stage.plan(seen.states, supplying(stage, 10**9))
        plan = replace(plan, bounds=replace(plan.bounds, deadline=late))
        intent = await prepared(stage, rpc, seen, plan)
        stage.world.mine()
        await send(rpc, intent.raws[0])
        stage.world.mine()
        assert isinstance(await outcome(rpc, intent, stage.world.head), Landed)

    stage.run(scene)


def test_attack_sandwich__batch_reverts_and_the_book_is_as_it_was(stage: Stage) -> None:
    async def scene(rpc: Rpc) -> None:
        trader, pool, raw = stage.world.deployment.agents[1], stage.book.market(POOL), 10**21
        weth = token_contract(stage.token("WETH").address)
        approve = weth.call("approve", pool.spenders[0], raw)
        stage.world.mine(stage.world.funding(trader, "WETH", raw), transaction(trader, approve))
        seen = await stage.observe(rpc)
        plan = stage.plan(seen.states, swapping(stage, seen, 10**18))
        intent = await prepared(stage, rpc, seen, plan)
        (_, ours) = swapping(stage, seen, raw)
        assert isinstance(ours, Swap)
        theirs = replace(ours, actor=trader, recipient=trader, min_out=0)
        (call,) = encode(ADAPTERS, seen.states, (theirs,))
        waits(stage, trader, call)
        await send(rpc, intent.raws[0])
        stage.world.mine()
        before = book(stage, seen)
        failed, changes = await ended(stage, rpc, intent, before)
        assert "Too little received" in failed.reason
        assert changed(changes) == {}

    stage.run(scene)


def test_attack_router_that_keeps_the_fill__batch_reverts_by_the_balance(stage: Stage) -> None:
    """Where the swap itself checks nothing, what must be there at the end is not."""

    async def scene(rpc: Rpc) -> None:
        seen = await stage.observe(rpc)
        plan = stage.plan(seen.states, swapping(stage, seen, 10**18))
        sold = plan.calls[-1]
        assert sold.data[100:132] == word(stage.safe.address)
        kept = Call(sold.to, sold.data[:100] + word(THIEF) + sold.data[132:])
        hostile = replace(plan, calls=(*plan.calls[:-1], kept))
        mismatch = await tried(stage, rpc, seen, hostile)
        assert isinstance(mismatch, Mismatch)
        usdc, owner = stage.token("USDC").address, stage.safe.address
        assert f"a bound of the plan does not hold: the balance of {owner} in {usdc} is" in (
            mismatch.what
        )

    stage.run(scene)


def test_dust_from_strangers__same_block__lands(stage: Stage) -> None:
    async def scene(rpc: Rpc) -> None:
        seen = await stage.observe(rpc)
        plan = stage.plan(seen.states, supplying(stage, 10**9))
        intent = await prepared(stage, rpc, seen, plan)
        dust = minted(stage.token("USDC").address, stage.safe.address, 3)
        waits(stage, stage.world.deployment.agents[1], dust)
        await send(rpc, intent.raws[0])
        stage.world.mine()
        assert isinstance(await outcome(rpc, intent, stage.world.head), Landed)

    stage.run(scene)


def test_attack_token_without_code__batch_reverts_and_names_it(stage: Stage) -> None:
    async def scene(rpc: Rpc) -> None:
        seen = await stage.observe(rpc)
        plan = stage.plan(seen.states, supplying(stage, 10**9))
        gone = replace(stage.token("USDC"), address=THIEF)
        bound = LeastBalance(gone, stage.safe.address, 0)
        plan = replace(plan, bounds=Bounds(plan.deadline, (bound,)))
        mismatch = await tried(stage, rpc, seen, plan)
        assert isinstance(mismatch, Mismatch)
        assert mismatch.what.endswith(
            f"a bound of the plan does not hold: {THIEF} does not tell what {stage.safe.address} "
            "has there"
        )

    stage.run(scene)
