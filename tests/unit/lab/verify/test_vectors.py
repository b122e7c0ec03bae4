"""Published vectors and full states: right ones exact, one unit off a mismatch."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import polars as pl
import pytest

from tests.unit.lab.verify.recordings import said
from trimtab.core.errors import DataError
from trimtab.lab.verify.vectors.core import SWAPS
from trimtab.protocols.shared.ticks import Q96

# ------------------------------------------------------------------- ticks, prices and swaps


def test_ticks_and_prices__right_and_wrong__told(tmp_path: Path) -> None:
    (tmp_path / "to_price.csv").write_text(f"tick,sqrtPriceX96\n0,{Q96}\n0,{Q96 + 1}\n")
    (tmp_path / "to_tick.csv").write_text(f"sqrtPriceX96,tick\n{Q96},0\n{Q96 - 1},0\n")
    tally = said(tmp_path)
    assert (tally.exact.total(), tally.mismatches) == (2, 2)
    assert [(each.recorded, each.modelled) for each in tally.first] == [
        ({"sqrtPriceX96": Q96 + 1}, {"sqrtPriceX96": Q96}),
        ({"tick": 0}, {"tick": -1}),
    ]


POOL = "low fee, 1:1 price, 2e18 max range liquidity"
SWAP = {
    "case": f"{POOL} swap exactly 0.0000000000000010000 token0 for token1",
    "amount0Before": "2000000000000000000",
    "amount0Delta": "1000",
    "amount1Before": "2000000000000000000",
    "amount1Delta": "-998",
    "feeGrowthGlobal0X128Delta": str(2**128 // (2 * 10**18)),  # a fee of one unit
    "feeGrowthGlobal1X128Delta": "0",
    "poolPriceAfter": "1.0000",
    "poolPriceBefore": "1.0000",
    "tickAfter": "-1",
    "tickBefore": "0",
    "pool": POOL,
}
REFUSED = {
    "case": f"{POOL} swap token0 for token1 to price 2.5000",
    "poolPriceBefore": "1.0000",
    "tickBefore": "0",
    "poolBalance0": "2000000000000000000",
    "poolBalance1": "2000000000000000000",
    "swapError": "VM Exception while processing transaction: revert SPL",
    "pool": POOL,
}


def swaps(path: Path, *rows: Mapping[str, str]) -> Path:
    lines = [",".join(SWAPS)]
    lines += [",".join(f'"{row.get(name, "")}"' for name in SWAPS) for row in rows]
    path.write_text("\n".join(lines) + "\n")
    return path


def test_published_swaps__one_that_happens_and_one_refused__exact(tmp_path: Path) -> None:
    tally = said(swaps(tmp_path / "swaps.csv", SWAP, REFUSED))
    assert tally.exact.total() == tally.cases == 2, tally.first


@pytest.mark.parametrize("name", [name for name in SWAP if name not in ("case", "pool")])
def test_published_swaps__another_value__mismatch(name: str, tmp_path: Path) -> None:
    tally = said(swaps(tmp_path / "swaps.csv", {**SWAP, name: "77"}))
    assert tally.mismatches == 1
    assert len(tally.first[0].recorded) == 1


def test_published_swaps__another_error__mismatch(tmp_path: Path) -> None:
    tally = said(swaps(tmp_path / "swaps.csv", {**REFUSED, "swapError": "revert LOK"}))
    assert tally.first[0].modelled == {"swapError": "SPL"}


def test_published_swaps__of_another_pool_or_words__unknown(tmp_path: Path) -> None:
    other = {**SWAP, "pool": "my pool", "case": "my pool swap token0 for token1"}
    tally = said(swaps(tmp_path / "swaps.csv", other, {**SWAP, "case": f"{POOL} burns"}))
    assert tally.unknown.total() == 2


def test_published_swaps__price_that_is_none__refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no decimal number"):
        said(swaps(tmp_path / "swaps.csv", {**SWAP, "poolPriceAfter": "nan"}))


# ------------------------------------------------------------------------------ full states

TICKS = {-60: (5, 5), 0: (7, 7), 60: (5, -5), 120: (7, -7)}
POSITIONS = {"0x01_-60_60": 5, "0x01_0_120": 7, "0x02_-600_600": 0}


def state(
    path: Path,
    ticks: Mapping[object, tuple[int, int]] = TICKS,  # type: ignore[assignment]
    positions: Mapping[str, int] = POSITIONS,
    **columns: object,
) -> Path:
    of_ticks = [
        {"key": key, "value": {"liquidityGross": str(gross), "liquidityNet": str(net)}}
        for key, (gross, net) in ticks.items()
    ]
    of_positions = [
        {"key": key, "value": {"_liquidity": str(value)}} for key, value in positions.items()
    ]
    row = {
        "sqrtPriceX96": str(Q96),
        "liquidity": "12",
        "tickCurrent": "0",
        "tickManager": json.dumps({"ticks_json": of_ticks}),
        "positionManager": json.dumps({"positions_json": of_positions}),
    }
    pl.DataFrame([{**row, **columns}]).write_parquet(path)
    return path


def test_full_state__right__a_case_for_each_tick_and_one_for_the_pool(tmp_path: Path) -> None:
    tally = said(state(tmp_path / "state.parquet"))
    assert dict(tally.exact) == {"tick": 4, "price and liquidity": 1}
    assert tally.cases == 5


def test_full_state__at_a_tick_that_was_crossed_downwards__exact(tmp_path: Path) -> None:
    path = state(tmp_path / "state.parquet", tickCurrent="-1", liquidity="5")
    assert said(path).exact.total() == 5


@pytest.mark.parametrize(
    "changed",
    [
        {"liquidity": "13"},
        {"tickCurrent": "1"},
        {"ticks": {**TICKS, 0: (8, 7)}},
        {"ticks": {**TICKS, 120: (7, -8)}},
        {"ticks": {tick: TICKS[tick] for tick in (-60, 0, 60)}},
        {"positions": {**POSITIONS, "0x01_0_120": 8}},
        {"positions": {**POSITIONS, "0x03_-60_60": 1}},
    ],
)
def test_full_state__one_that_contradicts_itself__mismatch(
    changed: dict[str, object], tmp_path: Path
) -> None:
    assert said(state(tmp_path / "state.parquet", **changed)).mismatches > 0  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "changed, words",
    [
        ({"tickManager": "{}"}, "has no `ticks_json`"),
        ({"tickManager": '{"ticks_json": {}}'}, "expected a JSON array"),
        ({"tickManager": '{"ticks_json": []}'}, "without ticks"),
        ({"positionManager": "[]"}, "expected a JSON object"),
        ({"positionManager": '{"positions_json": [1]}'}, "expected a JSON object"),
        ({"positions": {"0x01": 5}}, "not OWNER_LOWER_UPPER"),
        ({"positions": {"0x01_0_1e3": 5}}, "expected an integer"),
        ({"sqrtPriceX96": "0"}, "expected 4295128739"),
        ({"ticks": {900_000: (1, 1)}}, "expected -887272"),
    ],
)
def test_full_state__bad__refused_in_words(
    changed: dict[str, object], words: str, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=words):
        said(state(tmp_path / "state.parquet", **changed))  # type: ignore[arg-type]


# ------------------------------------------------------------------------------ Balancer V3

VECTORS: dict[str, object] = {
    "swaps": [
        # 100 of 10,000 less a fee of one: 10,000 * 99 / 10,099 of the other, in six decimals
        {
            "swapKind": 0,
            "amountRaw": str(100 * 10**18),
            "tokenIn": "0xA",
            "tokenOut": "0xb",
            "outputRaw": "98029507",
        },
    ],
    "adds": [{"kind": "Unbalanced"}],
    "removes": [{"kind": "Proportional"}],
}
V3_POOL: dict[str, object] = {
    "poolType": "WEIGHTED",
    "tokens": ["0xa", "0xB"],
    "scalingFactors": ["1", "1000000000000"],
    "weights": ["500000000000000000", "500000000000000000"],
    "swapFee": "10000000000000000",
    "balancesLiveScaled18": [str(10**22), str(10**22)],
    "tokenRates": ["1000000000000000000", "1000000000000000000"],
}


def vectors(path: Path, output: object = "98029507", **pool: object) -> Path:
    swap = {**VECTORS["swaps"][0], "outputRaw": output}  # type: ignore[index]
    path.write_text(json.dumps({**VECTORS, "swaps": [swap], "pool": {**V3_POOL, **pool}}))
    return path


def test_balancer_v3__swap_of_a_weighted_pool__exact(tmp_path: Path) -> None:
    tally = said(vectors(tmp_path / "pool.json"))
    assert (tally.exact.total(), tally.mismatches) == (1, 0), tally.first
    assert dict(tally.unknown) == {
        "protocol not modelled: balancer_v3 weighted adds": 1,
        "protocol not modelled: balancer_v3 weighted removes": 1,
    }


def test_balancer_v3__one_unit_off__mismatch(tmp_path: Path) -> None:
    tally = said(vectors(tmp_path / "pool.json", "98029508"))
    assert tally.first[0].modelled == {"outputRaw": 98029507}


@pytest.mark.parametrize(
    "changed, name",
    [
        ({"poolType": "Stable"}, "stable"),
        ({"hook": {}}, "weighted"),
        ({"tokenRates": ["1000000000000000000", "1000000000000000001"]}, "weighted"),
    ],
)
def test_balancer_v3__other_pools__unknown_by_name(
    changed: dict[str, object], name: str, tmp_path: Path
) -> None:
    tally = said(vectors(tmp_path / "pool.json", **changed))
    assert tally.unknown[f"protocol not modelled: balancer_v3 {name}"] >= 1
    assert not tally.exact


@pytest.mark.parametrize(
    "output, changed, words",
    [
        ("1.5", {}, "expected an integer"),
        ("1", {"weights": ["1"]}, "1 weights of 2 tokens"),
        ("1", {"tokens": ["0xa", "0xc"]}, "not two of the pool's"),
    ],
)
def test_balancer_v3__bad__refused_in_words(
    output: str, changed: dict[str, object], words: str, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=words):
        said(vectors(tmp_path / "pool.json", output, **changed))
