"""Conservation at vaults and stakes: gifts, losses, queues and other people's shares explained.

With the audit and the prices of `tests.support.conserved`; the world is its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.laws import erc4626, staking
from tests.laws.law import Draw, read_states, waits
from tests.laws.machines import fund
from tests.support import evm
from tests.support.conserved import Stage
from trimtab.core.abi import UINT256_MAX, Log
from trimtab.core.actions import Action, Approve, Stake, Supply, Transfer
from trimtab.core.adapter import accrue, apply, encode
from trimtab.core.flows import Event, fold_events, held_everywhere, share_changes
from trimtab.core.market import Holding, Place, token_market, tracked
from trimtab.core.quantise import Timestamp
from trimtab.core.states import Applied, Done, States
from trimtab.core.token import Address
from trimtab.journal.pnl import attribute
from trimtab.journal.reconcile import reconcile
from trimtab.lab.world import DEFAULT_WORLD, local_world
from trimtab.lab.world.spec_vaults import StakeSpec, VaultSpec
from trimtab.mandate.adapters import ADAPTERS
from trimtab.mandate.book import read_book
from trimtab.protocols.erc4626 import Vault
from trimtab.protocols.staking import StakingPool

pytestmark = pytest.mark.chain

WORLD = replace(
    DEFAULT_WORLD,
    reserves=(),
    pools=(),
    vaults=(VaultSpec("v", "USDC", supplied=1_000, donated=77), VaultSpec("f", "WETH", offset=6)),
    stakes=(StakeSpec("stWETH", "WETH", staked=2, price=1_990 * 10**8, heartbeat=86_400),),
)
PORTS = (erc4626.PORT, staking.PORT)


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with local_world(WORLD) as world:
        owners = world.deployment.agents[:3]
        fund(world, owners)
        markets = tuple(read_book(world.deployment.to_json(), "the local world").markets.values())
        machine = evm.load(world.rpc)
        accounts = tracked(owners, markets)
        for action in preparations(read_states(machine, ADAPTERS, markets, accounts), owners):
            (call,) = encode(ADAPTERS, read_states(machine, ADAPTERS, markets, accounts), (action,))
            assert machine.call(action.actor, call.to, call.data)[0], action
        yield Stage(machine, accounts, read_states(machine, ADAPTERS, markets, accounts))


def preparations(states: States, owners: tuple[Address, ...]) -> Iterator[Action]:
    """Everybody lets vaults and pools take everything, and has a part of each."""
    for owner in owners:
        for market in states.markets.values():
            match market:
                case Vault(asset=token):
                    put: Action = Supply(owner, market.id, token, 100 * token.unit, owner)
                case StakingPool(asset=token):
                    put = Stake(owner, market.id, token, 100 * token.unit)
                case _:
                    continue
            yield Approve(owner, token_market(token), token, market.address, UINT256_MAX)
            yield put


def check_run(draw: Draw, stage: Stage, done: Counter[str]) -> None:
    """Some intervals between readings, by logs and by models, told alike and to the last unit."""
    before, moment = stage.states, stage.moment(draw, stage.states)
    for _ in range(3):
        states, logs, ours, dones = before, list[Log](), dict[str, tuple[Action, ...]](), []
        for number in range(draw(st.integers(3, 12))):
            if draw(st.integers(0, 2)) == 0:
                states = waited(stage, states, draw(waits(86_400)))
            action = draw(st.sampled_from(PORTS)).actions(draw, states, stage.accounts.owners)
            outcome = apply(ADAPTERS, states, action)
            if not isinstance(outcome, Applied) or is_of_no_plan(action, states, outcome, stage):
                continue
            (call,) = encode(ADAPTERS, states, (action,))
            succeeded, _, told = stage.machine.call(action.actor, call.to, call.data)
            assert succeeded
            name, states = f"{len(logs)} {number}", states.fold(outcome)
            if action.actor == stage.account:
                ours[name] = (action,)
            logs += [replace(log, transaction=name) for log in told]
            dones.append(Done(name, states.timestamp, outcome))
            done[type(action).__name__] += 1
        now = read_states(stage.machine, ADAPTERS, stage.markets, stage.accounts, states)
        found = reconcile(
            ADAPTERS, before, now, logs, stage.account, ours.__contains__, stage.audit(now)
        )
        assert found.differences == {}
        assert by(logs, before, stage, now) == by(dones, before, stage, now)
        later = stage.moment(draw, now)
        attribute(moment, later, found, ours, (), {}, Fraction(0)).check()
        done["flows of ours"] += sum(flow.is_ours for flow in found.flows)
        done["flows of others"] += sum(not flow.is_ours for flow in found.flows)
        done["accruals"] += len(found.accruals)
        before, moment = now, later


def is_of_no_plan(action: Action, states: States, outcome: Applied, stage: Stage) -> bool:
    """Whether the account gives shares away, or gives something for nothing by rounding."""
    if action.actor != stage.account or isinstance(action, Approve):
        return False
    if isinstance(action, Transfer):
        return action.market != token_market(action.token)
    held = (
        held_everywhere(ADAPTERS, each, stage.account) for each in (states, states.fold(outcome))
    )
    before, after = held
    return len(share_changes(before, after)) == 1


def by(
    events: list[Log] | list[Done], before: States, stage: Stage, now: States
) -> tuple[dict[Place, Holding], dict[Place, int]]:
    """What the account has after the events, and the sum of its flows by place."""
    told: list[Event] = [*events]
    folded = fold_events(ADAPTERS, before, told, stage.account, lambda _: True)
    sums: Counter[Place] = Counter()
    for flow in folded.flows:
        sums[flow.place] += flow.raw
    states = accrue(ADAPTERS, folded.states, now.timestamp)
    moved = {place: raw for place, raw in sums.items() if raw}
    return held_everywhere(ADAPTERS, states, stage.account), moved


def waited(stage: Stage, states: States, seconds: int) -> States:
    moment = Timestamp(stage.machine.time + seconds)
    stage.machine.set_time(moment)
    heads = {states.clock: replace(states.head, timestamp=moment)}
    return replace(accrue(ADAPTERS, states, moment), heads=heads)


def test_reconcile__vaults_and_stakes__nothing_is_left_unexplained(stage: Stage) -> None:
    done: Counter[str] = Counter()
    start = stage.machine.time

    @settings(max_examples=40)
    @given(st.data())
    def conserved(data: st.DataObject) -> None:
        snapshot = stage.machine.snapshot()
        try:
            check_run(data.draw, stage, done)
        finally:
            stage.machine.revert(snapshot)
            stage.machine.set_time(start)

    conserved()
    print(f"conservation: {dict(done)}, error 0")
    assert min(done["flows of ours"], done["accruals"]) > 50
    assert done["flows of others"] > 0
    assert set(done) >= {kind for port in PORTS for kind in port.kinds}
