from dataclasses import replace

import pytest

from tests.unit.core.test_token import WETH
from tests.unit.protocols.curve.stable_pools import (
    ACTOR,
    AT,
    COINS,
    FOREVER,
    FRIEND,
    POOL,
    SUPPLY,
    all_states,
    stable_state,
)
from trimtab.core.actions import (
    Action,
    AddLiquidity,
    Approve,
    Collect,
    RemoveLiquidity,
    RemoveLiquidityOne,
    Swap,
    SwapExactOut,
    Transfer,
)
from trimtab.core.errors import InvariantViolation, NoRoute
from trimtab.core.market import pooled
from trimtab.core.states import Applied, Reverted, reverted
from trimtab.core.token import ZERO_ADDRESS
from trimtab.protocols.curve import CurveAdapter, StableState

ADAPTER = CurveAdapter()
STATES = all_states(stable_state())
A, B, C, D = COINS
SWAP = Swap(ACTOR, POOL.id, A, C, 10**9, 0, FOREVER, ACTOR)
ADD = AddLiquidity(ACTOR, POOL.id, COINS, (10**9, 0, 10**21, 5), 0, FOREVER)
REMOVE = RemoveLiquidity(ACTOR, POOL.id, COINS, 10**20, (0, 0, 0, 0), FOREVER, ACTOR)
ONE = RemoveLiquidityOne(ACTOR, POOL.id, COINS, D, 10**20, 0, FOREVER, FRIEND)
GIVE = Transfer(ACTOR, POOL.id, POOL.share, FRIEND, 10**20)
ALLOW = Approve(ACTOR, POOL.id, POOL.share, AT, 7)


def after(action: Action) -> StableState:
    outcome = ADAPTER.apply(STATES, action)
    assert isinstance(outcome, Applied)
    return STATES.fold(outcome)[POOL]


@pytest.mark.parametrize(
    "action",
    [
        replace(SWAP, limit=1),
        replace(SWAP, token_out=WETH),
        replace(SWAP, token_out=A),
        replace(ADD, ticks=(0, 60)),
        replace(ADD, least_amounts=(0, 1, 0, 0)),
        replace(ADD, tokens=(B, A, C, D)),
        replace(ADD, amounts=(1, 2, 3)),
        replace(REMOVE, least=(0, 0, 0)),
        replace(REMOVE, ticks=(0, 60)),
        replace(ONE, token=WETH),
        replace(ONE, tokens=(A, B)),
        replace(GIVE, token=A),
        replace(ALLOW, token=WETH),
    ],
)
def test_apply__what_no_such_pool_can_do__no_route(action: Action) -> None:
    with pytest.raises(NoRoute):
        ADAPTER.apply(STATES, action)


@pytest.mark.parametrize(
    "action",
    [
        SwapExactOut(ACTOR, POOL.id, A, B, 1, 2, FOREVER, ACTOR),
        Collect(ACTOR, POOL.id, COINS, (), (), ACTOR),
    ],
)
def test_apply__action_of_other_protocols__a_violation(action: Action) -> None:
    for ask in (ADAPTER.apply, ADAPTER.encode):
        with pytest.raises(InvariantViolation, match="INV-5"):
            ask(STATES, action)


def test_swap__fee__half_of_it_leaves_the_books() -> None:
    found = after(SWAP)
    assert found.balances[0] == 10**12 + 10**9
    outcome = ADAPTER.apply(STATES, SWAP)
    assert isinstance(outcome, Applied)
    paid = outcome.movements[1].raw
    admin = 10**24 - paid - found.balances[2]
    assert 0 < admin < paid * 4 // 10**4


def test_transfer__to_nobody__no_share_less() -> None:
    found = after(replace(GIVE, to=ZERO_ADDRESS))
    assert found.shares.supply == SUPPLY
    assert found.shares.balance(ACTOR) == SUPPLY // 4 - 10**20


@pytest.mark.parametrize(
    "action, expected",
    [
        (replace(SWAP, min_out=10**21), "Exchange resulted in fewer coins than expected"),
        (replace(ADD, least=10**24), "Slippage screwed you"),
        (
            replace(REMOVE, least=(0, 0, 10**20, 0)),
            "Withdrawal resulted in fewer coins than expected",
        ),
        (replace(ONE, least=10**21), "Not enough coins removed"),
        (replace(SWAP, recipient=ZERO_ADDRESS), "ERC20: transfer to the zero address"),
        (replace(SWAP, amount_in=2 * 10**12), "ERC20: transfer amount exceeds balance"),
        (replace(SWAP, amount_in=2**255), ""),
        (replace(REMOVE, shares=SUPPLY // 4 + 1), ""),
        (replace(ONE, shares=SUPPLY), ""),
        (replace(ONE, actor=FRIEND), ""),
        (replace(GIVE, amount=SUPPLY), ""),
    ],
)
def test_apply__bound_broken__reverts_as_the_contract(action: Action, expected: str) -> None:
    words = reverted(expected) if expected else Reverted(b"")
    assert ADAPTER.apply(STATES, action) == words


def test_holdings__shares__a_place_for_each_coin() -> None:
    found = ADAPTER.holdings(STATES, POOL, ACTOR)
    assert [each.place for each in found] == [pooled(POOL.id, coin) for coin in COINS]
    assert {each.shares for each in found} == {SUPPLY // 4}
    assert [each.raw for each in found] == [balance // 4 for balance in STATES[POOL].balances]
    assert ADAPTER.holdings(STATES, POOL, FRIEND) == ()
    audits = ADAPTER.audits(POOL, None, ACTOR)
    assert [each.place for each in audits] == [each.place for each in found]


def test_add_liquidity__nothing_of_a_coin__not_asked_for_it() -> None:
    outcome = ADAPTER.apply(STATES, ADD)
    assert isinstance(outcome, Applied)
    assert [(each.token, each.raw) for each in outcome.movements] == [
        (A, 10**9),
        (C, 10**21),
        (D, 5),
    ]


def test_add_liquidity__first_after_all_left__needs_every_coin_again() -> None:
    """What the last withdrawal in one coin left behind is no reason to leave a coin out."""
    left = all_states(stable_state(1, 1, 10**12, 10**12, supply=0))
    assert ADAPTER.apply(left, ADD) == Reverted(b"")
    whole = replace(ADD, amounts=(10**9, 10**9, 10**21, 10**21))
    assert isinstance(ADAPTER.apply(left, whole), Applied)
