"""Maximum likelihood of a Markov-switching normal market with jumps, by expectation-maximisation.

An hour's pair of returns x is normal with mean zero and covariance normal[k] in regime k; with
chance chances[m] a jump of kind m adds a normal with covariance jump[m]. Regimes follow a Markov
chain. The forward-backward recursion is Hamilton's; what of x is a jump is the normal conditional
mean.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from trimtab.lab.calibration import (
    HOURS_PER_YEAR,
    BaseFeeCalibration,
    Calibration,
    Jump,
    Regime,
    Spread,
)

Array = npt.NDArray[np.float64]

PRICES = "17_ohlcv_hourly_28_coins/ohlcv_1h_open.parquet"
BASE_FEES = "15_gas_fees/ethereum_base_fee_per_block.parquet"


def hourly_closes(data: Path) -> Array:
    """The closes of ETHUSDT and BTCUSDT, a row an hour."""
    table = pl.read_parquet(data / PRICES).sort("time_utc")
    pairs = [table.filter(pl.col("symbol") == symbol) for symbol in ("ETHUSDT", "BTCUSDT")]
    assert pairs[0]["time_utc"].equals(pairs[1]["time_utc"])
    assert pairs[0]["time_utc"].diff().drop_nulls().n_unique() == 1
    return np.column_stack([pair["close"].to_numpy() for pair in pairs])


def returns(prices: Array) -> Array:
    """Simple returns from row to row."""
    return np.diff(prices, axis=0) / prices[:-1]


# ------------------------------------------------------------------------------------ prices


@dataclass(frozen=True, slots=True)
class Model:
    """Covariances of the regimes' normal returns and of the jumps, the regimes' Markov chain, and
    the chances per hour of each kind of jump; the regime of the first hour is drawn from `start`.
    """

    normal: Array
    jump: Array
    chain: Array
    chances: Array
    start: Array

    @classmethod
    def of(cls, calibration: Calibration) -> Model:
        """The model that committed figures state."""
        chain = np.array([regime.leaves for regime in calibration.regimes])
        np.fill_diagonal(chain, 0.0)
        np.fill_diagonal(chain, 1 - chain.sum(axis=1))
        count = len(calibration.regimes)
        return cls(
            normal=np.array([covariance(regime.hourly) for regime in calibration.regimes]),
            jump=np.array([covariance(jump.size) for jump in calibration.jumps]),
            chain=chain,
            chances=np.array([jump.per_year / HOURS_PER_YEAR for jump in calibration.jumps]),
            start=np.full(count, 1 / count),
        )

    def figures(self) -> Calibration:
        """The figures to commit, to four digits."""
        shares = np.linalg.matrix_power(self.chain, 2**16)[0]
        regimes = [
            Regime(
                spread(self.normal[k]),
                tuple(
                    _rounded(chance) if j != k else 0.0 for j, chance in enumerate(self.chain[k])
                ),
                _rounded(shares[k]),
            )
            for k in range(len(self.normal))
        ]
        jumps = [
            Jump(_rounded(chance * HOURS_PER_YEAR), spread(J))
            for chance, J in zip(self.chances, self.jump, strict=True)
        ]
        return Calibration(tuple(regimes), tuple(jumps))


def first_guess(x: Array) -> Model:
    """Where the search begins: calm, normal and turbulent hours, small and large jumps."""
    whole = np.cov(x.T)
    return Model(
        normal=np.array([0.1 * whole, 0.4 * whole, 2 * whole]),
        jump=np.array([5 * whole, 40 * whole]),
        chain=np.full((3, 3), 0.01) + 0.97 * np.eye(3),
        chances=np.array([0.03, 0.002]),
        start=np.full(3, 1 / 3),
    )


def improved(model: Model, x: Array) -> tuple[Model, float]:
    """The model after one step of expectation-maximisation, and the log-likelihood before it."""
    calm = (1 - model.chances.sum()) * np.array([_density(x, normal) for normal in model.normal]).T
    jumped = np.array(
        [[_density(x, normal + jump) for normal in model.normal] for jump in model.jump]
    ).transpose(2, 1, 0)
    jumped = jumped * model.chances
    emitted = calm + jumped.sum(axis=2)
    regime, moves, scale = _forward_backward(model, emitted)
    share = regime / emitted
    by_jump = share[:, :, None] * jumped
    normal, jump = _covariances(model, x, share * calm, by_jump)
    better = Model(
        normal=normal,
        jump=jump,
        chain=moves / moves.sum(axis=1, keepdims=True),
        chances=by_jump.sum(axis=(0, 1)) / len(x),
        start=regime[0],
    )
    return better, float(np.log(scale).sum())


def fitted(x: Array, tolerance: float = 1e-4) -> tuple[Model, float]:
    """The model of greatest likelihood near the first guess, and its log-likelihood."""
    model, before = first_guess(x), -np.inf
    while True:
        better, likelihood = improved(model, x)
        if likelihood - before < tolerance:
            return model, likelihood
        model, before = better, likelihood


def _forward_backward(model: Model, emitted: Array) -> tuple[Array, Array, Array]:
    """Each hour's chance of each regime, the expected moves between them, and the scales."""
    hours, count = emitted.shape
    forward, scale = np.empty((hours, count)), np.empty(hours)
    ahead = model.start
    for t in range(hours):
        now = ahead * emitted[t]
        scale[t] = now.sum()
        forward[t] = now / scale[t]
        ahead = forward[t] @ model.chain
    backward = np.ones((hours, count))
    for t in range(hours - 2, -1, -1):
        backward[t] = model.chain @ (emitted[t + 1] * backward[t + 1]) / scale[t + 1]
    arriving = emitted[1:] * backward[1:] / scale[1:, None]
    return forward * backward, model.chain * (forward[:-1].T @ arriving), scale


def _covariances(model: Model, x: Array, calm: Array, by_jump: Array) -> tuple[Array, Array]:
    """The covariances that the expected parts of the returns give."""
    normal = np.array([(x * weight[:, None]).T @ x for weight in calm.T])
    jumps = np.zeros_like(model.jump)
    for k, of_regime in enumerate(model.normal):
        for m, of_jump in enumerate(model.jump):
            gain = of_jump @ np.linalg.inv(of_regime + of_jump)
            jump = x @ gain.T
            rest, unknown, weight = x - jump, of_jump - gain @ of_jump, by_jump[:, k, m]
            normal[k] += (rest * weight[:, None]).T @ rest + weight.sum() * unknown
            jumps[m] += (jump * weight[:, None]).T @ jump + weight.sum() * unknown
    in_regime = calm.sum(axis=0) + by_jump.sum(axis=(0, 2))
    return normal / in_regime[:, None, None], jumps / by_jump.sum(axis=(0, 1))[:, None, None]


def _density(x: Array, matrix: Array) -> Array:
    determinant = matrix[0, 0] * matrix[1, 1] - matrix[0, 1] ** 2
    square = (
        matrix[1, 1] * x[:, 0] ** 2
        - 2 * matrix[0, 1] * x[:, 0] * x[:, 1]
        + matrix[0, 0] * x[:, 1] ** 2
    )
    density: Array = np.exp(-square / (2 * determinant)) / (2 * np.pi * np.sqrt(determinant))
    return density


def covariance(spread: Spread) -> Array:
    """The covariance matrix of a spread."""
    joint = spread.weth * spread.wbtc * spread.correlation
    return np.array([[spread.weth**2, joint], [joint, spread.wbtc**2]])


def spread(matrix: Array) -> Spread:
    """The spread of a covariance matrix, to four digits."""
    weth, wbtc = float(np.sqrt(matrix[0, 0])), float(np.sqrt(matrix[1, 1]))
    return Spread(_rounded(weth), _rounded(wbtc), _rounded(float(matrix[0, 1]) / weth / wbtc))


def _rounded(value: float) -> float:
    return 0.0 if value < 1e-9 else float(f"{value:.4g}")


# ---------------------------------------------------------------------------------- base fees


def fitted_base_fee(data: Path) -> BaseFeeCalibration:
    """Reversion and noise of (f' - f) / f = reversion * (m - f) / f + noise, by least squares."""
    fees = pl.read_parquet(data / BASE_FEES).sort("block_number")["basefee_gwei"].to_numpy()
    change = np.diff(fees) / fees[:-1]
    design = np.column_stack([1 / fees[:-1], -np.ones(len(change))])
    solution = np.linalg.lstsq(design, change)[0]
    noise = (change - design @ solution).std()
    return BaseFeeCalibration(_rounded(float(solution[1])), _rounded(float(noise)))
