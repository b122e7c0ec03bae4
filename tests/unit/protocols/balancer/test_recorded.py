"""Pools of 2021 and later against what the chain answered for them."""

from __future__ import annotations

import gzip
from fractions import Fraction
from pathlib import Path
from typing import Any

import msgspec
import pytest

from trimtab.core.quantise import Timestamp
from trimtab.core.token import ZERO_ADDRESS, Token, address
from trimtab.protocols.balancer import (
    Pause,
    WeightedPool,
    WeightedState,
    quote,
    quote_exact_out,
)
from trimtab.protocols.shared.shares import Shares

pytestmark = pytest.mark.data

FOLDER = "09_pool_states_and_onchain_answers"
STATES = "fixtures__chain_data__1__balancer_weighted_*.json.gz"
ANSWERS = "golden__data__balancer__test_balancer_v2_onchain_parity__*.json.gz"


def opened(path: Path) -> Any:
    return msgspec.json.decode(gzip.decompress(path.read_bytes()))


def state_of(recorded: Any) -> WeightedState:
    tokens = tuple(
        Token(1, address(each["address"]), each["decimals"], each["symbol"])
        for each in recorded["tokens"]
    )
    pool = WeightedPool(
        chain=1,
        address=address(recorded["address"]),
        name=recorded["name"],
        vault=address(recorded["vault"]),
        factory=ZERO_ADDRESS,
        fees_collector=ZERO_ADDRESS,
        pool_id=bytes.fromhex(recorded["pool_id"][2:]),
        tokens=tokens,
        weights=tuple(recorded["weights"]),
        has_shortcuts=recorded["pow_version"] != "v1",
    )
    never = Pause(False, Timestamp(0))
    fee = Fraction(recorded["fee"]) * 10**18
    assert fee.denominator == 1
    return WeightedState(
        timestamp=Timestamp(0),
        pool=pool,
        balances=tuple(recorded["balances"]),
        swap_fee=int(fee),
        protocol_swap_fee=0,
        last_invariant=0,
        is_recovering=False,
        vault_pause=never,
        pool_pause=never,
        shares=Shares(0, {}, {}),
    )


def answered(state: WeightedState, key: list[str]) -> int:
    """What the model says to a query of the chain."""
    pool, (kind, *between, raw) = state.pool, key
    if len(between) == 1:
        by_symbol = {token.symbol: token for token in pool.tokens}
        sold, bought = (by_symbol[symbol] for symbol in between[0].split("->"))
    else:
        sold, bought = (pool.tokens[int(each.partition("=")[2])] for each in between)
    if kind == "GIVEN_IN":
        return quote(state, pool, sold, bought, int(raw)).amount_out
    return quote_exact_out(state, pool, sold, bought, int(raw)).amount_in_used


def test_quotes__recorded_of_nine_pools__exact(real_data: Path) -> None:
    folder = real_data / FOLDER
    states = {each["address"]: state_of(each) for each in map(opened, folder.glob(STATES))}
    asked = [
        (*key.split("|"), entry["value"])
        for path in folder.glob(ANSWERS)
        for key, entry in opened(path)["entries"].items()
    ]
    assert (len(states), len(asked)) == (9, 270)
    for at, query, *key, expected in asked:
        assert query == "querySwap"
        assert answered(states[at], key) == expected, (at, key)
    assert {state.pool.has_shortcuts for state in states.values()} == {True, False}
