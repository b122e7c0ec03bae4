"""The base fee's path."""

from hypothesis import given
from hypothesis import strategies as st

from trimtab.lab.fees import next_base_fee

GWEI = 10**9


def path(seed: int, level: int, start: int, blocks: int) -> list[int]:
    fees = [start]
    for block in range(1, blocks + 1):
        fees.append(next_base_fee(fees[-1], level, seed, block))
    return fees


@given(st.integers(7, 10**13), st.integers(7, 10**13), st.integers(0, 2**32), st.integers(1, 999))
def test_next_base_fee__anything__within_the_protocols_eighth(
    fee: int, level: int, seed: int, block: int
) -> None:
    moved = next_base_fee(fee, level, seed, block)
    assert moved >= 7
    assert abs(moved - fee) <= fee // 8


def test_next_base_fee__far_off__comes_back_and_stays_around() -> None:
    fees = path(1, GWEI, 50 * GWEI, 2_000)
    assert GWEI // 2 < sum(fees[500:]) / 1_500 < 2 * GWEI
    assert min(fees) > GWEI // 20


def test_next_base_fee__a_seed__the_very_path() -> None:
    assert path(7, GWEI, GWEI, 5) == path(7, GWEI, GWEI, 5)
    assert path(7, GWEI, GWEI, 5) != path(8, GWEI, GWEI, 5)
