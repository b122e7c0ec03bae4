"""What logs tell; that they tell what the contracts did is shown on the bytecode."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.unit.protocols.balancer.weighted_pools import (
    ACTOR,
    AT,
    COLLECTOR,
    FRIEND,
    NOW,
    POOL,
    POOL_ID,
    ROUTER,
    TOKENS,
    VAULT,
    account,
    weighted_state,
)
from trimtab.core.abi import Log, topic, word
from trimtab.core.token import ZERO_ADDRESS, Address
from trimtab.protocols.balancer import BalancerAdapter, WeightedState
from trimtab.protocols.balancer.model.pool import (
    Shared,
    all_tokens_in,
    all_tokens_out,
    joined,
    left,
    one_token_in,
    one_token_out,
    scaled,
    terms,
    worth,
)
from trimtab.protocols.balancer.model.vault import redeemed_one
from trimtab.protocols.balancer.model.weighted import invariant_down

ADAPTER = BalancerAdapter()
STATE = weighted_state()


def log(at: Address, event: str, topics: tuple[bytes, ...], *values: int | str) -> Log:
    return Log(at, (topic(event), *topics), b"".join(map(word, values)), 7, NOW + 12, "0x01", 0)


def swap(i: int, j: int, paid: int, given: int, pool_id: bytes = POOL_ID) -> Log:
    tokens = (word(TOKENS[i].address), word(TOKENS[j].address))
    event = "Swap(bytes32,address,address,uint256,uint256)"
    return log(VAULT, event, (pool_id, *tokens), paid, given)


def changed(*deltas: int) -> Log:
    event = "PoolBalanceChanged(bytes32,address,address[],int256[],uint256[])"
    tokens = [token.address for token in TOKENS]
    places = (96, 96 + 128, 96 + 256)
    data: tuple[int | str, ...] = (*places, 3, *tokens, 3, *deltas, 3, 0, 0, 0)
    return log(VAULT, event, (POOL_ID, word(ACTOR)), *data)


def moved(source: Address, target: Address, raw: int, at: Address = AT) -> Log:
    event = "Transfer(address,address,uint256)"
    return log(at, event, (word(source), word(target)), raw)


def after(state: WeightedState, *logs: Log) -> WeightedState:
    for each in logs:
        state = ADAPTER.observe(state, each)
    return state


def test_swap__of_this_pool__moves_its_balances() -> None:
    found = after(STATE, swap(0, 2, 10**9, 10**20))
    assert found.balances == (10**12 + 10**9, 3 * 10**12, 5 * 10**24 - 10**20)
    assert replace(found, balances=STATE.balances) == STATE


def test_swap__of_another_pool_of_the_vault__passed_over() -> None:
    assert after(STATE, swap(0, 2, 10**9, 10**20, bytes(32))) == STATE


def test_log__of_nobody_or_unknown__passed_over() -> None:
    assert after(STATE, Log(VAULT, (), b"", 7, NOW, "0x01", 0)) == STATE
    assert after(STATE, log(VAULT, "FlashLoan()", (POOL_ID,))) == STATE
    assert after(STATE, moved(ACTOR, FRIEND, 5, at=VAULT)) == STATE
    assert after(STATE, moved(ACTOR, FRIEND, 5, at=account("f"))) == STATE


def test_transfer_and_approval__of_shares__followed() -> None:
    approval = "Approval(address,address,uint256)"
    found = after(STATE, moved(ACTOR, FRIEND, 5))
    assert found.shares.balance(FRIEND) == 5
    assert found.underway is None
    found = after(STATE, log(AT, approval, (word(ACTOR), word(ROUTER)), 8))
    assert found.shares.allowance(ACTOR, ROUTER) == 8


def test_exit__between_its_logs__still_has_a_worth() -> None:
    owned = STATE.shares.balance(ACTOR)
    burnt = after(STATE, moved(ACTOR, ZERO_ADDRESS, owned))
    assert burnt.underway is not None
    assert sum(worth(burnt, 1)) >= 0
    empty = weighted_state(0, 0, 0)
    begun = after(empty, moved(ZERO_ADDRESS, ZERO_ADDRESS, 10**6))
    assert begun.shares.supply == 10**6
    assert worth(begun, 10**6) == (0, 0, 0)


def test_exit__that_gives_nothing__which_token_is_unknown() -> None:
    """Two tokens of few decimals: the invariant is that of the balances, until it is read."""
    shares = STATE.shares.supply // 10**15
    both = [redeemed_one(STATE, shares, index) for index in (0, 1)]
    assert both[0].amounts == both[1].amounts == (0, 0, 0)
    assert both[0].last_invariant != both[1].last_invariant
    found = after(STATE, moved(ACTOR, ZERO_ADDRESS, shares), changed(0, 0, 0))
    assert found.last_invariant == invariant_down(POOL.weights, scaled(POOL, STATE.balances))
    gap = max(abs(found.last_invariant - each.last_invariant) for each in both)
    assert 0 < gap * 10**14 < found.last_invariant


@pytest.mark.parametrize("shares", [0, 1, 10**3, 10**12, 10**15, 10**18, 10**21 + 7])
@pytest.mark.parametrize("kind", [all_tokens_in, one_token_in, all_tokens_out, one_token_out])
def test_change__by_given_shares__the_kind_is_found(
    kind: Callable[..., Shared], shares: int
) -> None:
    """Where a share more would have moved other amounts, and rounding took something."""
    is_exit = kind in (all_tokens_out, one_token_out)
    by = terms(STATE, STATE.shares.supply)
    if kind in (all_tokens_in, all_tokens_out):
        found = kind(by, shares // 10**6 * STATE.shares.supply // 10**18)
    else:
        found = kind(STATE, by, shares, 2)
    change = (left if is_exit else joined)(STATE, by, found)
    ends = (ACTOR, ZERO_ADDRESS) if is_exit else (ZERO_ADDRESS, ACTOR)
    deltas = (-raw if is_exit else raw for raw in change.amounts)
    told = after(STATE, moved(*ends, change.shares), changed(*deltas))
    assert told.last_invariant == change.last_invariant
    assert told.underway is None


def test_change__without_the_pools_logs__invariant_of_the_balances() -> None:
    found = after(STATE, changed(10**6, 0, 0))
    assert found.balances[0] == STATE.balances[0] + 10**6
    assert found.last_invariant == invariant_down(POOL.weights, scaled(POOL, found.balances))


def test_change__that_is_of_no_kind__invariant_of_the_balances() -> None:
    found = after(STATE, moved(ZERO_ADDRESS, FRIEND, 123), changed(5, 6, 7))
    assert found.underway is None
    assert found.last_invariant == invariant_down(POOL.weights, scaled(POOL, found.balances))


def test_protocol_fee__in_recovery_mode__stays_none() -> None:
    event = "ProtocolFeePercentageCacheUpdated(uint256,uint256)"
    recovering = replace(STATE, is_recovering=True, protocol_swap_fee=0, last_invariant=0)
    assert after(recovering, log(AT, event, (word(0),), 10**17)) == recovering
    assert after(STATE, log(AT, event, (word(2),), 10**17)) == STATE
    assert after(STATE, log(AT, event, (word(0),), 10**17)).protocol_swap_fee == 10**17


def test_protocol_fee__minted_to_the_collector__not_the_providers() -> None:
    begun = after(STATE, moved(ZERO_ADDRESS, COLLECTOR, 9))
    assert begun.underway is not None
    assert (begun.underway.minted, begun.underway.burnt) == (None, None)
    assert begun.shares.supply == STATE.shares.supply + 9


@pytest.mark.parametrize("at, name", [(VAULT, "vault_pause"), (AT, "pool_pause")])
def test_paused__of_either__followed(at: Address, name: str) -> None:
    found = after(STATE, log(at, "PausedStateChanged(bool)", (), 1))
    assert getattr(found, name).is_paused
    assert not getattr(after(found, log(at, "PausedStateChanged(bool)", (), 0)), name).is_paused
