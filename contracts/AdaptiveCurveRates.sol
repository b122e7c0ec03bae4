// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.24;

struct Parameters {
    address loan;
    address collateral;
    address oracle;
    address rateModel;
    uint256 lltv;
}

struct Totals {
    uint128 supplyAssets;
    uint128 supplyShares;
    uint128 borrowAssets;
    uint128 borrowShares;
    uint128 lastUpdate;
    uint128 fee;
}

/// A stand-in for the adaptive-curve rate model of Morpho Blue, for local worlds alone: no package carries
/// the real contract. It is written from the specification, keeps its interface, and proves that a market
/// and our model agree on what a rate model with a state does; nothing about the real code follows from it.
///
/// All rates are per second, and all numbers times 1e18. Every division rounds towards zero.
contract AdaptiveCurveRates {
    int256 private constant ONE = 1e18;
    int256 private constant YEAR = 365 days;
    int256 private constant TARGET = 0.9e18;
    int256 private constant STEEPNESS = 4e18;
    int256 private constant SPEED = 50e18 / YEAR;
    int256 private constant FIRST = 0.04e18 / YEAR;
    int256 private constant LOWEST = 0.001e18 / YEAR;
    int256 private constant HIGHEST = 2e18 / YEAR;

    int256 private constant LN_2 = 693147180559945309;
    int256 private constant EXP_IS_ZERO_BELOW = -41446531673892822312;
    int256 private constant EXP_IS_CONSTANT_FROM = 93859467695000404319;
    int256 private constant EXP_AT_MOST = 57716089161558943949701069502944508345128422502756744429568;

    event BorrowRateUpdate(bytes32 indexed id, uint256 avgBorrowRate, uint256 rateAtTarget);

    /// The contract whose markets ask.
    address public immutable MORPHO;

    /// What the rate at target of a market is since it was last asked; 0 before that.
    mapping(bytes32 id => int256 rate) public rateAtTarget;

    constructor(address morpho) {
        require(morpho != address(0), "zero address");
        MORPHO = morpho;
    }

    /// The average rate since the market's last update; the rate at target moves on.
    function borrowRate(Parameters calldata market, Totals calldata totals) external returns (uint256) {
        require(msg.sender == MORPHO, "not Morpho");
        bytes32 id = keccak256(abi.encode(market));
        (int256 average, int256 end) = rates(rateAtTarget[id], totals);
        rateAtTarget[id] = end;
        emit BorrowRateUpdate(id, uint256(average), uint256(end));
        return uint256(average);
    }

    /// The same, and nothing moves.
    function borrowRateView(Parameters calldata market, Totals calldata totals) external view returns (uint256) {
        (int256 average,) = rates(rateAtTarget[keccak256(abi.encode(market))], totals);
        return uint256(average);
    }

    function rates(int256 start, Totals calldata totals) private view returns (int256 average, int256 end) {
        int256 distance = distanceOf(totals);
        if (start == 0) return (onCurve(FIRST, distance), FIRST);
        int256 passed = int256(block.timestamp - totals.lastUpdate);
        int256 exponent = SPEED * distance / ONE * passed;
        if (exponent == 0) return (onCurve(start, distance), start);
        end = moved(start, exponent);
        // The trapezoidal rule over two halves of the time.
        average = onCurve((start + 2 * moved(start, exponent / 2) + end) / 4, distance);
    }

    /// From -1, where nothing is lent, over 0 at the target, to 1, where all is.
    function distanceOf(Totals calldata totals) private pure returns (int256) {
        int256 used = 0;
        if (totals.supplyAssets != 0) {
            used = int256(uint256(totals.borrowAssets) * uint256(ONE) / totals.supplyAssets);
        }
        return (used - TARGET) * ONE / (used > TARGET ? ONE - TARGET : TARGET);
    }

    /// A quarter of the rate at target where nothing is lent, four times it where all is, linear between.
    function onCurve(int256 target, int256 distance) private pure returns (int256) {
        int256 slope = distance < 0 ? ONE - ONE * ONE / STEEPNESS : STEEPNESS - ONE;
        return (slope * distance / ONE + ONE) * target / ONE;
    }

    function moved(int256 start, int256 exponent) private pure returns (int256) {
        int256 rate = start * exponential(exponent) / ONE;
        if (rate < LOWEST) return LOWEST;
        return rate > HIGHEST ? HIGHEST : rate;
    }

    /// About e**x: 2**n times a polynomial of what is left of x, which is at most half of ln 2.
    function exponential(int256 x) private pure returns (int256) {
        if (x < EXP_IS_ZERO_BELOW) return 0;
        if (x >= EXP_IS_CONSTANT_FROM) return EXP_AT_MOST;
        int256 n = (x < 0 ? x - LN_2 / 2 : x + LN_2 / 2) / LN_2;
        int256 rest = x - n * LN_2;
        int256 power = ONE + rest + rest * rest / ONE / 2;
        return n < 0 ? power >> uint256(-n) : power << uint256(n);
    }
}
