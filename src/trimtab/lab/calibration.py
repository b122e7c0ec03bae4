"""The market's measured figures: how prices move, and how base fees do.

`MARKET` was fitted by maximum likelihood to 23,535 hourly returns of ETHUSDT and BTCUSDT (closes
of Binance's USDT-margined perpetual futures), from 2020-10-23 08:00 to 2023-06-30 23:00 UTC. The
expectation-maximisation that finds it is `tests/calibration/fit.py`.

`BASE_FEE` was fitted by least squares to 340 consecutive blocks of Ethereum's main chain, 21527387
to 21527726 of 2025-01-01. Its level is a matter of the world that is built, not of this fit.
"""

from dataclasses import dataclass

HOURS_PER_YEAR = 8760


@dataclass(frozen=True, slots=True)
class Spread:
    """Two assets' standard deviations and the correlation between them."""

    weth: float
    wbtc: float
    correlation: float


@dataclass(frozen=True, slots=True)
class Regime:
    """A state of the market: the spread of its hourly returns, and where it goes.

    `leaves` is the chance per hour of each regime to be the next; its own stands as 0. `share`
    is the part of all hours that the market spends here in the long run.
    """

    hourly: Spread
    leaves: tuple[float, ...]
    share: float


@dataclass(frozen=True, slots=True)
class Jump:
    """A kind of jump that arrives by chance, in any regime, and hits both assets at once."""

    per_year: float
    size: Spread


@dataclass(frozen=True, slots=True)
class Calibration:
    """Markov regimes with normal returns, and compound Poisson jumps of normal size."""

    regimes: tuple[Regime, ...]
    jumps: tuple[Jump, ...]


@dataclass(frozen=True, slots=True)
class BaseFeeCalibration:
    """A mean-reverting base fee: per block, the share of the gap that closes and the noise.

    `noise` is the standard deviation of a block's change over the fee, before the protocol's
    own bound of an eighth (EIP-1559) cuts it.
    """

    reversion: float
    noise: float


MARKET = Calibration(
    regimes=(
        Regime(Spread(0.002465, 0.001919, 0.8393), (0.0, 0.02373, 0.001745), 0.2857),
        Regime(Spread(0.005626, 0.004182, 0.8504), (0.01395, 0.0, 0.05149), 0.5218),
        Regime(Spread(0.0154, 0.01179, 0.8491), (0.0, 0.1422, 0.0), 0.1925),
    ),
    jumps=(
        Jump(1581.0, Spread(0.008351, 0.007078, 0.898)),
        Jump(117.7, Spread(0.03384, 0.0277, 0.8141)),
    ),
)

BASE_FEE = BaseFeeCalibration(reversion=0.07209, noise=0.1036)
