"""The local world's base fee: a seeded path, since nobody else's blocks fill the chain."""

from trimtab.core.quantise import Rounding, quantise
from trimtab.lab.calibration import BASE_FEE, BaseFeeCalibration
from trimtab.lab.streams import stream

_BOUND = 8
"""A block's base fee differs from its parent's by an eighth at most (EIP-1559)."""

_LEAST = 7
"""Wei below which rounding would hold the fee for ever, on a public chain as here."""


def next_base_fee(
    fee: int, level: int, seed: int, block: int, calibration: BaseFeeCalibration = BASE_FEE
) -> int:
    """The base fee after `fee`, in wei per gas, of a path that reverts to `level`."""
    draw = float(stream(seed, "base fee", block).standard_normal())
    pull = calibration.reversion * float(level - fee)
    moved = fee + quantise(pull + calibration.noise * float(fee) * draw, 1, Rounding.DOWN)
    return max(_LEAST, fee - fee // _BOUND, min(moved, fee + fee // _BOUND))
