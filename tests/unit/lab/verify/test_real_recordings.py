"""What chains have said, as it was recorded: no mismatch, and at least so many exact."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from trimtab.lab.verify import Judged, Tally, verify

pytestmark = pytest.mark.data

FORMATS: dict[str, tuple[str, str, int]] = {
    "reserves by the day": ("01_aave_v3_daily", "lending snapshots", 19_486),
    "reserves by the minute": ("02_aave_v3_minute", "lending by the minute", 9_154),
    "decoded events": ("06_univ3_raw_events", "decoded events", 2_601),
    "raw logs": ("06_univ3_raw_events", "raw logs", 2_601),
    "full state": ("07_univ3_full_history_small_pool", "pool states", 281),
    "answers": ("09_pool_states_and_onchain_answers", "answers", 386),
    "states": ("09_pool_states_and_onchain_answers", "state of a pool", 1),
    "balancer_v3": ("10_balancer_v3_vectors", "balancer_v3 vectors", 4),
    "ticks": ("29_univ3_core_vectors", "ticks to prices", 28),
    "prices": ("29_univ3_core_vectors", "prices to ticks", 13),
    "swaps": ("29_univ3_core_vectors", "published swaps", 160),
}


@cache
def judgements(folder: Path) -> tuple[Judged, ...]:
    return tuple(verify(folder))


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_real_recordings__each_format__enough_exact_and_no_mismatch(
    name: str, real_data: Path
) -> None:
    folder, kind, least = FORMATS[name]
    total = Tally()
    for judged in judgements(real_data / folder):
        if judged.format == kind:
            total.add(judged.tally)
    assert total.mismatches == 0, total.first
    assert total.exact.total() >= least


def test_real_recordings__what_is_not_modelled__is_named(real_data: Path) -> None:
    total = Tally()
    for folder in ("09_pool_states_and_onchain_answers", "10_balancer_v3_vectors"):
        for judged in judgements(real_data / folder):
            total.add(judged.tally)
    named = {each.partition(": ")[2] for each in total.unknown if "not modelled" in each}
    assert named >= {"curve metapool", "balancer stable pool", "balancer_v3 buffer"}


def test_real_recordings__lending__as_near_as_samples_allow(real_data: Path) -> None:
    total = Tally()
    for folder in ("01_aave_v3_daily", "02_aave_v3_minute"):
        for judged in judgements(real_data / folder):
            total.add(judged.tally)
    rate = total.within["liquidity rate"].as_json()
    assert float(str(rate["median error"])) <= 2e-5
    assert float(str(rate["p95 error"])) <= 3e-3
    growth = total.within["growth of the borrow index by the mean rate"].as_json()
    assert growth["median ratio"] == "1.0000"
    assert total.unknown["stale node: base 2025-11-17"] == 10
    assert total.mismatches == 0, total.first
