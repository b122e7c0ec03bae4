"""The adaptive-curve rate model: a curve that moves while utilisation is off its target.

Proven only against its specification, the published AdaptiveCurveIrm and its ExpLib: no package
carries its bytecode. Rates are per second and, as all else here, times 10**18.

Around the target of 90 % the curve is linear on either side, a quarter of the rate at target
where nothing is lent and four times it where all is. The rate at target itself grows, or falls,
exponentially with time at a speed that is proportional to the distance from the target.
"""

from dataclasses import dataclass

from trimtab.core.quantise import SECONDS_PER_YEAR, Wad
from trimtab.protocols.morpho.market import WAD

CURVE_STEEPNESS = 4 * WAD
ADJUSTMENT_SPEED = 50 * WAD // SECONDS_PER_YEAR
TARGET_UTILISATION = 9 * WAD // 10
INITIAL_RATE_AT_TARGET = 4 * WAD // 100 // SECONDS_PER_YEAR
MIN_RATE_AT_TARGET = WAD // 1000 // SECONDS_PER_YEAR
MAX_RATE_AT_TARGET = 2 * WAD // SECONDS_PER_YEAR

LN_2 = 693_147_180_559_945_309
LN_WEI = -41_446_531_673_892_822_312
W_EXP_UPPER_BOUND = 93_859_467_695_000_404_319
W_EXP_UPPER_VALUE = 57_716_089_161_558_943_949_701_069_502_944_508_345_128_422_502_756_744_429_568


@dataclass(frozen=True, slots=True)
class Rates:
    """What borrowers owe per second on average over a time, and the rate at target after it."""

    average: Wad
    at_target: int


def rates(utilisation: Wad, rate_at_target: int, elapsed: int) -> Rates:
    """The rates of a time of `elapsed` seconds in which the utilisation stood.

    The average is taken at the beginning, the middle and the end, by the trapezoidal rule. A
    rate at target of 0 is that of a market that the model has not seen before.
    """
    distance = distance_from_target(utilisation)
    if rate_at_target == 0:
        start = INITIAL_RATE_AT_TARGET
        return Rates(curve(start, distance), start)
    adaptation = _w_mul_to_zero(ADJUSTMENT_SPEED, distance) * elapsed
    if adaptation == 0:
        return Rates(curve(rate_at_target, distance), rate_at_target)
    end = adapted(rate_at_target, adaptation)
    middle = adapted(rate_at_target, _to_zero(adaptation, 2))
    average = _to_zero(rate_at_target + end + 2 * middle, 4)
    return Rates(curve(average, distance), end)


def distance_from_target(utilisation: Wad) -> int:
    """How far the utilisation is from its target: -1 where nothing is lent, 1 where all is."""
    above = utilisation > TARGET_UTILISATION
    most = WAD - TARGET_UTILISATION if above else TARGET_UTILISATION
    return _to_zero((utilisation - TARGET_UTILISATION) * WAD, most)


def curve(rate_at_target: int, distance: int) -> Wad:
    """The rate at a distance from the target."""
    steepness = CURVE_STEEPNESS - WAD
    if distance < 0:
        steepness = WAD - _to_zero(WAD * WAD, CURVE_STEEPNESS)
    return Wad(_w_mul_to_zero(_w_mul_to_zero(steepness, distance) + WAD, rate_at_target))


def adapted(rate_at_target: int, adaptation: int) -> int:
    """The rate at target after an adaptation, within its bounds."""
    grown = _w_mul_to_zero(rate_at_target, w_exp(adaptation))
    return min(max(grown, MIN_RATE_AT_TARGET), MAX_RATE_AT_TARGET)


def w_exp(x: int) -> int:
    """About e**x: 2**q times the second-order polynomial of what is left of x, rounded down.

    0 below ln(10**-18), and constant from a bound on. Source: ExpLib.sol.
    """
    if x < LN_WEI:
        return 0
    if x >= W_EXP_UPPER_BOUND:
        return W_EXP_UPPER_VALUE
    half = LN_2 // 2
    doublings = _to_zero(x - half if x < 0 else x + half, LN_2)
    rest = x - doublings * LN_2
    power = WAD + rest + rest * rest // WAD // 2
    return power << doublings if doublings >= 0 else power >> -doublings


def _w_mul_to_zero(x: int, y: int) -> int:
    return _to_zero(x * y, WAD)


def _to_zero(numerator: int, denominator: int) -> int:
    """The quotient by a positive number, rounded towards zero."""
    quotient = abs(numerator) // denominator
    return quotient if numerator >= 0 else -quotient
