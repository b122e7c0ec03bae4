"""Recorded answers: asked of the models from the states beside them, or unknown for a reason."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.unit.lab.verify.recordings import said
from trimtab.core.errors import DataError

PAIR, PLAIN, WEIGHTED, RANGES = ("0x" + digit * 40 for digit in "abcd")
BLOCK = 100
TOKENS = [
    {"address": "0x" + "1" * 40, "symbol": "ONE", "decimals": 18},
    {"address": "0x" + "2" * 40, "symbol": "TWO", "decimals": 6},
]
STATES: dict[str, dict[str, object]] = {
    "pair": {
        "address": PAIR,
        "block": BLOCK,
        "family": "v2",
        "fee_token0": "3/1000",
        "fee_token1": "1/100",
        "reserves_token0": 10**9,
        "reserves_token1": 10**9,
        "tokens": TOKENS,
    },
    "plain": {
        "chain_id": 1,
        "address": PLAIN,
        "block": BLOCK,
        "block_timestamp": 1_000,
        "tokens": TOKENS,
        "balances": [10**24, 10**12],
        "a_coefficient": 100,
        "fee": 4_000_000,
        "admin_fee": 0,
        "initial_a": 100,
        "future_a": 100,
        "initial_a_time": 0,
        "future_a_time": 0,
        "lp_token_total_supply": 2 * 10**24,
        "strategies": {"d_variant": 2, "y_variant": 3, "yd_variant": 1, "swap_style": 2},
    },
    "weighted": {
        "chain_id": 1,
        "address": WEIGHTED,
        "block": BLOCK,
        "pool_id": WEIGHTED + "0" * 24,
        "vault": "0x" + "9" * 40,
        "tokens": TOKENS,
        "balances": [10**24, 10**12],
        "fee": "1/100",
        "weights": [5 * 10**17, 5 * 10**17],
        "pow_version": "v2",
    },
    "ranges": {
        "pool": RANGES,
        "block": BLOCK,
        "scalars": {
            "fee": 3000,
            "tick_spacing": 60,
            "sqrt_price_x96": 2**96,
            "tick": 0,
            "liquidity": 10**18,
        },
        "tick_data": {"-600": [10**18, 10**18, 1], "600": [10**18, -(10**18), 1]},
        "token0": TOKENS[0],
        "token1": TOKENS[1],
    },
}
# Computed by hand from the published formulas: equal sides, so the price is one.
ASKED = {
    f"{PAIR}|getAmountOut|ONE->TWO|1000": 10**9 * 997_000 // (10**12 + 997_000),
    f"{PAIR}|getAmountOut|TWO->ONE|1000": 10**9 * 990 // (10**9 + 990),
    f"{PLAIN}|get_dy|ONE->TWO|{10**18}": 999_600,
    f"{WEIGHTED}|querySwap|GIVEN_IN|i=0|j=1|{10**20}": 98_990_199,
    f"{RANGES}|quoteExactInputSingle|ONE->TWO|1000": 996,
    f"{RANGES}|quoteExactOutputSingle|ONE->TWO|996": 1000,
}


def folder(path: Path, asked: Mapping[str, object], **changed: Mapping[str, object]) -> Path:
    """All states, some of them changed, and the answers to what was asked."""
    path.mkdir()
    for name, state in STATES.items():
        text = json.dumps({**state, **changed.get(name, {})})
        (path / f"{name}.json.gz").write_bytes(gzip.compress(text.encode()))
    entries = {key: {"value": value} for key, value in asked.items()}
    (path / "answers.json").write_text(json.dumps({"block_number": BLOCK, "entries": entries}))
    return path


def test_answers__right__exact(tmp_path: Path) -> None:
    tally = said(folder(tmp_path / "all", ASKED))
    assert tally.as_json() == {"cases": 7, "exact": 7, "within": 0, "unknown": {}, "mismatches": []}


@pytest.mark.parametrize("asked", sorted(ASKED))
def test_answers__one_unit_off__mismatch_with_both_values(asked: str, tmp_path: Path) -> None:
    tally = said(folder(tmp_path / "all", {asked: ASKED[asked] + 1}))
    (mismatch,) = tally.first
    assert mismatch.recorded == {"answer": ASKED[asked] + 1}
    assert mismatch.modelled == {"answer": ASKED[asked]}


def test_answers__of_what_the_model_refuses__mismatch(tmp_path: Path) -> None:
    tally = said(folder(tmp_path / "all", {f"{PAIR}|getAmountOut|ONE->TWO|0": 1}))
    assert tally.first[0].modelled == {"answer": "a revert"}


def test_state__liquidity_that_its_ticks_do_not_make__mismatch(tmp_path: Path) -> None:
    ticks = {"-600": [10**18, 10**18, 1]}
    scalars = {**STATES["ranges"]["scalars"], "liquidity": 1}  # type: ignore[dict-item]
    tally = said(folder(tmp_path / "all", {}, ranges={"tick_data": ticks, "scalars": scalars}))
    assert tally.first[0].recorded == {"liquidity": 1}


UNKNOWN = {
    f"{PAIR}|getReserves|ONE->TWO|1": "protocol not modelled: uniswap_v2 getReserves",
    f"{PLAIN}|get_dy_underlying|ONE->TWO|1": "protocol not modelled: curve get_dy_underlying",
    f"{PLAIN}|calc_token_amount|swap|i=0|1": "protocol not modelled: curve calc_token_amount swap",
    f"{WEIGHTED}|queryJoin|1": "protocol not modelled: balancer queryJoin",
    f"{PAIR}|getAmountOut|ONE->SIX|1": "a swap of tokens that the pool's state does not name",
    f"{PLAIN}|calc_withdraw_one_coin|i=2|1": "a token that the pool's state does not name",
    f"{PLAIN}|get_dy|1": "get_dy with arguments that are not understood",
    f"{PAIR}|getAmountOut|ONE->TWO|blk99|1": "no state of the pool at that block",
    f"0x{'7' * 40}|getAmountOut|ONE->TWO|1": "no state of the pool at that block",
}


def test_answers__that_cannot_be_judged__unknown_with_the_reason(tmp_path: Path) -> None:
    tally = said(folder(tmp_path / "all", dict.fromkeys(UNKNOWN, 1)))
    assert set(tally.unknown) == set(UNKNOWN.values())
    assert tally.mismatches == 0


@pytest.mark.parametrize(
    "changed, name",
    [
        ({"base_pool": {}}, "curve metapool"),
        ({"use_lending": [False, True]}, "curve lending pool"),
        ({"strategies": {"d_variant": 0}}, "curve pool of another arithmetic"),
    ],
)
def test_answers__of_a_kind_without_model__unknown_by_name(
    changed: dict[str, object], name: str, tmp_path: Path
) -> None:
    tally = said(folder(tmp_path / "all", {f"{PLAIN}|get_dy|ONE->TWO|1": 1}, plain=changed))
    assert dict(tally.unknown) == {f"protocol not modelled: {name}": 1}


@pytest.mark.parametrize(
    "name, changed, words",
    [
        ("pair", {"fee_token0": "3"}, "no fraction"),
        ("pair", {"fee_token0": "1000/1000"}, "less than all"),
        ("pair", {"reserves_token0": 2**112}, "reserves_token0"),
        ("pair", {"tokens": [*TOKENS, {"symbol": "SIX"}]}, "a pair of 3 tokens, expected two"),
        ("plain", {"balances": [1]}, "1 balances of 2 tokens"),
        ("weighted", {"weights": [10**18, 0]}, "weights"),
        ("weighted", {"pow_version": "v3"}, "expected v1 or v2"),
        ("weighted", {"fee": "1/3"}, "more than 18 decimals"),
        ("ranges", {"tick_data": {"1.5": [1, 1]}}, "expected an integer"),
        ("ranges", {"pool": "0x1"}, "no address"),
    ],
)
def test_state__bad__refused_in_words(
    name: str, changed: dict[str, object], words: str, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=words):
        said(folder(tmp_path / "all", ASKED, **{name: changed}))


@pytest.mark.parametrize(
    "asked, value, words",
    [
        ("nothing", 1, "no question"),
        (f"{PAIR}|getAmountOut|ONE->TWO|many", 1, "expected an integer"),
        (f"{PAIR}|getAmountOut|ONE->TWO|1", "1.0", "expected an integer"),
        ("0x1|getAmountOut|ONE->TWO|1", 1, "no address"),
    ],
)
def test_answers__bad__refused_in_words(
    asked: str, value: object, words: str, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=words):
        said(folder(tmp_path / "all", {asked: value}))


def test_answers__two_states_of_one_pool__refused_in_words(tmp_path: Path) -> None:
    path = folder(tmp_path / "all", ASKED)
    (path / "other.json").write_text(json.dumps({**STATES["pair"], "reserves_token0": 1}))
    with pytest.raises(DataError, match="another state in another file"):
        said(path)
