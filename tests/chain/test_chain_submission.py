"""Plans through a real Safe: simulated, sent, landed, failed whole, cancelled, taken over."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from tests.chain.chain_stage import GAS, GWEI, Stage, offered, staged
from trimtab.chain.fees import Fees, replacing
from trimtab.chain.reasons import NO_FAILURE
from trimtab.chain.rpc import NodeRefusal, Rpc
from trimtab.chain.safe import check_safe
from trimtab.chain.signer import Transaction
from trimtab.chain.simulate import Simulated, compare, first_failure, simulate
from trimtab.chain.submission import outcome, send
from trimtab.core.abi import Call
from trimtab.core.actions import Action, Approve, Supply, Swap, Transfer
from trimtab.core.bounds import Bounds
from trimtab.core.errors import ConfigError, InvariantViolation, RpcError, SignerError
from trimtab.core.flows import held_everywhere, share_changes
from trimtab.core.market import Head, token_market
from trimtab.core.plan import Approved, Plan
from trimtab.core.quantise import Timestamp
from trimtab.core.reading import Observation
from trimtab.core.settlement import Dropped, Failed, Intent, Landed, Mismatch
from trimtab.core.states import Reverted
from trimtab.core.token import address_from_bytes
from trimtab.lab.world import safe_contract, transaction
from trimtab.mandate.adapters import ADAPTERS

pytestmark = pytest.mark.chain

FOREVER = Timestamp(2**40)
UNBOUNDED = Bounds(FOREVER)
STRANGER = address_from_bytes(b"\x77" * 20)


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with staged() as stage:
        yield stage


def approval(stage: Stage, symbol: str, spender: str, amount: int) -> Approve:
    token = stage.token(symbol)
    allowed, *_ = stage.book.market(spender).spenders
    return Approve(stage.safe.address, token_market(token), token, allowed, amount)


def supplying(stage: Stage, symbol: str, amount: int) -> tuple[Action, ...]:
    account, token = stage.safe.address, stage.token(symbol)
    lender = stage.book.market("aave_v3").id
    return (
        approval(stage, symbol, "aave_v3", amount),
        Supply(account, lender, token, amount, account),
    )


def swapping(stage: Stage, amount: int, min_out: int = 0) -> tuple[Action, ...]:
    account, pool = stage.safe.address, stage.book.market("uniswap_v3:WETH/USDC/500")
    weth, usdc = stage.token("WETH"), stage.token("USDC")
    return (
        approval(stage, "WETH", "uniswap_v3:WETH/USDC/500", amount),
        Swap(account, pool.id, weth, usdc, amount, min_out, FOREVER, account),
    )


def transferring(stage: Stage, amount: int) -> tuple[Action, ...]:
    token = stage.token("USDC")
    return (Transfer(stage.safe.address, token_market(token), token, STRANGER, amount),)


async def prepared(
    stage: Stage, rpc: Rpc, seen: Observation, plan: Plan, gas: int = GAS
) -> Intent | Mismatch:
    submitter, at = stage.submitter(rpc), stage.next_time(seen.states.head)
    return await submitter.prepare(
        Approved(plan, ()), seen.states, gas=gas, fees=offered(seen), at=at
    )


async def forced(
    stage: Stage,
    rpc: Rpc,
    seen: Observation,
    calls: Sequence[Call],
    gas: int = GAS,
    bounds: Bounds = UNBOUNDED,
) -> Intent:
    """What a manager would send who does not simulate."""
    head = seen.states.head
    nonce = await stage.submitter(rpc).nonce(head)
    call = stage.safe.execution(calls, bounds)
    signed = stage.signer.sign(
        Transaction(head.chain, nonce, call.to, call.data, call.value, gas, offered(seen))
    )
    await send(rpc, signed.raw)
    own = stage.signer.address
    own_fees = offered(seen)
    return Intent(
        *("forced", head.chain, own, nonce, head.number, (signed.hash,), (signed.raw,)),
        *(gas, own_fees.most, own_fees.tip),
    )


def as_transaction(
    stage: Stage, seen: Observation, plan: Plan, nonce: int, gas: int = GAS
) -> Transaction:
    call = stage.safe.execution(plan.calls, plan.bounds)
    return Transaction(seen.states.clock, nonce, call.to, call.data, call.value, gas, offered(seen))


async def simulated(stage: Stage, rpc: Rpc, seen: Observation, plan: Plan) -> Simulated:
    head = seen.states.head
    nonce = await stage.submitter(rpc).nonce(head)
    outer = as_transaction(stage, seen, plan, nonce)
    return await simulate(rpc, outer, stage.signer.address, head, stage.next_time(head))


# --------------------------------------------------------------------------------- start-up


def test_check_safe__the_signers_own__accepted(stage: Stage) -> None:
    async def scene(rpc: Rpc) -> None:
        head = stage.world.head
        await check_safe(rpc, stage.safe, head)
        with pytest.raises(SignerError, match=f"{STRANGER} is not an owner"):
            await check_safe(rpc, replace(stage.safe, owner=STRANGER), head)
        with pytest.raises(ConfigError, match="is no Safe"):
            await check_safe(rpc, replace(stage.safe, address=STRANGER), head)
        with pytest.raises(ConfigError, match="there is no code at"):
            await check_safe(rpc, replace(stage.safe, multi_send=STRANGER), head)
        token = stage.token("USDC").address
        with pytest.raises(ConfigError, match="there is other code at"):
            await check_safe(rpc, replace(stage.safe, multi_send=token), head)
        with pytest.raises(ConfigError, match=f"there is no code at {STRANGER}, expected PlanChe"):
            await check_safe(rpc, replace(stage.safe, plan_check=STRANGER), head)
        with pytest.raises(ConfigError, match=f"there is other code at {token}, expected PlanChe"):
            await check_safe(rpc, replace(stage.safe, plan_check=token), head)

    stage.run(scene)


def test_check_safe__two_signatures_wanted__refused(stage: Stage) -> None:
    async def scene(rpc: Rpc) -> None:
        seen = await stage.observe(rpc)
        made = stage.world.new_safe(stage.signer.address, salt=9)
        stage.world.mine(transaction(stage.world.deployment.agents[0], made.creation))
        other = replace(stage.safe, address=made.address)
        contract = safe_contract(other.address)
        add = Call(other.address, contract.data("addOwnerWithThreshold", STRANGER, 2))
        await forced(replace(stage, safe=other), rpc, seen, [add])
        stage.world.mine()
        with pytest.raises(SignerError, match="asks for 2 signatures"):
            await check_safe(rpc, other, stage.world.head)

    stage.run(scene)


# ---------------------------------------------------------------------------------- landing


@pytest.mark.parametrize("kind", ["supply", "swap", "swap and supply", "transfer"])
def test_prepare__plan__lands_as_simulated_and_modelled(stage: Stage, kind: str) -> None:
    actions = {
        "supply": supplying(stage, "USDC", 5_000 * 10**6),
        "swap": swapping(stage, 3 * 10**18),
        "swap and supply": (*swapping(stage, 10**18), *supplying(stage, "WBTC", 10**8)),
        "transfer": transferring(stage, 123),
    }[kind]

    async def scene(rpc: Rpc) -> None:
        seen = await stage.observe(rpc)
        plan = stage.plan(seen.states, actions)
        run = await simulated(stage, rpc, seen, plan)
        intent = await prepared(stage, rpc, seen, plan)
        assert isinstance(intent, Intent)
        assert (intent.plan_hash, intent.signer) == (plan.hash, stage.signer.address)
        await send(rpc, intent.raws[0])
        assert await outcome(rpc, intent, stage.world.head) is None
        stage.world.mine()
        after = await stage.observe(rpc, seen.states)
        landed = await outcome(rpc, intent, after.states.head)
        assert landed == Landed(
            plan_hash=plan.hash,
            transaction=intent.hashes[0],
            block=after.states.head.number,
            gas_used=run.gas_used,
            gas_price=after.reading.base_fee + GWEI,
        )
        held = [
            held_everywhere(ADAPTERS, each.states, stage.safe.address) for each in (seen, after)
        ]
        assert share_changes(held[0], held[1]) == plan.expected
        ours = [log for log in after.reading.logs if log.transaction == intent.hashes[0]]
        known = {log.address for log in ours}
        told = [log for log in run.logs if log.address in known]
        assert [(log.address, log.topics, log.data) for log in ours] == [
            (log.address, log.topics, log.data) for log in told
        ]
        assert {log.timestamp for log in (*ours, *told)} == {int(run.at)}

    stage.run(scene)


def test_send__again_and_after_landing__no_error(stage: Stage) -> None:
    async def scene(rpc: Rpc) -> None:
        seen = await stage.observe(rpc)
        intent = await prepared(stage, rpc, seen, stage.plan(seen.states, transferring(stage, 1)))
        assert isinstance(intent, Intent)
        await send(rpc, intent.raws[0])
        await send(rpc, intent.raws[0])
        stage.world.mine()
        await send(rpc, intent.raws[0])
        assert isinstance(await outcome(rpc, intent, stage.world.head), Landed)
        assert await outcome(rpc, intent, stage.world.head, depth=1) is None
        stage.world.mine()
        assert isinstance(await outcome(rpc, intent, stage.world.head, depth=1), Landed)

    stage.run(scene)


def test_send__no_transaction_or_no_funds__refused(stage: Stage) -> None:
    async def scene(rpc: Rpc) -> None:
        with pytest.raises(NodeRefusal, match="refused eth_sendRawTransaction"):
            await send(rpc, b"\x02\x01")
        seen = await stage.observe(rpc)
        plan = stage.plan(seen.states, transferring(stage, 1))
        dear = replace(as_transaction(stage, seen, plan, 10**6), fees=Fees(10**18, 0))
        with pytest.raises(NodeRefusal, match=r"[Ii]nsufficient funds"):
            await send(rpc, stage.signer.sign(dear).raw)

    stage.run(scene)


# ---------------------------------------------------------------------------------- failing


def test_simulate__inner_failure__reverts_whole_and_is_named(stage: Stage) -> None:
    async def scene(rpc: Rpc) -> None:
        seen = await stage.observe(rpc)
        actions = (*supplying(stage, "USDC", 10**6), *transferring(stage, 10**15))
        plan = stage.plan(seen.states, actions, is_walked=False)
        run = await simulated(stage, rpc, seen, plan)
        assert (run.ok, run.logs) == (False, ())
        assert Reverted(run.data).reason == "GS013"
        mismatch = await prepared(stage, rpc, seen, plan)
        usdc, lender = stage.token("USDC"), stage.book.market("aave_v3")
        assert mismatch == Mismatch(
            plan.hash,
            f"the chain reverts: GS013; call 3 of 4, to {usdc.address}, reverts: "
            "ERC20: transfer amount exceeds balance",
            tuple(sorted((token_market(usdc), lender.id))),
        )

    stage.run(scene)


def test_outcome__inner_failure_on_the_chain__failed_whole_with_its_reason(stage: Stage) -> None:
    async def scene(rpc: Rpc) -> None:
        seen = await stage.observe(rpc)
        actions = (*supplying(stage, "USDC", 10**6), *transferring(stage, 10**15))
        plan = stage.plan(seen.states, actions, is_walked=False)
        intent = await forced(stage, rpc, seen, plan.calls)
        stage.world.mine()
        after = await stage.observe(rpc, seen.states)
        failed = await outcome(rpc, intent, after.states.head)
        assert isinstance(failed, Failed)
        assert failed.block == after.states.head.number
        assert failed.gas_used > 100_000
        assert failed.gas_price == after.reading.base_fee + GWEI
        assert failed.reason == (
            f"GS013; call 3 of 4, to {stage.token('USDC').address}, reverts: "
            "ERC20: transfer amount exceeds balance"
        )
        account = stage.safe.address
        held = [held_everywhere(ADAPTERS, each.states, account) for each in (seen, after)]
        assert share_changes(held[0], held[1]) == ()
        assert after.reading.logs == ()

    stage.run(scene)


def test_outcome__one_call_that_fails__its_reason(stage: Stage) -> None:
    async def scene(rpc: Rpc) -> None:
        seen = await stage.observe(rpc)
        plan = stage.plan(seen.states, swapping(stage, 10**18, 10**20), is_walked=False)
        intent = await forced(stage, rpc, seen, plan.calls[1:])
        stage.world.mine()
        failed = await outcome(rpc, intent, stage.world.head)
        assert isinstance(failed, Failed)
        spender, *_ = stage.book.market("uniswap_v3:WETH/USDC/500").spenders
        assert failed.reason == f"GS013; call 1 of 2, to {spender}, reverts: STF"

    stage.run(scene)


def test_outcome__too_little_gas__failed_and_said(stage: Stage) -> None:
    async def scene(rpc: Rpc) -> None:
        seen = await stage.observe(rpc)
        plan = stage.plan(seen.states, supplying(stage, "USDC", 10**6))
        intent = await forced(stage, rpc, seen, plan.calls, 45_000)
        stage.world.mine()
        failed = await outcome(rpc, intent, stage.world.head)
        assert isinstance(failed, Failed)
        assert failed.reason == f"execution reverted; {NO_FAILURE}"

    stage.run(scene)


def test_prepare__too_little_gas__mismatch(stage: Stage) -> None:
    async def scene(rpc: Rpc) -> None:
        seen = await stage.observe(rpc)
        plan = stage.plan(seen.states, supplying(stage, "USDC", 10**6))
        mismatch = await prepared(stage, rpc, seen, plan, gas=45_000)
        assert isinstance(mismatch, Mismatch)
        assert mismatch.what.endswith(NO_FAILURE)

    stage.run(scene)


# ------------------------------------------------------------------------------- comparison


def test_prepare__one_unit_off_the_model__mismatch_names_the_market(stage: Stage) -> None:
    async def scene(rpc: Rpc) -> None:
        seen = await stage.observe(rpc)
        honest = stage.plan(seen.states, supplying(stage, "USDC", 10**6))
        for number, (place, change) in enumerate(honest.expected):
            expected = list(honest.expected)
            expected[number] = (place, change + 1)
            plan = replace(honest, expected=tuple(expected))
            mismatch = await prepared(stage, rpc, seen, plan)
            what = f"{place} changes by {change} on the chain and by {change + 1} in the model"
            assert mismatch == Mismatch(plan.hash, what, (place.market,))
        missing = replace(honest, expected=honest.expected[:1])
        place, change = honest.expected[1]
        mismatch = await prepared(stage, rpc, seen, missing)
        assert isinstance(mismatch, Mismatch)
        assert mismatch.what == f"{place} changes by {change} on the chain and by 0 in the model"

    stage.run(scene)


def test_compare__another_moment__interest_makes_it_differ(stage: Stage) -> None:
    async def scene(rpc: Rpc) -> None:
        seen = await stage.observe(rpc)
        plan = stage.plan(seen.states, supplying(stage, "USDC", 10**12))
        head, account = seen.states.head, stage.safe.address
        nonce = await stage.submitter(rpc).nonce(head)
        outer = as_transaction(stage, seen, plan, nonce)
        own = stage.signer.address
        at = stage.next_time(head)
        in_time = await simulate(rpc, outer, own, head, at)
        late = await simulate(rpc, outer, own, head, Timestamp(at + 365 * 24 * 3600))
        assert compare(ADAPTERS, seen.states, in_time, account, plan) is None
        mismatch = compare(ADAPTERS, seen.states, late, account, plan)
        assert mismatch is not None
        assert mismatch.quarantined == (stage.book.market("aave_v3").id,)

    stage.run(scene)


def test_first_failure__nothing_fails__none(stage: Stage) -> None:
    async def scene(rpc: Rpc) -> None:
        seen = await stage.observe(rpc)
        plan = stage.plan(seen.states, transferring(stage, 1))
        head = seen.states.head
        at = stage.next_time(head)
        said = await first_failure(rpc, stage.safe.address, plan.calls, head, at)
        assert said is None

    stage.run(scene)


def test_simulate__block_that_is_unknown__refused(stage: Stage) -> None:
    async def scene(rpc: Rpc) -> None:
        seen = await stage.observe(rpc)
        plan = stage.plan(seen.states, transferring(stage, 1))
        gone = Head(seen.states.clock, seen.states.head.number, "0x" + "12" * 32, FOREVER)
        outer = as_transaction(stage, seen, plan, 0)
        with pytest.raises(RpcError, match="refused eth_simulateV1"):
            await simulate(rpc, outer, stage.signer.address, gone, FOREVER)

    stage.run(scene)


# -------------------------------------------------------------------------------- the nonce


def test_cancel__before_it_lands__dropped_and_nothing_done(stage: Stage) -> None:
    async def scene(rpc: Rpc) -> None:
        seen = await stage.observe(rpc)
        plan = stage.plan(seen.states, transferring(stage, 10**6))
        intent = await prepared(stage, rpc, seen, plan)
        assert isinstance(intent, Intent)
        await send(rpc, intent.raws[0])
        dearer = replacing(offered(seen), 1000 * GWEI)
        cancelled = await stage.submitter(rpc).cancelled(intent, dearer, seen.states.head)
        assert cancelled.raws[:1] == intent.raws
        await send(rpc, cancelled.raws[1])
        stage.world.mine()
        after = await stage.observe(rpc, seen.states)
        number = after.states.head.number
        found = await outcome(rpc, cancelled, after.states.head)
        assert isinstance(found, Dropped)
        assert found.why == f"cancelled by {cancelled.hashes[1]} in block {number}"
        assert found.gas_used == 21_000
        assert after.reading.logs == ()

    stage.run(scene)


def test_outcome__nonce_used_by_another__violation_names_it(stage: Stage) -> None:
    async def scene(rpc: Rpc) -> None:
        for _ in range(3):
            stage.world.mine()
        seen = await stage.observe(rpc)
        plan = stage.plan(seen.states, transferring(stage, 10**6))
        intent = await prepared(stage, rpc, seen, plan)
        assert isinstance(intent, Intent)
        foreign = await forced(stage, rpc, seen, plan.calls[:1], GAS + 1)
        for _ in range(4):
            stage.world.mine()
        with pytest.raises(InvariantViolation, match=f"INV-13.*was used by {foreign.hashes[0]}"):
            await outcome(rpc, intent, stage.world.head)

    stage.run(scene)


def test_outcome__block_reorganised_away__open_again(stage: Stage) -> None:
    async def scene(rpc: Rpc) -> None:
        stage.world.mine()
        seen = await stage.observe(rpc)
        plan = stage.plan(seen.states, transferring(stage, 10**6))
        intent = await prepared(stage, rpc, seen, plan)
        assert isinstance(intent, Intent)
        await send(rpc, intent.raws[0])
        stage.world.mine()
        assert isinstance(await outcome(rpc, intent, stage.world.head), Landed)
        stage.world.rpc("anvil_reorg", 1, [])
        assert await outcome(rpc, intent, stage.world.head) is None
        await send(rpc, intent.raws[0])
        stage.world.mine()
        assert isinstance(await outcome(rpc, intent, stage.world.head), Landed)

    stage.run(scene)
