"""Weighted pools at each bound on purpose, pauses, and what only logs tell, on the bytecode."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import TypeVar

import pytest
from eth_abi.abi import encode

from tests.laws.balancer import FOREVER
from tests.laws.law import read_states
from tests.laws.weighted_edges import (
    FOUR,
    HALF,
    UNEVEN,
    WHOLE,
    Scene,
    check_told,
    odd_scene,
    sent,
    told,
    with_protocol_fee,
)
from trimtab.core.abi import UINT256_MAX, Answer, Call, call_data
from trimtab.core.actions import AddLiquidity, RemoveLiquidity, Swap, Transfer
from trimtab.core.adapter import accrue
from trimtab.core.quantise import Timestamp
from trimtab.core.states import Applied, Reverted, States
from trimtab.core.token import ZERO_ADDRESS
from trimtab.lab.world import (
    action_id,
    authorizer_contract,
    minted,
    vault_contract,
    weighted_pool_contract,
)
from trimtab.mandate.adapters import ADAPTERS
from trimtab.protocols.balancer import WeightedPool, WeightedState
from trimtab.protocols.balancer.model.checked import Refusal
from trimtab.protocols.balancer.model.pool import (
    Change,
    all_tokens_in,
    all_tokens_out,
    exact_tokens_in,
    exact_tokens_out,
    exchange_given_in,
    exchange_given_out,
    joined,
    left,
    one_token_in,
    one_token_out,
    terms,
)
from trimtab.protocols.balancer.model.vault import redeemed
from trimtab.protocols.erc20 import Erc20

pytestmark = pytest.mark.chain

T = TypeVar("T")


@pytest.fixture(scope="module")
def loaded() -> Scene:
    return odd_scene()


@pytest.fixture
def scene(loaded: Scene) -> Iterator[Scene]:
    """The scene; what is done to it is undone."""
    before, moment = loaded.machine.snapshot(), loaded.machine.time
    yield loaded
    loaded.machine.revert(before)
    loaded.machine.set_time(moment)


# ----------------------------------------------------------------------------- the first join

SIZES = (0, 1, 10**3, 2**64, 2**112, 2**128, 2**155, 2**195, 2**236, UINT256_MAX)
WEALTH = 2**130


def join(scene: Scene, pool: WeightedPool, *raws: int) -> AddLiquidity:
    return AddLiquidity(scene.owner, pool.id, pool.tokens, raws, 0, FOREVER)


def leave(scene: Scene, pool: WeightedPool, shares: int) -> RemoveLiquidity:
    owner, least = scene.owner, (0,) * len(pool.tokens)
    return RemoveLiquidity(owner, pool.id, pool.tokens, shares, least, FOREVER, owner)


def sale(scene: Scene, pool: WeightedPool, raw: int) -> Swap:
    owner, (sold, bought) = scene.owner, pool.tokens[:2]
    return Swap(owner, pool.id, sold, bought, raw, 0, FOREVER, owner)


def wealthy(scene: Scene) -> States:
    """The states after the owner has got more of every token than the vault can count."""
    for market in scene.states.markets.values():
        if isinstance(market, Erc20):
            sent(scene.machine, scene.owner, minted(market.address, scene.owner, WEALTH))
    markets = tuple(scene.states.markets.values())
    return read_states(scene.machine, ADAPTERS, markets, scene.accounts)


@pytest.mark.parametrize("name, more", [(HALF, set()), (UNEVEN, {"BAL#008", "BAL#204"})])
def test_join__first_of_any_size__equals_the_chain(scene: Scene, name: str, more: set[str]) -> None:
    pool, states, reasons = scene.pool(name), wealthy(scene), set[str]()
    for first in SIZES:
        for second in SIZES:
            before = scene.machine.snapshot()
            _, outcome = scene.check(states, join(scene, pool, first, second))
            scene.machine.revert(before)
            reasons.add(outcome.reason if isinstance(outcome, Reverted) else "joined")
    codes = ("BAL#003", "BAL#311", "BAL#436", "BAL#526")
    assert reasons == {"joined", "ERC20: transfer amount exceeds balance", *codes, *more}


def test_swap_and_join__more_than_the_vault_counts__refused(scene: Scene) -> None:
    pool, states = scene.pool(HALF), wealthy(scene)
    most = 2**112 - 1
    states, outcome = scene.check(states, join(scene, pool, most, most))
    assert isinstance(outcome, Applied)
    for action in (sale(scene, pool, 10**6), join(scene, pool, 1, 0), join(scene, pool, 0, 1)):
        _, outcome = scene.check(states, action)
        assert isinstance(outcome, Reverted)
        assert outcome.reason == "BAL#526"


def test_swap__empty_pool__refused(scene: Scene) -> None:
    _, outcome = scene.check(scene.states, sale(scene, scene.pool(HALF), 10**6))
    assert isinstance(outcome, Reverted)
    assert outcome.reason == "BAL#304"


# ------------------------------------------------------------ what is paused, and for how long


def with_roles(scene: Scene, *roles: bytes) -> None:
    authorizer = authorizer_contract(scene.entry.authorizer)
    for role in roles:
        sent(scene.machine, scene.deployer, authorizer.call("grantRole", role, scene.deployer))


def at(scene: Scene, states: States, moment: int) -> States:
    """The states at a later moment, to which the machine moves too."""
    scene.machine.set_time(moment)
    heads = {states.clock: replace(states.head, timestamp=Timestamp(moment))}
    return replace(accrue(ADAPTERS, states, Timestamp(moment)), heads=heads)


def reason(outcome: Applied | Reverted) -> str:
    return outcome.reason if isinstance(outcome, Reverted) else ""


def test_pool_paused__until_its_buffer_ends__refuses_everything(scene: Scene) -> None:
    with_roles(scene, action_id(scene.entry.factory, "pause()"))
    pool = scene.pool(FOUR)
    given = [10**9, 10**18, 10**18, 10**18]
    given[pool.place(pool.tokens[-1].address)] = 10**6
    states, outcome = scene.check(scene.states, join(scene, pool, *given))
    assert isinstance(outcome, Applied)
    pause = Call(pool.address, call_data("pause()"))
    states = check_told(scene, states, sent(scene.machine, scene.deployer, pause))
    ends = states[pool].pool_pause.ends
    actions = sale(scene, pool, 10**6), join(scene, pool, *given), leave(scene, pool, 10**9)
    for moment in (scene.machine.time, ends):
        states = at(scene, states, moment)
        assert [reason(scene.check(states, each)[1]) for each in actions] == ["BAL#402"] * 3
    states = at(scene, states, ends + 1)
    for action in actions:
        states, outcome = scene.check(states, action)
        assert isinstance(outcome, Applied)


def test_vault_paused__lets_everyone_leave(scene: Scene) -> None:
    with_roles(scene, action_id(scene.entry.vault, "setPaused(bool)"))
    pool = scene.pool(FOUR)
    raws = [token.unit for token in pool.tokens]
    states, _ = scene.check(scene.states, join(scene, pool, *raws))
    pause = vault_contract(scene.entry.vault).call("setPaused", True)
    states = check_told(scene, states, sent(scene.machine, scene.deployer, pause))
    assert states[pool].vault_pause.is_paused
    for action in (sale(scene, pool, 10**6), join(scene, pool, *raws)):
        _, outcome = scene.check(states, action)
        assert reason(outcome) == "BAL#402"
    _, outcome = scene.check(states, leave(scene, pool, 10**9))
    assert isinstance(outcome, Applied)


# --------------------------------------------------------- what is no action, and told by logs


def changed(scene: Scene, pool: WeightedPool, function: str, *data: object) -> Call:
    """A join or an exit of any kind, without limits."""
    types = ["uint256"] + ["uint256[]" if isinstance(each, list) else "uint256" for each in data]
    is_join = function == "joinPool"
    limits = [UINT256_MAX if is_join else 0] * len(pool.tokens)
    assets = [token.address for token in pool.tokens]
    kind, *rest = data
    user_data = encode(["uint256", *types[2:]], [kind, *rest])
    request = (assets, limits, user_data, False)
    vault = vault_contract(scene.entry.vault)
    return vault.call(function, pool.pool_id, scene.owner, scene.owner, request)


def traded(scene: Scene, pool: WeightedPool) -> States:
    """The states after the owner has joined, and a swap has paid fees."""
    raws = [1_000 * token.unit for token in pool.tokens]
    states, outcome = scene.check(scene.states, join(scene, pool, *raws))
    assert isinstance(outcome, Applied)
    states, outcome = scene.check(states, sale(scene, pool, pool.tokens[0].unit))
    assert isinstance(outcome, Applied)
    return states


@pytest.mark.parametrize(
    "function, kind",
    [
        ("joinPool", (1, [0, 5, 10**15, 7])),
        ("joinPool", (2, 10**18, 0)),
        ("joinPool", (2, 10**18, 2)),
        ("joinPool", (3, 12_345 * 10**15)),
        ("exitPool", (0, 10**18, 0)),
        ("exitPool", (0, 10**18, 3)),
        ("exitPool", (1, 10**18)),
        ("exitPool", (1, 0)),
        ("exitPool", (2, [3, 10**3, 10**5, 1], UINT256_MAX)),
    ],
)
def test_observe__every_kind_of_join_and_exit__told_by_its_logs(
    scene: Scene, function: str, kind: tuple[object, ...]
) -> None:
    pool = scene.pool(FOUR)
    states = traded(scene, pool)
    call = changed(scene, pool, function, *kind)
    after = check_told(scene, states, sent(scene.machine, scene.owner, call))
    assert after[pool].last_invariant != states[pool].last_invariant


def test_observe__swap_fee_set__told_by_its_log(scene: Scene) -> None:
    pool = scene.pool(FOUR)
    call = weighted_pool_contract(pool.address).call("setSwapFeePercentage", 10**12)
    after = check_told(scene, scene.states, sent(scene.machine, scene.deployer, call))
    assert after[pool].swap_fee == 10**12


def test_observe__protocol_fee_taken_over__mints_what_is_due(scene: Scene) -> None:
    pool = scene.pool(FOUR)
    states = traded(scene, pool)
    due = terms(states[pool], states[pool].shares.supply).due
    scene = replace(scene, states=states)
    after = with_protocol_fee(scene, 10**17)
    assert after[pool].protocol_swap_fee == 10**17
    assert after[pool].shares.supply - states[pool].shares.supply == due > 0


def test_observe__recovery_mode__told_but_for_the_fee_after_it(scene: Scene) -> None:
    both = ("enableRecoveryMode()", "disableRecoveryMode()")
    with_roles(scene, *(action_id(scene.entry.factory, each) for each in both))
    pool = scene.pool(FOUR)
    states = traded(scene, pool)
    enable, disable = (Call(pool.address, call_data(each)) for each in both)
    states = check_told(scene, states, sent(scene.machine, scene.deployer, enable))
    assert states[pool].is_recovering
    raws = [token.unit for token in pool.tokens]
    actions = sale(scene, pool, 10**6), leave(scene, pool, 10**15), join(scene, pool, *raws)
    for action in actions:
        states, outcome = scene.check(states, action)
        assert isinstance(outcome, Applied)
    special = changed(scene, pool, "exitPool", 255, 10**17)
    states = check_told(scene, states, sent(scene.machine, scene.owner, special))
    logs = sent(scene.machine, scene.deployer, disable)
    markets = tuple(states.markets.values())
    after = read_states(scene.machine, ADAPTERS, markets, scene.accounts)
    assert after[pool].protocol_swap_fee == 5 * 10**17
    assert told(states, pool, logs) == replace(after[pool], protocol_swap_fee=0)


def test_observe__exit_that_gives_nothing__told_by_its_logs(scene: Scene) -> None:
    """The pool keeps the invariant without the dust that it does not give."""
    pool = scene.pool(HALF)
    states, _ = scene.check(scene.states, join(scene, pool, 10**12, 10**24))
    logs = sent(scene.machine, scene.owner, changed(scene, pool, "exitPool", 0, 10**9, 0))
    after = check_told(scene, states, logs)
    assert after[pool].balances == states[pool].balances


def test_exit__at_and_beyond_what_there_is__refused_by_its_reason(scene: Scene) -> None:
    pool = scene.pool(FOUR)
    states = traded(scene, pool)
    supply, owned = states[pool].shares.supply, states[pool].shares.balance(scene.owner)
    whole = supply + terms(states[pool], supply).due
    refused = {owned + 1: "BAL#434", whole: "BAL#311", whole + 1: "BAL#001", 2**255: "BAL#005"}
    for shares, code in refused.items():
        _, outcome = scene.check(states, leave(scene, pool, shares))
        assert reason(outcome) == code
    bounded = leave(scene, pool, owned)
    given = redeemed(states[pool], owned).amounts
    for at, raw in enumerate(given):
        least = tuple(raw + 1 if each == at else 0 for each in range(len(given)))
        _, outcome = scene.check(states, replace(bounded, least=least))
        assert reason(outcome) == "BAL#505"
    _, outcome = scene.check(states, replace(bounded, least=given))
    assert isinstance(outcome, Applied)


def test_transfer__of_shares_too_many_or_to_nobody__refused(scene: Scene) -> None:
    pool = scene.pool(FOUR)
    states = traded(scene, pool)
    owned = states[pool].shares.balance(scene.owner)
    other = scene.accounts.owners[1]
    for to, raw, code in (
        (ZERO_ADDRESS, 1, "BAL#409"),
        (ZERO_ADDRESS, owned + 1, "BAL#409"),
        (other, owned + 1, "BAL#416"),
        (other, owned, ""),
    ):
        action = Transfer(scene.owner, pool.id, pool.share, to, raw)
        _, outcome = scene.check(states, action)
        assert reason(outcome) == code


def test_exit__of_nothing_to_nobody__goes(scene: Scene) -> None:
    """The vault sends no token of which nothing comes out, and no token is there to refuse."""
    pool = scene.pool(FOUR)
    states = traded(scene, pool)
    for shares in (0, 1):
        action = replace(leave(scene, pool, shares), recipient=ZERO_ADDRESS)
        states, outcome = scene.check(states, action)
        assert isinstance(outcome, Applied)
        assert outcome.movements == ()


# ---------------------------------------------------------------------------- what the views say


def test_views__after_trades__are_the_model(scene: Scene) -> None:
    pool = scene.pool(FOUR)
    states = traded(scene, pool)
    found = terms(states[pool], states[pool].shares.supply)
    contract = weighted_pool_contract(pool.address)

    def asked(function: str) -> int:
        answer = scene.machine.static(pool.address, contract.data(function))
        return int(contract.values(function, answer))

    assert found.supply == asked("getActualSupply")
    assert found.invariant == asked("getInvariant")
    assert found.due > 0


# ------------------------------------------------------------------------ what queries answer


SWAPS, CHANGES = 400, 400
"""Queries of each pool and direction, and of each kind of join and exit."""


@pytest.mark.parametrize("name", [HALF, UNEVEN, FOUR, WHOLE])
def test_query_swap__drawn_amounts__as_the_model(scene: Scene, name: str) -> None:
    dice, pool, states = random.Random(name), scene.pool(name), wealthy(scene)
    raws = [dice.randrange(10**3, 10**6) * token.unit for token in pool.tokens]
    states, outcome = scene.check(states, join(scene, pool, *raws))
    assert isinstance(outcome, Applied)
    state, places = states[pool], range(len(pool.tokens))
    vault = vault_contract(pool.vault)
    funds = (scene.owner, False, scene.owner, False)
    for number in range(2 * SWAPS):
        i, j = dice.sample(places, 2)
        kind = number % 2
        most = state.balances[(i, j)[kind]] * 31 // 100
        amount = dice.choice((dice.randint(1, most), dice.randint(1, most // 1000 + 1)))
        assets = [pool.tokens[at].address for at in (i, j)]
        step = (pool.pool_id, 0, 1, amount, b"")
        data = vault.data("queryBatchSwap", kind, [step], assets, funds)
        answer = scene.machine.static(pool.vault, data)
        exchange = exchange_given_out if kind else exchange_given_in
        found = modelled(partial(exchange, state, i, j, amount))
        if isinstance(found, Reverted):
            assert answer == Answer(False, found.data)
            continue
        assert answer.ok
        expected = (found.amount_in, -found.amount_out)
        assert vault.values("queryBatchSwap", answer, 4) == expected


@pytest.mark.parametrize("name", [FOUR, WHOLE])
@pytest.mark.parametrize("kind", range(6))
def test_query_join_and_exit__any_balances__as_the_model(
    scene: Scene, name: str, kind: int
) -> None:
    """A query takes whatever balances it is told, far beyond those that the vault can count."""
    dice, pool = random.Random(f"{name} {kind}"), scene.pool(name)
    contract, done = weighted_pool_contract(pool.address), 0
    function = "queryJoin" if kind < 3 else "queryExit"
    for _ in range(CHANGES):
        balances = tuple(size(dice) for _ in pool.tokens)
        state = replace(scene.states[pool], balances=balances)
        asked = drawn_change(dice, state, kind)
        user_data = encode(
            ["uint256" if isinstance(each, int) else "uint256[]" for each in asked], asked
        )
        arguments = (pool.pool_id, scene.owner, scene.owner, balances, 0, 0, user_data)
        answer = scene.machine.static(pool.address, contract.data(function, *arguments))
        expected = modelled(partial(changed_by, state, kind, asked))
        if isinstance(expected, Reverted):
            assert answer == Answer(False, expected.data), asked
            continue
        done += 1
        assert answer.ok
        assert contract.values(function, answer, 7) == (expected.shares, expected.amounts)
    assert done > CHANGES // 20


def size(dice: random.Random) -> int:
    """A number of any length that can be counted, or nothing."""
    return dice.choice((dice.getrandbits(dice.randint(1, 196)), dice.getrandbits(80) + 1))


Asked = list[int | list[int]]
"""What stands in the data of a join or an exit, its kind first."""


def drawn_change(dice: random.Random, state: WeightedState, kind: int) -> Asked:
    """Three kinds of join, then three of exit, of any size, or of one that may go through."""
    supply, places = state.shares.supply, range(len(state.balances))
    part = supply * dice.randint(0, 350) // 1000 + dice.randint(0, 9)
    shares = dice.choice(
        (part, part, part * dice.randint(1, 9), dice.getrandbits(dice.randint(1, 256)))
    )
    if kind in (0, 5):
        near = [balance * dice.randint(0, 400) // 1000 for balance in state.balances]
        raws = dice.choice((near, near, [size(dice) * dice.randint(0, 1) for _ in places]))
        return [1, raws, 0] if kind == 0 else [2, raws, UINT256_MAX]
    if kind in (1, 4):
        return [2 if kind == 1 else 0, shares, dice.choice(places)]
    return [3 if kind == 2 else 1, shares]


def modelled(ask: Callable[[], T]) -> T | Reverted:
    """What the model says."""
    try:
        return ask()
    except Refusal as refusal:
        return refusal.outcome


def changed_by(state: WeightedState, kind: int, asked: Asked) -> Change:
    """What a join or an exit does, by the model."""
    by = terms(state, state.shares.supply)
    given = asked[1]
    if isinstance(given, list):
        found = (exact_tokens_in if kind == 0 else exact_tokens_out)(state, by, given)
    elif len(asked) == 3:
        index = asked[2]
        assert isinstance(index, int)
        found = (one_token_in if kind == 1 else one_token_out)(state, by, given, index)
    else:
        found = (all_tokens_in if kind == 2 else all_tokens_out)(by, given)
    return (joined if kind < 3 else left)(state, by, found)
