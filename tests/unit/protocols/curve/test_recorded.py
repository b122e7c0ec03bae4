"""The oldest pool's arithmetic against what the chain answered for it.

Its code is in no package that we deploy from: this is all that is known of it, so that no market
has it.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.unit.protocols.curve.stable_pools import account
from trimtab.core.quantise import Timestamp
from trimtab.core.token import Address
from trimtab.protocols.curve import StableState
from trimtab.protocols.curve.model.amounts import (
    calc_token_amount,
    calc_withdraw_one_coin,
    get_dy,
    get_virtual_price,
)
from trimtab.protocols.shared.shares import Shares

FOLDER = "09_pool_states_and_onchain_answers"
STATE_FILE = "fixtures__chain_data__1__curve_tripool_block_24407242.json.gz"
ANSWERS = "golden__data__curve__test_curve_onchain_parity__test_curve_tripool_"
COINS = ("DAI", "USDC", "USDT")


def opened(folder: Path, name: str) -> Any:
    return msgspec.json.decode(gzip.decompress((folder / name).read_bytes()))


@pytest.fixture
def folder(real_data: Path) -> Path:
    return real_data / FOLDER


@pytest.fixture
def state(folder: Path) -> StableState:
    recorded = opened(folder, STATE_FILE)
    return StableState(
        timestamp=Timestamp(recorded["block_timestamp"]),
        coins=tuple(Address(coin["address"]) for coin in recorded["tokens"]),
        rates=tuple(10 ** (36 - coin["decimals"]) for coin in recorded["tokens"]),
        balances=tuple(recorded["balances"]),
        fee=recorded["fee"],
        admin_fee=recorded["admin_fee"],
        initial_a=recorded["initial_a"],
        future_a=recorded["future_a"],
        initial_a_time=recorded["initial_a_time"],
        future_a_time=recorded["future_a_time"],
        shares=Shares(recorded["lp_token_total_supply"], {account("1"): 0}, {}),
        version="legacy",
    )


def entries(folder: Path, name: str) -> Iterator[tuple[list[str], int]]:
    """What was asked, in parts, and what the chain said."""
    for key, entry in opened(folder, f"{ANSWERS}{name}.json.gz")["entries"].items():
        yield key.split("|")[1:], entry["value"]


def test_get_dy__recorded_of_3pool__exact(folder: Path, state: StableState) -> None:
    answered = list(entries(folder, "get_dy"))
    assert len(answered) == 18
    for (_, pair, raw), expected in answered:
        i, j = (COINS.index(symbol) for symbol in pair.split("->"))
        assert get_dy(state, state.timestamp, i, j, int(raw)) == expected, pair


def test_liquidity__recorded_of_3pool__exact(folder: Path, state: StableState) -> None:
    answered = list(entries(folder, "calc_withdraw_and_token_amount"))
    assert len(answered) == 18
    for (function, *kind, coin, raw), expected in answered:
        i = int(coin.removeprefix("i="))
        if function == "calc_withdraw_one_coin":
            found = calc_withdraw_one_coin(state, state.timestamp, int(raw), i)
        else:
            given = [int(raw) if index == i else 0 for index in range(len(COINS))]
            found = calc_token_amount(state, state.timestamp, given, kind == ["deposit"])
        assert found == expected, (function, coin, raw)


def test_virtual_price__recorded_of_3pool__exact(folder: Path, state: StableState) -> None:
    expected = opened(folder, STATE_FILE)["virtual_price"]
    assert get_virtual_price(state, state.timestamp) == expected
