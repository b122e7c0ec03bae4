"""The calls against eth-abi, which knows nothing of how we place a word."""

import pytest
from eth_abi.abi import encode as encoded

from tests.unit.protocols.morpho.isolated import (
    ACTOR,
    AT,
    ETH,
    FEED,
    FRIEND,
    MARKET,
    ORACLE,
    USD,
    all_states,
    lending_state,
)
from trimtab.core.abi import UINT256_MAX, Call, selector
from trimtab.core.actions import (
    ALL,
    Action,
    Borrow,
    Delegate,
    Liquidate,
    Repay,
    Supply,
    UpdateAnswer,
    Withdraw,
)
from trimtab.protocols.morpho import MorphoAdapter

STATES = all_states(lending_state())
SHARES = 2 * 10**17
P = "(address,address,address,address,uint256)"


@pytest.mark.parametrize(
    "action, name, types, values",
    [
        (
            Supply(ACTOR, MARKET.id, USD, 5, FRIEND),
            "supply",
            ["uint256", "uint256", "address", "bytes"],
            [5, 0, FRIEND, b""],
        ),
        (
            Supply(ACTOR, MARKET.id, ETH, 5, FRIEND),
            "supplyCollateral",
            ["uint256", "address", "bytes"],
            [5, FRIEND, b""],
        ),
        (
            Withdraw(ACTOR, MARKET.id, USD, 5, FRIEND),
            "withdraw",
            ["uint256", "uint256", "address", "address"],
            [5, 0, ACTOR, FRIEND],
        ),
        (
            Withdraw(ACTOR, MARKET.id, USD, ALL, FRIEND),
            "withdraw",
            ["uint256", "uint256", "address", "address"],
            [0, SHARES, ACTOR, FRIEND],
        ),
        (
            Withdraw(FRIEND, MARKET.id, ETH, ALL, ACTOR),
            "withdrawCollateral",
            ["uint256", "address", "address"],
            [10**18, FRIEND, ACTOR],
        ),
        (
            Borrow(ACTOR, MARKET.id, USD, 5, FRIEND),
            "borrow",
            ["uint256", "uint256", "address", "address"],
            [5, 0, FRIEND, ACTOR],
        ),
        (
            Repay(ACTOR, MARKET.id, USD, ALL, FRIEND),
            "repay",
            ["uint256", "uint256", "address", "bytes"],
            [0, 10**15, FRIEND, b""],
        ),
        (
            Liquidate(ACTOR, MARKET.id, FRIEND, ETH, USD, debt=ALL),
            "liquidate",
            ["address", "uint256", "uint256", "bytes"],
            [FRIEND, 0, 10**15, b""],
        ),
        (
            Liquidate(ACTOR, MARKET.id, FRIEND, ETH, USD, debt=0, seized=9),
            "liquidate",
            ["address", "uint256", "uint256", "bytes"],
            [FRIEND, 9, 0, b""],
        ),
    ],
)
def test_encode__verb__as_the_abi_says(
    action: Action, name: str, types: list[str], values: list[object]
) -> None:
    data = selector(f"{name}({','.join([P, *types])})") + encoded(
        [P, *types], [MARKET.parameters, *values]
    )
    assert MorphoAdapter().encode(STATES, action) == (Call(AT, data),)


def test_encode__authorisation_and_price() -> None:
    adapter = MorphoAdapter()
    (given,) = adapter.encode(STATES, Delegate(ACTOR, MARKET.id, USD, FRIEND, UINT256_MAX))
    types = ["address", "bool"]
    assert given.data[4:] == encoded(types, [FRIEND, True])
    (back,) = adapter.encode(STATES, Delegate(ACTOR, MARKET.id, USD, FRIEND, 0))
    assert back.data[4:] == encoded(types, [FRIEND, False])
    (price,) = adapter.encode(STATES, UpdateAnswer(ACTOR, FEED.id, UINT256_MAX))
    assert price == Call(ORACLE, selector("setPrice(uint256)") + b"\xff" * 32)
