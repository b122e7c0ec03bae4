from dataclasses import replace

import pytest

from tests.unit.protocols.balancer.weighted_pools import (
    ACTOR,
    AT,
    FOREVER,
    FRIEND,
    NOW,
    POOL,
    ROUTER,
    TOKENS,
    VAULT,
    account,
    all_states,
    weighted_state,
)
from trimtab.core.actions import (
    Action,
    AddLiquidity,
    Approve,
    Borrow,
    RemoveLiquidity,
    RemoveLiquidityOne,
    Swap,
    SwapExactOut,
    Transfer,
)
from trimtab.core.errors import InvariantViolation, NoRoute
from trimtab.core.market import Accounts, pooled
from trimtab.core.quantise import Timestamp
from trimtab.core.states import Applied, Reverted
from trimtab.core.token import Token
from trimtab.protocols.balancer import BalancerAdapter

ADAPTER = BalancerAdapter()
STATES = all_states(weighted_state())
A, B, C = TOKENS
OTHER = Token(1, account("f"), 18, "X")
SALE = Swap(ACTOR, POOL.id, A, C, 10**9, 0, FOREVER, ACTOR)
PURCHASE = SwapExactOut(ACTOR, POOL.id, A, C, 10**18, 2**256 - 1, FOREVER, ACTOR)
JOIN = AddLiquidity(ACTOR, POOL.id, TOKENS, (10**6, 0, 10**18), 0, FOREVER)
LEAVE = RemoveLiquidity(ACTOR, POOL.id, TOKENS, 10**18, (0, 0, 0), FOREVER, ACTOR)
ONE = RemoveLiquidityOne(ACTOR, POOL.id, TOKENS, B, 10**18, 0, FOREVER, ACTOR)
SEND = Transfer(ACTOR, POOL.id, POOL.share, FRIEND, 5)
ALLOW = Approve(ACTOR, POOL.id, POOL.share, ROUTER, 9)


@pytest.mark.parametrize("action", [SALE, PURCHASE, JOIN, LEAVE, ONE, SEND, ALLOW])
def test_apply_and_encode__known_action__one_call(action: Action) -> None:
    assert isinstance(ADAPTER.apply(STATES, action), Applied)
    (call,) = ADAPTER.encode(STATES, action)
    assert call.to == (AT if isinstance(action, (Transfer, Approve)) else VAULT)
    assert call.value == 0


@pytest.mark.parametrize(
    "action, why",
    [
        (replace(SALE, token_in=OTHER), "trades A, B, C, not X"),
        (replace(SALE, token_out=OTHER), "trades A, B, C, not X"),
        (replace(PURCHASE, token_out=A), "does not give A for itself"),
        (replace(SALE, limit=1), "knows no such limit"),
        (replace(PURCHASE, limit=1), "knows no such limit"),
        (replace(JOIN, tokens=(B, A, C)), "in this order, not B, A, C"),
        (replace(JOIN, amounts=(1, 2)), "3 tokens, not 2 amounts"),
        (replace(JOIN, least_amounts=(0, 0, 1)), "takes amounts exactly"),
        (replace(JOIN, ticks=(-1, 1)), "has no ranges"),
        (replace(LEAVE, tokens=(A, B)), "not A, B"),
        (replace(LEAVE, least=()), "3 tokens, not 0 amounts"),
        (replace(LEAVE, ticks=(-1, 1)), "has no ranges"),
        (replace(ONE, tokens=()), "in this order"),
        (replace(ONE, token=OTHER), "not X"),
        (replace(SEND, token=A), "its own share token"),
        (replace(ALLOW, token=A), "its own share token"),
    ],
)
def test_action__that_the_contracts_cannot_be_asked__no_route(action: Action, why: str) -> None:
    with pytest.raises(NoRoute, match=why):
        ADAPTER.apply(STATES, action)
    with pytest.raises(NoRoute, match=why):
        ADAPTER.encode(STATES, action)


def test_join_and_exit__nothing_of_a_token__moves_nothing_of_it() -> None:
    outcome = ADAPTER.apply(STATES, JOIN)
    assert isinstance(outcome, Applied)
    assert [each.token for each in outcome.movements] == [A, C]
    outcome = ADAPTER.apply(STATES, ONE)
    assert isinstance(outcome, Applied)
    assert [each.token for each in outcome.movements] == [B]


def test_transfer__all_shares__and_one_more() -> None:
    owned = STATES[POOL].shares.balance(ACTOR)
    assert isinstance(ADAPTER.apply(STATES, replace(SEND, amount=owned)), Applied)
    assert isinstance(ADAPTER.apply(STATES, replace(SEND, amount=owned + 1)), Reverted)


def test_first_join__least_shares__no_route() -> None:
    empty = all_states(weighted_state(0, 0, 0))
    with pytest.raises(NoRoute, match="its first join checks no least shares"):
        ADAPTER.apply(empty, replace(JOIN, least=1))
    assert isinstance(ADAPTER.apply(empty, replace(JOIN, least_amounts=(0, 0, 0))), Reverted)


def test_action__of_another_protocol__against_the_law() -> None:
    action = Borrow(ACTOR, POOL.id, A, 1, ACTOR)
    with pytest.raises(InvariantViolation, match="INV-5"):
        ADAPTER.apply(STATES, action)
    with pytest.raises(InvariantViolation, match="INV-5"):
        ADAPTER.encode(STATES, action)


def test_holdings__part_of_the_pool__what_removing_gives() -> None:
    found = ADAPTER.holdings(STATES, POOL, ACTOR)
    assert [each.place for each in found] == [pooled(POOL.id, token) for token in TOKENS]
    owned = STATES[POOL].shares.balance(ACTOR)
    outcome = ADAPTER.apply(STATES, replace(LEAVE, shares=owned))
    assert isinstance(outcome, Applied)
    assert [(each.shares, each.raw) for each in found] == [
        (owned, movement.raw) for movement in outcome.movements
    ]
    assert ADAPTER.holdings(STATES, POOL, FRIEND) == ()


def test_holdings__paused__worth_what_they_are() -> None:
    state = STATES[POOL]
    paused = replace(state, pool_pause=replace(state.pool_pause, is_paused=True))
    assert ADAPTER.holdings(all_states(paused), POOL, ACTOR) == ADAPTER.holdings(
        STATES, POOL, ACTOR
    )
    assert ADAPTER.apply(all_states(paused), LEAVE) == Reverted(
        bytes.fromhex("08c379a0")
        + (32).to_bytes(32, "big")
        + (7).to_bytes(32, "big")
        + b"BAL#402".ljust(32, b"\0")
    )


def test_audits__one_place_for_each_token__the_balance_of_shares() -> None:
    found = ADAPTER.audits(POOL, None, ACTOR)
    assert [each.place for each in found] == [pooled(POOL.id, token) for token in TOKENS]
    assert {each.read.to for each in found} == {AT}


def test_accrue__past_the_end_of_a_pause__open() -> None:
    state = weighted_state()
    paused = replace(state.pool_pause, is_paused=True)
    state = replace(state, pool_pause=paused, vault_pause=paused)
    later = ADAPTER.accrue(state, paused.ends)
    assert (later.pool_pause, later.vault_pause) == (paused, paused)
    after = ADAPTER.accrue(state, Timestamp(paused.ends + 1))
    assert not after.pool_pause.is_paused
    assert not after.vault_pause.is_paused
    assert after.timestamp == paused.ends + 1 > NOW


def test_narrow_and_taken_over__of_one_owner__their_shares() -> None:
    state = weighted_state()
    alone = ADAPTER.narrow(state, Accounts((FRIEND,), (ROUTER,)))
    assert alone.shares.balances == {FRIEND: 0}
    assert alone.shares.allowances == {(FRIEND, ROUTER): 7}
    moved = replace(state, shares=state.shares.moved(ACTOR, FRIEND, 5))
    taken = ADAPTER.taken_over(state, moved, Accounts((FRIEND,), (ROUTER,)))
    assert taken.shares.balance(FRIEND) == 5
    assert taken.shares.balance(ACTOR) == state.shares.balance(ACTOR)
